/// Hand-written matchers of the patterns of GPT-2, and of GPT-4, Llama 3 and Qwen. Their matches cover a text.
enum KnownPattern: Sendable {
    case gpt2
    /// GPT-4 and later models; numbers have at most `digits` digits.
    case gpt4(digits: Int)

    static let gpt2Pattern = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    static let llama3Pattern =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"#
        + #"|\s+(?!\S)|\s+"#
    static let qwen2Pattern = llama3Pattern.split(separator: "{1,3}").joined()

    init?(_ pattern: String) {
        switch pattern {
        case Self.gpt2Pattern: self = .gpt2
        case Self.llama3Pattern: self = .gpt4(digits: 3)
        case Self.qwen2Pattern: self = .gpt4(digits: 1)
        default: return nil
        }
    }

    private enum Class: UInt8 { case other, letter, number, whitespace }

    private static let ascii: [Class] = (UInt32(0)..<128).map {
        UnicodeClass.isLetter($0)
            ? .letter : UnicodeClass.isNumber($0) ? .number : UnicodeClass.isWhitespace($0) ? .whitespace : .other
    }

    /// The text of a search, with the classes of its scalars.
    private struct Text {
        let bytes: UnsafeBufferPointer<UInt8>
        let ascii: UnsafeBufferPointer<Class>

        @inline(__always)
        func classify(_ position: Int) -> (Class, Int) {
            let byte = bytes[position]
            if byte < 0x80 { return (ascii[Int(byte)], 1) }
            let (code, length) = UTF8Text.scalar(bytes, position)
            let mask = UnicodeClass.mask(code)
            if mask & UnicodeClass.letter != 0 { return (.letter, length) }
            if mask & UnicodeClass.number != 0 { return (.number, length) }
            return (UnicodeClass.isWhitespace(code) ? .whitespace : .other, length)
        }

        /// The end of a run of a class.
        @inline(__always)
        func run(_ wanted: Class, from start: Int) -> Int {
            var position = start
            while position < bytes.count {
                let (found, length) = classify(position)
                if found != wanted { break }
                position += length
            }
            return position
        }

        /// The end of `\s+(?!\S)|\s+` at the start of whitespace: if a non-space follows, the last whitespace character
        /// is excluded.
        @inline(__always)
        func whitespace(from start: Int, to end: Int) -> Int {
            if end == bytes.count { return end }
            let last = UTF8Text.before(bytes, end)
            return last > start ? last : end
        }

        /// The number of bytes of a contraction after an apostrophe; 0 if there is none.
        @inline(__always)
        func contraction(after position: Int, ignoresCase: Bool) -> Int {
            guard position < bytes.count else { return 0 }
            let bit: UInt8 = ignoresCase ? 0x20 : 0
            func at(_ offset: Int) -> UInt8 {
                position + offset < bytes.count && bytes[position + offset] < 0x80 ? bytes[position + offset] | bit : 0
            }
            switch at(0) {
            case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return 1
            case UInt8(ascii: "r"), UInt8(ascii: "v"): return at(1) == UInt8(ascii: "e") ? 2 : 0
            case UInt8(ascii: "l"): return at(1) == UInt8(ascii: "l") ? 2 : 0
            default:
                // The long s (U+017F) is equal to s if case is ignored.
                return ignoresCase && position + 1 < bytes.count && bytes[position] == 0xC5
                    && bytes[position + 1] == 0xBF
                    ? 2 : 0
            }
        }
    }

    func forEachMatch(in bytes: UnsafeBufferPointer<UInt8>, _ body: (Int, Int) -> Void) {
        Self.ascii.withUnsafeBufferPointer { ascii in
            let text = Text(bytes: bytes, ascii: ascii)
            var position = 0
            while position < bytes.count {
                let end: Int
                switch self {
                case .gpt2: end = Self.gpt2(text, position)
                case .gpt4(let digits): end = Self.gpt4(text, position, digits)
                }
                body(position, end)
                position = end
            }
        }
    }

    @inline(__always)
    private static func gpt2(_ text: Text, _ start: Int) -> Int {
        let byte = text.bytes[start]
        if byte == UInt8(ascii: "'") {
            let length = text.contraction(after: start + 1, ignoresCase: false)
            if length > 0 { return start + 1 + length }
        }
        var (found, length) = text.classify(start)
        if byte == 0x20, start + 1 < text.bytes.count {
            let (next, nextLength) = text.classify(start + 1)
            if next != .whitespace { (found, length) = (next, 1 + nextLength) }
        }
        let end = text.run(found, from: start + length)
        return found == .whitespace ? text.whitespace(from: start, to: end) : end
    }

    @inline(__always)
    private static func gpt4(_ text: Text, _ start: Int, _ digits: Int) -> Int {
        let bytes = text.bytes
        let byte = bytes[start]
        if byte == UInt8(ascii: "'") {
            let length = text.contraction(after: start + 1, ignoresCase: true)
            if length > 0 { return start + 1 + length }
        }
        let (found, length) = text.classify(start)
        var position = start + length
        switch found {
        case .letter: return text.run(.letter, from: position)
        case .number:
            var count = 1
            while count < digits, position < bytes.count {
                let (next, nextLength) = text.classify(position)
                guard next == .number else { break }
                position += nextLength
                count += 1
            }
            return position
        case .other, .whitespace:
            let isNewline = byte == 0x0A || byte == 0x0D
            let next = position < bytes.count ? text.classify(position).0 : .number
            if !isNewline, next == .letter, position < bytes.count { return text.run(.letter, from: position) }
            if found == .other || byte == 0x20 && next == .other {
                position = text.run(.other, from: position)
                while position < bytes.count, bytes[position] == 0x0A || bytes[position] == 0x0D { position += 1 }
                return position
            }
            let end = text.run(.whitespace, from: start)
            // Up to the last line break of the run, if there is one.
            var newline = end
            while newline > start {
                if bytes[newline - 1] == 0x0A || bytes[newline - 1] == 0x0D { return newline }
                newline -= 1
            }
            return text.whitespace(from: start, to: end)
        }
    }
}
