import TorchlightFiles

/// Reads the fields of a Protocol Buffers message.
struct ProtobufReader {
    private let bytes: ArraySlice<UInt8>
    private let file: String
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>, file: String) {
        self.bytes = bytes
        self.file = file
        position = bytes.startIndex
    }

    enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
        case fixed(UInt32)
        case fixed64(UInt64)

        var int: Int? { if case .number(let number) = self { Int(truncatingIfNeeded: number) } else { nil } }
        var bool: Bool? { int.map { $0 != 0 } }
        var float: Float? { if case .fixed(let bits) = self { Float(bitPattern: bits) } else { nil } }
        var data: ArraySlice<UInt8>? { if case .bytes(let bytes) = self { bytes } else { nil } }
        var string: String? { data.flatMap { String(validating: $0, as: UTF8.self) } }
    }

    private func failure(_ problem: String) -> IOError {
        IOError(
            .malformed, "tokenizer", file: file, offset: position, problem, expected: "a model file of SentencePiece")
    }

    private mutating func varint() throws(IOError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard position < bytes.endIndex else { throw failure("the file ends inside a number") }
            let byte = bytes[position]
            position += 1
            if shift < 64 { value |= UInt64(byte & 0x7F) << shift }
            if byte < 0x80 { return value }
        }
        throw failure("a number of more than ten bytes")
    }

    private mutating func take(_ count: UInt64) throws(IOError) -> ArraySlice<UInt8> {
        guard count <= UInt64(bytes.endIndex - position) else { throw failure("a field that exceeds the file") }
        defer { position += Int(count) }
        return bytes[position..<position + Int(count)]
    }

    /// The next field and its number; nil at the end.
    mutating func next() throws(IOError) -> (field: Int, value: Value)? {
        guard position < bytes.endIndex else { return nil }
        let key = try varint()
        let field = Int(truncatingIfNeeded: key >> 3)
        switch key & 7 {
        case 0: return (field, .number(try varint()))
        case 1: return (field, .fixed64(try take(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }))
        case 2: return (field, .bytes(try take(try varint())))
        case 5: return (field, .fixed(try take(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }))
        default: throw failure("a field of the unknown type \(key & 7)")
        }
    }
}

extension Tokenizer {
    /// The model file of SentencePiece.
    struct SentencePieceFile {
        enum Kind: Int { case normal = 1, unknown, control, userDefined, unused, byte }
        var pieces: [(text: String, score: Double, kind: Kind)] = []
        var modelType = 1
        var byteFallback = false
        var treatsSpaceAsSuffix = false
        var charsmap: [UInt8] = []
        var addsDummyPrefix = true
        var removesExtraSpaces = true
        var escapesSpaces = true

        init() {}

        init(_ bytes: [UInt8], file: String) throws(IOError) {
            var reader = ProtobufReader(bytes[...], file: file)
            func malformed(_ problem: String) -> IOError {
                IOError(.malformed, "tokenizer", file: file, problem, expected: "a model file of SentencePiece")
            }
            while let (field, value) = try reader.next() {
                guard let data = value.data, 1...3 ~= field else { continue }
                var message = ProtobufReader(data, file: file)
                if field == 1 {
                    var piece: (text: String, score: Double, kind: Kind) = ("", 0, .normal)
                    while let (field, value) = try message.next() {
                        switch field {
                        case 1:
                            guard let text = value.string else { throw malformed("a piece that is not UTF-8") }
                            piece.text = text
                        case 2: piece.score = Double(value.float ?? 0)
                        case 3:
                            guard let kind = value.int.flatMap({ Kind(rawValue: $0) }) else {
                                throw malformed("a piece of an unknown type")
                            }
                            piece.kind = kind
                        default: break
                        }
                    }
                    guard piece.score.isFinite else { throw malformed("a score that is not a finite number") }
                    pieces.append(piece)
                } else if field == 2 {
                    while let (field, value) = try message.next() {
                        switch field {
                        case 3: modelType = value.int ?? 1
                        case 24: treatsSpaceAsSuffix = value.bool ?? false
                        case 35: byteFallback = value.bool ?? false
                        default: break
                        }
                    }
                } else {
                    while let (field, value) = try message.next() {
                        switch field {
                        case 2: charsmap = value.data.map { Array($0) } ?? []
                        case 3: addsDummyPrefix = value.bool ?? true
                        case 4: removesExtraSpaces = value.bool ?? true
                        case 5: escapesSpaces = value.bool ?? true
                        default: break
                        }
                    }
                }
            }
            guard !pieces.isEmpty else { throw malformed("the file has no pieces") }
        }
    }

    /// Reads a model file of SentencePiece, of type unigram, BPE, word or character.
    ///
    /// The ids are equal to those of `encode` in the library SentencePiece, without the tokens `<s>` and `</s>`.
    /// Control tokens in a text are recognised, which that library does not do.
    /// - Parameter path: the path of the `.model` file.
    /// - Throws: `IOError` if the file cannot be read or is malformed.
    public init(sentencePiece path: String) throws(IOError) {
        try self.init(SentencePieceFile(Tokenizer.read(path, isText: false), file: path), path: path)
    }

    /// Creates the tokenizer of a model file.
    init(_ file: SentencePieceFile, path: String) throws(IOError) {
        func unsupported(_ problem: String) -> IOError {
            IOError(.unsupported, "tokenizer", file: path, problem, expected: "spaces before words")
        }
        if file.treatsSpaceAsSuffix { throw unsupported("treat_whitespace_as_suffix is set") }
        let unknown = file.pieces.firstIndex { $0.kind == .unknown }
        let space = "\u{2581}"
        switch file.modelType {
        case 2, 4: try self.init(.bpe(Self.bpe(file, unknown, path)))
        case 3:
            var vocabulary = Vocabulary()
            for (id, piece) in file.pieces.enumerated() { vocabulary.insert(Array(piece.text.utf8), id: Int32(id)) }
            self.init(
                .wordLevel(WordLevelModel(vocabulary, unknownToken: unknown.map { file.pieces[$0].text } ?? "<unk>")))
        default:
            // Other pieces keep their ids, with a score that excludes them from the search.
            let scores = file.pieces.map { $0.kind == .normal || $0.kind == .userDefined ? $0.score : 0 }
            let lowest = zip(file.pieces, scores).filter { $0.0.kind == .normal }.map(\.1).min() ?? 0
            let pieces = zip(file.pieces, scores).enumerated().map { id, pair -> (String, Double) in
                switch pair.0.kind {
                case .normal, .userDefined: (pair.0.text, pair.1)
                case .unknown, .control, .unused, .byte: (pair.0.text, lowest)
                }
            }
            self.init(.unigram(UnigramModel(pieces, unknownID: unknown, byteFallback: file.byteFallback)))
        }

        var normalizers: [Normalizer] = []
        if !file.charsmap.isEmpty {
            guard let charsmap = Charsmap(file.charsmap) else {
                throw IOError(.malformed, "tokenizer", file: path, "the normalisation table is malformed")
            }
            normalizers.append(.precompiled(charsmap))
        }
        do {
            if file.removesExtraSpaces {
                normalizers += [
                    .strip(left: true, right: true), .replace(try TextPattern(regex: " {2,}"), content: " "),
                ]
            }
            if file.addsDummyPrefix { normalizers.append(.prepend(file.escapesSpaces ? space : " ")) }
            if file.escapesSpaces { normalizers.append(.replace(try TextPattern(literal: " "), content: space)) }
            normalizer = normalizers.isEmpty ? nil : normalizers.count == 1 ? normalizers[0] : .sequence(normalizers)
            if file.modelType == 3 || Self.splitsAtSpaces(file.pieces.map(\.text)) {
                preTokenizer = .split(try TextPattern(literal: space), .mergedWithNext, inverted: false)
            }
            var stages: [TokenDecoder] = [.replace(try TextPattern(literal: space), content: " ")]
            if file.byteFallback { stages.append(.byteFallback) }
            stages.append(.fuse)
            if file.addsDummyPrefix { stages.append(.strip(0x20, start: 1, stop: 0)) }
            decoder = .sequence(stages)
            var tokens: [(token: AddedToken, id: Int?)] = []
            for (id, piece) in file.pieces.enumerated() {
                switch piece.kind {
                case .control, .unknown: tokens.append((AddedToken(piece.text, isSpecial: true), id))
                case .userDefined: tokens.append((AddedToken(piece.text, isNormalized: true), id))
                default: break
                }
            }
            try add(tokens)
        } catch {
            throw IOError(.malformed, "tokenizer", file: path, "\(error)")
        }
    }

    /// Whether no piece has a space after another character, so that a text can be split before spaces.
    private static func splitsAtSpaces(_ pieces: [String]) -> Bool {
        pieces.allSatisfy { piece in
            let codes = UTF8Text.scalars(piece)
            return !codes.indices.dropFirst().contains { codes[$0] == 0x2581 }
        }
    }

    /// BPE of SentencePiece: the neighbouring pair that forms the piece with the best score is merged first.
    private static func bpe(
        _ file: SentencePieceFile, _ unknown: Int?, _ path: String
    ) throws(IOError) -> BPEModel {
        var vocabulary = Vocabulary(reserving: file.pieces.count)
        for (id, piece) in file.pieces.enumerated() { vocabulary.insert(Array(piece.text.utf8), id: Int32(id)) }
        var merges: [(left: [UInt8], right: [UInt8], score: Double, order: (Int32, Int32))] = []
        for piece in file.pieces where piece.kind == .normal {
            let bytes = Array(piece.text.utf8)
            // Pieces of a model have at most 16 characters.
            guard bytes.count <= 1024 else { continue }
            for cut in bytes.indices.dropFirst() where bytes[cut] & 0xC0 != 0x80 {
                let (left, right) = (Array(bytes[..<cut]), Array(bytes[cut...]))
                let order = (vocabulary.id(left), vocabulary.id(right))
                if order.0 >= 0, order.1 >= 0, isJoinable(file, order.0), isJoinable(file, order.1) {
                    merges.append((left, right, piece.score, order))
                }
            }
        }
        let order = merges.indices.sorted { left, right in
            let (a, b) = (merges[left], merges[right])
            if a.score != b.score { return a.score > b.score }
            return left < right
        }
        var options = BPEModel.Options()
        options.unknownToken = unknown.map { file.pieces[$0].text }
        options.fusesUnknown = true
        options.byteFallback = file.byteFallback
        return try BPEModel(
            vocabulary, merges: order.map { (merges[$0].left, merges[$0].right) }, options, file: path)
    }

    private static func isJoinable(_ file: SentencePieceFile, _ id: Int32) -> Bool {
        let kind = file.pieces[Int(id)].kind
        return kind == .normal || kind == .unused
    }
}
