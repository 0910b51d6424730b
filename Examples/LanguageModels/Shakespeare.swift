// nanoGPT on Shakespeare: a tokenizer and a small Llama are trained on a text, saved in the layout of `save_pretrained`, and loaded
// again to continue it.
import Foundation
import Torchlight
import TorchlightModels

func shakespeare(_ folder: String, isSmall: Bool) throws {
    manualSeed(1337)
    var vocabulary = Tokenizer.TrainingOptions()
    vocabulary.vocabularySize = isSmall ? 320 : 512
    vocabulary.specialTokens = ["<|endoftext|>"]
    let tokenizer = try Tokenizer.trainByteLevelBPE(on: [poems], options: vocabulary)
    let tokens = Tensor(try tokenizer.ids(poems).map { Int64($0) })
    var config = DecoderConfig(
        vocabularySize: tokenizer.vocabularySize(), hiddenSize: isSmall ? 48 : 192,
        intermediateSize: isSmall ? 128 : 512,
        layerCount: isSmall ? 2 : 6, headCount: 6, maxLength: 256)
    config.tiesEmbedding = true
    let model = try Llama(config)
    for parameter in model.parameters() where parameter.rank > 1 { Initializers.normal_(parameter, std: 0.02) }
    print("\(tokens.shape[0]) tokens, \(model.parameters().map { $0.numel }.reduce(0, +)) parameters")
    let optimizer = AdamW(model.parameters(), lr: isSmall ? 3e-3 : 1e-3, betas: (0.9, 0.99), weightDecay: 0.1)
    let block = isSmall ? 32 : 64
    model.train()
    var loss = 0.0
    for step in 0..<(isSmall ? 120 : 1000) {
        let starts = Tensor.randint(tokens.shape[0] - block, [12]).toArray(Int64.self).map { Int($0) }
        let batch = stack(starts.map { tokens.narrow(0, start: $0, length: block) })
        let error = model(batch).loss(batch)
        optimizer.zeroGrad()
        error.backward()
        clipGradNorm_(model.parameters(), 1.0)
        optimizer.step()
        loss = error.item()
        if step % 40 == 0 { print("step \(step): loss \(String(format: "%.4f", loss))") }
    }
    try model.eval().savePretrained(folder)
    try tokenizer.save("\(folder)/tokenizer.json")
    let generator = try TextGenerator.load(folder)
    generator.options.temperature = 0.8
    generator.options.generator = Generator(seed: 1)
    print(try generator.generate("Shall I compare thee", maxNewTokens: 60).text)
    print("perplexity \(String(format: "%.4f", try generator.perplexity(poems).value))")
}

/// Sonnets 18, 29 and 116.
private let poems = """
    Shall I compare thee to a summer's day?
    Thou art more lovely and more temperate:
    Rough winds do shake the darling buds of May,
    And summer's lease hath all too short a date;
    Sometime too hot the eye of heaven shines,
    And often is his gold complexion dimm'd;
    And every fair from fair sometime declines,
    By chance or nature's changing course untrimm'd;
    But thy eternal summer shall not fade,
    Nor lose possession of that fair thou ow'st;
    Nor shall death brag thou wander'st in his shade,
    When in eternal lines to time thou grow'st:
    So long as men can breathe or eyes can see,
    So long lives this, and this gives life to thee.

    When, in disgrace with fortune and men's eyes,
    I all alone beweep my outcast state,
    And trouble deaf heaven with my bootless cries,
    And look upon myself and curse my fate,
    Wishing me like to one more rich in hope,
    Featured like him, like him with friends possess'd,
    Desiring this man's art and that man's scope,
    With what I most enjoy contented least;
    Yet in these thoughts myself almost despising,
    Haply I think on thee, and then my state,
    Like to the lark at break of day arising
    From sullen earth, sings hymns at heaven's gate;
    For thy sweet love remember'd such wealth brings
    That then I scorn to change my state with kings.

    Let me not to the marriage of true minds
    Admit impediments. Love is not love
    Which alters when it alteration finds,
    Or bends with the remover to remove:
    O no! it is an ever-fixed mark
    That looks on tempests and is never shaken;
    It is the star to every wandering bark,
    Whose worth's unknown, although his height be taken.
    Love's not Time's fool, though rosy lips and cheeks
    Within his bending sickle's compass come:
    Love alters not with his brief hours and weeks,
    But bears it out even to the edge of doom.
    If this be error and upon me proved,
    I never writ, nor no man ever loved.

    """
