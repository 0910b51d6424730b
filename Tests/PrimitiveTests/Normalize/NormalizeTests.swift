import TestSupport
import Testing
@testable import TorchlightCore

@Suite struct NormalizeTests {
    @Test func softmaxOfLargeNumbersIsFinite() {
        expectClose(softmax(Tensor([1000.0, 1000, -1000]), dim: 0), [0.5, 0.5, 0])
        expectClose(logSoftmax(Tensor([1000.0, 0]), dim: -1), [0, -1000])
        expectClose(softmax(Tensor([-Double.infinity, -.infinity]), dim: 0), [.nan, .nan])
    }

    @Test func softmaxConvertsFirst() {
        #expect(Tensor([1, 2]).softmax(dim: 0, dtype: .float64).dtype == .float64)
        expectRefusal(by: "softmax", .dtype) { Tensor([1, 2]).softmax(dim: 0) }
        expectRefusal(by: "softmax", .index) { Tensor([1.0, 2]).softmax(dim: 1) }
    }

    @Test func crossEntropyNamesTheBadTarget() throws {
        let error = try #require(
            expectRefusal(by: "crossEntropy", .index) {
                crossEntropyRows(.ones(3, 10), Tensor([1, 10, 2])).losses
            })
        #expect(error.problem == "target 10 in row 1 is out of range")
        #expect(error.expected == "0 ... 9, or ignoreIndex (-100)")
        expectRefusal(by: "crossEntropy", .shape) { crossEntropyRows(.ones(3, 10), Tensor([1, 2])).losses }
        expectRefusal(by: "crossEntropy", .dtype) { crossEntropyRows(.ones(3, 10), .ones(3)).losses }
    }

    @Test func crossEntropyTakesSmallIntegers() {
        let x = Tensor.zeros(2, 4)
        let losses = crossEntropyRows(x, Tensor([1, 3], dtype: .uint8)).losses
        expectClose(losses, [1.3862943611198906, 1.3862943611198906])
    }

    /// The gradient that is itself recorded is computed from other operations than the one that is not: both are 0 for rows that do not
    /// count, also where no row does and the mean is NaN.
    @Test(arguments: [[-100, 1, -100], [-100, -100, -100]], [0, 0.3])
    func gradientsOfIgnoredRowsAreZero(_ target: [Int], _ smoothing: Double) throws {
        for weight in [nil, Tensor([0.5, 2])] {
            let gradients = try [false, true].map { createGraph in
                let x = Tensor([[1.0, 2], [3, 5], [-1, 0.5]]).requiresGrad_()
                let (losses, weights) = crossEntropyRows(
                    x, Tensor(target), weight: weight, labelSmoothing: smoothing)
                (losses.sum() / weights.sum()).backward(createGraph: createGraph)
                return try #require(x.grad).detach()
            }
            expectClose(gradients[1], gradients[0].toArray(Double.self))
            for (row, label) in target.enumerated() where label == -100 { expectClose(gradients[0][row], [0, 0]) }
        }
    }

    @Test func batchNormMeansOfInfinitiesAreInfinite() {
        let infinity = Double.infinity
        let (mean, variance) = (Tensor.zeros(3), Tensor.ones(3))
        let x = Tensor([[-infinity, infinity, infinity], [-infinity, infinity, -infinity], [-2, 1, 0]])
        _ = batchNorm(x, mean, variance, training: true, momentum: 0.5)
        expectClose(mean, [-infinity, infinity, .nan])
        expectClose(variance, [.nan, .nan, .nan])
    }

    @Test func batchNormUpdatesTheRunningStatistics() {
        let x = Tensor([[1.0, 10], [3, 30]])
        let (mean, variance) = (Tensor.zeros(2), Tensor.ones(2))
        _ = batchNorm(x, mean, variance, training: true, momentum: 0.5)
        expectClose(mean, [1, 10])
        // Half of 1 and half of the unbiased variances 2 and 200.
        expectClose(variance, [1.5, 100.5])
        _ = batchNorm(x, mean, variance, training: false)
        expectClose(mean, [1, 10])
    }

    @Test func batchNormRefusesOneValueAChannel() {
        expectRefusal(by: "batchNorm", .value) { batchNorm(.ones(1, 3), nil, nil, training: true) }
        expectRefusal(by: "batchNorm", .value) { batchNorm(.ones(2, 3), nil, nil) }
        expectRefusal(by: "batchNorm", .shape) { batchNorm(.ones(2, 3), .ones(2), .ones(2)) }
        expectRefusal(by: "batchNorm", .shape) { batchNorm(.ones(3), nil, nil, training: true) }
    }

    @Test func layerNormNamesTheShape() throws {
        let error = try #require(expectRefusal(by: "layerNorm", .shape) { layerNorm(.ones(2, 3), [4]) })
        #expect(error.got == "normalizedShape [4]")
        expectRefusal(by: "layerNorm", .shape) { layerNorm(.ones(2, 3), [3], .ones(2)) }
    }

    @Test func groupNormOfNothing() {
        let scale = Tensor.ones(2).requiresGrad_()
        groupNorm(.ones(0, 2, 3), 1, scale).sum().backward()
        expectClose(scale.grad ?? .ones(0), [0, 0], .exact)
        expectRefusal(by: "groupNorm", .shape) { groupNorm(.ones(1, 2, 0), 1) }
    }
}
