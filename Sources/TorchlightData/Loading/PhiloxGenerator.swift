import CKernels

/// A random number generator for Swift code: Philox 4x32-10 (Salmon et al., 2011), the counter-based generator that
/// tensors use.
///
/// It is a value: a copy continues independently from the state of the original.
public struct PhiloxGenerator: RandomNumberGenerator, Sendable, Hashable {
    private let seed: UInt64
    private let call: UInt64
    private var position: UInt64 = 0

    /// Creates the stream of a seed and a call number; different call numbers give independent streams.
    public init(seed: UInt64, call: UInt64 = 0) {
        self.seed = seed
        self.call = call
    }

    /// Returns the next 64 random bits.
    public mutating func next() -> UInt64 {
        let key = tl_philox(seed: seed, call: call)
        defer { position += 2 }
        return UInt64(tl_philox_word(key, position)) << 32 | UInt64(tl_philox_word(key, position + 1))
    }
}
