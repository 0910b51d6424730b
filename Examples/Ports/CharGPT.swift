// nanoGPT (Karpathy): train.py with the configuration for characters. A GPT that is trained on a small text and continues
// it.
//
// What differs: the text is a nursery rhyme in place of Shakespeare's plays. Dropout and the learning rate schedule are left
// out.
import Torchlight

private struct Config {
    let blockSize = 32
    let vocabSize: Int
    let nLayer: Int
    let nHead = 4
    let nEmbd: Int
}

private final class CausalSelfAttention: Module, Layer {
    let cAttn: Linear
    let cProj: Linear
    let nHead: Int

    init(_ config: Config) {
        cAttn = Linear(config.nEmbd, 3 * config.nEmbd, bias: false)
        cProj = Linear(config.nEmbd, config.nEmbd, bias: false)
        nHead = config.nHead
    }

    func forward(_ x: Tensor) -> Tensor {
        let (b, t, c) = x.size()
        let parts = cAttn(x).split(c, dim: 2).map { $0.view(b, t, nHead, c / nHead).transpose(1, 2) }
        let y = scaledDotProductAttention(parts[0], parts[1], parts[2], isCausal: true)
        return cProj(y.transpose(1, 2).contiguous().view(b, t, c))
    }
}

private final class Block: Module, Layer {
    let ln1: LayerNorm
    let attn: CausalSelfAttention
    let ln2: LayerNorm
    let mlp: Sequential

    init(_ config: Config) {
        ln1 = LayerNorm(config.nEmbd)
        attn = CausalSelfAttention(config)
        ln2 = LayerNorm(config.nEmbd)
        mlp = Sequential(Linear(config.nEmbd, 4 * config.nEmbd), GELU(), Linear(4 * config.nEmbd, config.nEmbd))
    }

    func forward(_ x: Tensor) -> Tensor {
        let x = x + attn(ln1(x))
        return x + mlp(ln2(x))
    }
}

private final class GPT: Module, Layer {
    let wte: Embedding
    let wpe: Embedding
    let h: ModuleList<Block>
    let lnF: LayerNorm
    let lmHead: Linear
    let blockSize: Int

    init(_ config: Config) {
        wte = Embedding(config.vocabSize, config.nEmbd)
        wpe = Embedding(config.blockSize, config.nEmbd)
        h = ModuleList((0..<config.nLayer).map { _ in Block(config) })
        lnF = LayerNorm(config.nEmbd)
        lmHead = Linear(config.nEmbd, config.vocabSize, bias: false)
        blockSize = config.blockSize
        super.init()
        for module in modules() {
            if let linear = module as? Linear { Initializers.normal_(linear.weight, std: 0.02) }
            if let embedding = module as? Embedding { Initializers.normal_(embedding.weight, std: 0.02) }
        }
    }

    func forward(_ idx: Tensor) -> Tensor {
        var x = wte(idx) + wpe(arange(idx.size(1)))
        for block in h { x = block(x) }
        return lmHead(lnF(x))
    }

    /// Continues the sequences `[N, T]` by so many tokens.
    func generate(_ idx: Tensor, _ newTokens: Int, temperature: Double = 1, topK: Int? = nil) -> Tensor {
        noGrad {
            var idx = idx
            for _ in 0..<newTokens {
                let context = idx.size(1) <= blockSize ? idx : idx[.all, (-blockSize)...]
                var logits = self(context)[.all, -1] / temperature
                if let topK {
                    let (values, _) = topk(logits, min(topK, logits.size(-1)))
                    logits = logits.maskedFill(logits < values[.all, -1].unsqueeze(1), -Float.infinity)
                }
                idx = cat([idx, multinomial(softmax(logits, dim: -1), 1)], dim: 1)
            }
            return idx
        }
    }
}

private let rhyme = """
    this is the house that jack built.
    this is the malt that lay in the house that jack built.
    this is the rat that ate the malt that lay in the house that jack built.
    this is the cat that killed the rat that ate the malt that lay in the house that jack built.
    this is the dog that worried the cat that killed the rat that ate the malt that lay in the house that jack built.

    """

func charGPT(_ scale: Scale) throws {
    manualSeed(1337)
    let characters = Array(Set(rhyme)).sorted()
    let index = Dictionary(uniqueKeysWithValues: characters.enumerated().map { ($1, $0) })
    let data = tensor(rhyme.map { index[$0]! })
    let config = Config(
        vocabSize: characters.count, nLayer: scale.pick(small: 2, full: 6), nEmbd: scale.pick(small: 64, full: 384))
    let model = GPT(config)
    print("number of parameters: \(model.parameters().map { $0.numel }.reduce(0, +))")
    let optimizer = AdamW(model.parameters(), lr: 1e-3, betas: (0.9, 0.99), weightDecay: 0.1)
    func getBatch(_ batchSize: Int) -> (Tensor, Tensor) {
        let starts = randint(data.size(0) - config.blockSize, [batchSize]).map { Int($0) }
        let x = stack(starts.map { data[$0..<$0 + config.blockSize] })
        let y = stack(starts.map { data[$0 + 1..<$0 + 1 + config.blockSize] })
        return (x, y)
    }
    var loss = 0.0
    for iteration in 0..<scale.pick(small: 150, full: 5000) {
        let (x, y) = getBatch(12)
        let logits = model(x)
        let error = crossEntropy(logits.view(-1, logits.size(-1)), y.view(-1))
        optimizer.zeroGrad(setToNone: true)
        error.backward()
        clipGradNorm_(model.parameters(), 1.0)
        optimizer.step()
        loss = error.item()
        if iteration % 50 == 0 { print("iteration \(iteration): loss \(text(loss))") }
    }
    let start = tensor([[index["t"]!]])
    let continued = model.eval().generate(start, 80, temperature: 0.8, topK: 10)
    print(String(continued[0].map { characters[Int($0)] }))
    print("loss \(text(loss))")
}
