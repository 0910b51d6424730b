import Synchronization
import TorchlightFiles

/// A tokenizer, which converts text to token ids and token ids to text.
///
///     let tokenizer = try Tokenizer(path: "bert-base-uncased")     // a folder or a file
///     let encoding = try tokenizer.encode("Hello, world!")
///     encoding.ids                                                 // [101, 7592, 1010, 2088, 999, 102]
///     try tokenizer.decode(encoding.ids, skippingSpecialTokens: true)
///
/// A tokenizer has five stages: the normaliser replaces characters, the pre-tokenizer splits the text into words, the
/// model (BPE, WordPiece, Unigram or WordLevel) splits words into tokens, the post-processor adds special tokens, and
/// the decoder converts tokens to text. Results are equal to those of Hugging Face's tokenizers. Supported files are
/// `tokenizer.json`, `vocab.json` with `merges.txt`, `vocab.txt`, and the `.model` file of SentencePiece.
///
/// A tokenizer can be used on several threads at the same time.
public struct Tokenizer: Sendable {
    var normalizer: Normalizer?
    // Cached words depend on the pre-tokenizer and the model.
    var preTokenizer: PreTokenizer? { didSet { scratches = Scratches() } }
    var model: Model { didSet { scratches = Scratches() } }
    var postProcessor: PostProcessor?
    var decoder: TokenDecoder?
    private(set) var added = AddedTokens()
    /// The truncation of encodings; nil for no truncation.
    public var truncation: Truncation?
    /// The padding of encodings; nil for no padding.
    public var padding: Padding?
    /// Whether special tokens in a text are encoded as plain text. Default: false.
    public var readsSpecialTokensAsText = false
    private(set) var names: TokenNames
    private(set) var scratches = Scratches()

    init(_ model: Model) {
        self.model = model
        names = TokenNames(model.vocabulary, added: [:])
    }

    // MARK: Vocabulary

    /// Returns the number of tokens.
    /// - Parameter withAddedTokens: whether added tokens count. Default: true.
    public func vocabularySize(withAddedTokens: Bool = true) -> Int {
        guard withAddedTokens else { return model.count }
        return model.count
            + added.ids.keys.lazy.filter { model.vocabulary.id(of: String(decoding: $0, as: UTF8.self)) == nil }.count
    }

    /// Returns the id of a token; nil if it is not in the vocabulary.
    public func id(of token: String) -> Int? { added.ids[Array(token.utf8)] ?? model.vocabulary.id(of: token) }

    /// Returns the token of an id; nil if there is none.
    public func token(of id: Int) -> String? { added.tokens[id]?.content ?? model.vocabulary.token(id: id) }

    /// Returns all tokens with their ids.
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

    /// Adds tokens to the vocabulary. A token in the vocabulary keeps its id and gets the new properties; other tokens
    /// get ids after the largest one.
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
    /// - Throws: ``TokenizerError`` if the model has no token for unknown words, if a regular expression exceeds its
    ///   step limit, or if the text cannot be truncated.
    public func encode(_ text: String, addSpecialTokens: Bool = true) throws(TokenizerError) -> Encoding {
        try encode(.text(text), nil, addSpecialTokens)
    }

    /// Encodes a pair of texts, such as a question and a passage.
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

    /// Encodes a pre-tokenized text. Offsets are relative to the words.
    /// - Parameters:
    ///   - words: the words.
    ///   - addSpecialTokens: whether the special tokens of the post-processor are added. Default: true.
    /// - Throws: ``TokenizerError``, as for a text.
    public func encode(words: [String], addSpecialTokens: Bool = true) throws(TokenizerError) -> Encoding {
        try encode(.words(words), nil, addSpecialTokens)
    }

    /// An input of a tokenizer: a text, or a pre-tokenized text.
    public enum Input: Sendable, ExpressibleByStringLiteral {
        /// A text.
        case text(String)
        /// The words of a pre-tokenized text.
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

    /// Returns the token ids of a text, without offsets and masks, which is faster than `encode`.
    /// - Parameters:
    ///   - text: the text.
    ///   - addSpecialTokens: whether the special tokens of the post-processor are added. Default: true.
    /// - Throws: ``TokenizerError``, as for a text.
    public func ids(_ text: String, addSpecialTokens: Bool = true) throws(TokenizerError) -> [Int] {
        try encode(text, addSpecialTokens: addSpecialTokens).ids
    }

    /// The buffers of threads that encode, reused between texts.
    final class Scratches: Sendable {
        private let free = Mutex<[Box]>([])

        func take() -> ModelScratch { free.withLock { $0.popLast() }?.scratch ?? ModelScratch() }

        func give(_ scratch: ModelScratch) {
            let box = Box(scratch: scratch)
            free.withLock { if $0.count < 64 { $0.append(box) } }
        }

        /// One thread uses a scratch at a time.
        private struct Box: @unchecked Sendable {
            let scratch: ModelScratch
        }
    }
}
