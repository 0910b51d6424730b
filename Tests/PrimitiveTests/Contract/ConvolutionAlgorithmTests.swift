import TestSupport
import Testing

@testable import TorchlightCore

/// float32 convolutions run by several algorithms, chosen by size; each is held to float64, which has one.
@Suite struct ConvolutionAlgorithmTests {
    struct Size: CustomTestStringConvertible, Sendable {
        var algorithm: String
        /// images, in-channels, height, width, out-channels
        var sizes: [Int]
        var kernel = [3, 3]
        var stride = 1
        var padding = 1
        var dilation = 1
        var testDescription: String {
            "\(algorithm): \(sizes), kernel \(kernel), stride \(stride), padding \(padding), dilation \(dilation)"
        }
    }

    static let sizes = [
        Size(algorithm: "Winograd, edges on all sides", sizes: [2, 32, 17, 13, 64]),
        Size(algorithm: "Winograd, unpadded", sizes: [2, 64, 18, 22, 32], padding: 0),
        Size(algorithm: "Winograd, wide padding", sizes: [2, 32, 15, 14, 32], padding: 2),
        Size(algorithm: "Winograd, narrow images", sizes: [32, 32, 12, 3, 32]),
        Size(algorithm: "Winograd, few tiles", sizes: [8, 192, 8, 8, 160]),
        Size(algorithm: "pixels side by side", sizes: [1, 24, 8, 8, 20]),
        Size(algorithm: "pixels side by side, part of a panel", sizes: [1, 16, 6, 12, 19]),
        Size(algorithm: "pixels side by side, deep", sizes: [1, 300, 8, 8, 17]),
        Size(algorithm: "pixels side by side, stride 2", sizes: [2, 16, 16, 8, 18], stride: 2),
        Size(
            algorithm: "pixels side by side, many", sizes: [4, 20, 18, 17, 22], kernel: [3, 2], stride: 2, padding: 0),
        Size(algorithm: "pixels side by side, dilated", sizes: [2, 17, 30, 27, 16], padding: 2, dilation: 2),
        Size(algorithm: "images side by side", sizes: [16, 24, 4, 4, 20]),
        Size(
            algorithm: "images side by side, part of a panel", sizes: [29, 18, 5, 4, 40], kernel: [5, 3], padding: 2),
        Size(algorithm: "images side by side, stride 2", sizes: [32, 33, 8, 8, 17], stride: 2),
        Size(algorithm: "images side by side, dilated", sizes: [16, 16, 7, 9, 16], padding: 1, dilation: 2),
    ]

    @Test(arguments: sizes, [false, true])
    func agreesWithFloat64(_ size: Size, channelsLast: Bool) throws {
        var random = TestRandom("convolution algorithms")
        let s = size.sizes
        func tensor(_ shape: [Int], channelsLast: Bool = false) -> Tensor {
            let values = random.values(shape.reduce(1, *))
            guard channelsLast else { return Tensor(values, shape: shape, dtype: .float32) }
            let last = [shape[0], shape[2], shape[3], shape[1]]
            return Tensor(values, shape: last, dtype: .float32).permute(0, 3, 1, 2)
        }
        let x = tensor([s[0], s[1], s[2], s[3]], channelsLast: channelsLast)
        let w = tensor([s[4], s[1]] + size.kernel)
        let bias = tensor([s[4]])
        var seed: Tensor?
        func results(_ dtype: DType) throws -> [Tensor] {
            let operands = [x, w, bias].map { $0.to(dtype).detach().requiresGrad_() }
            let y = conv2d(
                operands[0], operands[1], bias: operands[2], stride: .init(size.stride), padding: .init(size.padding),
                dilation: .init(size.dilation))
            if seed == nil { seed = tensor(y.shape) }
            y.backward(gradient: seed!.to(dtype))
            return [y.detach()] + (try operands.map { try #require($0.grad) })
        }
        for (i, (got, wanted)) in zip(try results(.float32), try results(.float64)).enumerated() {
            let largest = wanted.abs().max().item(Double.self)
            let error = (got.to(.float64) - wanted).abs().max().item(Double.self)
            #expect(error <= 3e-5 * largest, "result \(i): \(error) beside \(largest)")
        }
    }
}
