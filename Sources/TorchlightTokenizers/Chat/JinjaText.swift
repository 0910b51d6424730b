import Glibc

/// Functions of strings with the semantics of Python, by Unicode scalars.
enum JinjaText {
    static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        UnicodeClass.isWhitespace(scalar.value) || 0x1C...0x1F ~= scalar.value
    }

    /// Removes leading and trailing characters: whitespace, or the given ones.
    static func strip(_ text: String, _ characters: String?, left: Bool = true, right: Bool = true) -> String {
        let set = characters.map { Set($0.unicodeScalars) }
        func isRemoved(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? isSpace(scalar) }
        var scalars = text.unicodeScalars[...]
        while left, let first = scalars.first, isRemoved(first) { scalars.removeFirst() }
        while right, let last = scalars.last, isRemoved(last) { scalars.removeLast() }
        return String(scalars)
    }

    /// The index of the first occurrence in Unicode scalars; nil if there is none.
    static func find(_ part: String, in text: String, last: Bool = false) -> Int? {
        let (bytes, wanted) = (Array(text.utf8), Array(part.utf8))
        guard wanted.count <= bytes.count else { return nil }
        var positions = Array(0...bytes.count - wanted.count)
        if last { positions.reverse() }
        for position in positions where bytes[position...].starts(with: wanted) {
            return bytes[..<position].reduce(0) { $0 + ($1 & 0xC0 != 0x80 ? 1 : 0) }
        }
        return nil
    }

    /// Splits at a separator, at most `limit` times.
    static func split(_ text: String, _ separator: String, limit: Int = .max) -> [String] {
        let (bytes, wanted) = (Array(text.utf8), Array(separator.utf8))
        var parts: [String] = []
        var (start, position) = (0, 0)
        while parts.count < limit, position + wanted.count <= bytes.count {
            if bytes[position] == wanted[0], bytes[position...].starts(with: wanted) {
                parts.append(String(decoding: bytes[start..<position], as: UTF8.self))
                position += wanted.count
                start = position
            } else {
                position += 1
            }
        }
        parts.append(String(decoding: bytes[start...], as: UTF8.self))
        return parts
    }

    /// Splits at a separator, at most `limit` times from the end.
    static func splitFromEnd(_ text: String, _ separator: String, limit: Int) -> [String] {
        let all = split(text, separator)
        guard all.count - 1 > limit else { return all }
        return [all.dropLast(limit).joined(separator: separator)] + all.suffix(limit)
    }

    /// Splits at whitespace.
    static func words(_ text: String, limit: Int = .max, fromEnd: Bool = false) -> [String] {
        let scalars = Array(text.unicodeScalars)
        var ranges: [Range<Int>] = []
        var position = 0
        while position < scalars.count {
            while position < scalars.count, isSpace(scalars[position]) { position += 1 }
            let start = position
            while position < scalars.count, !isSpace(scalars[position]) { position += 1 }
            if start < position { ranges.append(start..<position) }
        }
        func part(_ range: Range<Int>) -> String {
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars[range])
            return String(view)
        }
        guard ranges.count - 1 > limit else { return ranges.map(part) }
        if fromEnd {
            let rest = ranges.dropLast(limit)
            let first = strip(part(0..<rest.last!.upperBound), nil, right: false)
            return [first] + ranges.suffix(limit).map(part)
        }
        let rest = ranges.dropFirst(limit)
        return ranges.prefix(limit).map(part) + [strip(part(rest.first!.lowerBound..<scalars.count), nil, left: false)]
    }

    static func lines(_ text: String, keepsEnds: Bool = false) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var iterator = Array(text.unicodeScalars)[...]
        while let scalar = iterator.popFirst() {
            switch scalar {
            case "\n", "\r", "\u{b}", "\u{c}", "\u{1c}", "\u{1d}", "\u{1e}", "\u{85}", "\u{2028}", "\u{2029}":
                if keepsEnds { line.append(scalar) }
                if scalar == "\r", iterator.first == "\n" {
                    iterator.removeFirst()
                    if keepsEnds { line.append("\n") }
                }
                lines.append(String(line))
                line = String.UnicodeScalarView()
            default: line.append(scalar)
            }
        }
        if !line.isEmpty { lines.append(String(line)) }
        return lines
    }

    static func replace(_ text: String, _ old: String, by new: String, count: Int = .max) -> String {
        if old.isEmpty {
            var (result, left) = ("", count)
            for scalar in text.unicodeScalars {
                if left > 0 { result += new }
                left -= 1
                result.unicodeScalars.append(scalar)
            }
            return left > 0 ? result + new : result
        }
        return split(text, old, limit: count).joined(separator: new)
    }

    static func capitalized(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return text }
        return first.properties.titlecaseMapping + String(text.unicodeScalars.dropFirst()).lowercased()
    }

    /// Title case: upper case at the start of each word, lower case otherwise. Words are the parts between separators.
    static func title(_ text: String, isSeparator: (Unicode.Scalar) -> Bool) -> String {
        var result = ""
        var isStart = true
        for scalar in text.unicodeScalars {
            result += isStart ? scalar.properties.titlecaseMapping : scalar.properties.lowercaseMapping
            isStart = isSeparator(scalar)
        }
        return result
    }

    static func padded(_ text: String, _ width: Int, _ fill: Unicode.Scalar, left: Double) throws(TokenizerError)
        -> String
    {
        let missing = width - text.unicodeScalars.count
        guard missing > 0 else { return text }
        guard missing <= JinjaInterpreter.longestText / 4 else { throw JinjaInterpreter.failure("a width of \(width)") }
        // As in Python, the odd space of centred text is on the left if the width is odd.
        let before = left == 0.5 ? missing / 2 + (missing & width & 1) : left == 1 ? missing : 0
        let unit = String(fill)
        return String(repeating: unit, count: before) + text + String(repeating: unit, count: missing - before)
    }

    /// A number with a fixed number of decimal places.
    static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return JinjaValue.text(value) }
        let digits = min(max(digits, 0), 340)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 720) { buffer in
            let count = withVaList([Int32(digits), value]) { vsnprintf(buffer.baseAddress!, 720, "%.*f", $0) }
            return String(decoding: buffer.prefix(min(Int(count), 719)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// `format % arguments`, with the conversions s, r, d, i, f, x and %.
    static func format(
        _ format: String, _ arguments: [JinjaValue], _ interpreter: JinjaInterpreter
    ) throws(TokenizerError) -> String {
        var result = ""
        var rest = arguments[...]
        var scalars = Array(format.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            guard scalar == "%" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            var (flags, width, digits) = ("", 0, -1)
            var named: JinjaValue?
            if scalars.first == "(" {
                var key = ""
                scalars.removeFirst()
                while let next = scalars.popFirst(), next != ")" { key.unicodeScalars.append(next) }
                guard case .dict(let dict)? = arguments.first, let value = dict[.string(key)] else {
                    throw interpreter.failure("a format that needs a mapping with '\(key)'")
                }
                named = value
            }
            while let next = scalars.first, "-+ 0#".unicodeScalars.contains(next) {
                flags.unicodeScalars.append(next)
                scalars.removeFirst()
            }
            while let next = scalars.first, let digit = Character(next).wholeNumberValue, next.isASCII {
                width = min(width * 10 + digit, 1 << 20)
                scalars.removeFirst()
            }
            if scalars.first == "." {
                scalars.removeFirst()
                digits = 0
                while let next = scalars.first, let digit = Character(next).wholeNumberValue, next.isASCII {
                    digits = min(digits * 10 + digit, 1 << 20)
                    scalars.removeFirst()
                }
            }
            guard let kind = scalars.popFirst() else { throw interpreter.failure("incomplete format") }
            if kind == "%" {
                result += "%"
                continue
            }
            guard let value = named ?? rest.popFirst() else {
                throw interpreter.failure("not enough arguments for format string")
            }
            var text: String
            switch kind {
            case "s", "r":
                text = kind == "s" ? value.text : value.repr
                if digits >= 0 { text = String(text.unicodeScalars.prefix(digits)) }
            case "d", "i", "f", "F", "x", "X":
                guard let number = value.number else {
                    throw interpreter.failure("%\(kind) format: a number is required, not \(value.typeName)")
                }
                if kind == "f" || kind == "F" {
                    text = fixed(number, digits < 0 ? 6 : digits)
                } else {
                    guard let integer = value.integer ?? Int(exactly: number.rounded(.towardZero)) else {
                        throw interpreter.failure("a number that is too large")
                    }
                    text = String(integer, radix: kind == "x" || kind == "X" ? 16 : 10, uppercase: kind == "X")
                }
                if !text.hasPrefix("-") { text = (flags.contains("+") ? "+" : flags.contains(" ") ? " " : "") + text }
                if flags.contains("0"), !flags.contains("-") {
                    let isSigned = "+- ".contains(text.first!)
                    let zeros = max(width - text.count, 0)
                    text.insert(
                        contentsOf: String(repeating: "0", count: zeros),
                        at: text.index(text.startIndex, offsetBy: isSigned ? 1 : 0))
                }
            default: throw interpreter.failure("unsupported format character '\(kind)'")
            }
            result += try padded(text, width, " ", left: flags.contains("-") ? 0 : 1)
        }
        if !rest.isEmpty,
            arguments.count > 1 || !(arguments.first.map { if case .dict = $0 { true } else { false } } ?? true)
        {
            throw interpreter.failure("not all arguments converted during string formatting")
        }
        return result
    }

    /// The JSON of a value, in the format of `json.dumps`.
    static func json(
        _ value: JinjaValue, indent: Int?, item: String, key: String, sorted: Bool, ascii: Bool, level: Int = 0
    ) throws(TokenizerError) -> String {
        guard level < 100 else { throw JinjaInterpreter.failure("tojson of a value nested more than 100 deep") }
        func lines(_ parts: [String], _ open: String, _ close: String) -> String {
            guard !parts.isEmpty else { return open + close }
            guard let indent else { return open + parts.joined(separator: item) + close }
            let inner = "\n" + String(repeating: " ", count: indent * (level + 1))
            let outer = "\n" + String(repeating: " ", count: indent * level)
            return open + inner + parts.joined(separator: item + inner) + outer + close
        }
        func nested(_ value: JinjaValue) throws(TokenizerError) -> String {
            try json(value, indent: indent, item: item, key: key, sorted: sorted, ascii: ascii, level: level + 1)
        }
        switch value {
        case .none: return "null"
        case .bool(let bool): return bool ? "true" : "false"
        case .int(let int): return String(int)
        case .float(let float):
            return float.isNaN ? "NaN" : float.isInfinite ? (float < 0 ? "-Infinity" : "Infinity") : value.text
        case .string(let text): return quoted(text, ascii: ascii)
        case .list(let elements, _):
            var parts: [String] = []
            for element in elements { parts.append(try nested(element)) }
            return lines(parts, "[", "]")
        case .dict(let dict):
            var keys = dict.keys
            if sorted { keys.sort { JinjaValue.less($0, $1) ?? false } }
            var parts: [String] = []
            for name in keys {
                let text: String
                switch name {
                case .string(let string): text = string
                case .none: text = "null"
                case .bool(let bool): text = bool ? "true" : "false"
                case .int, .float: text = name.text
                default: throw JinjaInterpreter.failure("tojson of a key of type '\(name.typeName)'")
                }
                parts.append(quoted(text, ascii: ascii) + key + (try nested(dict[name]!)))
            }
            return lines(parts, "{", "}")
        default: throw JinjaInterpreter.failure("Object of type \(value.typeName) is not JSON serializable")
        }
    }

    private static func quoted(_ text: String, ascii: Bool) -> String {
        var result = "\""
        func escape(_ unit: UInt16) {
            let hex = String(unit, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{8}": result += "\\b"
            case "\u{c}": result += "\\f"
            case "\0"..<" ": escape(UInt16(scalar.value))
            case _ where ascii && scalar.value > 0x7E: String(scalar).utf16.forEach(escape)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
