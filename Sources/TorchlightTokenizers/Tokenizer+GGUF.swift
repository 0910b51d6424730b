import TorchlightFiles

extension Tokenizer {
    /// Reads the tokenizer of a GGUF file: the metadata `tokenizer.ggml.*`.
    ///
    /// Supported models are `gpt2` (byte-level BPE, with the pre-tokenizers of GPT-2, Llama 3, Qwen 2 and StarCoder)
    /// and `llama` (BPE of SentencePiece). `<s>` and `</s>` are added if the metadata require it.
    /// - Parameter path: the path of the file.
    /// - Throws: `IOError` if the file cannot be read, is malformed, or has an unsupported tokenizer.
    public init(gguf path: String) throws(IOError) {
        let mapped = try MappedFile(path)
        try self.init(
            gguf: mapped.withBytes { bytes throws(IOError) in try GGUFHeader(bytes, file: path) }, path: path)
    }

    /// Creates the tokenizer in the header of a GGUF file.
    package init(gguf header: GGUFHeader, path: String) throws(IOError) {
        let source = GGUFTokenizer(header: header, path: path)
        switch header.string("tokenizer.ggml.model") {
        case "gpt2": self = try source.byteLevel()
        case "llama": self = try source.sentencePiece()
        case let other:
            throw source.failure(
                other.map { "the tokenizer is of the model \(IOError.quoted($0))" } ?? "the file has no tokenizer",
                expected: "tokenizer.ggml.model gpt2 or llama", .unsupported)
        }
    }
}

/// The metadata of a tokenizer in a GGUF file.
private struct GGUFTokenizer {
    let header: GGUFHeader
    let path: String

    private enum Kind: Int { case normal = 1, unknown, control, userDefined, unused, byte }

    func failure(_ problem: String, expected rule: String, _ kind: IOError.Kind = .malformed) -> IOError {
        IOError(kind, "tokenizer", file: path, problem, expected: rule)
    }

    private func tokens() throws(IOError) -> [String] {
        guard let tokens = header.strings("tokenizer.ggml.tokens"), !tokens.isEmpty else {
            throw failure("tokenizer.ggml.tokens is missing", expected: "an array of strings")
        }
        return tokens
    }

    private func kinds(count: Int) throws(IOError) -> [Kind] {
        guard let numbers = header.integers("tokenizer.ggml.token_type") else {
            return Array(repeating: .normal, count: count)
        }
        guard numbers.count == count else {
            throw failure(
                "tokenizer.ggml.token_type has the length \(numbers.count)",
                expected: "\(count), one for each token")
        }
        return numbers.map { Kind(rawValue: $0) ?? .normal }
    }

    /// Adds the begin and end tokens that the metadata require.
    private func addSpecialTokens(
        to tokenizer: inout Tokenizer, _ tokens: [String], bosByDefault: Bool
    ) throws(IOError) {
        func token(_ flag: String, _ id: String, default standard: Bool) throws(IOError) -> (String, Int)? {
            guard header.bool("tokenizer.ggml.\(flag)") ?? standard, let id = header.integer("tokenizer.ggml.\(id)")
            else { return nil }
            guard tokens.indices.contains(id) else {
                throw failure("\(flag) is set, with the id \(id)", expected: "an id below \(tokens.count)")
            }
            return (tokens[id], id)
        }
        let bos = try token("add_bos_token", "bos_token_id", default: bosByDefault)
        let eos = try token("add_eos_token", "eos_token_id", default: false)
        guard bos != nil || eos != nil else { return }
        func piece(_ token: (String, Int)?, _ type: Int) -> [JSON] {
            token.map { [.object([("SpecialToken", .object([("id", .string($0.0)), ("type_id", .int(type))]))])] } ?? []
        }
        func sequence(_ id: String, _ type: Int) -> JSON {
            .object([("Sequence", .object([("id", .string(id)), ("type_id", .int(type))]))])
        }
        let single = piece(bos, 0) + [sequence("A", 0)] + piece(eos, 0)
        let second = piece(bos, 1) + [sequence("B", 1)] + piece(eos, 1)
        var special: [(String, JSON)] = []
        for (text, id) in [bos, eos].compactMap({ $0 }) where !special.contains(where: { $0.0 == text }) {
            special.append(
                (
                    text,
                    .object([
                        ("id", .string(text)), ("ids", .array([.int(id)])), ("tokens", .array([.string(text)])),
                    ])
                ))
        }
        let json = JSON.object([
            ("type", "TemplateProcessing"), ("single", .array(single)), ("pair", .array(single + second)),
            ("special_tokens", .object(special)),
        ])
        tokenizer.postProcessor = try PostProcessor(Config(json: json, file: path))
    }

    private func added(_ tokens: [String], _ kinds: [Kind]) -> [(token: Tokenizer.AddedToken, id: Int?)] {
        zip(tokens, kinds).enumerated().compactMap { id, pair in
            switch pair.1 {
            case .control, .unknown: (Tokenizer.AddedToken(pair.0, isSpecial: true), id)
            case .userDefined: (Tokenizer.AddedToken(pair.0), id)
            case .normal, .unused, .byte: nil
            }
        }
    }

    // MARK: Byte-level BPE

    /// The regular expressions of the pre-tokenizer, by `tokenizer.ggml.pre`.
    private static let patterns: [String: [String]] = {
        let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
        let rest = #" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        let llama3 = #"\#(contractions)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|\#(rest)"#
        let qwen2 = #"\#(contractions)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|\#(rest)"#
        return [
            "gpt-2": [], "default": [], "phi-2": [], "olmo": [], "jais": [],
            "llama-bpe": [llama3], "llama3": [llama3], "llama-v3": [llama3], "dbrx": [llama3], "smaug-bpe": [llama3],
            "qwen2": [qwen2], "stablelm2": [qwen2], "megrez": [qwen2], "hunyuan": [qwen2],
            "starcoder": [#"\p{N}"#], "refact": [#"\p{N}"#], "command-r": [#"\p{N}"#], "smollm": [#"\p{N}"#],
            "codeshell": [#"\p{N}"#], "exaone": [#"\p{N}"#],
        ]
    }()

    func byteLevel() throws(IOError) -> Tokenizer {
        let tokens = try tokens()
        let kinds = try kinds(count: tokens.count)
        var vocabulary = Vocabulary(reserving: tokens.count)
        for (id, token) in tokens.enumerated() { vocabulary.insert(Array(token.utf8), id: Int32(id)) }
        var merges: [(left: [UInt8], right: [UInt8])] = []
        for merge in header.strings("tokenizer.ggml.merges") ?? [] {
            guard let pair = BPEModel.pair(Array(merge.utf8)) else {
                throw failure("the merge \(IOError.quoted(merge))", expected: "two tokens separated by a space")
            }
            merges.append(pair)
        }
        let name = header.string("tokenizer.ggml.pre") ?? "default"
        guard let patterns = Self.patterns[name] else {
            throw failure(
                "the pre-tokenizer is \(IOError.quoted(name))",
                expected: Self.patterns.keys.sorted().joined(separator: ", "), .unsupported)
        }
        var options = BPEModel.Options()
        options.ignoresMerges = ["llama-bpe", "llama3", "llama-v3"].contains(name)
        var tokenizer = Tokenizer(.bpe(try BPEModel(vocabulary, merges: merges, options, file: path)))
        tokenizer.setByteLevel(addsPrefixSpace: false)
        // Complete expressions replace that of GPT-2; the others are applied before it.
        let isComplete = patterns.first.map { $0.count > 10 } ?? false
        do {
            var stages: [PreTokenizer] = []
            for pattern in patterns {
                stages.append(.split(try TextPattern(regex: pattern), .isolated, inverted: false))
            }
            if !stages.isEmpty {
                stages.append(.byteLevel(addsPrefixSpace: false, trimsOffsets: true, usesRegex: !isComplete))
                tokenizer.preTokenizer = .sequence(stages)
            }
            try tokenizer.add(added(tokens, kinds))
        } catch {
            throw failure("\(error)", expected: "the tokenizer of a GGUF file")
        }
        try addSpecialTokens(to: &tokenizer, tokens, bosByDefault: options.ignoresMerges)
        return tokenizer
    }

    // MARK: SentencePiece

    func sentencePiece() throws(IOError) -> Tokenizer {
        let tokens = try tokens()
        let kinds = try kinds(count: tokens.count)
        guard let scores = header.floats("tokenizer.ggml.scores"), scores.count == tokens.count,
            scores.allSatisfy(\.isFinite)
        else {
            throw failure(
                "tokenizer.ggml.scores are missing or malformed", expected: "\(tokens.count) finite numbers")
        }
        var file = Tokenizer.SentencePieceFile()
        for (index, text) in tokens.enumerated() {
            let kind = Tokenizer.SentencePieceFile.Kind(rawValue: kinds[index].rawValue) ?? .normal
            file.pieces.append((text, scores[index], kind))
        }
        file.modelType = 2
        file.byteFallback = kinds.contains(.byte)
        file.addsDummyPrefix = header.bool("tokenizer.ggml.add_space_prefix") ?? true
        file.removesExtraSpaces = header.bool("tokenizer.ggml.remove_extra_whitespaces") ?? false
        var tokenizer = try Tokenizer(file, path: path)
        try addSpecialTokens(to: &tokenizer, tokens, bosByDefault: true)
        return tokenizer
    }
}
