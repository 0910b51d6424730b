import TorchlightCore
import TorchlightIO

/// How tokens are chosen when a model generates.
///
/// Without a temperature the most probable token is chosen (greedy search). The scores are changed in the order of the
/// properties below, as in `transformers`: first what forbids or penalises tokens, then temperature, top-k, top-p, min-p and
/// typical sampling.
public struct GenerationOptions: Sendable {
    /// The maximum number of tokens to generate. Default: 20.
    public var maxNewTokens = 20
    /// The number of tokens before which no end token is chosen. Default: 0.
    public var minNewTokens = 0
    /// The tokens that end a sequence. Default: none.
    public var endTokens: [Int] = []
    /// The token that fills sequences that have ended. Default: the first end token, or 0.
    public var padToken: Int?

    /// Divides the scores of tokens that occurred if they are positive, and multiplies them if negative (Keskar et al.,
    /// 2019). Default: 1, no effect.
    public var repetitionPenalty = 1.0
    /// Is subtracted from the scores of generated tokens. Default: 0.
    public var presencePenalty = 0.0
    /// Is subtracted from the scores of generated tokens for each occurrence. Default: 0.
    public var frequencyPenalty = 0.0
    /// The size of sequences of tokens that must not occur twice; 0 for no limit. Default: 0.
    public var noRepeatNgramSize = 0
    /// Tokens that are never chosen. Default: none.
    public var suppressedTokens: [Int] = []
    /// Tokens that are not chosen first. Default: none.
    public var suppressedFirstTokens: [Int] = []

    /// Divides the scores before sampling; nil for greedy search. Default: nil.
    public var temperature: Double?
    /// The number of most probable tokens to sample from; nil for all. Default: nil.
    public var topK: Int?
    /// Samples from the smallest set of most probable tokens whose probabilities add up to at least this (Holtzman et al.,
    /// 2020). Default: 1.
    public var topP = 1.0
    /// Samples from tokens whose probability is at least this fraction of the highest. Default: 0.
    public var minP = 0.0
    /// Samples from the tokens whose information is closest to the entropy, with probabilities that add up to at least this
    /// (Meister et al., 2023). Default: 1.
    public var typicalP = 1.0
    /// The random numbers of sampling. Default: the default generator.
    public var generator = Generator.default

    /// The number of beams of beam search; 1 for none. Default: 1. Not together with a temperature.
    public var beamCount = 1
    /// The exponent of the length by which the score of a finished beam is divided. Default: 1.
    public var lengthPenalty = 1.0
    /// Whether beam search ends as soon as there are `beamCount` finished sequences. Default: false, which ends when no
    /// unfinished beam can become better.
    public var stopsEarly = false

    /// Options for greedy search.
    public init() {}

    /// Options for greedy search of a number of tokens.
    public init(maxNewTokens: Int) { self.maxNewTokens = maxNewTokens }

    /// Throws if an option is out of range.
    func check(vocabulary: Int) throws(ModelError) {
        func require(_ holds: Bool, _ name: String, _ value: Any, _ rule: String) throws(ModelError) {
            guard holds else { throw ModelError("generate", "\(name) is \(value)", expected: rule) }
        }
        try require(maxNewTokens >= 0, "maxNewTokens", maxNewTokens, "a number of at least 0")
        try require(minNewTokens >= 0, "minNewTokens", minNewTokens, "a number of at least 0")
        try require(repetitionPenalty > 0, "repetitionPenalty", repetitionPenalty, "a positive number")
        try require(presencePenalty.isFinite, "presencePenalty", presencePenalty, "a finite number")
        try require(frequencyPenalty.isFinite, "frequencyPenalty", frequencyPenalty, "a finite number")
        try require(noRepeatNgramSize >= 0, "noRepeatNgramSize", noRepeatNgramSize, "a number of at least 0")
        if let temperature {
            try require(
                temperature > 0 && temperature.isFinite, "temperature", temperature,
                "a positive number, or nil for greedy search")
        }
        if let topK { try require(topK > 0, "topK", topK, "a number of at least 1, or nil for all tokens") }
        try require(topP > 0 && topP <= 1, "topP", topP, "a number above 0 and at most 1")
        try require(minP >= 0 && minP <= 1, "minP", minP, "a number from 0 to 1")
        try require(typicalP > 0 && typicalP <= 1, "typicalP", typicalP, "a number above 0 and at most 1")
        try require(beamCount >= 1, "beamCount", beamCount, "a number of at least 1")
        try require(lengthPenalty.isFinite, "lengthPenalty", lengthPenalty, "a finite number")
        try require(
            beamCount == 1 || temperature == nil, "beamCount", beamCount, "1 with a temperature: beams are not sampled")
        for token in endTokens + suppressedTokens + suppressedFirstTokens {
            try require(token >= 0 && token < vocabulary, "a token", token, "an index below \(vocabulary)")
        }
        if let padToken { try require(padToken >= 0, "padToken", padToken, "an index of at least 0") }
    }

    var pad: Int { padToken ?? endTokens.first ?? 0 }
}

extension PretrainedModel {
    /// The options that the files of the model name: end and padding tokens, penalties and sampling. Fields of
    /// `generation_config.json` come before those of `config.json`.
    public final func generationOptions() -> GenerationOptions {
        var options = GenerationOptions()
        func field(_ name: String) -> JSON? { generationConfiguration?[name] ?? configuration[name] }
        func number(_ name: String) -> Double? { generationConfiguration?[name]?.double }
        func tokens(_ name: String) -> [Int] {
            guard let value = field(name) else { return [] }
            return value.int.map { [$0] } ?? value.elements?.compactMap(\.int) ?? []
        }
        options.endTokens = tokens("eos_token_id")
        options.padToken = field("pad_token_id")?.int
        options.suppressedTokens = tokens("suppress_tokens")
        options.suppressedFirstTokens = tokens("begin_suppress_tokens")
        if let penalty = number("repetition_penalty"), penalty > 0 { options.repetitionPenalty = penalty }
        if let size = generationConfiguration?["no_repeat_ngram_size"]?.int, size >= 0 {
            options.noRepeatNgramSize = size
        }
        if let count = generationConfiguration?["num_beams"]?.int, count >= 1 { options.beamCount = count }
        if generationConfiguration?["do_sample"]?.bool == true {
            options.temperature = number("temperature").flatMap { $0 > 0 ? $0 : nil } ?? 1
            // 50 is the value that transformers takes where the file has none.
            options.topK = generationConfiguration?["top_k"]?.int.flatMap { $0 > 0 ? $0 : nil } ?? 50
            if let p = number("top_p"), p > 0, p <= 1 { options.topP = p }
            if let p = number("min_p"), (0...1).contains(p) { options.minP = p }
            if let p = number("typical_p"), p > 0, p <= 1 { options.typicalP = p }
            options.beamCount = 1
        }
        return options
    }
}
