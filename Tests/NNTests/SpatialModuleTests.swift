import TestSupport
import Testing
import Torchlight

/// Layers over signals, images and volumes: what the recorded cases do not hold.
@Suite struct SpatialModuleTests {
    @Test func lazyLayersSettleOnce() throws {
        let layer = LazyConv2d(4, kernelSize: 3, groups: 2)
        let weight = layer.weight
        #expect(weight.shape == [4, 0, 3, 3])
        #expect("\(layer)" == "LazyConv2d(0, 4, kernel_size=(3, 3), stride=(1, 1), groups=2)")
        #expect(layer(.ones(1, 6, 5, 5)).shape == [1, 4, 3, 3])
        #expect(layer.weight === weight && weight.shape == [4, 3, 3, 3] && weight.requiresGrad)
        #expect(layer.inChannels == 6)
        #expect(throws: TensorError.self) { try checked { layer(.ones(1, 4, 5, 5)) } }
    }

    @Test func fractionalPoolsPlaceTheirWindows() {
        let x = Tensor.arange(36).reshape([1, 1, 6, 6]).to(.float32)
        let fixed = FractionalMaxPool2d(2, outputSize: 3, randomSamples: Tensor([[[0.1, 0.9]]]))
        #expect(fixed(x).equal(fractionalMaxPool2d(x, 2, outputSize: 3, randomSamples: Tensor([[[0.1, 0.9]]]))))
        #expect(fixed.withIndices(x).indices.to(.float32).equal(fixed(x)))
        #expect(fixed.stateDict().keys.contains("_random_samples") && fixed.parameters().isEmpty)
        let drawn = FractionalMaxPool2d(2, outputRatio: [0.5], generator: Generator(seed: 1))
        // Windows of 2 that cover 6 elements in 3 steps have one place each; those that cover 7 have several.
        let wide = Tensor.arange(49).reshape([1, 1, 7, 7]).to(.float32)
        #expect((0..<20).contains { _ in !drawn(wide).equal(drawn(wide)) } && drawn.stateDict().isEmpty)
        #expect(FractionalMaxPool3d(2, outputSize: [1, 2, 1])(.ones(2, 3, 4, 4)).shape == [2, 1, 2, 1])
        expectRefusal(by: "FractionalMaxPool2d", .value) { FractionalMaxPool2d(2).kernelSize }
        expectRefusal(by: "FractionalMaxPool2d", .value) { FractionalMaxPool2d(2, outputRatio: [1]).kernelSize }
    }

    @Test func wrongSettingsAreNamed() {
        expectRefusal(by: "Conv3d", .value) { Conv3d(2, 2, kernelSize: 1, padding: [1, 2]).weight }
        expectRefusal(by: "ReflectionPad2d", .value) { ReflectionPad2d([1, 2])(.ones(1, 1, 4, 4)) }
        expectRefusal(by: "interpolate", .value) {
            Upsample(size: [2], mode: .nearest, alignCorners: true)(.ones(1, 1, 4))
        }
    }
}
