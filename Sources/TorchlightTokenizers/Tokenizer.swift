import Synchronization
import TorchlightFiles

/// A tokenizer: turns text into tokens with ids, and ids into text.
///
///     let tokenizer = try Tokenizer(path: "bert-base-uncased")     // a folder or a file
///     let encoding = try tokenizer.encode("Hello, world!")
///     encoding.ids                                                 // [101, 7592, 1010, 2088, 999, 102]
///     try tokenizer.decode(encoding.ids, skippingSpecialTokens: true)
///
/// A tokenizer has five stages: a normaliser replaces characters, a pre-tokenizer cuts the text into words, a model (BPE,
/// WordPiece, Unigram or whole words) turns words into tokens, a post-processor adds special tokens, and a decoder joins
/// tokens to a text. They are read from `tokenizer.json`, the format of Hugging Face's tokenizers, whose results these
/// are; from `vocab.json` and `merges.txt`; from `vocab.txt`; or from the `.model` file of SentencePiece.
///
/// A tokenizer can be used on several threads at the same time.
public struct Tokenizer: Sendable {
    var normalizer: Normalizer?
    // Remembered words depend on these two.
    var preTokenizer: PreTokenizer? { didSet { scratches = Scratches() } }
    var model: Model { didSet { scratches = Scratches() } }
    var postProcessor: PostProcessor?
    var decoder: TokenDecoder?
    private(set) var added = AddedTokens()
    /// How encodings are cut; nil for not at all.
    public var truncation: Truncation?
    /// How encodings are padded; nil for not at all.
    public var padding: Padding?
    /// Whether special tokens in a text are read as plain text. Default: false.
    public var readsSpecialTokensAsText = false
    private(set) var names: TokenNames
    private(set) var scratches = Scratches()

    init(_ model: Model) {
        self.model = model
        names = TokenNames(model.vocabulary, added: [:])
    }

    // MARK: Vocabulary

    /// The number of tokens.
    /// - Parameter withAddedTokens: whether added tokens count. Default: true.
    public func vocabularySize(withAddedTokens: Bool = true) -> Int {
        guard withAddedTokens else { return model.count }
        return model.count
            + added.ids.keys.lazy.filter { model.vocabulary.id(of: String(decoding: $0, as: UTF8.self)) == nil }.count
    }

    /// The id of a token; nil if it is not in the vocabulary.
    public func id(of token: String) -> Int? { added.ids[Array(token.utf8)] ?? model.vocabulary.id(of: token) }

    /// The token of an id; nil if there is none.
    public func token(of id: Int) -> String? { added.tokens[id]?.content ?? model.vocabulary.token(id: id) }

    /// All tokens with their ids.
    /// - Parameter withAddedTokens: whether added tokens are included. Default: true.
    public func vocabulary(withAddedTokens: Bool = true) -> [String: Int] {
        var result: [String: Int] = [:]
        model.vocabulary.forEach { result[String(decoding: $0, as: UTF8.self)] = Int($1) }
        if withAddedTokens {
            for (token, id) in added.ids { result[String(decoding: token, as: UTF8.self)] = id }
        }
        return result
    }

    /// The added tokens by id.
    public var addedTokens: [Int: AddedToken] { added.tokens }

    /// Adds tokens to the vocabulary. A token that is there keeps its id and gets the new properties; others get the ids
    /// after the largest one.
    /// - Throws: ``TokenizerError`` if a token is too long or cannot be normalised.
    public mutating func add(_ tokens: [AddedToken]) throws(TokenizerError) {
        try add(tokens.map { ($0, nil) })
    }

    mutating func add(_ tokens: [(token: AddedToken, id: Int?)]) throws(TokenizerError) {
        try added.add(tokens, model, normalizer)
        names = TokenNames(
            model.vocabulary, added: added.tokens.filter { !model.vocabulary.contains(id: $0.key) }.mapValues(\.content)
        )
    }

    // MARK: Encoding

    /// Encodes a text.
    /// - Parameters:
    ///   - text: the text.
    ///   - addSpecialTokens: whether the special tokens of the post-processor are added. Default: true.
    /// - Throws: ``TokenizerError`` if the model has no token for unknown words, if a regular expression takes too long,
    ///   or if the text cannot be truncated.
    public func encode(_ text: String, addSpecialTokens: Bool = true) throws(TokenizerError) -> Encoding {
        try encode(.text(text), nil, addSpecialTokens)
    }

    /// Encodes a pair of texts, for example a question and a passage.
    /// - Parameters:
    ///   - text: the first text.
    ///   - pair: the second text.
    ///   - addSpecialTokens: whether the special tokens of the post-processor are added. Default: true.
    /// - Throws: ``TokenizerError``, as for a single text.
    public func encode(
        _ text: String, pair: String, addSpecialTokens: Bool = true
    ) throws(TokenizerError) -> Encoding {
        try encode(.text(text), .text(pair), addSpecialTokens)
    }

    /// Encodes a text that is already cut into words. Offsets are those within a word.
    /// - Parameters:
    ///   - words: the words.
    ///   - addSpecialTokens: whether the special tokens of the post-processor are added. Default: true.
    /// - Throws: ``TokenizerError``, as for a text.
    public func encode(words: [String], addSpecialTokens: Bool = true) throws(TokenizerError) -> Encoding {
        try encode(.words(words), nil, addSpecialTokens)
    }

    /// What can be encoded: a text, or words that are already cut.
    public enum Input: Sendable, ExpressibleByStringLiteral {
        /// A text.
        case text(String)
        /// Words.
        case words([String])

        /// Creates a text.
        public init(stringLiteral text: String) { self = .text(text) }
    }

    /// Encodes a text or words, or a pair of them.
    /// - Parameters:
    ///   - input: the first text.
    ///   - pair: the second text; nil for a single text.
    ///   - addSpecialTokens: whether the special tokens of the post-processor are added. Default: true.
    /// - Throws: ``TokenizerError``, as for a text.
    public func encode(
        _ input: Input, pair: Input?, addSpecialTokens: Bool = true
    ) throws(TokenizerError) -> Encoding {
        try encode(input, pair, addSpecialTokens)
    }

    func encode(_ input: Input, _ pair: Input?, _ addSpecialTokens: Bool) throws(TokenizerError) -> Encoding {
        let scratch = scratches.take()
        defer { scratches.give(scratch) }
        return try encode(input, pair, addSpecialTokens, scratch)
    }

    /// The ids of a text, without offsets and masks: the fastest way to get them.
    /// - Parameters:
    ///   - text: the text.
    ///   - addSpecialTokens: whether the special tokens of the post-processor are added. Default: true.
    /// - Throws: ``TokenizerError``, as for a text.
    public func ids(_ text: String, addSpecialTokens: Bool = true) throws(TokenizerError) -> [Int] {
        try encode(text, addSpecialTokens: addSpecialTokens).ids
    }

    /// The memory of threads that encode, kept between texts.
    final class Scratches: Sendable {
        private let free = Mutex<[Box]>([])

        func take() -> ModelScratch { free.withLock { $0.popLast() }?.scratch ?? ModelScratch() }

        func give(_ scratch: ModelScratch) {
            let box = Box(scratch: scratch)
            free.withLock { if $0.count < 64 { $0.append(box) } }
        }

        /// A scratch belongs to one thread at a time.
        private struct Box: @unchecked Sendable {
            let scratch: ModelScratch
        }
    }
}
