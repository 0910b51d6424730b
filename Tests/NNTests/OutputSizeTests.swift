import TestSupport
import Testing
import Torchlight

/// A transposed convolution gives the size that it is asked for, where an input of that size belongs to one.
@Suite struct OutputSizeTests {
    private static func input(_ shape: [Int]) -> Tensor { Tensor.randn(shape, generator: Generator(seed: 1)) }

    @Test func everySizeThatTheStrideAllowsIsReached() {
        for spatial in 1...3 {
            for (stride, padding, dilation, kernel) in [(2, 1, 1, 3), (3, 0, 2, 2), (1, 0, 1, 2), (4, 2, 1, 3)] {
                let length = 3
                let least = (length - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1
                let x = Self.input([1, 2] + Array(repeating: length, count: spatial))
                let weight = Self.input([2, 3] + Array(repeating: kernel, count: spatial))
                func call(extra: Int, outputSize: [Int]?) -> Tensor {
                    switch spatial {
                    case 1:
                        convTranspose1d(
                            x, weight, stride: stride, padding: padding, outputPadding: extra, dilation: dilation,
                            outputSize: outputSize)
                    case 2:
                        convTranspose2d(
                            x, weight, stride: Size2(stride), padding: Size2(padding), outputPadding: Size2(extra),
                            dilation: Size2(dilation), outputSize: outputSize)
                    default:
                        convTranspose3d(
                            x, weight, stride: Size3(stride), padding: Size3(padding), outputPadding: Size3(extra),
                            dilation: Size3(dilation), outputSize: outputSize)
                    }
                }
                for extra in 0..<stride {
                    let size = Array(repeating: least + extra, count: spatial)
                    let label = "\(spatial)-d, stride \(stride), size \(size)"
                    let expected = call(extra: extra, outputSize: nil)
                    for given in [size, [1, 3] + size] {
                        let y = call(extra: 0, outputSize: given)
                        #expect(y.shape == [1, 3] + size && y.allclose(expected), "\(label)")
                    }
                }
                let name = "convTranspose\(spatial)d"
                for wrong in [least - 1, least + stride, .max, .min] {
                    expectRefusal(by: name, .value) {
                        call(extra: 0, outputSize: Array(repeating: wrong, count: spatial))
                    }
                }
                expectRefusal(by: name, .value) { call(extra: 0, outputSize: []) }
                if stride > 1 {
                    expectRefusal(by: name, .value) {
                        call(extra: 1, outputSize: Array(repeating: least, count: spatial))
                    }
                }
            }
        }
    }

    @Test func layersPassTheSizeOnAndRunTheirHooks() {
        let layers: [(any Layer, Int, (any Layer, Tensor, [Int]?) -> Tensor)] = [
            (
                ConvTranspose1d(2, 3, kernelSize: 3, stride: 2, padding: 1), 1,
                { ($0 as! ConvTranspose1d)($1, outputSize: $2) }
            ),
            (
                ConvTranspose2d(2, 3, kernelSize: 3, stride: 2, padding: 1, outputPadding: 1), 2,
                { ($0 as! ConvTranspose2d)($1, outputSize: $2) }
            ),
            (
                LazyConvTranspose3d(3, kernelSize: 3, stride: 2, padding: 1), 3,
                { ($0 as! ConvTranspose3d)($1, outputSize: $2) }
            ),
        ]
        for (layer, spatial, call) in layers {
            var calls = 0
            layer.registerForwardHook { _, _, _ in
                calls += 1
                return nil
            }
            let x = Self.input([1, 2] + Array(repeating: 4, count: spatial))
            for size in [7, 8] {
                let y = call(layer, x, Array(repeating: size, count: spatial))
                #expect(y.shape == [1, 3] + Array(repeating: size, count: spatial), "\(type(of: layer))")
            }
            #expect(call(layer, x, nil).allclose(layer(x)))
            #expect(calls == 4)
        }
    }
}
