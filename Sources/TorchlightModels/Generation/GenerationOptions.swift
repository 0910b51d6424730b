import TorchlightCore

/// How tokens are chosen when a model generates.
///
/// Without a temperature the most probable token is chosen (greedy search). The scores are changed in the order of
/// `transformers`: first what forbids, forces or penalises tokens, then temperature, top-h, top-k, top-p, min-p, typical, epsilon
/// and eta sampling.
public struct GenerationOptions: Sendable {
    // MARK: Length

    /// The maximum number of tokens to generate. Default: 20. Setting it removes ``maxLength``.
    public var maxNewTokens = 20 { didSet { maxLength = nil } }
    /// The maximum number of tokens, those of the prompt included, in place of ``maxNewTokens``; nil for none. Default: nil.
    public var maxLength: Int?
    /// The number of generated tokens before which no end token is chosen. Default: 0.
    public var minNewTokens = 0
    /// The number of tokens, those of the prompt included, before which no end token is chosen. Default: 0.
    public var minLength = 0
    /// The time in seconds after which no further token is chosen; nil for no limit. Default: nil.
    public var maxTime: Double?
    /// The tokens that end a sequence. Default: none.
    public var endTokens: [Int] = []
    /// Texts that end a sequence; they need a tokenizer: ``TextGenerator``. Default: none.
    public var stopStrings: [String] = []
    /// The token that fills sequences that have ended. Default: the first end token, or 0.
    public var padToken: Int?
    /// The number of sequences for each prompt: samples, or the best beams. Default: 1.
    public var sequenceCount = 1
    /// The number of most probable tokens whose log probabilities are reported for each generated token, beside that of the
    /// token itself; nil for no log probabilities. Default: nil.
    public var logProbabilities: Int?

    // MARK: What forbids, forces or penalises tokens

    /// Divides the scores of tokens that occurred if they are positive, and multiplies them if negative (Keskar et al.,
    /// 2019). Default: 1, no effect.
    public var repetitionPenalty = 1.0
    /// The same for the tokens of the encoder's input, or of the prompt without an encoder, with the inverse effect: above 1,
    /// these tokens are preferred. Default: 1, no effect.
    public var encoderRepetitionPenalty = 1.0
    /// Is subtracted from the scores of generated tokens. Default: 0.
    public var presencePenalty = 0.0
    /// Is subtracted from the scores of generated tokens for each occurrence. Default: 0.
    public var frequencyPenalty = 0.0
    /// The size of sequences of tokens that must not occur twice; 0 for no limit. Default: 0.
    public var noRepeatNgramSize = 0
    /// The size of sequences of tokens of the encoder's input, or of the prompt without an encoder, that must not be generated;
    /// 0 for no limit. Default: 0.
    public var encoderNoRepeatNgramSize = 0
    /// Sequences of tokens that are not generated. Default: none.
    public var badWords: [[Int]] = []
    /// Numbers that are added to the score of the last token of a sequence where the others precede it. Default: none.
    public var sequenceBias: [[Int]: Double] = [:]
    /// Tokens that are never chosen. Default: none.
    public var suppressedTokens: [Int] = []
    /// Tokens that are not chosen first. Default: none.
    public var suppressedFirstTokens: [Int] = []
    /// The token after the first one, as translation models need it for the target language; nil for none. Default: nil.
    public var forcedFirstToken: Int?
    /// The tokens of which one is chosen at the maximum length. Default: none.
    public var forcedEndTokens: [Int] = []
    /// Tokens by their index in the sequence, prompt included. Default: none.
    public var forcedTokens: [Int: Int] = [:]
    /// Raises the scores of the end tokens by `|score| · (factorⁿ − 1)` after `start` generated tokens, where n counts the
    /// tokens since then; nil for none. Default: nil.
    public var lengthDecay: LengthDecay?
    /// Whether NaN and infinite scores of the model are replaced by finite ones. Default: false.
    public var replacesInvalidScores = false
    /// Whether beam search normalises the scores again after these rules. Default: false.
    public var renormalizes = false

    /// When and how fast the scores of end tokens grow.
    public struct LengthDecay: Sendable, Equatable {
        /// The number of generated tokens after which the scores grow.
        public var start: Int
        /// The factor of each token.
        public var factor: Double

        /// Creates a rule.
        public init(start: Int, factor: Double) {
            self.start = start
            self.factor = factor
        }
    }

    // MARK: Sampling

    /// Divides the scores before sampling; nil for greedy search. Default: nil.
    public var temperature: Double?
    /// The number of most probable tokens to sample from; nil for all. Default: nil. In contrastive search the number of
    /// candidates.
    public var topK: Int?
    /// Samples from the smallest set of most probable tokens whose probabilities add up to at least this (Holtzman et al.,
    /// 2020). Default: 1.
    public var topP = 1.0
    /// Samples from tokens whose probability is at least this fraction of the highest. Default: 0.
    public var minP = 0.0
    /// Samples from the most probable tokens whose terms of the entropy add up to at most this fraction of the entropy of the
    /// 100 most probable tokens (Potraghloo et al., 2025); nil for all. Default: nil.
    public var topH: Double?
    /// Samples from the tokens whose information is closest to the entropy, with probabilities that add up to at least this
    /// (Meister et al., 2023). Default: 1.
    public var typicalP = 1.0
    /// Samples from tokens with at least this probability (Hewitt et al., 2022). Default: 0.
    public var epsilonCutoff = 0.0
    /// Samples from tokens with at least the probability `min(η, √η · exp(−entropy))` (Hewitt et al., 2022). Default: 0.
    public var etaCutoff = 0.0
    /// The random numbers of sampling. Default: the default generator.
    public var generator = Generator.default

    // MARK: Beam search

    /// The number of beams of beam search; 1 for none. Default: 1. With a temperature, the continuations of the beams are
    /// sampled.
    public var beamCount = 1
    /// The number of groups of diverse beam search (Vijayakumar et al., 2018), which divides ``beamCount``. Default: 1.
    public var beamGroupCount = 1
    /// Is subtracted from the score of a token for each beam of an earlier group that has just chosen it. Default: 0.
    public var diversityPenalty = 0.0
    /// The exponent of the length by which the score of a finished beam is divided. Default: 1.
    public var lengthPenalty = 1.0
    /// Whether beam search ends as soon as there are `beamCount` finished sequences. Default: false, which ends when no
    /// unfinished beam is expected to become better.
    public var stopsEarly = false
    /// Whether beam search goes on until no unfinished beam can become better at the maximum length. Default: false.
    public var searchesToMaxLength = false

    // MARK: Contrastive search

    /// The weight of the largest similarity to an earlier token in contrastive search (Su et al., 2022), from 0 to 1; nil for
    /// another search. Default: nil. Needs ``topK``, the number of candidates.
    public var contrastivePenalty: Double?

    // MARK: Assisted decoding

    /// The number of tokens that an assistant model proposes at a time. Default: 20.
    public var assistantTokens = 20
    /// Whether the number of proposed tokens stays the same. Default: false: it grows by 2 when all were accepted, and shrinks
    /// by 1 otherwise.
    public var assistantTokensAreConstant = false
    /// An assistant model stops proposing when its probability of a token is below this. Default: 0.4.
    public var assistantConfidence = 0.4
    /// The number of tokens that are proposed from an earlier occurrence of the last tokens (prompt lookup); nil for none.
    /// Default: nil.
    public var promptLookupTokens: Int?
    /// The largest number of last tokens that prompt lookup searches. Default: 2.
    public var promptLookupNgramSize = 2

    /// Options for greedy search.
    public init() {}

    /// Options for greedy search of a number of tokens.
    public init(maxNewTokens: Int) { self.maxNewTokens = maxNewTokens }

    var pad: Int { padToken ?? endTokens.first ?? 0 }

    /// The maximum number of tokens to generate after a prompt.
    func limit(promptLength: Int) -> Int { maxLength.map { max($0 - promptLength, 0) } ?? maxNewTokens }

    /// The options with their maximum length as a number of new tokens.
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
