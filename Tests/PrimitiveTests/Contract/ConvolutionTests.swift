import TestSupport
import Testing
@testable import TorchlightCore

@Suite struct ConvolutionTests {
    @Test func errorsNameChannelsAndGroups() throws {
        let channels = try #require(
            expectRefusal(by: "conv2d", .shape) { conv2d(.ones(2, 3, 8, 8), .ones(4, 1, 3, 3)) })
        #expect(channels.problem == "the input has 3 channels and the weight takes 1")
        let last = try #require(
            expectRefusal(by: "conv2d", .shape) { conv2d(.ones(2, 8, 8, 3), .ones(4, 3, 3, 3)) })
        #expect(last.fix == "move the channels to dimension 1, as in x.movedim(-1, 1)")
        let groups = try #require(
            expectRefusal(by: "conv2d", .shape) { conv2d(.ones(2, 3, 8, 8), .ones(4, 3, 3, 3), groups: 2) })
        #expect(groups.got == "3 input and 4 output channels in 2 groups")
        expectRefusal(by: "conv2d", .shape) { conv2d(.ones(1, 1, 2, 2), .ones(1, 1, 3, 3)) }
        expectRefusal(by: "conv2d", .shape) { conv2d(.ones(1, 1, 4, 4), .ones(2, 1, 3, 3), bias: .ones(3)) }
        expectRefusal(by: "conv1d", .value) { conv1d(.ones(1, 1, 4), .ones(2, 1, 3), stride: 0) }
        expectRefusal(by: "conv2d", .value) { conv2d(.ones(1, 1, 4, 4), .ones(2, 1, 3, 3), stride: 2, padding: .same) }
    }

    @Test func samePaddingKeepsTheSize() {
        let x = Tensor.arange(0.0, 12).reshape(1, 1, 3, 4)
        #expect(conv2d(x, .ones(2, 1, 3, 2), padding: .same).shape == [1, 2, 3, 4])
        // An even kernel has its extra zero at the end.
        expectClose(conv1d(Tensor([1.0, 2, 3]).reshape(1, 1, 3), .ones(1, 1, 2), padding: .same), [3, 5, 3])
    }

    @Test func oneSampleNeedsNoBatch() {
        let x = Tensor.arange(0.0, 9).reshape(1, 3, 3)
        let out = conv2d(x, .ones(2, 1, 2, 2))
        #expect(out.shape == [2, 2, 2])
        expectClose(out, ReferenceArray(conv2d(x.unsqueeze(0), .ones(2, 1, 2, 2)).squeeze(0)))
    }

    @Test func channelsLastGivesTheSame() {
        var random = TestRandom("channels last")
        let x = Tensor(random.values(2 * 3 * 5 * 4), shape: [2, 5, 4, 3], dtype: .float32).permute(0, 3, 1, 2)
        let w = Tensor(random.values(4 * 3 * 3 * 3), shape: [4, 3, 3, 3], dtype: .float32)
        expectClose(
            conv2d(x, w, padding: 1), ReferenceArray(conv2d(x.contiguous(), w, padding: 1)), .sums)
    }
}

@Suite struct PoolTests {
    @Test func maxPoolLetsNaNWin() {
        let x = Tensor([1.0, .nan, 3, 4]).reshape(1, 1, 4)
        expectClose(maxPool1d(x, 2), [.nan, 4])
    }

    @Test func maxPoolIndicesCountOverTheInput() {
        let x = Tensor.arange(0.0, 16).reshape(1, 4, 4)
        let (values, indices) = maxPool2dWithIndices(x, 2)
        #expect(values.shape == [1, 2, 2])
        expectClose(indices, [5, 7, 13, 15])
    }

    @Test func poolsRefuseWhatCannotBe() {
        expectRefusal(by: "maxPool2d", .shape) { maxPool2d(.ones(4, 4), 2) }
        expectRefusal(by: "maxPool2d", .value) { maxPool2d(.ones(1, 1, 4, 4), 2, padding: 2) }
        expectRefusal(by: "avgPool1d", .shape) { avgPool1d(.ones(1, 1, 2), 3) }
        expectRefusal(by: "adaptiveAvgPool2d", .shape) { adaptiveAvgPool2d(.ones(4), 2) }
    }

    @Test func adaptivePoolingCoversAllSizes() {
        let x = Tensor.arange(0.0, 15, dtype: .float64).reshape(1, 3, 5)
        // Windows of 5 over 2: 0..<3 and 2..<5; of 3 over 2: 0..<2 and 1..<3.
        expectClose(adaptiveAvgPool2d(x, 2), [3.5, 5.5, 8.5, 10.5])
        expectClose(adaptiveAvgPool2d(x, 1), [7])
        expectClose(adaptiveAvgPool1d(x, 2), [1, 3, 6, 8, 11, 13])
        expectGradients(order: 2, at: [x], label: "adaptiveAvgPool2d") { [adaptiveAvgPool2d($0[0], 2)] }
    }
}

@Suite struct TransposedConvolutionTests {
    @Test func isTheGradientOfTheConvolution() {
        var random = TestRandom("transposed convolution")
        let x = Tensor(random.values(24), shape: [2, 4, 3], dtype: .float64)
        let w = Tensor(random.values(24), shape: [4, 3, 2], dtype: .float64)
        let input = Tensor.zeros([2, 6, 6], dtype: .float64, requiresGrad: true)
        let y = conv1d(input, w, stride: 2, padding: 1, groups: 2)
        y.backward(gradient: Tensor.ones(like: y))
        let direct = convTranspose1d(Tensor.ones(like: y), w, stride: 2, padding: 1, groups: 2)
        #expect(direct.shape == [2, 6, 6])
        expectClose(direct, ReferenceArray(input.grad!), .sums)
        expectGradients(order: 2, at: [x, w], label: "convTranspose1d") {
            [convTranspose1d($0[0], $0[1], stride: 2, padding: 1, groups: 2)]
        }
    }

    @Test func growsByTheStride() {
        let out = convTranspose2d(.ones(1, 1, 2, 2), .ones(1, 1, 2, 2), bias: Tensor([1.0]), stride: 2)
        expectClose(out, [Double](repeating: 2, count: 16))
        expectRefusal(by: "convTranspose2d", .shape) { convTranspose2d(.ones(1, 2, 2, 2), .ones(1, 1, 2, 2)) }
        expectRefusal(by: "convTranspose1d", .value) {
            convTranspose1d(.ones(1, 1, 2), .ones(1, 1, 2), outputPadding: 1)
        }
    }
}
