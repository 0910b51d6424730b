import Foundation
import TestSupport
import Testing
import Torchlight

/// Losses, layers and training in mixed precision.
@Suite struct AutocastLayerTests {
    private let generator = Generator(seed: 5)

    private func draw(_ shape: [Int]) -> Tensor { Tensor.rand(shape, generator: generator) * 0.5 + 0.25 }

    /// What PyTorch 2.15 gives on the processor for operands in float32 and in bfloat16.
    @Test func lossesAreFloat32() {
        let (a, b, c) = (draw([3, 3]), draw([3, 3]), draw([3, 3]))
        let signs = Tensor([1.0, -1, 1])
        let classes = Tensor([0, 1, 2])
        let losses: [(String, (Tensor, Tensor, Tensor) -> Tensor)] = [
            ("mseLoss", { x, y, _ in mseLoss(x, y) }), ("l1Loss", { x, y, _ in l1Loss(x, y) }),
            ("smoothL1Loss", { x, y, _ in smoothL1Loss(x, y) }), ("huberLoss", { x, y, _ in huberLoss(x, y) }),
            ("binaryCrossEntropy", { x, y, _ in binaryCrossEntropy(x, y) }),
            ("binaryCrossEntropyWithLogits", { binaryCrossEntropyWithLogits($0, $1, weight: $2, posWeight: $2) }),
            ("crossEntropy", { x, _, _ in crossEntropy(x, classes) }),
            ("crossEntropy, none", { x, _, _ in crossEntropy(x, classes, reduction: .none) }),
            ("crossEntropy of probabilities", { x, y, _ in crossEntropy(x, y) }),
            ("nllLoss", { x, _, _ in nllLoss(x, classes) }), ("klDiv", { x, y, _ in klDiv(x, y) }),
            ("poissonNLLLoss", { x, y, _ in poissonNLLLoss(x, y) }),
            ("hingeEmbeddingLoss", { x, _, _ in hingeEmbeddingLoss(x[0], signs) }),
            ("cosineEmbeddingLoss", { x, y, _ in cosineEmbeddingLoss(x, y, signs) }),
            ("marginRankingLoss", { x, y, _ in marginRankingLoss(x[0], y[0], signs) }),
            ("softMarginLoss", { x, _, _ in softMarginLoss(x[0], signs) }),
            ("tripletMarginLoss", { tripletMarginLoss($0, $1, $2) }),
            ("multiMarginLoss", { x, _, _ in multiMarginLoss(x, classes) }),
            ("multilabelMarginLoss", { x, _, _ in multilabelMarginLoss(x[0], Tensor([0, -1, 2])) }),
            ("ctcLoss", { x, _, _ in ctcLoss(x.log().unsqueeze(1), Tensor([[1]]), [3], [1]) }),
            ("linearCrossEntropy", { x, y, _ in linearCrossEntropy(x, y, classes) }),
        ]
        for (name, loss) in losses {
            for given in [DType.float32, .bfloat16] {
                let x = a.to(given).detach().requiresGrad_()
                let result = autocast { loss(x, b.to(given), c.to(given)) }
                #expect(result.dtype == .float32, "\(name) of \(given)")
                let exact = loss(a, b, c)
                #expect(result.allclose(exact, rtol: 0.03, atol: 0.01), "\(name) of \(given): \(result) \(exact)")
                result.sum().backward()
                #expect(x.grad?.dtype == given, "\(name) of \(given)")
            }
            #expect(autocast { loss(a.to(.float64), b.to(.float64), c.to(.float64)) }.dtype == .float64, "\(name)")
        }
        let others: [(String, (Tensor, Tensor, Tensor) -> Tensor)] = [
            ("gaussianNLLLoss", { gaussianNLLLoss($0, $1, $2) }),
            ("multilabelSoftMarginLoss", { x, y, _ in multilabelSoftMarginLoss(x, y) }),
            ("tripletMarginWithDistanceLoss", { tripletMarginWithDistanceLoss($0, $1, $2) }),
        ]
        for (name, loss) in others {
            for given in [DType.float32, .bfloat16] {
                #expect(autocast { loss(a.to(given), b.to(given), c.to(given)) }.dtype == given, "\(name) of \(given)")
            }
        }
    }

    /// The dtypes of output and states that PyTorch gives; its LSTM is that of processors with bfloat16.
    @Test func recurrentLayersGivePyTorchsDTypes() {
        let (x, h) = (draw([2, 1, 3]), draw([1, 1, 3]))
        let half = x.to(.bfloat16)
        autocast {
            let rnn = RNN(3, 3)
            for given in [x, half] {
                let (output, state) = rnn(given)
                #expect(output.dtype == .bfloat16 && state.dtype == .bfloat16)
            }
            let lstm = LSTM(3, 3, numLayers: 2, bidirectional: true)
            for given in [x, half] {
                let (output, state) = lstm(given)
                #expect(output.dtype == .bfloat16 && state.h.dtype == .bfloat16 && state.c.dtype == .bfloat16)
            }
            let projected = LSTM(3, 3, projSize: 2)
            for given in [x, half] {
                let (output, state) = projected(given)
                #expect(output.dtype == .bfloat16 && state.h.dtype == .bfloat16 && state.c.dtype == given.dtype)
            }
            let gru = GRU(3, 3)
            for given in [x, half] {
                let (output, state) = gru(given)
                #expect(output.dtype == given.dtype && state.dtype == given.dtype)
            }
            #expect(gru(half, h).output.dtype == .float32)
            #expect(RNNCell(3, 3)(x[0]).dtype == .bfloat16)
            #expect(GRUCell(3, 3)(x[0]).dtype == .float32)
            #expect(GRUCell(3, 3)(half[0]).dtype == .bfloat16)
            #expect(LSTMCell(3, 3)(x[0]).h.dtype == .float32)
            #expect(LSTMCell(3, 3)(half[0]).c.dtype == .bfloat16)
            #expect(LSTMCell(3, 3)(half[0], (h[0], h[0])).h.dtype == .float32)
        }
    }

    @Test func attentionAndTransformersGivePyTorchsDTypes() {
        let x = draw([1, 4, 8])
        autocast {
            let attention = MultiheadAttention(8, 2, batchFirst: true)
            let mask = Tensor.zeros([4, 4])
            for needWeights in [false, true] {
                let (output, weights) = attention(x, x, x, needWeights: needWeights, attnMask: mask)
                #expect(output.dtype == .bfloat16)
                #expect(weights?.dtype == (needWeights ? .bfloat16 : nil))
            }
            #expect(TransformerEncoderLayer(8, 2, dimFeedforward: 16, batchFirst: true)(x).dtype == .float32)
            #expect(
                TransformerDecoderLayer(8, 2, dimFeedforward: 16, batchFirst: true)(x, x).dtype == .float32)
            #expect(
                TransformerEncoderLayer(8, 2, dimFeedforward: 16, batchFirst: true)(x.to(.bfloat16)).dtype == .bfloat16)
        }
    }

    /// Gradients of all layers are float32 and near those of a float32 pass.
    @Test func gradientsFollowFloat32() {
        final class Network: Module {
            let conv: Conv2d
            let norm = BatchNorm2d(4)
            let lstm: LSTM
            let gru: GRU
            let encoder: TransformerEncoderLayer
            let head: Linear

            init(generator: Generator) {
                conv = Conv2d(1, 4, kernelSize: 3, padding: 1, generator: generator)
                lstm = LSTM(16, 8, batchFirst: true, generator: generator)
                gru = GRU(8, 8, batchFirst: true, generator: generator)
                encoder = TransformerEncoderLayer(
                    8, 2, dimFeedforward: 16, dropout: 0, batchFirst: true, generator: generator)
                head = Linear(8, 3, generator: generator)
                super.init()
            }

            func callAsFunction(_ x: Tensor) -> Tensor {
                let y = norm(conv(x)).relu().mean(dim: 1)  // [n, 16, 16]
                return head(encoder(gru(lstm(y).output).output).mean(dim: 1))
            }
        }
        let network = Network(generator: generator)
        let x = Tensor.randn([4, 1, 16, 16], generator: generator)
        let y = Tensor([0, 1, 2, 0])
        let whole = crossEntropy(network(x), y)
        whole.backward()
        let expected = network.parameters().map { $0.grad! }
        for parameter in network.parameters() { parameter.grad = nil }
        let mixed = autocast { crossEntropy(network(x), y) }
        mixed.backward()
        #expect(abs(mixed.item() - whole.item()) < 0.01)
        for (i, parameter) in network.parameters().enumerated() {
            let gradient = parameter.grad!
            #expect(gradient.dtype == .float32)
            // 8 bits of mantissa, through a dozen layers: within a twelfth of the largest element.
            let distance = (gradient - expected[i]).abs().max().item()
            #expect(distance <= 0.08 * expected[i].abs().max().item() + 1e-4, "parameter \(i): \(distance)")
        }
    }

    // MARK: Training on text

    /// A character model of one block, its head being its embedding.
    private final class CharacterModel: Module {
        let token: Embedding
        let position: Embedding
        let block: TransformerEncoderLayer
        let norm = LayerNorm(32)

        init(generator: Generator) {
            token = Embedding(128, 32, generator: generator)
            position = Embedding(32, 32, generator: generator)
            block = TransformerEncoderLayer(
                32, 2, dimFeedforward: 64, dropout: 0, activation: .gelu, batchFirst: true, normFirst: true,
                generator: generator)
            super.init()
        }

        func callAsFunction(_ x: Tensor) -> Tensor {
            let y = token(x) + position(Tensor.arange(x.shape[1]))
            return linear(norm(block(y, srcMask: nil, isCausal: true)), token.weight)
        }
    }

    private func losses(text: [UInt8], steps: Int, mixed: Bool) -> [Double] {
        let model = CharacterModel(generator: Generator(seed: 17))
        noGrad { _ = model.token.weight.mul_(0.2) }
        let optimizer = AdamW(model.parameters(), lr: 3e-3)
        let (batch, length) = (8, 32)
        var losses: [Double] = []
        for step in 0..<steps {
            let starts = (0..<batch).map { (step * batch + $0) * 211 % (text.count - length - 1) }
            func rows(_ shift: Int) -> Tensor {
                Tensor(
                    starts.flatMap { start in (0..<length).map { Int(text[start + shift + $0]) } },
                    shape: [batch, length])
            }
            let loss = autocast(enabled: mixed) {
                crossEntropy(model(rows(0)).reshape(-1, 128), rows(1).reshape(-1))
            }
            optimizer.zeroGrad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        }
        return losses
    }

    /// On the words of the licence bfloat16 learns as float32 does: the losses of every step lie within 1 % of each other, and
    /// the means of the last 20 within 0.3 %.
    @Test func learnsTextAsFloat32Does() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../LICENSE")
        let text = try Data(contentsOf: file).map { $0 & 127 }
        try #require(text.count > 5000)
        let whole = losses(text: text, steps: 300, mixed: false)
        let mixed = losses(text: text, steps: 300, mixed: true)
        for (step, (a, b)) in zip(whole, mixed).enumerated() {
            #expect(abs(a - b) <= 0.01 * a, "step \(step): \(a) in float32, \(b) in bfloat16")
        }
        #expect(whole != mixed)
        func last(_ losses: [Double]) -> Double { losses.suffix(20).reduce(0, +) / 20 }
        #expect(last(whole) < 0.75 * whole[0], "it learns: \(whole[0]) to \(last(whole))")
        #expect(abs(last(mixed) - last(whole)) <= 0.003 * last(whole), "\(last(whole)) and \(last(mixed))")
    }
}
