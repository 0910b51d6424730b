// The Annotated Transformer (Rush, 2018; Huang et al., 2022): the model of "Attention is all you need" in the order of the paper,
// trained to copy its input.
//
// What differs: the layers are those of Torchlight where there are some (linear layers, normalisation, dropout, attention).
import Foundation
import Torchlight

/// Multi-head attention: the heads attend in parallel to projections of queries, keys and values.
private final class MultiHeadedAttention: Module {
    let query: Linear
    let key: Linear
    let value: Linear
    let output: Linear
    let heads: Int

    init(_ heads: Int, _ size: Int) {
        self.heads = heads
        query = Linear(size, size)
        key = Linear(size, size)
        value = Linear(size, size)
        output = Linear(size, size)
    }

    /// - Parameter mask: Bool, true where a key is seen; broadcasts to `[N, heads, T, S]`.
    func callAsFunction(_ q: Tensor, _ kv: Tensor, mask: Tensor) -> Tensor {
        let (n, size) = (q.shape[0], q.shape[2])
        func split(_ x: Tensor) -> Tensor { x.view(n, -1, heads, size / heads).transpose(1, 2) }
        let attended = scaledDotProductAttention(split(query(q)), split(key(kv)), split(value(kv)), attnMask: mask)
        return output(attended.transpose(1, 2).reshape([n, q.shape[1], size]))
    }
}

/// Two linear layers with a ReLU between them, for each position alone.
private final class PositionwiseFeedForward: Module, Layer {
    let inner: Linear
    let outer: Linear
    let dropout: Dropout

    init(_ size: Int, _ innerSize: Int, _ p: Double) {
        inner = Linear(size, innerSize)
        outer = Linear(innerSize, size)
        dropout = Dropout(p)
    }

    func forward(_ x: Tensor) -> Tensor { outer(dropout(relu(inner(x)))) }
}

/// A residual connection around a layer, with a normalisation before the layer.
private final class SublayerConnection: Module {
    let norm: LayerNorm
    let dropout: Dropout

    init(_ size: Int, _ p: Double) {
        norm = LayerNorm(size)
        dropout = Dropout(p)
    }

    func callAsFunction(_ x: Tensor, _ sublayer: (Tensor) -> Tensor) -> Tensor { x + dropout(sublayer(norm(x))) }
}

/// Self-attention and a feed-forward network.
private final class EncoderLayer: Module {
    let selfAttention: MultiHeadedAttention
    let feedForward: PositionwiseFeedForward
    let sublayers: [SublayerConnection]

    init(_ size: Int, _ heads: Int, _ p: Double) {
        selfAttention = MultiHeadedAttention(heads, size)
        feedForward = PositionwiseFeedForward(size, 4 * size, p)
        sublayers = (0..<2).map { _ in SublayerConnection(size, p) }
    }

    func callAsFunction(_ x: Tensor, _ mask: Tensor) -> Tensor {
        let h = sublayers[0](x) { selfAttention($0, $0, mask: mask) }
        return sublayers[1](h) { feedForward($0) }
    }
}

/// Self-attention, attention to the output of the encoder, and a feed-forward network.
private final class DecoderLayer: Module {
    let selfAttention: MultiHeadedAttention
    let sourceAttention: MultiHeadedAttention
    let feedForward: PositionwiseFeedForward
    let sublayers: [SublayerConnection]

    init(_ size: Int, _ heads: Int, _ p: Double) {
        selfAttention = MultiHeadedAttention(heads, size)
        sourceAttention = MultiHeadedAttention(heads, size)
        feedForward = PositionwiseFeedForward(size, 4 * size, p)
        sublayers = (0..<3).map { _ in SublayerConnection(size, p) }
    }

    func callAsFunction(_ x: Tensor, memory: Tensor, _ sourceMask: Tensor, _ targetMask: Tensor) -> Tensor {
        var h = sublayers[0](x) { selfAttention($0, $0, mask: targetMask) }
        h = sublayers[1](h) { sourceAttention($0, memory, mask: sourceMask) }
        return sublayers[2](h) { feedForward($0) }
    }
}

/// Embeddings times `√size`, plus sines and cosines of the positions.
private final class PositionalEmbedding: Module, Layer {
    let table: Embedding
    let dropout: Dropout
    let size: Int

    init(_ vocabulary: Int, _ size: Int, _ p: Double) {
        table = Embedding(vocabulary, size)
        dropout = Dropout(p)
        self.size = size
    }

    func forward(_ x: Tensor) -> Tensor {
        let positions = Tensor.arange(x.shape[1]).to(.float32).unsqueeze(1)
        let frequencies = (Tensor.arange(0, size, 2).to(.float32) * (-log(10_000.0) / Double(size))).exp()
        let angles = positions * frequencies
        let encoding = stack([angles.sin(), angles.cos()], dim: 2).reshape([x.shape[1], size])
        return dropout(table(x) * Double(size).squareRoot() + encoding)
    }
}

/// The encoder-decoder model.
private final class EncoderDecoder: Module {
    let source: PositionalEmbedding
    let target: PositionalEmbedding
    let encoder: [EncoderLayer]
    let decoder: [DecoderLayer]
    let encoderNorm: LayerNorm
    let decoderNorm: LayerNorm
    let generator: Linear

    init(vocabulary: Int, layers: Int, size: Int, heads: Int, dropout p: Double) {
        source = PositionalEmbedding(vocabulary, size, p)
        target = PositionalEmbedding(vocabulary, size, p)
        encoder = (0..<layers).map { _ in EncoderLayer(size, heads, p) }
        decoder = (0..<layers).map { _ in DecoderLayer(size, heads, p) }
        encoderNorm = LayerNorm(size)
        decoderNorm = LayerNorm(size)
        generator = Linear(size, vocabulary)
        super.init()
        for parameter in parameters() where parameter.rank > 1 { Initializers.xavierUniform_(parameter) }
    }

    func encode(_ x: Tensor, _ mask: Tensor) -> Tensor { encoderNorm(encoder.reduce(source(x)) { $1($0, mask) }) }

    /// The logits of the next token at each position.
    func decode(_ memory: Tensor, _ sourceMask: Tensor, _ x: Tensor, _ targetMask: Tensor) -> Tensor {
        generator(decoderNorm(decoder.reduce(target(x)) { $1($0, memory: memory, sourceMask, targetMask) }))
    }
}

/// Which positions each position of a target sees: itself and those before it.
private func subsequentMask(_ length: Int) -> Tensor { Tensor.ones([length, length], dtype: .bool).tril() }

func annotatedTransformer(isSmall: Bool) throws {
    manualSeed(7)
    let (vocabulary, length, batch) = (11, isSmall ? 6 : 10, isSmall ? 32 : 80)
    let (size, warmup) = (isSmall ? 32 : 512, isSmall ? 100.0 : 400.0)
    let model = EncoderDecoder(
        vocabulary: vocabulary, layers: 2, size: size, heads: isSmall ? 4 : 8, dropout: isSmall ? 0 : 0.1)
    let optimizer = Adam(model.parameters(), lr: 1, betas: (0.9, 0.98), eps: 1e-9)
    // The learning rate grows, then falls with the square root of the step.
    let schedule = LambdaLR(optimizer) { step in
        let step = Double(max(step, 1))
        return 0.5 * pow(Double(size), -0.5) * min(pow(step, -0.5), step * pow(warmup, -1.5))
    }
    let sees = Tensor.ones([1, 1, 1, length], dtype: .bool)
    var loss = 0.0
    for step in 0..<(isSmall ? 450 : 800) {
        let data = Tensor.randint(1, vocabulary, [batch, length])
        // The first token of every sequence is the start of the decoder's input.
        data.narrow(1, start: 0, length: 1).fill_(1)
        let (input, wanted) = (data[.all, 0..<length - 1], data[.all, 1...])
        let logits = model.decode(model.encode(data, sees), sees, input, subsequentMask(length - 1))
        let error = crossEntropy(
            logits.reshape([-1, vocabulary]), wanted.reshape([-1]), labelSmoothing: isSmall ? 0 : 0.1)
        optimizer.zeroGrad()
        error.backward()
        optimizer.step()
        schedule.step()
        loss = error.item()
        if step % 50 == 0 { print("step \(step): loss \(String(format: "%.4f", loss))") }
    }
    model.eval()
    // Greedy decoding of a sequence.
    let source = Tensor([(0..<length).map { Int64($0 == 0 ? 1 : $0 % 10 + 1) }])
    let copied = noGrad {
        let memory = model.encode(source, sees)
        var target = Tensor([[Int64(1)]])
        while target.shape[1] < length {
            let logits = model.decode(memory, sees, target, subsequentMask(target.shape[1]))
            target = cat([target, logits[.all, -1].argmax(dim: -1, keepdim: true)], dim: 1)
        }
        return target
    }
    let correct = (copied .== source).to(.float32).mean().item() as Double
    print("source: \(source.toArray(Int64.self))")
    print("copied: \(copied.toArray(Int64.self))")
    print("correct \(String(format: "%.4f", correct))")
}
