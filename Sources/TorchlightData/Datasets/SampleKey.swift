import Synchronization
import TorchlightCore

/// The values that the random numbers of a sample depend on: the loader's seed, the epoch and the index of the sample.
///
/// The loader sets ``current`` and a default generator of the key while it reads a sample. The same key gives the same
/// random numbers on any worker, in any order and in a resumed run.
public struct SampleKey: Sendable, Hashable {
    /// The seed of the loader.
    public let seed: UInt64
    /// The epoch, counted from 0.
    public let epoch: Int
    /// The index of the sample in the loader's dataset.
    public let index: Int
    /// Shared by the copies of a key, so that each access gets another stream.
    private let streams = StreamCount()

    /// Creates a key, for use without a loader.
    public init(seed: UInt64, epoch: Int, index: Int) {
        self.seed = seed
        self.epoch = epoch
        self.index = index
    }

    /// The key of the sample that is being read on this thread; nil outside a loader.
    @TaskLocal public static var current: SampleKey?

    /// A random number generator of this sample for Swift's functions: `Bool.random(using: &generator)`.
    ///
    /// Each access returns the next of the sample's independent streams, so that two transforms get different random
    /// numbers. The first access to a new key always returns the same stream, the second access the same second stream,
    /// and so on.
    public var generator: PhiloxGenerator {
        // One stream for each sample, epoch and access: the seed depends on epoch and access, the call number is the
        // index.
        PhiloxGenerator(
            seed: epochSeed ^ mixed(streams.next()), call: UInt64(truncatingIfNeeded: index))
    }

    /// Calls `body` with this key as ``current`` and with the sample's default generator, as a loader does.
    public func makingSample<Result>(_ body: () throws -> Result) throws -> Result {
        try Self.$current.withValue(self) {
            try Generator(seed: mixed(epochSeed &+ mixed(UInt64(truncatingIfNeeded: index) &+ 1))).asDefault(body)
        }
    }

    /// The seed of all streams of the epoch.
    private var epochSeed: UInt64 { seed ^ (UInt64(truncatingIfNeeded: epoch) &+ 1) &* 0x9e37_79b9_7f4a_7c15 }

    /// Whether two keys have the same seed, epoch and index.
    public static func == (a: SampleKey, b: SampleKey) -> Bool {
        a.seed == b.seed && a.epoch == b.epoch && a.index == b.index
    }

    /// Hashes seed, epoch and index.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(seed)
        hasher.combine(epoch)
        hasher.combine(index)
    }

    /// Counts the streams that were returned.
    private final class StreamCount: Sendable {
        private let count = Atomic<UInt64>(0)
        func next() -> UInt64 { count.wrappingAdd(1, ordering: .relaxed).oldValue }
    }
}

/// A bijection in which every bit of the result depends on every bit of the argument, with 0 for 0 (the finaliser of
/// MurmurHash3 by Appleby).
func mixed(_ number: UInt64) -> UInt64 {
    var x = number
    x = (x ^ x >> 33) &* 0xff51_afd7_ed55_8ccd
    x = (x ^ x >> 33) &* 0xc4ce_b9fe_1a85_ec53
    return x ^ x >> 33
}
