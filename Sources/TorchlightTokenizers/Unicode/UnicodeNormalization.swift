/// Unicode normalisation with alignment: it reports how many scalars each scalar of the result replaces.
///
/// The standard library normalises strings without alignment, and loading Foundation, which has the compatibility
/// forms, takes longer than reading most tokenizers. So the decompositions are stored as tables.
enum UnicodeNormalization {
    enum Form: String, CaseIterable, Sendable {
        case nfc = "NFC"
        case nfd = "NFD"
        case nfkc = "NFKC"
        case nfkd = "NFKD"

        var composes: Bool { self == .nfc || self == .nfkc }
        var isCompatibility: Bool { self == .nfkc || self == .nfkd }
    }

    /// A scalar of a result and the scalars that it replaces: 0 is one scalar, `-n` is one and `n` further scalars, 1
    /// is an insertion.
    struct Change {
        var code: UInt32
        var change: Int32
    }

    // MARK: Tables

    /// Decompositions by scalar: pages of 256 offsets into `parts`, which contains the count and the scalars.
    private struct Decompositions {
        var pages = [Int32](repeating: -1, count: 0x110000 >> 8)
        var positions: [Int32] = []
        var parts: [UInt32] = []

        mutating func set(_ code: UInt32, _ scalars: [UInt32]) {
            let page = Int(code >> 8)
            if pages[page] < 0 {
                pages[page] = Int32(positions.count)
                positions += [Int32](repeating: -1, count: 256)
            }
            positions[Int(pages[page]) + Int(code & 0xFF)] = Int32(parts.count)
            parts.append(UInt32(scalars.count))
            parts += scalars
        }

        @inline(__always)
        func position(_ code: UInt32) -> Int {
            let page = pages[Int(code >> 8)]
            return page < 0 ? -1 : Int(positions[Int(page) + Int(code & 0xFF)])
        }
    }

    /// Calls the closure for each entry with the number before `=` and the numbers after it.
    private static func read(_ table: StaticString, _ entry: (UInt32, [UInt32]) -> Void) {
        table.withUTF8Buffer { bytes in
            var numbers: [UInt32] = []
            var number: UInt32 = 0
            for byte in bytes {
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt32(byte - 0x30)
                case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt32(byte - 0x57)
                case UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: ","):
                    numbers.append(number)
                    number = 0
                    if byte == UInt8(ascii: ",") {
                        entry(numbers[0], Array(numbers.dropFirst()))
                        numbers.removeAll(keepingCapacity: true)
                    }
                default: break
                }
            }
            numbers.append(number)
            entry(numbers[0], Array(numbers.dropFirst()))
        }
    }

    private static func decompositions(_ tables: [StaticString]) -> Decompositions {
        var result = Decompositions()
        for table in tables {
            var code: UInt32 = 0
            read(table) { distance, scalars in
                code += distance
                result.set(code, scalars)
            }
        }
        return result
    }

    private static let canonical = decompositions([canonicalTable])
    private static let compatibility = decompositions([canonicalTable, compatibilityTable])

    private static let composites: [UInt64: UInt32] = {
        var result: [UInt64: UInt32] = [:]
        read(compositionTable) { first, rest in result[UInt64(first) << 32 | UInt64(rest[0])] = rest[1] }
        return result
    }()

    /// The combining classes of the scalars below U+20000.
    private static let classes: [UInt8] = (0..<0x20000).map { code in
        Unicode.Scalar(UInt32(code)).map { $0.properties.canonicalCombiningClass.rawValue } ?? 0
    }

    @inline(__always)
    static func combiningClass(_ code: UInt32) -> UInt8 {
        if code < 0x300 { return 0 }
        if code < 0x20000 { return classes.withUnsafeBufferPointer { $0[Int(code)] } }
        return Unicode.Scalar(code)!.properties.canonicalCombiningClass.rawValue
    }

    // MARK: Hangul

    private static let syllables: UInt32 = 0xAC00
    private static let (leads, vowels, tails): (UInt32, UInt32, UInt32) = (0x1100, 0x1161, 0x11A7)
    private static let (leadCount, vowelCount, tailCount): (UInt32, UInt32, UInt32) = (19, 21, 28)

    private static func compose(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if first &- leads < leadCount, second &- vowels < vowelCount {
            return syllables + ((first - leads) * vowelCount + second - vowels) * tailCount
        }
        if first &- syllables < leadCount * vowelCount * tailCount, (first - syllables) % tailCount == 0,
            second &- (tails + 1) < tailCount - 1
        {
            return first + second - tails
        }
        return composites[UInt64(first) << 32 | UInt64(second)]
    }

    // MARK: Normalisation

    /// The first scalar that may change in the form.
    static func firstChanged(_ form: Form) -> UInt32 {
        switch form {
        case .nfc: 0x300
        case .nfd: 0xC0
        case .nfkc, .nfkd: 0xA0
        }
    }

    /// Returns the normalised scalars.
    static func normalize(_ codes: [UInt32], _ form: Form) -> [Change] {
        let decomposed = decompose(codes, form.isCompatibility ? compatibility : canonical)
        return form.composes ? recompose(decomposed) : decomposed
    }

    private static func decompose(_ codes: [UInt32], _ table: Decompositions) -> [Change] {
        var result: [Change] = []
        result.reserveCapacity(codes.count + codes.count / 4)
        // The marks after the last scalar of class 0, which are sorted by class at the next scalar of class 0.
        var (firstMark, hasMarks) = (0, false)
        func append(_ code: UInt32, _ change: Int32) {
            if combiningClass(code) == 0 {
                if hasMarks { sortMarks(&result, from: firstMark) }
                hasMarks = false
                result.append(Change(code: code, change: change))
                firstMark = result.count
            } else {
                hasMarks = true
                result.append(Change(code: code, change: change))
            }
        }
        for code in codes {
            if code < 0xA0 {
                append(code, 0)
            } else if code &- syllables < leadCount * vowelCount * tailCount {
                let index = code - syllables
                append(leads + index / (vowelCount * tailCount), 0)
                append(vowels + index % (vowelCount * tailCount) / tailCount, 1)
                if index % tailCount != 0 { append(tails + index % tailCount, 1) }
            } else {
                let position = table.position(code)
                if position < 0 {
                    append(code, 0)
                } else {
                    for part in 0..<Int(table.parts[position]) {
                        append(table.parts[position + 1 + part], part == 0 ? 0 : 1)
                    }
                }
            }
        }
        if hasMarks { sortMarks(&result, from: firstMark) }
        return result
    }

    private static func sortMarks(_ changes: inout [Change], from start: Int) {
        guard changes.count > start + 1 else { return }
        // The sort of the standard library is stable and O(n log n), which matters for long runs of marks.
        let sorted = changes[start...].sorted { combiningClass($0.code) < combiningClass($1.code) }
        changes.replaceSubrange(start..., with: sorted)
    }

    private static func recompose(_ source: [Change]) -> [Change] {
        var result: [Change] = []
        result.reserveCapacity(source.count)
        // The index in the result of the last scalar of class 0, and the class of the last mark after it.
        var starter = -1
        var lastClass: UInt8?
        for item in source {
            let itemClass = combiningClass(item.code)
            if starter >= 0, lastClass.map({ $0 < itemClass }) ?? true,
                let composite = compose(result[starter].code, item.code)
            {
                result[starter].code = composite
                result[starter].change += item.change - 1
                continue
            }
            if itemClass == 0 {
                starter = result.count
                lastClass = nil
            } else if starter >= 0 {
                lastClass = itemClass
            }
            result.append(item)
        }
        return result
    }

    /// Returns the normalised string.
    static func normalize(_ text: String, _ form: Form) -> String {
        UTF8Text.string(normalize(UTF8Text.scalars(text), form).lazy.map(\.code))
    }
}
