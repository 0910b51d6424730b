// pytorch/examples: word_language_model. An LSTM language model of words with tied weights, gradient clipping and truncated
// backpropagation through time.
//
// What differs: the corpus is made of short sentences by a grammar in place of Wikitext-2. The forward pass has two
// arguments and two results, so the module declares Forward2.
import Torchlight

private final class RNNModel: Module, Forward2 {
    let drop = Dropout(0.2)
    let encoder: Embedding
    let rnn: LSTM
    let decoder: Linear

    init(tokens: Int, size: Int, layers: Int) {
        encoder = Embedding(tokens, size)
        rnn = LSTM(size, size, layers, dropout: 0.2)
        decoder = Linear(size, tokens)
        super.init()
        Initializers.uniform_(encoder.weight, from: -0.1, to: 0.1)
        Initializers.zeros_(decoder.bias!)
        // Tied weights: the decoder uses the tensor of the encoder.
        decoder.weight = encoder.weight
    }

    func forward(_ input: Tensor, _ hidden: LSTM.State?) -> (Tensor, LSTM.State) {
        let embedded = drop(encoder(input))
        let (output, hidden) = rnn(embedded, hidden)
        let decoded = decoder(drop(output))
        return (logSoftmax(decoded.view(-1, decoded.size(-1)), dim: 1), hidden)
    }
}

/// Words and their indices, as of a text.
private struct Corpus {
    let words = ["the", "a", "cat", "dog", "bird", "fish", "sees", "likes", "old", "small", "sleeps", "runs", "<eos>"]
    let tokens: [Int]

    /// So many sentences: an article, maybe an adjective, a noun, and a verb with or without an object.
    init(sentences: Int, using generator: inout some RandomNumberGenerator) {
        var text: [String] = []
        func pick(_ choices: [String], _ generator: inout some RandomNumberGenerator) -> String {
            choices.randomElement(using: &generator)!
        }
        func noun(_ generator: inout some RandomNumberGenerator) -> [String] {
            let adjective = Bool.random(using: &generator) ? [pick(["old", "small"], &generator)] : []
            return [pick(["the", "a"], &generator)] + adjective + [pick(["cat", "dog", "bird", "fish"], &generator)]
        }
        for _ in 0..<sentences {
            text += noun(&generator)
            if Bool.random(using: &generator) {
                text += [pick(["sees", "likes"], &generator)] + noun(&generator)
            } else {
                text.append(pick(["sleeps", "runs"], &generator))
            }
            text.append("<eos>")
        }
        let index = Dictionary(uniqueKeysWithValues: words.enumerated().map { ($1, $0) })
        tokens = text.map { index[$0]! }
    }

    /// The tokens in columns, one for each sequence of the batch: `[length, batchSize]`.
    func batchify(_ batchSize: Int) -> Tensor {
        let length = tokens.count / batchSize
        return tensor(Array(tokens.prefix(length * batchSize))).view(batchSize, -1).t().contiguous()
    }
}

func wordLanguageModel(_ scale: Scale) throws {
    manualSeed(1111)
    var random = PhiloxGenerator(seed: 1111)
    let corpus = Corpus(sentences: scale.pick(small: 600, full: 20_000), using: &random)
    let data = corpus.batchify(10)
    let model = RNNModel(tokens: corpus.words.count, size: scale.pick(small: 32, full: 200), layers: 2)
    let (bptt, clip) = (10, 0.25)
    var lr = 20.0
    var best = Double.infinity
    for epoch in 1...scale.pick(small: 8, full: 20) {
        model.train()
        var (total, count) = (0.0, 0)
        var hidden: LSTM.State?
        for start in stride(from: 0, to: data.size(0) - 1, by: bptt) {
            let length = min(bptt, data.size(0) - 1 - start)
            let input = data[start..<start + length]
            let targets = data[start + 1..<start + 1 + length].reshape(-1)
            // The state goes on, its history does not.
            hidden = hidden.map { ($0.h.detach(), $0.c.detach()) }
            model.zeroGrad()
            let (output, state) = model(input, hidden)
            hidden = state
            let loss = nllLoss(output, targets)
            loss.backward()
            clipGradNorm(model.parameters(), clip)
            noGrad {
                for p in model.parameters() { p.data.add_(p.grad!, alpha: -lr) }
            }
            total += loss.item() * Double(length)
            count += length
        }
        let loss = total / Double(count)
        if loss < best { best = loss } else { lr /= 4 }
        print("epoch \(epoch): lr \(text(lr, 2)), loss \(text(loss)), perplexity \(text(exp(Tensor(loss)).item(), 2))")
    }
    print("perplexity \(text(exp(Tensor(best)).item(), 2))")
}
