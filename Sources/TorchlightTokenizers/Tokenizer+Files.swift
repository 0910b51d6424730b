import TorchlightFiles

extension Tokenizer {
    /// The maximum file size in bytes.
    private static let largestFile = 1 << 30

    /// Reads a file. Throws for a file of another kind, which would otherwise be read as a vocabulary.
    ///
    /// - Parameter isText: Whether the file is text. Default: true.
    static func read(_ path: String, isText: Bool = true) throws(IOError) -> [UInt8] {
        let bytes = try FileSystem.read(path, limit: largestFile)
        let name = bytes.withUnsafeBytes {
            FileSignature.name(of: $0, expectsText: isText) ?? (isText ? nil : FileSignature.text($0))
        }
        if let name { throw otherKind(name, path) }
        return bytes
    }

    private static func otherKind(_ name: String, _ path: String) -> IOError {
        FileSignature.error(name, file: path, operation: "tokenizer", expected: "a tokenizer or its vocabulary")
    }

    /// Reads a tokenizer from a folder or a file.
    ///
    /// In a folder, the first of these files is read: `tokenizer.json`; `vocab.json` with `merges.txt`; `vocab.txt`;
    /// `tokenizer.model`, `spiece.model` or `sentencepiece.bpe.model`. A file is one of these, or a GGUF model.
    /// - Parameter path: the path of the folder or file.
    /// - Throws: `IOError` if the file does not exist or is malformed.
    public init(path: String) throws(IOError) {
        if FileSystem.isDirectory(path) {
            func file(_ name: String) -> String? { FileSystem.isFile("\(path)/\(name)") ? "\(path)/\(name)" : nil }
            if let file = file("tokenizer.json") {
                try self.init(json: Self.read(file), file: file)
            } else if let vocabulary = file("vocab.json"), let merges = file("merges.txt") {
                try self.init(vocabulary: vocabulary, merges: merges)
            } else if let vocabulary = file("vocab.txt") {
                try self.init(wordPieceVocabulary: vocabulary)
            } else if let file = file("tokenizer.model") ?? file("spiece.model") ?? file("sentencepiece.bpe.model") {
                try self.init(sentencePiece: file)
            } else {
                throw IOError(
                    .notFound, "tokenizer", file: path, "the folder has no tokenizer",
                    expected: "tokenizer.json, vocab.json and merges.txt, vocab.txt or tokenizer.model")
            }
            return
        }
        if path.lowercased().hasSuffix(".gguf") {
            try self.init(gguf: path)
        } else if path.hasSuffix(".model") {
            try self.init(sentencePiece: path)
        } else if path.hasSuffix(".txt") {
            try self.init(wordPieceVocabulary: path)
        } else {
            try self.init(json: Self.read(path), file: path)
        }
    }

    /// Reads a tokenizer from the bytes of a `tokenizer.json`.
    /// - Parameters:
    ///   - bytes: the contents of the file.
    ///   - file: the file name in errors. Default: `tokenizer.json`.
    /// - Throws: `IOError` if the bytes are malformed.
    public init(json bytes: [UInt8], file: String = "tokenizer.json") throws(IOError) {
        let config = Config(json: try JSON.parse(bytes, file: file), file: file)
        guard config.json.members != nil else { throw config.failure("not a JSON object", expected: "a tokenizer") }
        let version = try config.string("version", default: "1.0")
        guard version == "1.0" else {
            throw config.failure("the version \(IOError.quoted(version))", expected: "1.0")
        }
        guard let model = config.member("model") else {
            if let name = FileSignature.answer(config.json) { throw Self.otherKind(name, file) }
            throw config.failure("the member 'model' is missing", expected: "a model")
        }
        try self.init(Model(model))
        if let stage = config.member("normalizer") { normalizer = try Normalizer(stage) }
        if let stage = config.member("pre_tokenizer") { preTokenizer = try PreTokenizer(stage) }
        if let stage = config.member("post_processor") { postProcessor = try PostProcessor(stage) }
        if let stage = config.member("decoder") { decoder = try TokenDecoder(stage) }
        if let truncation = config.member("truncation") { self.truncation = try Truncation(truncation) }
        if let padding = config.member("padding") { self.padding = try Padding(padding) }
        if config.member("added_tokens") != nil {
            let elements = try config.elements("added_tokens")
            let largest = Vocabulary.largestID(count: elements.count + self.model.count)
            var tokens: [(token: AddedToken, id: Int?)] = []
            for element in elements {
                let id = element.member("id") == nil ? nil : try element.int("id", in: 0...largest)
                tokens.append((try AddedToken(element), id))
            }
            do { try add(tokens) } catch {
                throw config.failure("\(error)", at: config.member("added_tokens")?.json.offset)
            }
        }
    }

    /// Reads a byte-level BPE tokenizer, such as that of GPT-2, from its vocabulary and merges.
    /// - Parameters:
    ///   - vocabulary: the path of `vocab.json`.
    ///   - merges: the path of `merges.txt`.
    ///   - addsPrefixSpace: whether a space is inserted before the first word of a text. Default: false.
    /// - Throws: `IOError` if the files cannot be read or are malformed.
    public init(vocabulary: String, merges: String, addsPrefixSpace: Bool = false) throws(IOError) {
        let bytes = try Self.read(vocabulary)
        let json = try JSON.parse(bytes, file: vocabulary)
        guard let members = json.members else {
            throw IOError(
                .malformed, "tokenizer", file: vocabulary, "the file is not a JSON object",
                expected: "tokens with their ids")
        }
        var pairs: [(left: [UInt8], right: [UInt8])] = []
        let lines = try Self.read(merges).split(separator: 0x0A)
        for (number, line) in lines.enumerated() {
            let line = line.last == 0x0D ? line.dropLast() : line
            if line.isEmpty || line.starts(with: "#version".utf8) { continue }
            guard let pair = BPEModel.pair(Array(line)) else {
                throw IOError(
                    .malformed, "tokenizer", file: merges,
                    "line \(number + 1) is \(IOError.quoted(String(decoding: line, as: UTF8.self)))",
                    expected: "two tokens separated by a space")
            }
            pairs.append(pair)
        }
        self.init(
            .bpe(
                try BPEModel(
                    Model.vocabulary(members, vocabulary), merges: pairs, BPEModel.Options(), file: merges)))
        setByteLevel(addsPrefixSpace: addsPrefixSpace)
        let special = ["<|endoftext|>", "<s>", "</s>", "<pad>", "<unk>", "<mask>"].filter { id(of: $0) != nil }
        do { try add(special.map { AddedToken($0, isSpecial: true) }) } catch {
            throw IOError(.malformed, "tokenizer", file: vocabulary, "\(error)")
        }
    }

    /// Sets the stages around the model to those of byte-level BPE.
    mutating func setByteLevel(addsPrefixSpace: Bool) {
        preTokenizer = .byteLevel(addsPrefixSpace: addsPrefixSpace, trimsOffsets: true, usesRegex: true)
        postProcessor = .byteLevel(addsPrefixSpace: true, trimsOffsets: false, usesRegex: true)
        decoder = .byteLevel(addsPrefixSpace: true, trimsOffsets: true, usesRegex: true)
    }

    /// Reads a WordPiece tokenizer, such as that of BERT, from its vocabulary, with one token per line.
    /// - Parameters:
    ///   - path: the path of `vocab.txt`.
    ///   - lowercase: whether texts are converted to lower case, and accents removed. Default: true.
    /// - Throws: `IOError` if the file cannot be read or is malformed.
    public init(wordPieceVocabulary path: String, lowercase: Bool = true) throws(IOError) {
        let bytes = try Self.read(path)
        // Its first line would be a token.
        if bytes.first == UInt8(ascii: "{"), let json = try? JSON.parse(bytes, file: path),
            json.members?.isEmpty == false
        {
            throw Self.otherKind(FileSignature.answer(json) ?? FileSignature.json, path)
        }
        var vocabulary = Vocabulary()
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        for (id, line) in lines.enumerated() {
            guard let text = String(validating: line, as: UTF8.self) else {
                throw IOError(.malformed, "tokenizer", file: path, "line \(id + 1) is not UTF-8", expected: "UTF-8")
            }
            var scalars = text.unicodeScalars[...]
            while let last = scalars.last, UnicodeClass.isWhitespace(last.value) { scalars.removeLast() }
            vocabulary.insert(Array(String(scalars).utf8), id: Int32(id))
        }
        self.init(.wordPiece(WordPieceModel(vocabulary)))
        setBERT(lowercase: lowercase)
        let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].filter { id(of: $0) != nil }
        do { try add(special.map { AddedToken($0, isSpecial: true) }) } catch {
            throw IOError(.malformed, "tokenizer", file: path, "\(error)")
        }
    }

    /// Sets the stages around the model to those of BERT.
    mutating func setBERT(lowercase: Bool) {
        normalizer = .bert(cleansText: true, separatesChinese: true, stripsAccents: nil, lowercases: lowercase)
        preTokenizer = .bert
        decoder = .wordPiece(prefix: "##", cleansUp: true)
        if let classifier = id(of: "[CLS]"), let separator = id(of: "[SEP]") {
            postProcessor = .template(
                .init(
                    single: [.token("[CLS]", typeID: 0), .sequence(0, typeID: 0), .token("[SEP]", typeID: 0)],
                    pair: [
                        .token("[CLS]", typeID: 0), .sequence(0, typeID: 0), .token("[SEP]", typeID: 0),
                        .sequence(1, typeID: 1), .token("[SEP]", typeID: 1),
                    ],
                    tokens: [
                        .init(id: "[CLS]", ids: [classifier], tokens: ["[CLS]"]),
                        .init(id: "[SEP]", ids: [separator], tokens: ["[SEP]"]),
                    ]))
        }
    }

    // MARK: Saving

    /// Returns the tokenizer as the text of a `tokenizer.json`.
    /// - Parameter indented: whether the JSON has line breaks and indentation. Default: true.
    public func json(indented: Bool = true) -> String {
        JSON.object([
            ("version", "1.0"), ("truncation", truncation?.json ?? nil), ("padding", padding?.json ?? nil),
            ("added_tokens", added.json), ("normalizer", normalizer?.json ?? nil),
            ("pre_tokenizer", preTokenizer?.json ?? nil), ("post_processor", postProcessor?.json ?? nil),
            ("decoder", decoder?.json ?? nil), ("model", model.json),
        ]).text(indented: indented)
    }

    /// Writes the tokenizer to a `tokenizer.json`, which is created completely or not at all.
    /// - Parameter path: the path of the file; an existing file is replaced.
    /// - Throws: `IOError` if the file cannot be written.
    public func save(_ path: String) throws(IOError) {
        try FileSystem.replace(path, with: Array(json().utf8))
    }
}
