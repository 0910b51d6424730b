import TestSupport
import Testing
import TorchlightCore

@Suite("Fractional max pooling")
struct FractionalMaxPoolTests {
    @Test("Windows start where the random numbers say")
    func windows() {
        let x = Tensor.arange(30).reshape([1, 1, 6, 5]).to(.float32)
        // Along the width, (5 - 2) / (2 - 1) = 3 a step; along the height (6 - 2) / (3 - 1) = 2.
        let samples = Tensor([[[0.9, 0.3]]])
        let (values, indices) = fractionalMaxPool2dWithIndices(x, 2, outputSize: [3, 2], randomSamples: samples)
        #expect(
            values.toArray(Int.self) == [6, 9, 16, 19, 26, 29] && indices.toArray(Int.self) == [6, 9, 16, 19, 26, 29])
        let whole = fractionalMaxPool2d(x[0], [6, 5], outputSize: 1)
        #expect(whole.shape == [1, 1, 1] && whole.item() == 29)
        #expect(fractionalMaxPool2d(x, 2, outputRatio: [0.5, 0.4]).shape == [1, 1, 3, 2])
        #expect(fractionalMaxPool2d(x.expand(0, 1, 6, 5), 2, outputSize: 2).shape == [0, 1, 2, 2])
        let volume = Tensor.arange(64).reshape([1, 1, 4, 4, 4]).to(.float64)
        let pooled = fractionalMaxPool3d(volume, 2, outputSize: [2, 3, 2], generator: Generator(seed: 1))
        #expect(pooled.shape == [1, 1, 2, 3, 2] && pooled.max().item() == 63)
        // Every window is inside, whatever the random numbers are.
        for seed in 0..<50 {
            let drawn = fractionalMaxPool2dWithIndices(
                x, 3, outputSize: [4, 2], generator: Generator(seed: UInt64(seed)))
            #expect(drawn.values.equal(drawn.indices.to(.float32)), "seed \(seed)")
        }
        #expect(fractionalMaxPool2d(x / 0 - x / 0, 2, outputSize: 2).isnan().all().item() == 1)
    }

    @Test("Gradients go to the maxima")
    func gradients() {
        var random = TestRandom("fractional")
        let x = Tensor(random.values(60, in: -1...1), shape: [1, 2, 6, 5], dtype: .float64)
        let samples = Tensor([[[0.2, 0.8], [0.5, 0.1]]], dtype: .float64)
        expectGradients(order: 2, at: [x], label: "fractionalMaxPool2d") {
            let y = fractionalMaxPool2d($0[0], 3, outputSize: [3, 2], randomSamples: samples)
            return [y * y]
        }
    }

    @Test("What does not fit is refused")
    func refusals() {
        let x = Tensor.ones(1, 1, 4, 4)
        expectRefusal(by: "fractionalMaxPool2d", .value) { fractionalMaxPool2d(x, 2, outputSize: 4) }
        expectRefusal(by: "fractionalMaxPool2d", .value) { fractionalMaxPool2d(x, 2) }
        expectRefusal(by: "fractionalMaxPool2d", .value) {
            fractionalMaxPool2d(x, 2, outputSize: 2, outputRatio: [0.5])
        }
        expectRefusal(by: "fractionalMaxPool2d", .value) { fractionalMaxPool2d(x, 2, outputRatio: [1.5]) }
        expectRefusal(by: "fractionalMaxPool2d", .shape) { fractionalMaxPool2d(x[0][0], 2, outputSize: 2) }
        expectRefusal(by: "fractionalMaxPool2d", .dtype) { fractionalMaxPool2d(x.to(.int64), 2, outputSize: 2) }
        expectRefusal(by: "fractionalMaxPool2d", .shape) {
            fractionalMaxPool2d(x, 2, outputSize: 2, randomSamples: Tensor.zeros(1, 1, 3))
        }
    }

    @Test("A convolution of sequences with time first")
    func convolutionOfSequences() {
        var random = TestRandom("convTbc")
        let x = Tensor(random.values(30, in: -1...1), shape: [5, 2, 3], dtype: .float64)
        let w = Tensor(random.values(18, in: -1...1), shape: [3, 3, 2], dtype: .float64)
        let b = Tensor([0.5, -1], dtype: .float64)
        let y = convTbc(x, w, b, pad: 1)
        #expect(y.shape == [5, 2, 2] && y.isContiguous)
        let direct = (x[1].matmul(w[0]) + x[2].matmul(w[1]) + x[3].matmul(w[2])) + b
        expectClose(y[2], direct.toArray(Double.self), Tolerance(units: 64, reason: "sums of products"))
        expectGradients(order: 2, at: [x, w, b], label: "convTbc") { [convTbc($0[0], $0[1], $0[2])] }
        expectRefusal(by: "convTbc", .shape) { convTbc(x[0], w, b) }
    }
}
