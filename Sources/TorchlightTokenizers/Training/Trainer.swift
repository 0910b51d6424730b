extension Tokenizer {
    /// The options of tokenizer training.
    public struct TrainingOptions: Sendable {
        /// The size of the vocabulary, including special tokens. Default: 30,000 (8,000 for `trainUnigram`).
        public var vocabularySize = 30_000
        /// The minimum frequency of merged pairs (BPE and WordPiece). Default: 2.
        public var minimumFrequency = 2
        /// Special tokens, which get the first ids. Default: none.
        public var specialTokens: [String] = []
        /// Characters that are always in the vocabulary. Default: none; byte-level BPE has all bytes.
        public var initialAlphabet: [Unicode.Scalar] = []
        /// The maximum number of characters in the vocabulary (BPE and WordPiece); the least frequent are omitted.
        /// Default: nil, no limit.
        public var alphabetLimit: Int?
        /// The token of unknown characters. Default: `[UNK]` for WordPiece, `<unk>` for Unigram, none for BPE.
        public var unknownToken: String?
        /// The maximum length of a token in characters (Unigram). Default: 16.
        public var longestPiece = 16
        /// The number of EM iterations between two reductions of the vocabulary (Unigram). Default: 2.
        public var passes = 2
        /// The fraction of the vocabulary that a reduction keeps (Unigram). Default: 0.75.
        public var shrinkingFactor = 0.75

        /// Creates the default options.
        public init() {}
    }

    /// Trains byte-level BPE, as in GPT-2. Training is deterministic.
    /// - Parameters:
    ///   - texts: the texts.
    ///   - options: the training options. Default: the default options.
    ///   - addsPrefixSpace: whether a space is inserted before the first word of a text. Default: false.
    /// - Throws: ``TokenizerError`` if the options are inconsistent.
    public static func trainByteLevelBPE(
        on texts: some Sequence<String>, options: TrainingOptions = .init(), addsPrefixSpace: Bool = false
    ) throws(TokenizerError) -> Tokenizer {
        var options = options
        options.initialAlphabet += ByteAlphabet.scalars.map { Unicode.Scalar($0)! }
        var tokenizer = Tokenizer(.wordLevel(WordLevelModel(Vocabulary())))
        tokenizer.setByteLevel(addsPrefixSpace: addsPrefixSpace)
        try tokenizer.train(BPETrainer(options), on: texts, options)
        return tokenizer
    }

    /// Trains WordPiece, as in BERT. Training is deterministic.
    /// - Parameters:
    ///   - texts: the texts.
    ///   - options: the training options. Without special tokens, those of BERT are used.
    ///   - lowercase: whether texts are converted to lower case, and accents removed. Default: true.
    /// - Throws: ``TokenizerError`` if the options are inconsistent.
    public static func trainWordPiece(
        on texts: some Sequence<String>, options: TrainingOptions = .init(), lowercase: Bool = true
    ) throws(TokenizerError) -> Tokenizer {
        var options = options
        if options.specialTokens.isEmpty { options.specialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] }
        let unknown = options.unknownToken ?? "[UNK]"
        options.unknownToken = unknown
        if !options.specialTokens.contains(unknown) { options.specialTokens.insert(unknown, at: 0) }
        var tokenizer = Tokenizer(.wordLevel(WordLevelModel(Vocabulary())))
        tokenizer.setBERT(lowercase: lowercase)
        try tokenizer.train(BPETrainer(options, continuingPrefix: "##"), on: texts, options)
        tokenizer.setBERT(lowercase: lowercase)
        return tokenizer
    }

    /// Trains Unigram, as SentencePiece does. Training is deterministic.
    /// - Parameters:
    ///   - texts: the texts.
    ///   - options: the training options. Default: the default options with a vocabulary of 8,000 tokens.
    ///   - byteFallback: whether unknown characters are encoded as byte tokens. Default: false.
    /// - Throws: ``TokenizerError`` if the vocabulary is too small for the characters of the texts.
    public static func trainUnigram(
        on texts: some Sequence<String>, options: TrainingOptions? = nil, byteFallback: Bool = false
    ) throws(TokenizerError) -> Tokenizer {
        var options =
            options
            ?? {
                var options = TrainingOptions(); options.vocabularySize = 8000; return options
            }()
        let unknown = options.unknownToken ?? "<unk>"
        options.unknownToken = unknown
        if !options.specialTokens.contains(unknown) { options.specialTokens.insert(unknown, at: 0) }
        var tokenizer = Tokenizer(.wordLevel(WordLevelModel(Vocabulary())))
        tokenizer.normalizer = .sequence([.unicode(.nfkc), .replace(try TextPattern(regex: " {2,}"), content: " ")])
        tokenizer.preTokenizer = .metaspace(.init())
        tokenizer.decoder = byteFallback ? .sequence([.byteFallback, .metaspace(.init())]) : .metaspace(.init())
        try tokenizer.train(UnigramTrainer(options, byteFallback: byteFallback), on: texts, options)
        return tokenizer
    }

    /// Counts the words of texts, trains a model, and replaces the current one.
    private mutating func train(
        _ trainer: some ModelTrainer, on texts: some Sequence<String>, _ options: TrainingOptions
    ) throws(TokenizerError) {
        guard options.vocabularySize > options.specialTokens.count, options.vocabularySize <= 1 << 24 else {
            throw TokenizerError(
                "train",
                "a vocabulary of \(options.vocabularySize) tokens with \(options.specialTokens.count) special ones",
                expected: "more tokens than special ones, and at most \(1 << 24)")
        }
        var counts: [[UInt8]: Int] = [:]
        var pieces = PieceText()
        for text in texts {
            var text = text
            try text.withUTF8 { bytes in
                Result { () throws(TokenizerError) in _ = try prepare(bytes, &pieces) }
            }.get()
            for piece in pieces.pieces where piece.token < 0 {
                pieces.withBytes(piece) { counts[Array($0), default: 0] += 1 }
            }
        }
        // The words are sorted, because the order of a dictionary is random.
        let words = counts.map { (word: $0.key, count: $0.value) }
            .sorted { $0.word.lexicographicallyPrecedes($1.word) }
        model = try trainer.train(words)
        try add(options.specialTokens.map { AddedToken($0, isSpecial: true) })
    }
}

/// Trains a model on sorted words with their counts.
protocol ModelTrainer {
    func train(_ words: [(word: [UInt8], count: Int)]) throws(TokenizerError) -> Model
}
