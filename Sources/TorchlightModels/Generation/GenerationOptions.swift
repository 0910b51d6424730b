import TorchlightCore

/// The options of text generation: length, penalties, sampling, and the search.
///
/// Without a temperature the most probable token is chosen (greedy search). The order is that of `transformers`: first
/// rules that forbid, force or penalise tokens, then temperature, top-h, top-k, top-p, min-p, typical, epsilon and eta
/// sampling.
public struct GenerationOptions: Sendable {
    // MARK: Length

    /// The maximum number of tokens to generate. Default: 20. Setting it removes ``maxLength``.
    public var maxNewTokens = 20 { didSet { maxLength = nil } }
    /// The maximum number of tokens including the prompt, instead of ``maxNewTokens``. Default: nil, no such limit.
    public var maxLength: Int?
    /// The minimum number of generated tokens: before, end tokens are forbidden. Default: 0.
    public var minNewTokens = 0
    /// The minimum number of tokens including the prompt: before, end tokens are forbidden. Default: 0.
    public var minLength = 0
    /// The time limit in seconds, checked after each token. Default: nil, no limit.
    public var maxTime: Double?
    /// The tokens that end a sequence. Default: none.
    public var endTokens: [Int] = []
    /// Texts that end a sequence. They require a tokenizer: ``TextGenerator``. Default: none.
    public var stopStrings: [String] = []
    /// The padding token for sequences that have ended. Default: nil, the first end token, or 0.
    public var padToken: Int?
    /// The number of sequences per prompt: samples, or the best beams. Default: 1.
    public var sequenceCount = 1
    /// The number of most probable tokens whose log-probabilities are returned for each generated token, in addition to
    /// the chosen token. Default: nil, no log-probabilities.
    public var logProbabilities: Int?

    // MARK: Rules that forbid, force or penalise tokens

    /// The repetition penalty: divides the positive logits of earlier tokens, and multiplies the negative ones (Keskar
    /// et al., 2019). Default: 1, no effect.
    public var repetitionPenalty = 1.0
    /// The inverse repetition penalty for the tokens of the encoder input, or of the prompt without an encoder: values
    /// above 1 favour these tokens. Default: 1, no effect.
    public var encoderRepetitionPenalty = 1.0
    /// Subtracted from the logits of generated tokens. Default: 0.
    public var presencePenalty = 0.0
    /// Subtracted from the logits of generated tokens, once per occurrence. Default: 0.
    public var frequencyPenalty = 0.0
    /// The length of n-grams that must not occur twice; 0 for no limit. Default: 0.
    public var noRepeatNgramSize = 0
    /// The length of n-grams of the encoder input, or of the prompt without an encoder, that must not be generated; 0
    /// for no limit. Default: 0.
    public var encoderNoRepeatNgramSize = 0
    /// Token sequences that are forbidden. Default: none.
    public var badWords: [[Int]] = []
    /// Biases by token sequence: added to the logit of the last token if the other tokens precede it. Default: none.
    public var sequenceBias: [[Int]: Double] = [:]
    /// Forbidden tokens. Default: none.
    public var suppressedTokens: [Int] = []
    /// Tokens that are forbidden as first generated token. Default: none.
    public var suppressedFirstTokens: [Int] = []
    /// The forced token after the first one, such as the target language of translation models. Default: nil.
    public var forcedFirstToken: Int?
    /// The tokens of which one is forced at the maximum length. Default: none.
    public var forcedEndTokens: [Int] = []
    /// Forced tokens by index in the sequence, including the prompt. Default: none.
    public var forcedTokens: [Int: Int] = [:]
    /// Increases the logits of the end tokens by `|logit| · (factorⁿ − 1)`, where n is the number of generated tokens after
    /// the first `start`. Default: nil, no effect.
    public var lengthDecay: LengthDecay?
    /// Whether NaN and infinite logits are replaced by finite ones. Default: false.
    public var replacesInvalidScores = false
    /// Whether beam search renormalises the log-probabilities after these rules. Default: false.
    public var renormalizes = false

    /// The exponential length penalty of ``lengthDecay``.
    public struct LengthDecay: Sendable, Equatable {
        /// The number of generated tokens before the logits increase.
        public var start: Int
        /// The factor per token.
        public var factor: Double

        /// Creates a length penalty.
        public init(start: Int, factor: Double) {
            self.start = start
            self.factor = factor
        }
    }

    // MARK: Sampling

    /// The temperature, by which the logits are divided before sampling. Default: nil, greedy search.
    public var temperature: Double?
    /// Top-k sampling: the number of most probable tokens to sample from; in contrastive search the number of
    /// candidates. Default: nil, all tokens.
    public var topK: Int?
    /// Top-p (nucleus) sampling: the smallest set of most probable tokens whose probabilities sum to at least this
    /// (Holtzman et al., 2020). Default: 1.
    public var topP = 1.0
    /// Min-p sampling: tokens whose probability is at least this fraction of the highest. Default: 0.
    public var minP = 0.0
    /// Top-h sampling: the most probable tokens whose entropy terms sum to at most this fraction of the entropy of the
    /// 100 most probable tokens (Potraghloo et al., 2025). Default: nil, all tokens.
    public var topH: Double?
    /// Typical sampling: the tokens whose information is closest to the entropy, with probabilities that sum to at
    /// least this (Meister et al., 2023). Default: 1.
    public var typicalP = 1.0
    /// Epsilon sampling: tokens with at least this probability (Hewitt et al., 2022). Default: 0.
    public var epsilonCutoff = 0.0
    /// Eta sampling: tokens with at least the probability `min(η, √η · exp(−entropy))` (Hewitt et al., 2022). Default:
    /// 0.
    public var etaCutoff = 0.0
    /// The generator of sampling. Default: the default generator.
    public var generator = Generator.default

    // MARK: Beam search

    /// The number of beams. With a temperature, the continuations of the beams are sampled. Default: 1, no beam search.
    public var beamCount = 1
    /// The number of groups of diverse beam search (Vijayakumar et al., 2018); must divide ``beamCount``. Default: 1.
    public var beamGroupCount = 1
    /// Subtracted from the logit of a token once per beam of an earlier group that chose it in this step. Default: 0.
    public var diversityPenalty = 0.0
    /// The exponent of the length in the score of a finished beam. Default: 1.
    public var lengthPenalty = 1.0
    /// Whether beam search stops as soon as `beamCount` sequences are finished. Default: false: it stops when no
    /// unfinished beam is expected to have a better score.
    public var stopsEarly = false
    /// Whether beam search continues until no unfinished beam can have a better score at the maximum length. Default:
    /// false.
    public var searchesToMaxLength = false

    // MARK: Contrastive search

    /// The weight, from 0 to 1, of the largest similarity to an earlier token in contrastive search (Su et al., 2022).
    /// Requires ``topK``, the number of candidates. Default: nil, no contrastive search.
    public var contrastivePenalty: Double?

    // MARK: Speculative decoding

    /// The number of tokens that an assistant model proposes per step. Default: 20.
    public var assistantTokens = 20
    /// Whether ``assistantTokens`` stays constant. Default: false: it increases by 2 after a step with all tokens
    /// accepted, and decreases by 1 otherwise.
    public var assistantTokensAreConstant = false
    /// The smallest probability of a token in the assistant model; below it, the proposal ends. Default: 0.4.
    public var assistantConfidence = 0.4
    /// The number of tokens proposed by prompt lookup, from an earlier occurrence of the last tokens. Default: nil, no
    /// prompt lookup.
    public var promptLookupTokens: Int?
    /// The largest length of the n-gram that prompt lookup searches. Default: 2.
    public var promptLookupNgramSize = 2

    /// Creates options for greedy search.
    public init() {}

    /// Creates options for greedy search with a maximum number of new tokens.
    public init(maxNewTokens: Int) { self.maxNewTokens = maxNewTokens }

    var pad: Int { padToken ?? endTokens.first ?? 0 }

    /// The maximum number of tokens to generate after a prompt.
    func limit(promptLength: Int) -> Int { maxLength.map { max($0 - promptLength, 0) } ?? maxNewTokens }

    /// The options with the maximum length converted to a number of new tokens.
    func resolved(promptLength: Int) -> GenerationOptions {
        var options = self
        options.maxNewTokens = limit(promptLength: promptLength)
        options.minNewTokens = max(minNewTokens, minLength - promptLength)
        options.minLength = 0
        return options
    }
}

extension GenerationOptions {
    /// Throws if an option is out of range or contradicts another.
    func check(vocabulary: Int) throws(ModelError) {
        func require(_ holds: Bool, _ name: String, _ value: Any, _ rule: String) throws(ModelError) {
            guard holds else { throw ModelError("generate", "\(name) is \(value)", expected: rule) }
        }
        for (name, value) in [
            ("maxNewTokens", maxNewTokens), ("minNewTokens", minNewTokens), ("minLength", minLength),
            ("maxLength", maxLength ?? 0), ("noRepeatNgramSize", noRepeatNgramSize),
            ("encoderNoRepeatNgramSize", encoderNoRepeatNgramSize), ("logProbabilities", logProbabilities ?? 0),
        ] { try require(value >= 0, name, value, "a number of at least 0") }
        for (name, value) in [
            ("beamCount", beamCount), ("beamGroupCount", beamGroupCount), ("sequenceCount", sequenceCount),
            ("assistantTokens", assistantTokens), ("promptLookupTokens", promptLookupTokens ?? 1),
            ("promptLookupNgramSize", promptLookupNgramSize),
        ] { try require(value >= 1 && value <= 1 << 16, name, value, "a number from 1 to 65536") }
        for (name, value) in [
            ("repetitionPenalty", repetitionPenalty), ("encoderRepetitionPenalty", encoderRepetitionPenalty),
            ("the factor of lengthDecay", lengthDecay?.factor ?? 1), ("maxTime", maxTime ?? 1),
        ] { try require(value > 0 && value.isFinite, name, value, "a positive number") }
        for (name, value) in [
            ("presencePenalty", presencePenalty), ("frequencyPenalty", frequencyPenalty),
            ("lengthPenalty", lengthPenalty),
            ("diversityPenalty", diversityPenalty),
        ] { try require(value.isFinite, name, value, "a finite number") }
        for (name, value) in [
            ("minP", minP), ("assistantConfidence", assistantConfidence),
            ("contrastivePenalty", contrastivePenalty ?? 0),
        ] { try require(value >= 0 && value <= 1, name, value, "a number from 0 to 1") }
        for (name, value) in [("epsilonCutoff", epsilonCutoff), ("etaCutoff", etaCutoff)] {
            try require(value >= 0 && value < 1, name, value, "a number of at least 0 and below 1")
        }
        for (name, value) in [("topP", topP), ("typicalP", typicalP), ("topH", topH ?? 1)] {
            try require(value > 0 && value <= 1, name, value, "a number above 0 and at most 1")
        }
        if let temperature {
            try require(
                temperature > 0 && temperature.isFinite, "temperature", temperature,
                "a positive number, or nil for greedy search")
        }
        if let topK { try require(topK > 0, "topK", topK, "a number of at least 1, or nil for all tokens") }
        if let lengthDecay {
            try require(lengthDecay.start >= 0, "the start of lengthDecay", lengthDecay.start, "a number of at least 0")
        }
        try require(!stopStrings.contains(""), "stopStrings", stopStrings, "texts of at least one character")
        try checkStrategy(require)
        var tokens = endTokens + suppressedTokens + suppressedFirstTokens + forcedEndTokens
        tokens += badWords.joined()
        tokens += sequenceBias.keys.joined()
        tokens += forcedTokens.values
        if let forcedFirstToken { tokens.append(forcedFirstToken) }
        for token in tokens {
            try require(token >= 0 && token < vocabulary, "a token", token, "an index below \(vocabulary)")
        }
        try require(badWords.allSatisfy { !$0.isEmpty }, "badWords", badWords, "sequences of at least one token")
        try require(
            sequenceBias.allSatisfy { !$0.key.isEmpty && $0.value.isFinite }, "sequenceBias", sequenceBias,
            "finite numbers for sequences of at least one token")
        if let padToken { try require(padToken >= 0, "padToken", padToken, "an index of at least 0") }
    }

    /// Throws if options of different searches are combined.
    private func checkStrategy(
        _ require: (Bool, String, Any, String) throws(ModelError) -> Void
    ) throws(ModelError) {
        try require(
            beamCount % beamGroupCount == 0, "beamGroupCount", beamGroupCount,
            "a divisor of beamCount, which is \(beamCount)")
        try require(
            beamGroupCount == 1 || temperature == nil, "beamGroupCount", beamGroupCount,
            "1 with a temperature: groups of beams are not sampled")
        try require(
            diversityPenalty == 0 || beamGroupCount > 1, "diversityPenalty", diversityPenalty,
            "0 without groups of beams; set beamGroupCount")
        try require(
            sequenceCount == 1 || temperature != nil || beamCount >= sequenceCount, "sequenceCount", sequenceCount,
            "at most beamCount, or a temperature: greedy search gives one sequence")
        try require(
            beamCount == 1 || sequenceCount <= beamCount, "sequenceCount", sequenceCount,
            "at most beamCount, which is \(beamCount)")
        if let contrastivePenalty {
            try require(
                topK != nil && temperature == nil && beamCount == 1, "contrastivePenalty", contrastivePenalty,
                "nil, or topK without temperature and beams")
        }
        try require(
            promptLookupTokens == nil || (beamCount == 1 && contrastivePenalty == nil), "promptLookupTokens",
            promptLookupTokens ?? 0, "nil with beams and contrastive search")
        try require(
            logProbabilities == nil || beamCount == 1, "logProbabilities", logProbabilities ?? 0,
            "nil with beams, whose sequences have a score")
    }
}
