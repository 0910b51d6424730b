/// A set of scalars in a regular expression.
indirect enum ScalarSet: Sendable {
    case ranges([ClosedRange<UInt32>])
    /// General categories as a bit mask.
    case categories(UInt32)
    case script(Int)
    case property(Property)
    case not(ScalarSet)
    case union([ScalarSet])
    case intersection(ScalarSet, ScalarSet)
    /// The scalars that equal one of the set if case is ignored.
    case folded(ScalarSet)

    enum Property: Sendable {
        case whitespace, word, alphabetic, alphanumeric, uppercase, lowercase, hexDigit, graph, print, emoji,
            ideographic,
            extendedPictographic
    }

    static let any = ScalarSet.ranges([0...0x10FFFF])

    func contains(_ code: UInt32) -> Bool {
        switch self {
        case .ranges(let ranges): return ranges.contains { $0.contains(code) }
        case .categories(let mask): return UnicodeClass.mask(code) & mask != 0
        case .script(let script): return UnicodeScripts.script(code) == script
        case .property(let property): return Self.has(code, property)
        case .not(let set): return !set.contains(code)
        case .union(let sets): return sets.contains { $0.contains(code) }
        case .intersection(let left, let right): return left.contains(code) && right.contains(code)
        case .folded(let set):
            if set.contains(code) { return true }
            let folded = UnicodeCase.fold(code)
            if set.contains(folded) || set.contains(UnicodeCase.upper(folded)) { return true }
            // The upper case of the long s (U+017F) is that of s, the lower case of the Kelvin sign that of k.
            return folded == 0x73 && set.contains(0x17F) || folded == 0x6B && set.contains(0x212A)
        }
    }

    private static func has(_ code: UInt32, _ property: Property) -> Bool {
        typealias Class = UnicodeClass
        guard let properties = Unicode.Scalar(code)?.properties else { return false }
        switch property {
        case .whitespace: return Class.isWhitespace(code)
        case .word: return Class.isWord(code)
        case .alphabetic: return Class.isAlphabetic(code)
        case .alphanumeric: return Class.isAlphabetic(code) || Class.mask(code) & Class.Category.nd.mask != 0
        case .uppercase: return properties.isUppercase
        case .lowercase: return properties.isLowercase
        case .hexDigit: return code < 0x80 && properties.isHexDigit
        case .graph:
            let hidden = Class.Category.cc.mask | Class.Category.cn.mask | Class.Category.cs.mask
            return Class.mask(code) & hidden == 0 && !Class.isWhitespace(code)
        case .print:
            let hidden = Class.Category.cc.mask | Class.Category.cn.mask | Class.Category.cs.mask
            return Class.mask(code) & hidden == 0
        case .emoji: return properties.isEmoji
        case .ideographic: return properties.isIdeographic
        case .extendedPictographic: return properties.isEmoji && code > 0xA8
        }
    }
}

/// The syntax tree of a regular expression.
indirect enum RegexNode: Sendable {
    case empty
    case set(ScalarSet)
    case sequence([RegexNode])
    case alternatives([RegexNode])
    case repeated(RegexNode, atLeast: Int, atMost: Int, RepeatKind)
    case look(RegexNode, isAhead: Bool, isNegative: Bool)
    case atomic(RegexNode)
    case anchor(Anchor)

    enum RepeatKind: Sendable { case greedy, lazy, possessive }

    enum Anchor: Sendable {
        case lineStart, lineEnd, textStart, textEnd, textEndOrLine, wordBoundary, notWordBoundary
    }
}
