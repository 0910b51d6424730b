extension JSON {
    /// Parses one value, with optional white space around it.
    ///
    /// The parser accepts only UTF-8 and the grammar of RFC 8259, without duplicate names and unpaired surrogates, and
    /// at most `depth` levels.
    /// - Parameter start: the position of the first byte in the file, which is added to every offset.
    package static func parse(
        _ bytes: UnsafeRawBufferPointer, file: String, operation: String = "json", start: Int = 0, depth: Int = 64
    ) throws(IOError) -> JSON {
        var parser = JSONParser(bytes: bytes, file: file, operation: operation, start: start, depthLimit: depth)
        do throws(IOError) { return try parser.parse() } catch {
            throw Self.error(bytes, file: file, operation: operation, start: start) ?? error
        }
    }

    /// The value of a text; nil if it is not JSON.
    static func value(of bytes: UnsafeRawBufferPointer) -> JSON? {
        var parser = JSONParser(bytes: bytes, file: "", operation: "json", start: 0, depthLimit: 64)
        return try? parser.parse()
    }

    /// The error for a file that is no JSON at all; nil for damaged JSON, and for a part of a file.
    private static func error(
        _ bytes: UnsafeRawBufferPointer, file: String, operation: String, start: Int
    ) -> IOError? {
        guard start == 0 else { return nil }
        var name = FileSignature.name(of: bytes, expectsText: true)
        if name == nil, let first = FileSignature.firstCharacter(bytes), !"{[\"-0123456789tfn".utf8.contains(first) {
            name = FileSignature.text(bytes)
        }
        return name.map { FileSignature.error($0, file: file, operation: operation, expected: "JSON") }
    }

    /// Parses one value, with optional white space around it.
    package static func parse(_ bytes: [UInt8], file: String, depth: Int = 64) throws(IOError) -> JSON {
        try bytes.withUnsafeBytes { buffer in
            Result { () throws(IOError) in try parse(buffer, file: file, depth: depth) }
        }.get()
    }
}

/// A recursive descent parser; the depth limit bounds its stack.
private struct JSONParser {
    let bytes: UnsafeRawBufferPointer
    let file: String
    let operation: String
    let start: Int
    let depthLimit: Int
    var position = 0

    /// The next byte; 0 at the end, which no rule accepts.
    var next: UInt8 { position < bytes.count ? bytes[position] : 0 }

    func failure(_ problem: String, expected: String, at offset: Int? = nil) -> IOError {
        IOError(
            .malformed, operation, file: file, offset: start + (offset ?? position), "invalid JSON: \(problem)",
            expected: expected)
    }

    /// A description of the next byte for error texts.
    var found: String {
        guard position < bytes.count else { return "the end of the text" }
        let byte = bytes[position]
        return byte >= 0x21 && byte < 0x7f ? "'\(Unicode.Scalar(byte))'" : "the byte \(byte)"
    }

    mutating func parse() throws(IOError) -> JSON {
        skipSpace()
        let value = try parseValue(depth: 0)
        skipSpace()
        guard position == bytes.count else {
            throw failure("\(found) after the value", expected: "the end of the text")
        }
        return value
    }

    mutating func skipSpace() {
        while next == 0x20 || next == 0x0a || next == 0x0d || next == 0x09 { position += 1 }
    }

    mutating func parseValue(depth: Int) throws(IOError) -> JSON {
        let offset = start + position
        guard depth < depthLimit else { throw failure("nested too deeply", expected: "at most \(depthLimit) levels") }
        switch next {
        case UInt8(ascii: "{"): return JSON(.object(try parseMembers(depth: depth)), offset: offset)
        case UInt8(ascii: "["): return JSON(.array(try parseElements(depth: depth)), offset: offset)
        case UInt8(ascii: "\""): return JSON(.string(try parseString()), offset: offset)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return JSON(.number(try parseNumber()), offset: offset)
        case UInt8(ascii: "t"): return JSON(try parseWord("true", .bool(true)), offset: offset)
        case UInt8(ascii: "f"): return JSON(try parseWord("false", .bool(false)), offset: offset)
        case UInt8(ascii: "n"): return JSON(try parseWord("null", .null), offset: offset)
        default: throw failure("\(found)", expected: "a value")
        }
    }

    mutating func parseWord(_ word: StaticString, _ value: JSON.Content) throws(IOError) -> JSON.Content {
        for index in 0..<word.utf8CodeUnitCount {
            guard next == word.utf8Start[index] else { throw failure("\(found)", expected: "\(word)") }
            position += 1
        }
        return value
    }

    /// Reads the separator after an element: returns true after a comma, false after the closing bracket.
    mutating func continues(until close: UInt8) throws(IOError) -> Bool {
        skipSpace()
        if next == close {
            position += 1
            return false
        }
        guard next == UInt8(ascii: ",") else {
            throw failure("\(found)", expected: "',' or '\(Unicode.Scalar(close))'")
        }
        position += 1
        skipSpace()
        return true
    }

    mutating func parseElements(depth: Int) throws(IOError) -> [JSON] {
        position += 1
        skipSpace()
        if next == UInt8(ascii: "]") {
            position += 1
            return []
        }
        var elements: [JSON] = []
        repeat { elements.append(try parseValue(depth: depth + 1)) } while try continues(until: UInt8(ascii: "]"))
        return elements
    }

    mutating func parseMembers(depth: Int) throws(IOError) -> [JSON.Member] {
        position += 1
        skipSpace()
        if next == UInt8(ascii: "}") {
            position += 1
            return []
        }
        var members: [JSON.Member] = []
        // Compared as bytes: Swift compares canonically equivalent strings as equal; names in a file are different.
        var names: Set<[UInt8]> = []
        repeat {
            let offset = position
            guard next == UInt8(ascii: "\"") else { throw failure("\(found)", expected: "a name in quotes") }
            let name = try parseString()
            guard names.insert(Array(name.utf8)).inserted else {
                throw failure(
                    "the name \(IOError.quoted(name)) occurs twice in an object", expected: "each name once", at: offset
                )
            }
            skipSpace()
            guard next == UInt8(ascii: ":") else { throw failure("\(found)", expected: "':'") }
            position += 1
            skipSpace()
            members.append(.init(name: name, value: try parseValue(depth: depth + 1), offset: start + offset))
        } while try continues(until: UInt8(ascii: "}"))
        return members
    }

    mutating func parseNumber() throws(IOError) -> String {
        let first = position
        if next == UInt8(ascii: "-") { position += 1 }
        if next == UInt8(ascii: "0") { position += 1 } else { try parseDigits() }
        if next == UInt8(ascii: ".") {
            position += 1
            try parseDigits()
        }
        if next | 0x20 == UInt8(ascii: "e") {
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            try parseDigits()
        }
        return String(decoding: bytes[first..<position], as: UTF8.self)
    }

    mutating func parseDigits() throws(IOError) {
        let first = position
        while next >= UInt8(ascii: "0"), next <= UInt8(ascii: "9") { position += 1 }
        guard position > first else { throw failure("\(found)", expected: "a digit") }
    }

    mutating func parseString() throws(IOError) -> String {
        let open = position
        position += 1
        var text: [UInt8] = []
        var run = position
        while true {
            guard position < bytes.count else {
                throw failure("an unterminated string", expected: "a closing quote", at: open)
            }
            switch bytes[position] {
            case UInt8(ascii: "\""):
                text.append(contentsOf: bytes[run..<position])
                position += 1
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw failure("a string that is not UTF-8", expected: "UTF-8", at: open)
                }
                return string
            case UInt8(ascii: "\\"):
                text.append(contentsOf: bytes[run..<position])
                position += 1
                try parseEscape(into: &text)
                run = position
            case 0..<0x20:
                throw failure("\(found) in a string", expected: "an escape sequence for a control character")
            default: position += 1
            }
        }
    }

    mutating func parseEscape(into text: inout [UInt8]) throws(IOError) {
        let offset = position - 1
        defer { position += 1 }
        switch next {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(next)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = try parseHex()
            if code & 0xfc00 == 0xd800, position + 2 < bytes.count, bytes[position + 1] == UInt8(ascii: "\\"),
                bytes[position + 2] == UInt8(ascii: "u")
            {
                position += 2
                let low = try parseHex()
                guard low & 0xfc00 == 0xdc00 else {
                    throw failure("an unpaired surrogate", expected: "a pair", at: offset)
                }
                code = 0x10000 + (code & 0x3ff) << 10 + (low & 0x3ff)
            }
            guard let scalar = Unicode.Scalar(code) else {
                throw failure("an unpaired surrogate", expected: "a pair", at: offset)
            }
            text.append(contentsOf: String(scalar).utf8)
        default:
            throw failure("the escape \\\(found)", expected: "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u", at: offset)
        }
    }

    /// Reads the four digits after the position and leaves the position at the last of them.
    mutating func parseHex() throws(IOError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            position += 1
            guard let digit = Character(Unicode.Scalar(next)).hexDigitValue else {
                throw failure("\(found)", expected: "four hexadecimal digits")
            }
            code = code << 4 | UInt32(digit)
        }
        return code
    }
}
