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

    @Test func wrongSettingsAreNamed() {
        expectRefusal(by: "Conv3d", .value) { Conv3d(2, 2, kernelSize: 1, padding: [1, 2]).weight }
        expectRefusal(by: "ReflectionPad2d", .value) { ReflectionPad2d([1, 2])(.ones(1, 1, 4, 4)) }
        expectRefusal(by: "interpolate", .value) {
            Upsample(size: [2], mode: .nearest, alignCorners: true)(.ones(1, 1, 4))
        }
    }
}
