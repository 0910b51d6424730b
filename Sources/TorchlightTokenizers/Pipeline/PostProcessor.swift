import TorchlightFiles

/// The post-processor, the stage after the model: adds special tokens and trims offsets.
indirect enum PostProcessor: Sendable {
    case template(Template)
    case bert(separator: (String, Int), classifier: (String, Int))
    case roberta(
        separator: (String, Int), classifier: (String, Int), trimsOffsets: Bool, addsPrefixSpace: Bool)
    case byteLevel(addsPrefixSpace: Bool, trimsOffsets: Bool, usesRegex: Bool)
    case sequence([PostProcessor])

    /// A template of the special tokens around the first and second text.
    struct Template: Sendable {
        enum Piece: Sendable {
            case sequence(Int, typeID: Int)
            case token(String, typeID: Int)
        }

        struct Token: Sendable {
            var id: String
            var ids: [Int]
            var tokens: [String]
        }

        var single: [Piece]
        var pair: [Piece]
        var tokens: [Token]

        func token(_ id: String) -> Token? { tokens.first { $0.id == id } }

        func addedCount(_ pieces: [Piece]) -> Int {
            pieces.reduce(0) { count, piece in
                if case .token(let id, _) = piece { count + (token(id)?.ids.count ?? 0) } else { count }
            }
        }
    }

    // MARK: tokenizer.json

    init(_ config: Config) throws(IOError) {
        let type = try config.string("type")
        switch type {
        case "TemplateProcessing": self = .template(try Self.template(config))
        case "BertProcessing":
            self = .bert(separator: try config.tokenAndID("sep"), classifier: try config.tokenAndID("cls"))
        case "RobertaProcessing":
            self = .roberta(
                separator: try config.tokenAndID("sep"), classifier: try config.tokenAndID("cls"),
                trimsOffsets: try config.bool("trim_offsets", default: true),
                addsPrefixSpace: try config.bool("add_prefix_space", default: true))
        case "ByteLevel":
            self = .byteLevel(
                addsPrefixSpace: try config.bool("add_prefix_space", default: true),
                trimsOffsets: try config.bool("trim_offsets", default: true),
                usesRegex: try config.bool("use_regex", default: true))
        case "Sequence":
            var stages: [PostProcessor] = []
            for element in try config.elements("processors") { stages.append(try PostProcessor(element)) }
            self = .sequence(stages)
        default:
            throw config.failure("the unknown post-processor \(IOError.quoted(type))", expected: "a post-processor")
        }
    }

    private static func template(_ config: Config) throws(IOError) -> Template {
        let ids = 0...Int(Int32.max)
        func pieces(_ name: String) throws(IOError) -> [Template.Piece] {
            var pieces: [Template.Piece] = []
            for element in try config.elements(name) {
                if let sequence = element.member("Sequence") {
                    let id = try sequence.string("id")
                    guard id == "A" || id == "B" else {
                        throw sequence.failure("the sequence \(IOError.quoted(id))", expected: "A or B")
                    }
                    guard name == "pair" || id == "A" else {
                        throw sequence.failure("the second text in 'single'", expected: "A")
                    }
                    pieces.append(.sequence(id == "A" ? 0 : 1, typeID: try sequence.int("type_id", in: ids)))
                } else if let token = element.member("SpecialToken") {
                    pieces.append(.token(try token.string("id"), typeID: try token.int("type_id", in: ids)))
                } else {
                    throw element.failure("a piece of a template", expected: "Sequence or SpecialToken")
                }
            }
            return pieces
        }
        var tokens: [Template.Token] = []
        for member in config.member("special_tokens")?.json.members ?? [] {
            let token = Config(json: member.value, file: config.file)
            var (values, names): ([Int], [String]) = ([], [])
            for element in try token.elements("ids") {
                guard let id = element.json.int, ids.contains(id) else {
                    throw element.failure("the id \(element.json.summary)", expected: "an integer of at least 0")
                }
                values.append(id)
            }
            for element in try token.elements("tokens") {
                guard let name = element.json.string else {
                    throw element.failure("the token \(element.json.summary)", expected: "a string")
                }
                names.append(name)
            }
            guard values.count == names.count else {
                throw token.failure("\(values.count) ids and \(names.count) tokens", expected: "equal numbers")
            }
            tokens.append(.init(id: member.name, ids: values, tokens: names))
        }
        let template = Template(single: try pieces("single"), pair: try pieces("pair"), tokens: tokens)
        for case .token(let id, _) in template.single + template.pair where template.token(id) == nil {
            throw config.failure(
                "the special token \(IOError.quoted(id)) of the template", expected: "one of 'special_tokens'")
        }
        return template
    }

    var json: JSON {
        func pair(_ token: (String, Int)) -> JSON { [.string(token.0), .int(token.1)] }
        switch self {
        case .template(let template):
            func pieces(_ pieces: [Template.Piece]) -> JSON {
                .array(
                    pieces.map { piece in
                        switch piece {
                        case .sequence(let number, let typeID):
                            ["Sequence": ["id": .string(number == 0 ? "A" : "B"), "type_id": .int(typeID)]]
                        case .token(let id, let typeID):
                            ["SpecialToken": ["id": .string(id), "type_id": .int(typeID)]]
                        }
                    })
            }
            let tokens = template.tokens.map { token in
                (
                    token.id,
                    JSON.object([
                        ("id", .string(token.id)), ("ids", .array(token.ids.map { .int($0) })),
                        ("tokens", .array(token.tokens.map { .string($0) })),
                    ])
                )
            }
            return .object([
                ("type", "TemplateProcessing"), ("single", pieces(template.single)), ("pair", pieces(template.pair)),
                ("special_tokens", .object(tokens)),
            ])
        case .bert(let separator, let classifier):
            return .object([("type", "BertProcessing"), ("sep", pair(separator)), ("cls", pair(classifier))])
        case .roberta(let separator, let classifier, let trimsOffsets, let addsPrefixSpace):
            return .object([
                ("type", "RobertaProcessing"), ("sep", pair(separator)), ("cls", pair(classifier)),
                ("trim_offsets", JSON(.bool(trimsOffsets))), ("add_prefix_space", JSON(.bool(addsPrefixSpace))),
            ])
        case .byteLevel(let addsPrefixSpace, let trimsOffsets, let usesRegex):
            return PreTokenizer.byteLevel(
                addsPrefixSpace: addsPrefixSpace, trimsOffsets: trimsOffsets, usesRegex: usesRegex
            ).json
        case .sequence(let stages):
            return .object([("type", "Sequence"), ("processors", .array(stages.map(\.json)))])
        }
    }

    // MARK: Application

    /// The number of special tokens added to a text or a pair.
    func addedCount(isPair: Bool) -> Int {
        switch self {
        case .template(let template): template.addedCount(isPair ? template.pair : template.single)
        case .bert: isPair ? 3 : 2
        case .roberta: isPair ? 4 : 2
        case .byteLevel: 0
        case .sequence(let stages): stages.reduce(0) { $0 + $1.addedCount(isPair: isPair) }
        }
    }

    /// Processes the encodings of a text or a pair, which are concatenated afterwards.
    func apply(to encodings: [Encoding], addingSpecialTokens: Bool) throws(TokenizerError) -> [Encoding] {
        var encodings = encodings
        switch self {
        case .sequence(let stages):
            for stage in stages {
                encodings = try stage.apply(to: encodings, addingSpecialTokens: addingSpecialTokens)
            }
            return encodings
        case .byteLevel(let addsPrefixSpace, let trimsOffsets, _):
            for index in encodings.indices {
                if trimsOffsets { encodings[index].trimOffsets(addsPrefixSpace: addsPrefixSpace) }
                encodings[index].setSequence(index)
            }
            return encodings
        case .bert(let separator, let classifier):
            guard addingSpecialTokens else { return encodings }
            for index in encodings.indices {
                encodings[index].addSpecialTokens(
                    index == 0 ? classifier : nil, separator, sequence: index, typeID: index)
            }
            return encodings
        case .roberta(let separator, let classifier, let trimsOffsets, let addsPrefixSpace):
            for index in encodings.indices {
                if trimsOffsets { encodings[index].trimOffsets(addsPrefixSpace: addsPrefixSpace) }
                encodings[index].setTypeIDs(0)
                guard addingSpecialTokens else { continue }
                for part in encodings[index].overflowing.indices { encodings[index].overflowing[part].setTypeIDs(0) }
                encodings[index].addSpecialTokens(
                    index == 0 ? classifier : separator, separator, sequence: index, typeID: 0)
            }
            return encodings
        case .template(let template):
            guard encodings.count <= 2 else {
                throw TokenizerError(
                    "encode", "\(encodings.count) parts before a template", expected: "one template in a sequence")
            }
            var result: [Encoding] = []
            for piece in encodings.count == 2 ? template.pair : template.single {
                switch piece {
                case .sequence(let number, let typeID):
                    guard number < encodings.count else { continue }
                    var encoding = encodings[number]
                    encoding.setTypeIDs(typeID)
                    encoding.setSequence(number)
                    result.append(encoding)
                case .token(let id, let typeID):
                    guard addingSpecialTokens, let token = template.token(id) else { continue }
                    result.append(Encoding(special: zip(token.tokens, token.ids).map { ($0, $1) }, typeID: typeID))
                }
            }
            return result
        }
    }
}

extension Encoding {
    /// Creates an encoding of special tokens.
    init(special tokens: [(String, Int)], typeID: Int) {
        self.init()
        ids = tokens.map(\.1)
        typeIDs = tokens.map { _ in typeID }
        offsets = tokens.map { _ in 0..<0 }
        wordIDs = tokens.map { _ in nil }
        attentionMask = tokens.map { _ in 1 }
        specialTokensMask = tokens.map { _ in 1 }
        for (index, token) in tokens.enumerated() { texts[index] = token.0 }
    }

    /// Adds a special token before and one after the tokens of a text, and of its overflowing parts.
    mutating func addSpecialTokens(
        _ before: (String, Int)?, _ after: (String, Int), sequence: Int, typeID: Int
    ) {
        let parts = overflowing
        overflowing = []
        let (inner, length) = (self, count)
        var result = Encoding(special: before.map { [$0] } ?? [], typeID: typeID)
        let start = result.count
        result.append(inner)
        result.append(Encoding(special: [after], typeID: typeID))
        result.attentionMask = [Int](repeating: 1, count: result.count)
        result.specialTokensMask = [Int](repeating: 0, count: result.count)
        for index in 0..<result.count where index < start || index >= start + length {
            result.specialTokensMask[index] = 1
        }
        result.sequences = [sequence: start..<start + length]
        result.overflowing = parts.map { part in
            var part = part
            part.addSpecialTokens(before, after, sequence: sequence, typeID: typeID)
            return part
        }
        self = result
    }

    /// Removes the spaces of byte-level tokens from their offsets, also in overflowing parts.
    mutating func trimOffsets(addsPrefixSpace: Bool) {
        for index in overflowing.indices { overflowing[index].trimOffsets(addsPrefixSpace: addsPrefixSpace) }
        for index in ids.indices {
            var (leading, trailing): (Int, Int)
            if let text = texts[index] {
                (leading, trailing) = TokenNames.spaces(of: text)
            } else {
                guard let counts = names?.spaces(of: ids[index]) else { continue }
                (leading, trailing) = counts
            }
            guard leading > 0 || trailing > 0 else { continue }
            var (start, end) = (offsets[index].lowerBound, offsets[index].upperBound)
            if leading > 0 {
                // A single space before the first word is the inserted prefix space, which is not in the text.
                if index == 0 || start == 0, addsPrefixSpace, leading == 1 { leading = 0 }
                start = min(start + leading, end)
            }
            if trailing > 0, end >= trailing { end = max(end - trailing, start) }
            offsets[index] = start..<end
        }
    }
}

extension TokenNames {
    private static func isSpace(_ code: UInt32) -> Bool { code == 0x120 || UnicodeClass.isWhitespace(code) }

    /// The numbers of leading and trailing spaces of a byte-level token.
    static func spaces(of token: String) -> (Int, Int) {
        let scalars = token.unicodeScalars
        return (
            scalars.prefix { isSpace($0.value) }.count, scalars.reversed().prefix { isSpace($0.value) }.count
        )
    }

    /// The numbers of leading and trailing spaces of a token; nil if there are none.
    func spaces(of id: Int) -> (Int, Int)? {
        withBytes(of: id) { bytes in
            guard bytes.count > 0 else { return nil }
            // A space is the character U+0120 or whitespace.
            func canBeSpace(_ byte: UInt8) -> Bool { byte >= 0x80 || byte <= 0x20 }
            guard canBeSpace(bytes[0]) || canBeSpace(bytes[bytes.count - 1]) else { return nil }
            var (leading, position) = (0, 0)
            while position < bytes.count {
                let (code, length) = UTF8Text.scalar(bytes, position)
                guard Self.isSpace(code) else { break }
                leading += 1
                position += length
            }
            var (trailing, end) = (0, bytes.count)
            while end > 0 {
                let start = UTF8Text.before(bytes, end)
                guard Self.isSpace(UTF8Text.scalar(bytes, start).code) else { break }
                trailing += 1
                end = start
            }
            return leading > 0 || trailing > 0 ? (leading, trailing) : nil
        }
    }
}
