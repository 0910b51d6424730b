/// A compiled regular expression in Oniguruma syntax.
///
/// The matcher backtracks as Oniguruma does, so that both find the same matches. The number of steps is limited: an
/// expression of exponential time is an error.
final class Regex: Sendable {
    let pattern: String
    private let program: RegexProgram
    /// The hand-written matcher of a common pattern; nil for other patterns.
    private let known: KnownPattern?

    init(_ pattern: String) throws(TokenizerError) {
        self.pattern = pattern
        program = try RegexProgram(pattern)
        known = KnownPattern(pattern)
    }

    /// Creates a regular expression without a hand-written matcher, for comparison.
    init(interpreting pattern: String) throws(TokenizerError) {
        self.pattern = pattern
        program = try RegexProgram(pattern)
        known = nil
    }

    /// Calls the closure with the range of each match, in the order of Oniguruma's search: leftmost, not overlapping,
    /// and no empty match directly after another match.
    func forEachMatch(
        in text: UnsafeBufferPointer<UInt8>, _ body: (Int, Int) -> Void
    ) throws(TokenizerError) {
        if let known { return known.forEachMatch(in: text, body) }
        guard text.baseAddress != nil else {
            var matcher = RegexMatcher(program, UnsafeBufferPointer(start: nil, count: 0), pattern)
            if try matcher.match(at: 0) != nil { body(0, 0) }
            return
        }
        var matcher = RegexMatcher(program, text, pattern)
        var (position, lastEnd) = (0, -1)
        while position <= text.count {
            guard let (start, end) = try matcher.search(from: position) else { return }
            if start == end, end == lastEnd {
                position += position < text.count ? UTF8Text.length(text[position]) : 1
                continue
            }
            position = end
            lastEnd = end
            body(start, end)
        }
    }
}

/// A search of a regular expression in a text.
struct RegexMatcher: ~Copyable {
    private let program: RegexProgram
    private let text: UnsafeBufferPointer<UInt8>
    private let pattern: String
    private var stepsLeft: Int
    private var stack: [Frame] = []
    private var marks: [Int]

    private struct Frame {
        var instruction: Int32
        /// The position to continue at; for repetitions, the end of the run.
        var position: Int
        /// For greedy runs the smallest end, for lazy ones the number of scalars that may be added, for marks the old
        /// position; -1 in plain frames.
        var bound: Int
        var kind: Kind
    }

    private enum Kind: UInt8 { case plain, greedy, lazy, mark }

    init(_ program: RegexProgram, _ text: UnsafeBufferPointer<UInt8>, _ pattern: String) {
        self.program = program
        self.text = text
        self.pattern = pattern
        stepsLeft = Self.steps(text.count)
        marks = [Int](repeating: -1, count: program.slotCount)
    }

    /// Usual patterns take a few steps per byte; the limit is reached by patterns of exponential or cubic time.
    static func steps(_ count: Int) -> Int { min(1_000_000 + 500 * min(count, 1 << 40), 400_000_000) }

    /// The first match at or after a position.
    mutating func search(from first: Int) throws(TokenizerError) -> (Int, Int)? {
        var position = first
        while position <= text.count {
            if let firstBytes = program.firstBytes {
                while position < text.count, !firstBytes[Int(text[position])] { position += 1 }
                if position == text.count { return nil }
            }
            if let end = try match(at: position) { return (position, end) }
            position += position < text.count ? UTF8Text.length(text[position]) : 1
        }
        return nil
    }

    /// The end of the match at a position.
    mutating func match(at position: Int) throws(TokenizerError) -> Int? {
        stack.removeAll(keepingCapacity: true)
        return try run(0, position, endingAt: -1)
    }

    @inline(__always)
    private func contains(_ set: Int32, _ code: UInt32) -> Bool {
        program.sets.withUnsafeBufferPointer { sets in
            let index = Int(set)
            if code < 64 { return (sets[index].low >> UInt64(code)) & 1 != 0 }
            if code < 128 { return (sets[index].high >> UInt64(code - 64)) & 1 != 0 }
            if sets[index].general >= 0 { return program.general[Int(sets[index].general)].contains(code) }
            var isInside = sets[index].categories != 0 && UnicodeClass.mask(code) & sets[index].categories != 0
            if !isInside, sets[index].rangeCount > 0 {
                for range in Int(sets[index].firstRange)..<Int(sets[index].firstRange + sets[index].rangeCount)
                where program.ranges[range].0 <= code && code <= program.ranges[range].1 {
                    isInside = true
                    break
                }
            }
            return isInside != sets[index].isInverted
        }
    }

    private mutating func step() throws(TokenizerError) {
        stepsLeft -= 1
        if stepsLeft < 0 {
            throw TokenizerError(
                "regular expression",
                "'\(pattern.prefix(200))' takes more than \(Self.steps(text.count)) steps on a text of \(text.count) bytes",
                expected: "a pattern without nested repetitions of the same characters")
        }
    }

    /// Runs from an instruction to `end`; nil if it fails. With `endingAt`, only this end is accepted.
    private mutating func run(
        _ first: Int, _ start: Int, endingAt required: Int
    ) throws(TokenizerError) -> Int? {
        let base = stack.count
        defer { stack.removeLast(stack.count - base) }
        var (pc, position) = (first, start)
        while true {
            try step()
            let instruction = program.instructions[pc]
            var isMatching = true
            switch instruction.operation {
            case .set:
                isMatching = false
                if position < text.count {
                    let (code, length) = UTF8Text.scalar(text, position)
                    if contains(instruction.a, code) {
                        isMatching = true
                        position += length
                        pc += 1
                    }
                }
            case .split:
                stack.append(Frame(instruction: instruction.a, position: position, bound: -1, kind: .plain))
                pc += 1
            case .splitLazily:
                stack.append(Frame(instruction: Int32(pc + 1), position: position, bound: -1, kind: .plain))
                pc = Int(instruction.a)
            case .jump: pc = Int(instruction.a)
            case .repeatSet:
                isMatching = try repeatSet(instruction, pc, &position)
                pc += 1
            case .lookAhead:
                let found = try run(pc + 1, position, endingAt: -1) != nil
                isMatching = found == (instruction.b == 0)
                pc = Int(instruction.a)
            case .lookBehind:
                let found = try lookBehind(pc, instruction, position)
                isMatching = found == (instruction.b == 0)
                pc = Int(instruction.a)
            case .atomic:
                if let end = try run(pc + 1, position, endingAt: -1) {
                    position = end
                    pc = Int(instruction.a)
                } else {
                    isMatching = false
                }
            case .anchor:
                isMatching = holds(instruction.kind, position)
                pc += 1
            case .mark:
                let slot = Int(instruction.a)
                stack.append(Frame(instruction: instruction.a, position: 0, bound: marks[slot], kind: .mark))
                marks[slot] = position
                pc += 1
            case .progress: pc = marks[Int(instruction.a)] == position ? Int(instruction.b) : pc + 1
            case .end:
                if required < 0 || position == required { return position }
                isMatching = false
            }
            if isMatching { continue }
            guard let (next, at) = try backtrack(to: base) else { return nil }
            (pc, position) = (next, at)
        }
    }

    /// Resumes at the last alternative; nil if there is none above `base`.
    private mutating func backtrack(to base: Int) throws(TokenizerError) -> (Int, Int)? {
        while stack.count > base {
            let frame = stack[stack.count - 1]
            switch frame.kind {
            case .plain:
                stack.removeLast()
                return (Int(frame.instruction), frame.position)
            case .mark:
                stack.removeLast()
                marks[Int(frame.instruction)] = frame.bound
            case .greedy:
                try step()
                let shorter = UTF8Text.before(text, frame.position)
                if shorter > frame.bound { stack[stack.count - 1].position = shorter } else { stack.removeLast() }
                return (Int(frame.instruction), shorter)
            case .lazy:
                try step()
                stack.removeLast()
                guard frame.position < text.count else { continue }
                let (code, length) = UTF8Text.scalar(text, frame.position)
                guard contains(program.instructions[Int(frame.instruction) - 1].a, code) else { continue }
                let longer = frame.position + length
                if frame.bound > 1 {
                    stack.append(
                        Frame(instruction: frame.instruction, position: longer, bound: frame.bound - 1, kind: .lazy))
                }
                return (Int(frame.instruction), longer)
            }
        }
        return nil
    }

    private mutating func repeatSet(
        _ instruction: RegexProgram.Instruction, _ pc: Int, _ position: inout Int
    ) throws(TokenizerError) -> Bool {
        let (least, most) = (Int(instruction.b), Int(instruction.c))
        var count = 0
        var smallestEnd = position
        // A lazy run starts with its minimum.
        let wanted = instruction.kind == 1 ? least : most
        while count < wanted, position < text.count {
            let (code, length) = UTF8Text.scalar(text, position)
            guard contains(instruction.a, code) else { break }
            position += length
            count += 1
            if count == least { smallestEnd = position }
        }
        stepsLeft -= count / 8
        guard count >= least else { return false }
        switch instruction.kind {
        case 0:
            if position > smallestEnd {
                stack.append(
                    Frame(instruction: Int32(pc + 1), position: position, bound: smallestEnd, kind: .greedy))
            }
        case 1:
            if most > least {
                let left = instruction.c == .max ? Int.max : most - least
                stack.append(Frame(instruction: Int32(pc + 1), position: position, bound: left, kind: .lazy))
            }
        default: break
        }
        return true
    }

    private mutating func lookBehind(
        _ pc: Int, _ instruction: RegexProgram.Instruction, _ position: Int
    ) throws(TokenizerError) -> Bool {
        let (least, most) = program.widths[Int(instruction.c)]
        var (start, width) = (position, 0)
        while true {
            if width >= least, try run(pc + 1, start, endingAt: position) != nil { return true }
            guard width < most, start > 0 else { return false }
            start = UTF8Text.before(text, start)
            width += 1
        }
    }

    private func isWord(at position: Int) -> Bool {
        position < text.count && UnicodeClass.isWord(UTF8Text.scalar(text, position).code)
    }

    private func holds(_ anchor: UInt8, _ position: Int) -> Bool {
        switch anchor {
        case 0: return position == 0 || text[position - 1] == 0x0A && position < text.count
        case 1: return position == text.count || text[position] == 0x0A
        case 2: return position == 0
        case 3: return position == text.count
        case 4: return position == text.count || position == text.count - 1 && text[position] == 0x0A
        default:
            let before = position > 0 && isWord(at: UTF8Text.before(text, position))
            return (before != isWord(at: position)) == (anchor == 5)
        }
    }
}
