/// A parser of the subset of Oniguruma (Ruby) syntax that tokenizers use.
struct RegexParser {
    private let pattern: [UInt32]
    private let text: String
    private var position = 0
    private var depth = 0
    private var options = Options()

    private struct Options {
        var ignoresCase = false
        var dotMatchesNewline = false
        var isExtended = false
    }

    /// The maximum count of a quantifier, as in Oniguruma.
    static let largestCount = 100_000
    private static let deepest = 100

    private init(_ text: String) {
        self.text = text
        pattern = UTF8Text.scalars(text)
    }

    static func parse(_ text: String) throws(TokenizerError) -> RegexNode {
        var parser = RegexParser(text)
        let node = try parser.parseAlternatives()
        guard parser.position == parser.pattern.count else { throw parser.failure("an unmatched ')'") }
        return node
    }

    private func failure(_ problem: String, expected: String = "") -> TokenizerError {
        TokenizerError(
            "regular expression", "\(problem) at character \(position) of '\(text.prefix(200))'", expected: expected)
    }

    // MARK: Characters

    private func character(_ scalar: Unicode.Scalar) -> UInt32 { scalar.value }
    private var isAtEnd: Bool { position >= pattern.count }
    private func isNext(_ scalar: Unicode.Scalar, after count: Int = 0) -> Bool {
        position + count < pattern.count && pattern[position + count] == scalar.value
    }

    private mutating func skip(_ text: String) -> Bool {
        let wanted = UTF8Text.scalars(text)
        guard position + wanted.count <= pattern.count,
            pattern[position..<position + wanted.count].elementsEqual(wanted)
        else { return false }
        position += wanted.count
        return true
    }

    private func literal(_ code: UInt32) -> RegexNode {
        let set = ScalarSet.ranges([code...code])
        let hasCase = options.ignoresCase && (UnicodeCase.fold(code) != code || UnicodeCase.upper(code) != code)
        return .set(hasCase ? .folded(set) : set)
    }

    // MARK: Structure

    private mutating func parseAlternatives() throws(TokenizerError) -> RegexNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw failure("groups nested more than \(Self.deepest) deep") }
        // An option in a group applies until the end of the group.
        let outer = options
        defer { options = outer }
        var alternatives = [try parseSequence()]
        while isNext("|") {
            position += 1
            alternatives.append(try parseSequence())
        }
        return alternatives.count == 1 ? alternatives[0] : .alternatives(alternatives)
    }

    private mutating func parseSequence() throws(TokenizerError) -> RegexNode {
        var items: [RegexNode] = []
        while !isAtEnd, !isNext("|"), !isNext(")") {
            if options.isExtended {
                if UnicodeClass.isWhitespace(pattern[position]) {
                    position += 1
                    continue
                }
                if isNext("#") {
                    while !isAtEnd, !isNext("\n") { position += 1 }
                    continue
                }
            }
            items.append(try parseQuantifiers(of: parseAtom()))
        }
        return items.count == 1 ? items[0] : items.isEmpty ? .empty : .sequence(items)
    }

    private mutating func parseQuantifiers(of atom: RegexNode) throws(TokenizerError) -> RegexNode {
        var node = atom
        var count = 0
        while !isAtEnd {
            var (least, most, isInterval) = (0, Int.max, false)
            switch pattern[position] {
            case character("*"): position += 1
            case character("+"):
                least = 1
                position += 1
            case character("?"):
                most = 1
                position += 1
            case character("{"):
                guard let interval = parseInterval() else { return node }
                (least, most) = interval
                isInterval = true
                guard least <= Self.largestCount, most == .max || most <= Self.largestCount else {
                    throw failure("a repetition of more than \(Self.largestCount)")
                }
                guard least <= most else { throw failure("the interval {\(least),\(most)}", expected: "{low,high}") }
            default: return node
            }
            if case .anchor = node { throw failure("a quantifier after an anchor") }
            var kind = RegexNode.RepeatKind.greedy
            if isNext("?") {
                // In Ruby, `{n}?` is not lazy but optional.
                if isInterval, least == most {
                    node = .repeated(node, atLeast: least, atMost: most, .greedy)
                    continue
                }
                kind = .lazy
                position += 1
            } else if isNext("+"), !isInterval {
                kind = .possessive
                position += 1
            }
            count += 1
            guard count <= 16 else { throw failure("too many quantifiers in a row") }
            node = .repeated(node, atLeast: least, atMost: most, kind)
        }
        return node
    }

    /// Reads `{n}`, `{n,}`, `{,m}` or `{n,m}`. Returns nil for other text; the brace is then a literal.
    private mutating func parseInterval() -> (Int, Int)? {
        var end = position + 1
        func number() -> Int? {
            var (value, digits) = (0, 0)
            while end < pattern.count, pattern[end] &- 0x30 < 10 {
                value = min(value * 10 + Int(pattern[end] - 0x30), 1 << 40)
                end += 1
                digits += 1
            }
            return digits > 0 ? value : nil
        }
        let low = number()
        var high = low
        if end < pattern.count, pattern[end] == character(",") {
            end += 1
            high = number() ?? (low == nil ? nil : Int.max)
        }
        guard end < pattern.count, pattern[end] == character("}"), low != nil || high != nil else { return nil }
        position = end + 1
        return (low ?? 0, high ?? Int.max)
    }

    private mutating func parseAtom() throws(TokenizerError) -> RegexNode {
        let code = pattern[position]
        switch code {
        case character("("): return try parseGroup()
        case character("["): return .set(try parseClass())
        case character("."):
            position += 1
            return .set(options.dotMatchesNewline ? .any : .not(.ranges([0x0A...0x0A])))
        case character("^"):
            position += 1
            return .anchor(.lineStart)
        case character("$"):
            position += 1
            return .anchor(.lineEnd)
        case character("\\"): return try parseEscape()
        case character("*"), character("+"), character("?"): throw failure("a quantifier without a target")
        default:
            position += 1
            return literal(code)
        }
    }

    private mutating func parseGroup() throws(TokenizerError) -> RegexNode {
        position += 1
        if skip("?#") {
            while !isAtEnd, !isNext(")") { position += 1 }
            return try close(.empty)
        }
        if skip("?:") { return try close(parseAlternatives()) }
        if skip("?=") { return try close(.look(parseAlternatives(), isAhead: true, isNegative: false)) }
        if skip("?!") { return try close(.look(parseAlternatives(), isAhead: true, isNegative: true)) }
        if skip("?<=") { return try close(.look(parseAlternatives(), isAhead: false, isNegative: false)) }
        if skip("?<!") { return try close(.look(parseAlternatives(), isAhead: false, isNegative: true)) }
        if skip("?>") { return try close(.atomic(parseAlternatives())) }
        if skip("?P<") || skip("?<") || skip("?'") {
            while !isAtEnd, !isNext(">"), !isNext("'") { position += 1 }
            position += 1
            return try close(parseAlternatives())
        }
        guard isNext("?") else { return try close(parseAlternatives()) }
        position += 1
        let outer = options
        var isOn = true
        while !isAtEnd, !isNext(":"), !isNext(")") {
            switch pattern[position] {
            case character("-"): isOn = false
            case character("i"): options.ignoresCase = isOn
            case character("m"): options.dotMatchesNewline = isOn
            case character("x"): options.isExtended = isOn
            default: throw failure("the unknown group option", expected: "i, m or x")
            }
            position += 1
        }
        if isNext(")") {
            // Applies to the rest of the enclosing group, whose following alternatives form a group in Ruby.
            position += 1
            let rest = try parseAlternatives()
            options = outer
            return rest
        }
        guard isNext(":") else { throw failure("an unterminated group") }
        position += 1
        let body = try parseAlternatives()
        options = outer
        return try close(body)
    }

    private mutating func close(_ node: RegexNode) throws(TokenizerError) -> RegexNode {
        guard isNext(")") else { throw failure("a group without ')'") }
        position += 1
        return node
    }

    // MARK: Escapes

    private mutating func parseEscape() throws(TokenizerError) -> RegexNode {
        position += 1
        guard !isAtEnd else { throw failure("a backslash at the end") }
        let code = pattern[position]
        switch code {
        case character("A"): return anchor(.textStart)
        case character("z"): return anchor(.textEnd)
        case character("Z"): return anchor(.textEndOrLine)
        case character("b"): return anchor(.wordBoundary)
        case character("B"): return anchor(.notWordBoundary)
        case character("R"):
            position += 1
            let crlf = RegexNode.sequence([.set(.ranges([0x0D...0x0D])), .set(.ranges([0x0A...0x0A]))])
            return .atomic(
                .alternatives([crlf, .set(.ranges([0x0A...0x0D, 0x85...0x85, 0x2028...0x2029]))]))
        case character("1")...character("9"), character("k"), character("g"), character("G"), character("K"),
            character("X"), character("N"), character("O"), character("y"), character("Y"):
            throw failure("the escape \\\(UTF8Text.string([code]))", expected: "no references to groups")
        default: break
        }
        if let set = try parseSetEscape() { return .set(options.ignoresCase ? .folded(set) : set) }
        return literal(try parseCharacterEscape())
    }

    private mutating func anchor(_ anchor: RegexNode.Anchor) -> RegexNode {
        position += 1
        return .anchor(anchor)
    }

    /// Reads the name of a set after a backslash; nil for a character.
    private mutating func parseSetEscape() throws(TokenizerError) -> ScalarSet? {
        let code = pattern[position]
        let set: ScalarSet
        switch code {
        case character("d"): set = .categories(UnicodeClass.Category.nd.mask)
        case character("D"): set = .not(.categories(UnicodeClass.Category.nd.mask))
        case character("w"): set = .property(.word)
        case character("W"): set = .not(.property(.word))
        case character("s"): set = .property(.whitespace)
        case character("S"): set = .not(.property(.whitespace))
        case character("h"): set = .property(.hexDigit)
        case character("H"): set = .not(.property(.hexDigit))
        case character("p"), character("P"):
            position += 1
            guard isNext("{") else { throw failure("\\p without a name", expected: "\\p{Name}") }
            position += 1
            let isNegated = isNext("^")
            if isNegated { position += 1 }
            var name: [UInt32] = []
            while !isAtEnd, !isNext("}") {
                name.append(pattern[position])
                position += 1
            }
            guard !isAtEnd else { throw failure("\\p{ without }") }
            position += 1
            guard let property = Self.property(UTF8Text.string(name)) else {
                throw failure(
                    "the unknown property '\(UTF8Text.string(name.prefix(60)))'",
                    expected: "a general category, a script or a class such as Alpha")
            }
            return isNegated != (code == character("P")) ? .not(property) : property
        default: return nil
        }
        position += 1
        return set
    }

    private mutating func parseCharacterEscape() throws(TokenizerError) -> UInt32 {
        let code = pattern[position]
        position += 1
        switch code {
        case character("n"): return 0x0A
        case character("r"): return 0x0D
        case character("t"): return 0x09
        case character("f"): return 0x0C
        case character("v"): return 0x0B
        case character("a"): return 0x07
        case character("e"): return 0x1B
        case character("0"): return parseDigits(radix: 8, most: 2) ?? 0
        case character("x"):
            if isNext("{") {
                position += 1
                guard let value = parseDigits(radix: 16, most: 8), isNext("}"), Unicode.Scalar(value) != nil else {
                    throw failure("\\x{...}", expected: "the number of a character")
                }
                position += 1
                return value
            }
            return parseDigits(radix: 16, most: 2) ?? 0
        case character("u"):
            guard let value = parseDigits(radix: 16, most: 4), Unicode.Scalar(value) != nil else {
                throw failure("\\u", expected: "the number of a character, four hexadecimal digits")
            }
            return value
        default: return code
        }
    }

    private mutating func parseDigits(radix: UInt32, most: Int) -> UInt32? {
        var (value, count) = (UInt32(0), 0)
        while !isAtEnd, count < most, let scalar = Unicode.Scalar(pattern[position]),
            let digit = Character(scalar).hexDigitValue, scalar.isASCII, UInt32(digit) < radix
        {
            value = value &* radix &+ UInt32(digit)
            position += 1
            count += 1
        }
        return count > 0 ? value : nil
    }

    // MARK: Classes

    private mutating func parseClass() throws(TokenizerError) -> ScalarSet {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw failure("classes nested more than \(Self.deepest) deep") }
        position += 1
        let isNegated = isNext("^")
        if isNegated { position += 1 }
        var left: ScalarSet?
        var parts: [ScalarSet] = []
        var ranges: [ClosedRange<UInt32>] = []
        func current() -> ScalarSet {
            let all = parts + (ranges.isEmpty ? [] : [.ranges(ranges)])
            return all.count == 1 ? all[0] : .union(all)
        }
        var isFirst = true
        while true {
            guard !isAtEnd else { throw failure("a class without ']'") }
            if isNext("]"), !isFirst {
                position += 1
                break
            }
            isFirst = false
            if skip("&&") {
                left = left.map { .intersection($0, current()) } ?? current()
                (parts, ranges) = ([], [])
                continue
            }
            if isNext("[") {
                if let named = try parsePOSIXClass() { parts.append(named) } else { parts.append(try parseClass()) }
                continue
            }
            var low = pattern[position]
            if low == character("\\") {
                position += 1
                guard !isAtEnd else { throw failure("a backslash at the end") }
                if isNext("b") {
                    position += 1
                    ranges.append(8...8)
                    continue
                }
                if let set = try parseSetEscape() {
                    parts.append(set)
                    continue
                }
                low = try parseCharacterEscape()
            } else {
                position += 1
            }
            guard isNext("-"), !isNext("]", after: 1), position + 1 < pattern.count, !isNext("[", after: 1) else {
                ranges.append(low...low)
                continue
            }
            position += 1
            var high = pattern[position]
            if high == character("\\") {
                position += 1
                guard !isAtEnd else { throw failure("a backslash at the end") }
                if let set = try parseSetEscape() {
                    ranges += [low...low, character("-")...character("-")]
                    parts.append(set)
                    continue
                }
                high = try parseCharacterEscape()
            } else {
                position += 1
            }
            guard low <= high else { throw failure("an empty range in a class") }
            ranges.append(low...high)
        }
        var set = left.map { .intersection($0, current()) } ?? current()
        if options.ignoresCase { set = .folded(set) }
        return isNegated ? .not(set) : set
    }

    /// Reads `[:name:]`; nil for a nested class.
    private mutating func parsePOSIXClass() throws(TokenizerError) -> ScalarSet? {
        guard isNext(":", after: 1) else { return nil }
        let start = position
        position += 2
        let isNegated = isNext("^")
        if isNegated { position += 1 }
        var name: [UInt32] = []
        while !isAtEnd, !isNext(":"), !isNext("]"), name.count < 20 {
            name.append(pattern[position])
            position += 1
        }
        guard skip(":]") else {
            position = start
            return nil
        }
        guard let set = Self.property(UTF8Text.string(name)) else {
            throw failure("the unknown class [:\(UTF8Text.string(name)):]")
        }
        return isNegated ? .not(set) : set
    }

    /// The set of a Unicode or POSIX property.
    private static func property(_ name: String) -> ScalarSet? {
        typealias Category = UnicodeClass.Category
        let plain = UnicodeScripts.plain(name)
        switch plain {
        case "any": return .any
        case "assigned": return .not(.categories(Category.cn.mask))
        case "ascii": return .ranges([0...0x7F])
        case "alpha", "alphabetic": return .property(.alphabetic)
        case "alnum": return .property(.alphanumeric)
        case "digit": return .categories(Category.nd.mask)
        case "space", "whitespace": return .property(.whitespace)
        case "word": return .property(.word)
        case "upper", "uppercase": return .property(.uppercase)
        case "lower", "lowercase": return .property(.lowercase)
        case "xdigit", "asciihexdigit": return .property(.hexDigit)
        case "cntrl": return .categories(Category.cc.mask)
        case "graph": return .property(.graph)
        case "print": return .property(.print)
        case "blank": return .union([.categories(Category.zs.mask), .ranges([9...9])])
        case "emoji": return .property(.emoji)
        case "extendedpictographic": return .property(.extendedPictographic)
        case "ideographic": return .property(.ideographic)
        case "punct":
            // POSIX punctuation in Oniguruma includes the ASCII symbols.
            let symbols: [ClosedRange<UInt32>] = [0x24...0x24, 0x2B...0x2B, 0x3C...0x3E, 0x5E...0x5E, 0x60...0x60]
            return .union([
                .categories(UnicodeClass.punctuation), .ranges(symbols + [0x7C...0x7C, 0x7E...0x7E]),
            ])
        default: break
        }
        if let mask = categories[plain] { return .categories(mask) }
        return UnicodeScripts.number(named: name).map { .script($0) }
    }

    private static let categories: [String: UInt32] = {
        typealias Class = UnicodeClass
        var result: [String: UInt32] = [
            "c": Class.other, "other": Class.other, "l": Class.letter, "letter": Class.letter, "m": Class.mark,
            "mark": Class.mark, "combiningmark": Class.mark, "n": Class.number, "number": Class.number,
            "p": Class.punctuation, "punctuation": Class.punctuation, "s": Class.symbol, "symbol": Class.symbol,
            "z": Class.separator, "separator": Class.separator,
        ]
        for category in Class.Category.allCases { result[String(describing: category)] = category.mask }
        result["lc"] = Class.Category.lu.mask | Class.Category.ll.mask | Class.Category.lt.mask
        result["casedletter"] = result["lc"]
        let long: [(String, Class.Category)] = [
            ("control", .cc), ("format", .cf), ("unassigned", .cn), ("privateuse", .co), ("surrogate", .cs),
            ("lowercaseletter", .ll), ("modifierletter", .lm), ("otherletter", .lo), ("titlecaseletter", .lt),
            ("uppercaseletter", .lu), ("spacingmark", .mc), ("enclosingmark", .me), ("nonspacingmark", .mn),
            ("decimalnumber", .nd), ("letternumber", .nl), ("othernumber", .no), ("connectorpunctuation", .pc),
            ("dashpunctuation", .pd), ("closepunctuation", .pe), ("finalpunctuation", .pf),
            ("initialpunctuation", .pi), ("otherpunctuation", .po), ("openpunctuation", .ps), ("currencysymbol", .sc),
            ("modifiersymbol", .sk), ("mathsymbol", .sm), ("othersymbol", .so), ("lineseparator", .zl),
            ("paragraphseparator", .zp), ("spaceseparator", .zs),
        ]
        for (name, category) in long { result[name] = category.mask }
        return result
    }()
}
