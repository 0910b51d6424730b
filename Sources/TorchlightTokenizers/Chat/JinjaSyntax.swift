/// An expression of a template.
indirect enum JinjaExpression {
    case literal(JinjaValue)
    case name(String)
    case list([JinjaExpression], isTuple: Bool)
    case dict([(JinjaExpression, JinjaExpression)])
    case attribute(JinjaExpression, String)
    case item(JinjaExpression, JinjaExpression)
    case slice(JinjaExpression, JinjaExpression?, JinjaExpression?, JinjaExpression?)
    case call(JinjaExpression, JinjaArguments)
    case filter(JinjaExpression, String, JinjaArguments)
    case test(JinjaExpression, String, JinjaArguments, isNegated: Bool)
    case unary(String, JinjaExpression)
    case binary(String, JinjaExpression, JinjaExpression)
    /// A comparison chain such as `a < b <= c`.
    case comparison(JinjaExpression, [(String, JinjaExpression)])
    case and(JinjaExpression, JinjaExpression)
    case or(JinjaExpression, JinjaExpression)
    case not(JinjaExpression)
    case conditional(JinjaExpression, then: JinjaExpression, else: JinjaExpression?)
    /// The captured output of `{% filter %}` and of `{% set %}` blocks with filters.
    case captured
}

struct JinjaArguments {
    var positional: [JinjaExpression] = []
    var named: [(String, JinjaExpression)] = []
    /// `*list` and `**dict`.
    var unpackedList: JinjaExpression?
    var unpackedDict: JinjaExpression?
}

/// The target of an assignment or loop.
indirect enum JinjaTarget {
    case name(String)
    case attribute(String, String)
    case tuple([JinjaTarget])
}

/// A statement of a template.
indirect enum JinjaStatement {
    case text(String)
    case output(JinjaExpression)
    case ifElse([(condition: JinjaExpression, body: [JinjaStatement])], otherwise: [JinjaStatement])
    case forLoop(
        JinjaTarget, JinjaExpression, filter: JinjaExpression?, body: [JinjaStatement], otherwise: [JinjaStatement],
        isRecursive: Bool)
    case set(JinjaTarget, JinjaExpression)
    case setBlock(JinjaTarget, body: [JinjaStatement], filter: JinjaExpression?)
    case macro(String, parameters: [(name: String, default: JinjaExpression?)], body: [JinjaStatement])
    case callBlock(
        JinjaExpression, parameters: [(name: String, default: JinjaExpression?)], body: [JinjaStatement])
    case filterBlock(JinjaExpression, body: [JinjaStatement])
    case with([(JinjaTarget, JinjaExpression)], body: [JinjaStatement])
    case generation([JinjaStatement])
    case breakLoop
    case continueLoop
}

/// A token of a template.
struct JinjaToken {
    enum Kind: Equatable {
        case text(String)
        case variableBegin, variableEnd, blockBegin, blockEnd
        case name(String)
        case string(String)
        case int(Int)
        case float(Double)
        case symbol(String)
        case end
    }

    let kind: Kind
    let line: Int
}

/// The lexer of templates, with `trim_blocks` and `lstrip_blocks`.
struct JinjaLexer {
    private let source: [Unicode.Scalar]
    private var position = 0
    private var line = 1
    private var tokens: [JinjaToken] = []
    /// Whether the previous text ends with a newline.
    private var isLineStart = true

    init(_ text: String) {
        var scalars: [Unicode.Scalar] = []
        var wasReturn = false
        for scalar in text.unicodeScalars {
            if scalar == "\r" {
                scalars.append("\n")
            } else if !(scalar == "\n" && wasReturn) {
                scalars.append(scalar)
            }
            wasReturn = scalar == "\r"
        }
        // A newline at the end of a template is removed, as in Jinja.
        if scalars.last == "\n" { scalars.removeLast() }
        source = scalars
    }

    static func tokens(_ text: String) throws(TokenizerError) -> [JinjaToken] {
        var lexer = JinjaLexer(text)
        try lexer.run()
        lexer.tokens.append(JinjaToken(kind: .end, line: lexer.line))
        return lexer.tokens
    }

    private func failure(_ problem: String) -> TokenizerError {
        TokenizerError("chat template", "\(problem) in line \(line)", expected: "the syntax of Jinja")
    }

    private func isNext(_ text: StaticString, at offset: Int = 0) -> Bool {
        for index in 0..<text.utf8CodeUnitCount {
            let at = position + offset + index
            guard at < source.count, source[at].value == UInt32(text.utf8Start[index]) else { return false }
        }
        return true
    }

    private mutating func add(_ kind: JinjaToken.Kind) { tokens.append(JinjaToken(kind: kind, line: line)) }

    private mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where position < source.count {
            if source[position] == "\n" { line += 1 }
            position += 1
        }
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool { UnicodeClass.isWhitespace(scalar.value) }

    private mutating func run() throws(TokenizerError) {
        while position < source.count {
            var end = position
            while end < source.count {
                if source[end] == "{", end + 1 < source.count, "{%#".unicodeScalars.contains(source[end + 1]) { break }
                end += 1
            }
            var text = source[position..<end]
            guard end < source.count else {
                addText(text)
                return
            }
            let opening = source[end + 1]
            let sign = end + 2 < source.count ? source[end + 2] : " "
            if sign == "-" {
                while let last = text.last, Self.isSpace(last) { text.removeLast() }
            } else if sign != "+", opening != "{" {
                // `lstrip_blocks`: whitespace between the start of a line and a block is removed.
                var start = text.endIndex
                while start > text.startIndex, Self.isSpace(text[start - 1]), text[start - 1] != "\n" { start -= 1 }
                let isAtLineStart = start > text.startIndex ? text[start - 1] == "\n" : isLineStart
                if isAtLineStart { text = text[..<start] }
            }
            addText(text)
            advance(end - position)
            advance(sign == "-" || sign == "+" ? 3 : 2)
            isLineStart = false
            switch opening {
            case "#":
                while position < source.count, !isNext("#}") { advance() }
                guard position < source.count else { throw failure("a comment without end") }
                let isStripped = source[position - 1] == "-"
                let keepsNewline = source[position - 1] == "+"
                advance(2)
                finishTag(strips: isStripped, trims: !keepsNewline)
            case "{":
                add(.variableBegin)
                try scan(until: "}}", .variableEnd)
            default:
                if try !scanRaw() {
                    add(.blockBegin)
                    try scan(until: "%}", .blockEnd)
                }
            }
        }
    }

    private mutating func addText(_ text: ArraySlice<Unicode.Scalar>) {
        guard !text.isEmpty else { return }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: text)
        add(.text(String(view)))
    }

    /// Removes whitespace (`-%}`) or the newline after a tag (`trim_blocks`).
    private mutating func finishTag(strips: Bool, trims: Bool) {
        isLineStart = false
        if strips {
            while position < source.count, Self.isSpace(source[position]) {
                isLineStart = source[position] == "\n"
                advance()
            }
        } else if trims, position < source.count, source[position] == "\n" {
            advance()
            isLineStart = true
        }
    }

    /// Reads `{% raw %}...{% endraw %}`; returns false for another block.
    private mutating func scanRaw() throws(TokenizerError) -> Bool {
        func skipSpaces(_ at: inout Int) { while at < source.count, Self.isSpace(source[at]) { at += 1 } }
        func skip(_ word: String, _ at: inout Int) -> Bool {
            let scalars = Array(word.unicodeScalars)
            guard at + scalars.count <= source.count, source[at..<at + scalars.count].elementsEqual(scalars) else {
                return false
            }
            at += scalars.count
            return true
        }
        var at = position
        skipSpaces(&at)
        guard skip("raw", &at) else { return false }
        skipSpaces(&at)
        let strips = skip("-", &at)
        guard skip("%}", &at) else { return false }
        advance(at - position)
        finishTag(strips: strips, trims: true)
        let start = position
        while position < source.count {
            if isNext("{%") {
                var at = position + 2
                let stripsBefore = skip("-", &at)
                let keepsSpaces = skip("+", &at)
                skipSpaces(&at)
                if skip("endraw", &at) {
                    skipSpaces(&at)
                    let strips = skip("-", &at)
                    let keepsNewline = skip("+", &at)
                    if skip("%}", &at) {
                        var text = source[start..<position]
                        if stripsBefore {
                            while let last = text.last, Self.isSpace(last) { text.removeLast() }
                        } else if !keepsSpaces {
                            var end = text.endIndex
                            while end > text.startIndex, Self.isSpace(text[end - 1]), text[end - 1] != "\n" { end -= 1 }
                            if end > text.startIndex, text[end - 1] == "\n" { text = text[..<end] }
                        }
                        addText(text)
                        advance(at - position)
                        finishTag(strips: strips, trims: !keepsNewline)
                        return true
                    }
                }
            }
            advance()
        }
        throw failure("raw without endraw")
    }

    private mutating func scan(until end: StaticString, _ kind: JinjaToken.Kind) throws(TokenizerError) {
        var brackets: [Unicode.Scalar] = []
        while position < source.count {
            let scalar = source[position]
            if Self.isSpace(scalar) {
                advance()
                continue
            }
            if brackets.isEmpty {
                if isNext(end) {
                    advance(2)
                    add(kind)
                    // Only blocks remove the newline after them.
                    finishTag(strips: false, trims: kind == .blockEnd)
                    return
                }
                if scalar == "-" || scalar == "+", isNext(end, at: 1) {
                    advance(3)
                    add(kind)
                    finishTag(strips: scalar == "-", trims: false)
                    return
                }
            }
            switch scalar {
            case "'", "\"": try scanString(scalar)
            case "0"..."9": try scanNumber()
            case "a"..."z", "A"..."Z", "_": scanName()
            default:
                if scalar.value >= 0x80, UnicodeClass.isWord(scalar.value) {
                    scanName()
                } else {
                    try scanSymbol(&brackets)
                }
            }
        }
        throw failure("a tag without end")
    }

    private mutating func scanName() {
        var name = String.UnicodeScalarView()
        while position < source.count, UnicodeClass.isWord(source[position].value) {
            name.append(source[position])
            advance()
        }
        add(.name(String(name)))
    }

    private mutating func scanNumber() throws(TokenizerError) {
        var text = ""
        var isFloat = false
        while position < source.count {
            let scalar = source[position]
            let isDigit = ("0"..."9").contains(scalar)
            let next: Unicode.Scalar = position + 1 < source.count ? source[position + 1] : " "
            if isDigit || scalar == "_" && ("0"..."9").contains(next) {
                if isDigit { text.unicodeScalars.append(scalar) }
            } else if scalar == ".", !isFloat, ("0"..."9").contains(next) {
                isFloat = true
                text += "."
            } else if scalar == "e" || scalar == "E",
                ("0"..."9").contains(next)
                    || (next == "+" || next == "-") && position + 2 < source.count
                        && ("0"..."9").contains(source[position + 2]),
                !text.contains("e")
            {
                isFloat = true
                text += "e"
                if next == "+" || next == "-" {
                    text.unicodeScalars.append(next)
                    advance()
                }
            } else {
                break
            }
            advance()
        }
        if isFloat, let value = Double(text) {
            add(.float(value))
        } else if let value = Int(text) {
            add(.int(value))
        } else {
            throw failure("the number \(text.prefix(40))")
        }
    }

    private mutating func scanString(_ quote: Unicode.Scalar) throws(TokenizerError) {
        advance()
        var text = String.UnicodeScalarView()
        while position < source.count, source[position] != quote {
            guard source[position] == "\\", position + 1 < source.count else {
                text.append(source[position])
                advance()
                continue
            }
            let escape = source[position + 1]
            advance(2)
            switch escape {
            case "n": text.append("\n")
            case "t": text.append("\t")
            case "r": text.append("\r")
            case "a": text.append("\u{7}")
            case "b": text.append("\u{8}")
            case "f": text.append("\u{c}")
            case "v": text.append("\u{b}")
            case "0"..."7":
                var value = escape.value - 0x30
                for _ in 0..<2 where position < source.count && ("0"..."7").contains(source[position]) {
                    value = value << 3 | (source[position].value - 0x30)
                    advance()
                }
                text.append(Unicode.Scalar(value)!)
            case "\n": break
            case "x": text.append(try scanHex(2))
            case "u": text.append(try scanHex(4))
            case "U": text.append(try scanHex(8))
            case "\\", "'", "\"": text.append(escape)
            default:
                text.append("\\")
                text.append(escape)
            }
        }
        guard position < source.count else { throw failure("a string without end") }
        advance()
        add(.string(String(text)))
    }

    private mutating func scanHex(_ count: Int) throws(TokenizerError) -> Unicode.Scalar {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard position < source.count, let digit = Character(source[position]).hexDigitValue else {
                throw failure("an escape in a string")
            }
            value = value << 4 | UInt32(digit)
            advance()
        }
        guard let scalar = Unicode.Scalar(value) else { throw failure("an escape in a string") }
        return scalar
    }

    private static let symbols = ["//", "**", "==", "!=", ">=", "<="]

    private mutating func scanSymbol(_ brackets: inout [Unicode.Scalar]) throws(TokenizerError) {
        let scalar = source[position]
        if position + 1 < source.count {
            let pair = "\(scalar)\(source[position + 1])"
            if Self.symbols.contains(pair) {
                advance(2)
                return add(.symbol(pair))
            }
        }
        switch scalar {
        case "(", "[", "{": brackets.append(scalar)
        case ")", "]", "}":
            let opening: Unicode.Scalar = scalar == ")" ? "(" : scalar == "]" ? "[" : "{"
            guard brackets.popLast() == opening else { throw failure("an unmatched '\(scalar)'") }
        case "+", "-", "*", "/", "%", "~", "=", ">", "<", ".", ":", "|", ",", ";": break
        default: throw failure("the character '\(scalar)'")
        }
        advance()
        add(.symbol(String(scalar)))
    }
}
