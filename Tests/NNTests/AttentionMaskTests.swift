import TestSupport
import Testing
import Torchlight

/// Masks and flags of attention mean the same in every combination.
@Suite struct AttentionMaskTests {
    private static let (n, length, width) = (2, 4, 8)

    private static func input(_ seed: UInt64 = 3) -> Tensor {
        Tensor.randn([n, length, width], generator: Generator(seed: seed))
    }

    private static var causal: Tensor { Tensor.ones([length, length], dtype: .bool).triu(1) }

    private static func padding(_ kind: Int) -> Tensor? {
        switch kind {
        case 1: Tensor([[false, false, false, false], [false, false, false, true]])
        case 2: Tensor([[0.0, 0, 0, 0], [0, 0, 0, -Double.infinity]], dtype: .float32)
        default: nil
        }
    }

    private static func expectEqual(_ a: Tensor, _ b: Tensor, _ label: String) {
        #expect(a.allclose(b, rtol: 1e-4, atol: 1e-5), "\(label)")
    }

    @Test func theCausalFlagIsTheCausalMaskOnEveryPath() {
        let x = Self.input()
        for (addBiasKV, addZeroAttn) in [(false, false), (true, false), (false, true), (true, true)] {
            let m = MultiheadAttention(
                Self.width, 2, addBiasKV: addBiasKV, addZeroAttn: addZeroAttn, batchFirst: true,
                generator: Generator(seed: 1))
            for (needsWeights, kind) in [(true, 0), (true, 1), (true, 2), (false, 0), (false, 1), (false, 2)] {
                let label = "bias \(addBiasKV), zero \(addZeroAttn), weights \(needsWeights), padding \(kind)"
                let padding = Self.padding(kind)
                let flag = m(x, x, x, keyPaddingMask: padding, needWeights: needsWeights, isCausal: true)
                let mask = m(x, x, x, keyPaddingMask: padding, needWeights: needsWeights, attnMask: Self.causal)
                Self.expectEqual(flag.output, mask.output, label)
                if needsWeights { Self.expectEqual(flag.weights!, mask.weights!, label) }
                // With another mask both hold.
                let first = Tensor((0..<16).map { $0 > 3 && $0 % 4 == 0 }, shape: [Self.length, Self.length])
                let both = m(
                    x, x, x, keyPaddingMask: padding, needWeights: needsWeights, attnMask: first, isCausal: true)
                let merged = m(
                    x, x, x, keyPaddingMask: padding, needWeights: needsWeights, attnMask: Self.causal.logicalOr(first))
                Self.expectEqual(both.output, merged.output, label)
            }
        }
    }

    @Test func noCausalPathSeesTheFuture() {
        let (x, y) = (Self.input(), Self.input())
        y[.all, 3] = Tensor.randn([Self.n, Self.width], generator: Generator(seed: 9)) * 5
        let generator = Generator(seed: 2)
        let encoderLayer = TransformerEncoderLayer(
            Self.width, 2, dimFeedforward: 16, dropout: 0, batchFirst: true, generator: generator)
        let decoderLayer = TransformerDecoderLayer(
            Self.width, 2, dimFeedforward: 16, dropout: 0, batchFirst: true, generator: generator)
        let encoder = TransformerEncoder(encoderLayer, numLayers: 2)
        let decoder = TransformerDecoder(decoderLayer, numLayers: 2)
        let transformer = Transformer(
            dModel: Self.width, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 16, dropout: 0,
            batchFirst: true, generator: generator)
        let memory = Self.input(5)
        for kind in 0...2 {
            let p = Self.padding(kind)
            let calls: [(String, (Tensor) -> Tensor)] = [
                ("encoder layer", { encoderLayer($0, srcMask: nil, srcKeyPaddingMask: p, isCausal: true) }),
                ("encoder", { encoder($0, mask: nil, srcKeyPaddingMask: p, isCausal: true) }),
                ("decoder layer", { decoderLayer($0, memory, tgtKeyPaddingMask: p, tgtIsCausal: true) }),
                ("decoder", { decoder($0, memory, tgtKeyPaddingMask: p, tgtIsCausal: true) }),
                ("memory of a layer", { decoderLayer(memory, $0, memoryKeyPaddingMask: p, memoryIsCausal: true) }),
                // The layers after the first would mix the positions, were the target not causal too.
                (
                    "memory",
                    { decoder(memory, $0, memoryKeyPaddingMask: p, tgtIsCausal: true, memoryIsCausal: true) }
                ),
                ("transformer target", { transformer(memory, $0, tgtKeyPaddingMask: p, tgtIsCausal: true) }),
                (
                    "transformer source",
                    {
                        transformer(
                            $0, memory, srcKeyPaddingMask: p, memoryKeyPaddingMask: p, srcIsCausal: true,
                            memoryIsCausal: true)
                    }
                ),
            ]
            for (name, call) in calls {
                let (a, b) = (call(x), call(y))
                // The last position of a memory only changes what the last query finds.
                Self.expectEqual(a[.all, 0..<3], b[.all, 0..<3], "\(name), padding \(kind)")
                let isSeen = (a[0, 3] - b[0, 3]).abs().max().item() > 1e-4
                #expect(isSeen, "\(name), padding \(kind): the last position has no influence")
            }
        }
    }

    @Test func integerMasksAreRefusedEverywhere() throws {
        let x = Self.input()
        let m = MultiheadAttention(Self.width, 2, batchFirst: true)
        let encoder = TransformerEncoder(TransformerEncoderLayer(Self.width, 2, batchFirst: true), numLayers: 1)
        let decoder = TransformerDecoder(TransformerDecoderLayer(Self.width, 2, batchFirst: true), numLayers: 1)
        let transformer = Transformer(dModel: Self.width, nhead: 2, dimFeedforward: 8, batchFirst: true)
        let name = "multiHeadAttentionForward"
        for dtype in [DType.int64, .int32, .int16, .int8, .uint8] {
            let padding = Tensor.zeros([Self.n, Self.length], dtype: dtype)
            let mask = Tensor.zeros([Self.length, Self.length], dtype: dtype)
            let error = try #require(expectRefusal(by: name, .dtype) { m(x, x, x, keyPaddingMask: padding) })
            #expect("\(error)".contains("mask .== 0") && "\(error)".contains("keyPaddingMask"), "\(error)")
            expectRefusal(by: name, .dtype) { m(x, x, x, attnMask: mask) }
            expectRefusal(by: name, .dtype) { m(x, x, x, needWeights: false, attnMask: mask) }
            expectRefusal(by: name, .dtype) { encoder(x, mask: mask) }
            expectRefusal(by: name, .dtype) { encoder(x, mask: nil, srcKeyPaddingMask: padding) }
            expectRefusal(by: name, .dtype) { decoder(x, x, tgtMask: mask) }
            expectRefusal(by: name, .dtype) { decoder(x, x, memoryMask: mask) }
            expectRefusal(by: name, .dtype) { decoder(x, x, tgtKeyPaddingMask: padding) }
            expectRefusal(by: name, .dtype) { decoder(x, x, memoryKeyPaddingMask: padding) }
            expectRefusal(by: name, .dtype) { transformer(x, x, srcMask: mask) }
            expectRefusal(by: name, .dtype) { transformer(x, x, memoryKeyPaddingMask: padding) }
            expectRefusal(by: "scaledDotProductAttention", .dtype) {
                scaledDotProductAttention(x, x, x, attnMask: mask)
            }
        }
    }

    @Test func aRowWithoutKeysFindsNothing() {
        let m = MultiheadAttention(Self.width, 2, batchFirst: true, generator: Generator(seed: 1))
        let hidden = Tensor.ones([Self.n, Self.length], dtype: .bool)
        for mask in [hidden, Tensor.full([Self.n, Self.length], -Double.infinity)] {
            for needsWeights in [true, false] {
                let x = Self.input().requiresGrad_()
                let (output, weights) = m(x, x, x, keyPaddingMask: mask, needWeights: needsWeights)
                Self.expectEqual(output, m.outProj.bias!.expand(output.shape), "weights \(needsWeights)")
                if let weights { #expect(weights.abs().max().item() == 0) }
                output.sum().backward()
                #expect(x.grad!.abs().max().item() == 0, "weights \(needsWeights)")
            }
        }
    }
}
