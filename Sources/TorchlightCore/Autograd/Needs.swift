/// Which inputs of an operation need a gradient: a set of indices, the first 64 of which are stored inline.
package struct Needs: Sendable {
    private var low: UInt64 = 0
    /// Indices from 64 on, 64 in each element; nil until one of them is set.
    private var high: [UInt64]?

    package init() {}

    /// The indices from 0 to `count - 1`.
    package init(all count: Int) {
        low = count >= 64 ? .max : (1 << UInt64(count)) - 1
        for index in stride(from: 64, to: count, by: 1) { setHigh(index, true) }
    }

    package subscript(index: Int) -> Bool {
        @inline(__always) get { index < 64 ? low &>> UInt64(index) & 1 == 1 : isHighSet(index) }
        @inline(__always) set {
            guard index < 64 else { return setHigh(index, newValue) }
            let bit: UInt64 = 1 &<< UInt64(index)
            if newValue { low |= bit } else { low &= ~bit }
        }
    }

    /// Whether any input needs a gradient.
    package var any: Bool {
        @inline(__always) get { low != 0 || isAnyHighSet }
    }

    private var isAnyHighSet: Bool {
        @inline(__always) get { high != nil && high!.contains { $0 != 0 } }
    }

    @inline(never)
    private func isHighSet(_ index: Int) -> Bool {
        let word = index / 64 - 1
        guard let high, word < high.count else { return false }
        return high[word] >> UInt64(index % 64) & 1 == 1
    }

    @inline(never)
    private mutating func setHigh(_ index: Int, _ value: Bool) {
        let (word, bit) = (index / 64 - 1, UInt64(1) << UInt64(index % 64))
        if word >= high?.count ?? 0 {
            guard value else { return }
            high = (high ?? []) + Array(repeating: 0, count: word + 1 - (high?.count ?? 0))
        }
        if value { high![word] |= bit } else { high![word] &= ~bit }
    }
}

/// Which inputs and outputs of a forward pass are saved, by index.
///
/// The last index, 31, represents itself and all that follow: a rule that saves input 40 saves all inputs from 31 on,
/// which is more than needed but never less.
package struct Saved: OptionSet, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package static func input(_ index: Int) -> Saved { Saved(rawValue: 1 << UInt64(min(index, 31))) }
    package static func output(_ index: Int) -> Saved { Saved(rawValue: 1 << UInt64(32 + min(index, 31))) }
    package static let none: Saved = []
}
