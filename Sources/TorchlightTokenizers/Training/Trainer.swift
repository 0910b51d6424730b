extension Tokenizer {
    /// What is trained on a text.
    public struct TrainingOptions: Sendable {
        /// The number of tokens, special tokens included. Default: 30,000 (8,000 for Unigram in SentencePiece).
        public var vocabularySize = 30_000
        /// Pairs that are rarer are not joined (BPE and WordPiece). Default: 2.
        public var minimumFrequency = 2
        /// Special tokens; they get the first ids. Default: none.
        public var specialTokens: [String] = []
        /// Characters that are in the vocabulary even if the text does not have them. Default: none; byte-level BPE has all
        /// bytes.
        public var initialAlphabet: [Unicode.Scalar] = []
        /// The largest number of characters in the vocabulary (BPE and WordPiece); nil for no limit. The rarest are left out.
        /// Default: nil.
        public var alphabetLimit: Int?
        /// The token of unknown characters. Default: `[UNK]` for WordPiece, `<unk>` for Unigram, none for BPE.
        public var unknownToken: String?
        /// The longest token, in characters (Unigram). Default: 16.
        public var longestPiece = 16
        /// The number of passes over the text between two reductions of the vocabulary (Unigram). Default: 2.
        public var passes = 2
        /// The part of the vocabulary that a reduction keeps (Unigram). Default: 0.75.
        public var shrinkingFactor = 0.75

        /// Creates the default options.
        public init() {}
    }

    /// Trains byte-level BPE, as that of GPT-2, on texts. The same texts give the same tokenizer.
    /// - Parameters:
    ///   - texts: the texts.
    ///   - options: the size of the vocabulary and so on. Default: the default options.
    ///   - addsPrefixSpace: whether a text gets a space before its first word. Default: false.
    /// - Throws: ``TokenizerError`` if the options do not fit.
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

    /// Trains WordPiece, as that of BERT, on texts. The same texts give the same tokenizer.
    /// - Parameters:
    ///   - texts: the texts.
    ///   - options: the size of the vocabulary and so on. If they have no special tokens, those of BERT are taken.
    ///   - lowercase: whether texts are written in lower case and without accents. Default: true.
    /// - Throws: ``TokenizerError`` if the options do not fit.
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

    /// Trains Unigram, as SentencePiece does, on texts. The same texts give the same tokenizer.
    /// - Parameters:
    ///   - texts: the texts.
    ///   - options: the size of the vocabulary and so on. Default: the default options with 8,000 tokens.
    ///   - byteFallback: whether unknown characters become tokens of bytes. Default: false.
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

    /// Counts the words of texts and replaces the model.
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
        // The order of a dictionary is random; that of the words must not be.
        let words = counts.map { (word: $0.key, count: $0.value) }
            .sorted { $0.word.lexicographicallyPrecedes($1.word) }
        model = try trainer.train(words)
        try add(options.specialTokens.map { AddedToken($0, isSpecial: true) })
    }
}

/// Trains a model on words with their counts, which are sorted.
protocol ModelTrainer {
    func train(_ words: [(word: [UInt8], count: Int)]) throws(TokenizerError) -> Model
}
