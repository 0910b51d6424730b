/// The instructions of a compiled regular expression.
struct RegexProgram: Sendable {
    enum Operation: UInt8, Sendable {
        /// Matches one scalar of set `a`.
        case set
        /// Continues at the next instruction; after a failure at `a`.
        case split
        /// Continues at `a`; after a failure at the next instruction.
        case splitLazily
        case jump
        /// Matches between `b` and `c` scalars of set `a`; `kind` is greedy, lazy or possessive.
        case repeatSet
        /// The body follows and ends before `a`. It must match (`b` = 0) or not match (`b` = 1) at this position.
        case lookAhead
        /// As lookAhead, but the match must end at this position; element `c` of `widths` has the minimum and maximum
        /// width.
        case lookBehind
        /// The body follows and ends before `a`. It is not backtracked into.
        case atomic
        case anchor
        /// Stores the position in slot `a`.
        case mark
        /// Continues at the next instruction if the position changed since `mark`, otherwise at `b`.
        case progress
        /// The end of the expression or of a body.
        case end
    }

    struct Instruction: Sendable {
        var operation: Operation
        var kind: UInt8 = 0
        var a: Int32 = 0
        var b: Int32 = 0
        var c: Int32 = 0
    }

    /// A set with a bitmap for ASCII. Other scalars are tested by category and ranges, or by the general set.
    struct CompiledSet: Sendable {
        var low: UInt64 = 0
        var high: UInt64 = 0
        var categories: UInt32 = 0
        var firstRange: Int32 = 0
        var rangeCount: Int32 = 0
        var isInverted = false
        /// The index in `general`, or -1.
        var general: Int32 = -1
    }

    var instructions: [Instruction] = []
    var sets: [CompiledSet] = []
    var ranges: [(UInt32, UInt32)] = []
    var general: [ScalarSet] = []
    var widths: [(least: Int, most: Int)] = []
    var slotCount = 0
    /// The possible first bytes of a match; nil if it can be empty.
    var firstBytes: [Bool]?

    /// The maximum number of instructions: repetitions of groups are unrolled.
    private static let largest = 20_000

    init(_ pattern: String) throws(TokenizerError) {
        let node = try RegexParser.parse(pattern)
        try emit(node, pattern)
        try append(Instruction(operation: .end), pattern)
        var first = First()
        if !Self.first(of: node, &first) {
            var bytes = [Bool](repeating: first.isOther, count: 256)
            for byte in 0..<64 {
                bytes[byte] = (first.low >> UInt64(byte)) & 1 != 0
                bytes[byte + 64] = (first.high >> UInt64(byte)) & 1 != 0
            }
            firstBytes = bytes
        }
    }

    // MARK: Sets

    /// A set as categories and ranges; nil if it is not a union of these.
    private static func flatten(_ set: ScalarSet) -> (categories: UInt32, ranges: [ClosedRange<UInt32>], Bool)? {
        switch set {
        case .ranges(let ranges): return (0, ranges, false)
        case .categories(let mask): return (mask, [], false)
        case .property(.whitespace): return (UnicodeClass.separator, [0x09...0x0D, 0x85...0x85], false)
        case .not(let inner): return flatten(inner).map { ($0.0, $0.1, !$0.2) }
        case .union(let sets):
            var result: (UInt32, [ClosedRange<UInt32>], Bool) = (0, [], false)
            for set in sets {
                guard let (mask, ranges, isInverted) = flatten(set), !isInverted else { return nil }
                result.0 |= mask
                result.1 += ranges
            }
            return result
        default: return nil
        }
    }

    private mutating func add(_ set: ScalarSet) -> Int32 {
        var compiled = CompiledSet()
        for code in UInt32(0)..<64 {
            if set.contains(code) { compiled.low |= 1 << UInt64(code) }
            if set.contains(code + 64) { compiled.high |= 1 << UInt64(code) }
        }
        if let (mask, parts, isInverted) = Self.flatten(set) {
            compiled.categories = mask
            compiled.isInverted = isInverted
            let other = parts.filter { $0.upperBound >= 0x80 }
            compiled.firstRange = Int32(ranges.count)
            compiled.rangeCount = Int32(other.count)
            ranges += other.map { ($0.lowerBound, $0.upperBound) }
        } else {
            compiled.general = Int32(general.count)
            general.append(set)
        }
        sets.append(compiled)
        return Int32(sets.count - 1)
    }

    // MARK: Instructions

    @discardableResult
    private mutating func append(_ instruction: Instruction, _ pattern: String) throws(TokenizerError) -> Int {
        guard instructions.count < Self.largest else {
            throw TokenizerError(
                "regular expression", "the pattern '\(pattern.prefix(200))' has more than \(Self.largest) instructions",
                expected: "smaller repetitions of groups")
        }
        instructions.append(instruction)
        return instructions.count - 1
    }

    private mutating func emit(_ node: RegexNode, _ pattern: String) throws(TokenizerError) {
        switch node {
        case .empty: break
        case .set(let set): try append(Instruction(operation: .set, a: add(set)), pattern)
        case .sequence(let items): for item in items { try emit(item, pattern) }
        case .alternatives(let alternatives):
            var jumps: [Int] = []
            for (index, alternative) in alternatives.enumerated() {
                guard index < alternatives.count - 1 else {
                    try emit(alternative, pattern)
                    break
                }
                let split = try append(Instruction(operation: .split), pattern)
                try emit(alternative, pattern)
                jumps.append(try append(Instruction(operation: .jump), pattern))
                instructions[split].a = Int32(instructions.count)
            }
            for jump in jumps { instructions[jump].a = Int32(instructions.count) }
        case .repeated(let body, let least, let most, let kind):
            try emitRepeat(body, least, most, kind, pattern)
        case .look(let body, let isAhead, let isNegative):
            let look = try append(
                Instruction(operation: isAhead ? .lookAhead : .lookBehind, b: isNegative ? 1 : 0), pattern)
            if !isAhead {
                guard let (least, most) = Self.width(body) else {
                    throw TokenizerError(
                        "regular expression", "a lookbehind of unbounded length in '\(pattern.prefix(200))'",
                        expected: "a bounded one")
                }
                instructions[look].c = Int32(widths.count)
                widths.append((least, most))
            }
            try emit(body, pattern)
            try append(Instruction(operation: .end), pattern)
            instructions[look].a = Int32(instructions.count)
        case .atomic(let body):
            let atomic = try append(Instruction(operation: .atomic), pattern)
            try emit(body, pattern)
            try append(Instruction(operation: .end), pattern)
            instructions[atomic].a = Int32(instructions.count)
        case .anchor(let anchor):
            let kind: UInt8 =
                switch anchor {
                case .lineStart: 0
                case .lineEnd: 1
                case .textStart: 2
                case .textEnd: 3
                case .textEndOrLine: 4
                case .wordBoundary: 5
                case .notWordBoundary: 6
                }
            try append(Instruction(operation: .anchor, kind: kind), pattern)
        }
    }

    private mutating func emitRepeat(
        _ body: RegexNode, _ least: Int, _ most: Int, _ kind: RegexNode.RepeatKind, _ pattern: String
    ) throws(TokenizerError) {
        if case .set(let set) = body {
            let number: UInt8 = kind == .greedy ? 0 : kind == .lazy ? 1 : 2
            try append(
                Instruction(
                    operation: .repeatSet, kind: number, a: add(set), b: Int32(least),
                    c: most == .max ? .max : Int32(most)), pattern)
            return
        }
        if kind == .possessive {
            return try emit(.atomic(.repeated(body, atLeast: least, atMost: most, .greedy)), pattern)
        }
        let split: Operation = kind == .lazy ? .splitLazily : .split
        for _ in 0..<least { try emit(body, pattern) }
        if most == .max {
            // split(end) mark body progress jump
            let start = try append(Instruction(operation: split), pattern)
            let slot = Int32(slotCount)
            slotCount += 1
            try append(Instruction(operation: .mark, a: slot), pattern)
            try emit(body, pattern)
            let progress = try append(Instruction(operation: .progress, a: slot), pattern)
            try append(Instruction(operation: .jump, a: Int32(start)), pattern)
            instructions[start].a = Int32(instructions.count)
            instructions[progress].b = Int32(instructions.count)
        } else {
            var splits: [Int] = []
            for _ in least..<most {
                splits.append(try append(Instruction(operation: split), pattern))
                try emit(body, pattern)
            }
            for split in splits { instructions[split].a = Int32(instructions.count) }
        }
    }

    // MARK: Analysis

    /// The minimum and maximum number of scalars that a node matches; nil if unbounded.
    private static func width(_ node: RegexNode) -> (Int, Int)? {
        switch node {
        case .empty, .look, .anchor: return (0, 0)
        case .set: return (1, 1)
        case .atomic(let body): return width(body)
        case .sequence(let items):
            var result = (0, 0)
            for item in items {
                guard let (least, most) = width(item) else { return nil }
                result = (result.0 + least, result.1 + most)
                guard result.1 < 100_000 else { return nil }
            }
            return result
        case .alternatives(let items):
            var result = (Int.max, 0)
            for item in items {
                guard let (least, most) = width(item) else { return nil }
                result = (min(result.0, least), max(result.1, most))
            }
            return result
        case .repeated(let body, let low, let high, _):
            guard high != .max, let (least, most) = width(body), most == 0 || high < 100_000 / most else { return nil }
            return (least * low, most * high)
        }
    }

    private struct First {
        var low: UInt64 = 0
        var high: UInt64 = 0
        var isOther = false
    }

    /// Adds the possible first bytes of a match of the node; returns whether the match can be empty.
    private static func first(of node: RegexNode, _ first: inout First) -> Bool {
        switch node {
        case .empty, .look, .anchor: return true
        case .set(let set):
            for code in UInt32(0)..<64 {
                if set.contains(code) { first.low |= 1 << UInt64(code) }
                if set.contains(code + 64) { first.high |= 1 << UInt64(code) }
            }
            if case .ranges(let ranges) = set {
                if ranges.contains(where: { $0.upperBound >= 0x80 }) { first.isOther = true }
            } else {
                first.isOther = true
            }
            return false
        case .atomic(let body): return Self.first(of: body, &first)
        case .sequence(let items):
            for item in items where !Self.first(of: item, &first) { return false }
            return true
        case .alternatives(let items):
            var canBeEmpty = false
            for item in items where Self.first(of: item, &first) { canBeEmpty = true }
            return canBeEmpty
        case .repeated(let body, let least, _, _): return Self.first(of: body, &first) || least == 0
        }
    }
}
