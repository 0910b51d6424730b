import Glibc
import TestSupport
import Testing

@testable import TorchlightCore

extension ReduceRecords {
    private static let calls: [(shape: [Int], dims: [Int], correction: Double, keepdim: Bool)] = [
        ([2, 3], [1], 1, false), ([2, 3], [], 0, false), ([3, 2, 2], [0, 2], 1, true), ([0, 3], [1], 1, false),
        ([], [], 0, false), ([31], [0], 1, false), ([2, 4], [1], 0.5, false),
    ]

    static let moments: [PrimitiveRecord] = [moment(isRoot: false), moment(isRoot: true)]

    /// The variance, or its root, with the mean.
    private static func moment(isRoot: Bool) -> PrimitiveRecord {
        PrimitiveRecord(
            Variance.self, operands: [.real()],
            samples: calls.map { call in
                let (dims, correction, keepdim) = (call.dims, call.correction, call.keepdim)
                return Sample(
                    "isRoot: \(isRoot), dim: \(dims), correction: \(correction), keepdim: \(keepdim)",
                    shapes: [call.shape],
                    run: { x in
                        if isRoot {
                            let (deviation, mean) = x[0].stdMean(dim: dims, correction: correction, keepdim: keepdim)
                            return [deviation, mean]
                        }
                        let (variance, mean) = x[0].varMean(dim: dims, correction: correction, keepdim: keepdim)
                        return [variance, mean]
                    },
                    reference: { x in
                        [
                            x[0].fold(dims, keepdim: keepdim) {
                                isRoot ? variance($0, correction).squareRoot() : variance($0, correction)
                            },
                            x[0].fold(dims, keepdim: keepdim) { $0.reduce(0, +) / Double($0.count) },
                        ]
                    })
            }, dtypes: floats, resultTypes: { [$0, $0] }, tolerance: .sums)
    }

    static let norms: [PrimitiveRecord] = [
        .reduction(
            EuclideanNorm.self, dtypes: floats, run: { $0.norm(dim: $1, keepdim: $2) },
            reference: { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() })
    ]

    @Sendable private static func variance(_ x: [Double], _ correction: Double) -> Double {
        let mean = x.reduce(0, +) / Double(x.count)
        return x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (Double(x.count) - correction)
    }
}

@Suite struct MomentTests {
    @Test func correctsByOneUnlessToldOtherwise() {
        let x = Tensor([[1.0, 2, 3, 4]], dtype: .float64)
        expectClose(x.var(), [5.0 / 3], .sums)
        expectClose(x.var(dim: 1, correction: 0), [1.25], .sums)
        expectClose(x.std(dim: 1), [(5.0 / 3).squareRoot()], .sums)
        #expect(Tensor([1.0]).var().item().isNaN)
        expectRefusal(by: "var", .dtype) { Tensor([1, 2]).var() }
    }

    @Test func varianceOfCloseNumbersIsExact() {
        // The difference of mean squares would lose everything.
        let x = Tensor([1e8, 1e8 + 1, 1e8 + 2], dtype: .float64)
        expectClose(x.var(), [1], .sums)
    }

    @Test func standardDeviationOfEqualNumbersHasNoSlope() {
        let x = Tensor([2.0, 2, 2], requiresGrad: true)
        x.std().backward()
        #expect(x.grad!.toArray(Double.self) == [0, 0, 0])
        expectGradients(order: 2, at: [Tensor([1.0, 2, 4], dtype: .float64)], label: "std") { [$0[0].std()] }
    }

    @Test(arguments: [0.5, 1, 2, 3, Double.infinity, -Double.infinity])
    func norms(_ p: Double) {
        let values = [3.0, -4, 0.5]
        let x = Tensor(values, dtype: .float64)
        let sizes = values.map { abs($0) }
        let expected: Double =
            p == .infinity
            ? 4 : p == -.infinity ? 0.5 : pow(sizes.reduce(0) { $0 + pow($1, p) }, 1 / p)
        expectClose(x.norm(p: p), [expected], .sums)
        expectGradients(order: 2, at: [x], label: "norm \(p)") { [$0[0].norm(p: p)] }
        let zero = Tensor([0.0, 0], requiresGrad: true)
        zero.norm(p: p).backward()
        #expect(zero.grad!.toArray(Double.self) == [0, 0], "p: \(p)")
    }

    @Test func normsOfHalfNumbersDoNotOverflow() {
        #expect(Tensor([300.0, 400], dtype: .float16).norm().item() == 500)
        expectRefusal(by: "norm", .dtype) { Tensor([3, 4]).norm() }
        #expect(Tensor([0, 1, 2]).countNonzero().item(Int.self) == 2)
        #expect(Tensor([0.0, 1, 2]).norm(p: 0).item() == 2)
    }
}
