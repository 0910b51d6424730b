import TorchlightFiles

/// Reads the members of an object of tokenizer.json. Errors contain the file and the position.
struct Config {
    let json: JSON
    let file: String

    func failure(_ problem: String, expected: String = "", at position: Int? = nil) -> IOError {
        IOError(
            .malformed, "tokenizer", file: file, offset: position ?? json.offset, problem, expected: expected)
    }

    /// A member; nil if it is missing or null.
    func member(_ name: String) -> Config? {
        guard let value = json[name] else { return nil }
        if case .null = value.content { return nil }
        return Config(json: value, file: file)
    }

    private func required<Value>(
        _ name: String, _ expected: String, _ default: Value?, _ read: (JSON) -> Value?
    ) throws(IOError) -> Value {
        guard let member = member(name) else {
            if let `default` { return `default` }
            throw failure("the member '\(name)' is missing", expected: expected)
        }
        guard let value = read(member.json) else {
            throw failure("'\(name)' is \(member.json.summary)", expected: expected, at: member.json.offset)
        }
        return value
    }

    func string(_ name: String, default: String? = nil) throws(IOError) -> String {
        try required(name, "a string", `default`) { $0.string }
    }

    func bool(_ name: String, default: Bool? = nil) throws(IOError) -> Bool {
        try required(name, "true or false", `default`) { $0.bool }
    }

    func int(_ name: String, in range: ClosedRange<Int>, default: Int? = nil) throws(IOError) -> Int {
        try required(name, "an integer from \(range.lowerBound) to \(range.upperBound)", `default`) {
            $0.int.flatMap { range.contains($0) ? $0 : nil }
        }
    }

    func double(_ name: String, default: Double? = nil) throws(IOError) -> Double {
        try required(name, "a number", `default`) { $0.double }
    }

    func scalar(_ name: String, default: UInt32? = nil) throws(IOError) -> UInt32 {
        try required(name, "a string of one character", `default`) { json in
            guard let scalars = json.string?.unicodeScalars, scalars.count == 1 else { return nil }
            return scalars.first!.value
        }
    }

    func elements(_ name: String) throws(IOError) -> [Config] {
        try required(name, "an array", nil) { $0.elements }.map { Config(json: $0, file: file) }
    }

    /// A case of an enumeration, by raw value.
    func option<Value: RawRepresentable & CaseIterable>(
        _ name: String, default: Value? = nil
    ) throws(IOError) -> Value where Value.RawValue == String {
        let names = Value.allCases.map(\.rawValue)
        return try required(name, "one of \(names.joined(separator: ", "))", `default`) { json in
            json.string.flatMap { Value(rawValue: $0) }
        }
    }

    /// A token with its id, as `["token", id]`.
    func tokenAndID(_ name: String) throws(IOError) -> (String, Int) {
        try required(name, "a token and its id", nil) { json in
            guard let elements = json.elements, elements.count == 2, let token = elements[0].string,
                let id = elements[1].int, 0...Int(Int32.max) ~= id
            else { return nil }
            return (token, id)
        }
    }

    /// A pattern: `{"String": ...}` or `{"Regex": ...}`.
    func pattern(_ name: String) throws(IOError) -> TextPattern {
        guard let member = member(name) else { throw failure("the member '\(name)' is missing", expected: "a pattern") }
        do {
            if let text = member.json["String"]?.string ?? member.json.string { return try TextPattern(literal: text) }
            if let text = member.json["Regex"]?.string { return try TextPattern(regex: text) }
        } catch {
            throw failure("\(error)", at: member.json.offset)
        }
        throw failure(
            "'\(name)' is \(member.json.summary)", expected: "{\"String\": ...} or {\"Regex\": ...}",
            at: member.json.offset)
    }
}

/// The pattern of `Split` and `Replace`: a string or a regular expression.
struct TextPattern: Sendable {
    let text: String
    let isRegex: Bool
    private let regex: Regex?
    private let literal: [UInt8]

    init(literal text: String) throws(TokenizerError) {
        self.text = text
        isRegex = false
        literal = Array(text.utf8)
        // The empty string matches between all characters, as an empty expression does.
        regex = literal.isEmpty ? try Regex("") : nil
    }

    init(regex text: String) throws(TokenizerError) {
        self.text = text
        isRegex = true
        literal = []
        regex = try Regex(text)
    }

    /// Calls the closure for each match.
    func forEachMatch(
        in bytes: UnsafeBufferPointer<UInt8>, _ body: (Int, Int) -> Void
    ) throws(TokenizerError) {
        if let regex { return try regex.forEachMatch(in: bytes, body) }
        literal.withUnsafeBufferPointer { literal in
            let first = literal[0]
            var position = 0
            while position + literal.count <= bytes.count {
                guard bytes[position] == first,
                    literal.indices.allSatisfy({ literal[$0] == bytes[position + $0] })
                else {
                    position += 1
                    continue
                }
                body(position, position + literal.count)
                position += literal.count
            }
        }
    }

    /// Appends the matches in a piece, and the spans between them.
    func appendSpans(
        in bytes: UnsafeBufferPointer<UInt8>, inverted: Bool, to spans: inout [PieceText.Span]
    ) throws(TokenizerError) {
        var position: Int32 = 0
        var found = spans
        spans = []
        defer { spans = found }
        try forEachMatch(in: bytes) { start, end in
            if position < start { found.append(.init(start: position, end: Int32(start), isMatch: inverted)) }
            found.append(.init(start: Int32(start), end: Int32(end), isMatch: !inverted))
            position = Int32(end)
        }
        if position < bytes.count {
            found.append(.init(start: position, end: Int32(bytes.count), isMatch: inverted))
        }
    }

    var json: JSON { .object([(isRegex ? "Regex" : "String", .string(text))]) }
}
