import Torchlight

// The models of the benchmarks that no command trains.

/// ResNet-18 for 32x32 images: a 3x3 stem with stride 1 and no max pooling (He et al., 2016).
final class ResNet18: Module, Layer {
    let stem = Conv2d(3, 64, kernelSize: 3, padding: 1, bias: false)
    let bn = BatchNorm2d(64)
    let layers: [Block]
    let fc = Linear(512, 10)

    override init() {
        var layers: [Block] = []
        var channels = 64
        for (width, stride) in [(64, 1), (128, 2), (256, 2), (512, 2)] {
            layers += [Block(channels, width, stride: stride), Block(width, width, stride: 1)]
            channels = width
        }
        self.layers = layers
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor {
        var x = relu(bn(stem(x)))  // [n, 64, 32, 32]
        for layer in layers { x = layer(x) }  // [n, 512, 4, 4]
        return fc(x.mean(dim: [2, 3]))
    }

    final class Block: Module, Layer {
        let c1: Conv2d
        let b1: BatchNorm2d
        let c2: Conv2d
        let b2: BatchNorm2d
        let down: Sequential?

        init(_ inputs: Int, _ outputs: Int, stride: Int) {
            c1 = Conv2d(inputs, outputs, kernelSize: 3, stride: .init(stride), padding: 1, bias: false)
            b1 = BatchNorm2d(outputs)
            c2 = Conv2d(outputs, outputs, kernelSize: 3, padding: 1, bias: false)
            b2 = BatchNorm2d(outputs)
            down =
                stride != 1 || inputs != outputs
                ? Sequential(
                    Conv2d(inputs, outputs, kernelSize: 1, stride: .init(stride), bias: false), BatchNorm2d(outputs))
                : nil
            super.init()
        }

        func forward(_ x: Tensor) -> Tensor {
            let y = relu(b1(c1(x)))
            return relu(b2(c2(y)) + (down?(x) ?? x))
        }
    }
}

/// A character-level language model: embedding, two LSTM layers, linear output layer.
final class CharLSTM: Module, Layer {
    let emb = Embedding(65, 256)
    let lstm = LSTM(256, 256, numLayers: 2, batchFirst: true)
    let out = Linear(256, 65)

    func forward(_ tokens: Tensor) -> Tensor {
        out(lstm(emb(tokens)).output)  // [n, t, 65]
    }
}

/// A GPT with learned position embeddings, pre-normalisation blocks, and the token embedding as the output layer.
final class GPT: Module, Layer {
    struct Size {
        var vocabulary: Int
        var context: Int
        var width: Int
        var heads: Int
        var blocks: Int
    }

    let tok: Embedding
    let pos: Embedding
    let blocks: [Block]
    let ln: LayerNorm
    /// Whether the activations of each block are recomputed in the backward pass.
    private let isCheckpointed: Bool

    init(_ size: Size, isCheckpointed: Bool = false) {
        self.isCheckpointed = isCheckpointed
        tok = Embedding(size.vocabulary, size.width)
        pos = Embedding(size.context, size.width)
        blocks = (0..<size.blocks).map { _ in Block(size.width, size.heads) }
        ln = LayerNorm(size.width)
        super.init()
        noGrad {
            for embedding in [tok, pos] { embedding.weight.normal_(mean: 0, std: 0.02) }
        }
    }

    func forward(_ tokens: Tensor) -> Tensor {
        var x = tok(tokens) + pos(Tensor.arange(tokens.size(1)))  // [n, t, d]
        for block in blocks { x = isCheckpointed ? checkpoint(x) { block($0) } : block(x) }
        return linear(ln(x), tok.weight)  // [n, t, vocabulary]
    }

    final class Block: Module, Layer {
        let heads: Int
        let ln1: LayerNorm
        let ln2: LayerNorm
        let qkv: Linear
        let proj: Linear
        let up: Linear
        let down: Linear

        init(_ d: Int, _ heads: Int) {
            self.heads = heads
            ln1 = LayerNorm(d)
            ln2 = LayerNorm(d)
            qkv = Linear(d, 3 * d)
            proj = Linear(d, d)
            up = Linear(d, 4 * d)
            down = Linear(4 * d, d)
            super.init()
        }

        func forward(_ x: Tensor) -> Tensor {
            let x = x + proj(attention(qkv(ln1(x))))
            return x + down(gelu(up(ln2(x)), approximate: .tanh))
        }

        /// Causal multi-head self-attention; `qkv` is `[N, T, 3 D]`, the result `[N, T, D]`.
        private func attention(_ qkv: Tensor) -> Tensor {
            let (n, t, d) = (qkv.size(0), qkv.size(1), qkv.size(2) / 3)
            let parts = qkv.chunk(3, dim: 2).map { $0.reshape([n, t, heads, d / heads]).transpose(1, 2) }
            return scaledDotProductAttention(parts[0], parts[1], parts[2], isCausal: true).transpose(1, 2)
                .reshape([n, t, d])
        }
    }
}
