/// General categories and properties of scalars, from tables for the first two planes.
enum UnicodeClass {
    /// The general categories, in the order of their two-letter names, as bits of a mask.
    enum Category: UInt8, CaseIterable {
        case cc, cf, cn, co, cs, ll, lm, lo, lt, lu, mc, me, mn, nd, nl, no, pc, pd, pe, pf, pi, po, ps, sc, sk, sm, so,
            zl, zp, zs

        var mask: UInt32 { 1 << UInt32(rawValue) }
        /// `Lu`, `Nd`, ...
        var name: String {
            let name = String(describing: self)
            return name.prefix(1).uppercased() + name.dropFirst()
        }
    }

    static let other: UInt32 = 0x1F
    static let letter: UInt32 = 0x1F << 5
    static let mark: UInt32 = 0x7 << 10
    static let number: UInt32 = 0x7 << 13
    static let punctuation: UInt32 = 0x7F << 16
    static let symbol: UInt32 = 0xF << 23
    static let separator: UInt32 = 0x7 << 27

    private static let categoryBits: UInt8 = 0x1F
    private static let whitespaceBit: UInt8 = 0x20
    private static let alphabeticBit: UInt8 = 0x40

    /// Category, White_Space and Alphabetic of the scalars below U+20000.
    private static let table: [UInt8] = (0..<0x20000).map { entry(UInt32($0)) }

    private static func entry(_ code: UInt32) -> UInt8 {
        guard let scalar = Unicode.Scalar(code) else { return Category.cs.rawValue }
        let properties = scalar.properties
        return category(properties.generalCategory).rawValue | (properties.isWhitespace ? whitespaceBit : 0)
            | (properties.isAlphabetic ? alphabeticBit : 0)
    }

    @inline(__always)
    private static func value(_ code: UInt32) -> UInt8 {
        code < 0x20000 ? table.withUnsafeBufferPointer { $0[Int(code)] } : entry(code)
    }

    private static func category(_ category: Unicode.GeneralCategory) -> Category {
        switch category {
        case .control: .cc
        case .format: .cf
        case .unassigned: .cn
        case .privateUse: .co
        case .surrogate: .cs
        case .lowercaseLetter: .ll
        case .modifierLetter: .lm
        case .otherLetter: .lo
        case .titlecaseLetter: .lt
        case .uppercaseLetter: .lu
        case .spacingMark: .mc
        case .enclosingMark: .me
        case .nonspacingMark: .mn
        case .decimalNumber: .nd
        case .letterNumber: .nl
        case .otherNumber: .no
        case .connectorPunctuation: .pc
        case .dashPunctuation: .pd
        case .closePunctuation: .pe
        case .finalPunctuation: .pf
        case .initialPunctuation: .pi
        case .otherPunctuation: .po
        case .openPunctuation: .ps
        case .currencySymbol: .sc
        case .modifierSymbol: .sk
        case .mathSymbol: .sm
        case .otherSymbol: .so
        case .lineSeparator: .zl
        case .paragraphSeparator: .zp
        case .spaceSeparator: .zs
        @unknown default: .cn
        }
    }

    /// The category of a scalar as a bit mask.
    @inline(__always)
    static func mask(_ code: UInt32) -> UInt32 { 1 << UInt32(value(code) & categoryBits) }

    /// The property White_Space.
    @inline(__always)
    static func isWhitespace(_ code: UInt32) -> Bool {
        code < 0x80 ? code == 0x20 || code &- 9 < 5 : value(code) & whitespaceBit != 0
    }

    @inline(__always)
    static func isLetter(_ code: UInt32) -> Bool {
        code < 0x80 ? (code | 0x20) &- 0x61 < 26 : mask(code) & letter != 0
    }

    @inline(__always)
    static func isNumber(_ code: UInt32) -> Bool { code < 0x80 ? code &- 0x30 < 10 : mask(code) & number != 0 }

    static func isAlphabetic(_ code: UInt32) -> Bool { value(code) & alphabeticBit != 0 }

    /// `\w` in Oniguruma: Alphabetic, marks, decimal digits, connector punctuation, and the superscripts and fractions
    /// of Latin-1.
    @inline(__always)
    static func isWord(_ code: UInt32) -> Bool {
        if code < 0x80 { return (code | 0x20) &- 0x61 < 26 || code &- 0x30 < 10 || code == 0x5F }
        let value = value(code)
        if value & alphabeticBit != 0 { return true }
        let mask: UInt32 = 1 << UInt32(value & categoryBits)
        if mask & (mark | Category.nd.mask | Category.pc.mask) != 0 { return true }
        return code < 0x100 && mask & Category.no.mask != 0
    }

    /// `\w` in the Rust crate regex: as in Oniguruma, with joiners and without the numbers of Latin-1.
    @inline(__always)
    static func isRustWord(_ code: UInt32) -> Bool {
        if code == 0x200C || code == 0x200D { return true }
        return isWord(code) && !(code < 0x100 && code >= 0x80 && mask(code) & Category.no.mask != 0)
    }

    /// Punctuation in BERT: all ASCII characters except letters, digits, spaces and control characters, and the
    /// categories P.
    @inline(__always)
    static func isPunctuation(_ code: UInt32) -> Bool {
        if code < 0x80 { return code > 0x20 && code < 0x7F && !((code | 0x20) &- 0x61 < 26 || code &- 0x30 < 10) }
        return mask(code) & punctuation != 0
    }
}

/// Lower case, upper case and case folding.
enum UnicodeCase {
    /// The scalars below U+20000 whose lower case is another single scalar.
    private static let lowerTable: [UInt32: UInt32] = {
        var table: [UInt32: UInt32] = [:]
        for code in UInt32(0x80)..<0x20000 {
            guard let scalar = Unicode.Scalar(code), scalar.properties.changesWhenLowercased else { continue }
            let lower = scalar.properties.lowercaseMapping.unicodeScalars
            if lower.count == 1 { table[code] = lower.first!.value }
        }
        return table
    }()

    /// The lower case of a scalar if it is a single scalar; otherwise the scalar itself.
    static func lower(_ code: UInt32) -> UInt32 {
        if code < 0x80 { return code &- 0x41 < 26 ? code + 0x20 : code }
        return lowerTable[code] ?? code
    }

    /// The scalars of the lower case of a scalar.
    static func lowered(_ code: UInt32) -> [UInt32] {
        // U+0130 is the only scalar whose lower case has two scalars.
        code == 0x130 ? [0x69, 0x307] : [lower(code)]
    }

    /// The upper case of a scalar if it is a single scalar; otherwise the scalar itself.
    static func upper(_ code: UInt32) -> UInt32 {
        if code < 0x80 { return code &- 0x61 < 26 ? code - 0x20 : code }
        guard let scalar = Unicode.Scalar(code) else { return code }
        let upper = scalar.properties.uppercaseMapping.unicodeScalars
        return upper.count == 1 ? upper.first!.value : code
    }

    /// The simple case folding of a scalar.
    static func fold(_ code: UInt32) -> UInt32 {
        if code < 0x80 { return lower(code) }
        // The dotless i folds to itself.
        return code == 0x131 ? code : lower(upper(code))
    }
}
