import CKernels

/// Random numbers for Swift code from the counter-based generator that tensors use (Philox 4x32-10, Salmon et al. 2011).
///
/// A value: a copy continues on its own from where the original stands.
public struct PhiloxGenerator: RandomNumberGenerator, Sendable, Hashable {
    private let seed: UInt64
    private let call: UInt64
    private var position: UInt64 = 0

    /// A stream named by two numbers.
    public init(seed: UInt64, call: UInt64 = 0) {
        self.seed = seed
        self.call = call
    }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        let key = tl_philox(seed: seed, call: call)
        defer { position += 2 }
        return UInt64(tl_philox_word(key, position)) << 32 | UInt64(tl_philox_word(key, position + 1))
    }
}
