import Synchronization
import TorchlightCore

/// What a sample's randomness may depend on: the loader's seed, the epoch and the sample's index.
///
/// The loader sets `current` around every access to a data set, and makes a generator of the key the default one meanwhile. The
/// same key gives the same numbers on any worker, in any order, in a resumed run.
public struct SampleKey: Sendable, Hashable {
    /// The loader's seed.
    public let seed: UInt64
    /// The epoch, counted from 0.
    public let epoch: Int
    /// The sample's index in the data set that the loader draws from.
    public let index: Int
    /// Shared by the copies of a key, so that each asks for numbers of its own.
    private let streams = StreamCount()

    /// Creates a key, for use without a loader.
    public init(seed: UInt64, epoch: Int, index: Int) {
        self.seed = seed
        self.epoch = epoch
        self.index = index
    }

    /// The key of the sample that is being made on this thread, nil outside a loader.
    @TaskLocal public static var current: SampleKey?

    /// Random numbers of this sample for Swift's functions: `Bool.random(using: &generator)`.
    ///
    /// Each access gives the next of the sample's streams, which are independent of each other, so that two transforms, or two
    /// views of one sample, get numbers of their own. The first access to a new key gives the same stream each time, the second
    /// the same second one, and so on.
    public var generator: PhiloxGenerator {
        // One stream a sample, epoch and access. The key mixes epoch and access into the seed, the call number is the index.
        PhiloxGenerator(
            seed: epochSeed ^ mixed(streams.next()), call: UInt64(truncatingIfNeeded: index))
    }

    /// Runs the body as the making of this sample: with the key as ``current``, and the sample's own default generator.
    public func makingSample<Result>(_ body: () throws -> Result) throws -> Result {
        try Self.$current.withValue(self) {
            try Generator(seed: mixed(epochSeed &+ mixed(UInt64(truncatingIfNeeded: index) &+ 1))).asDefault(body)
        }
    }

    /// The seed of the streams of an epoch.
    private var epochSeed: UInt64 { seed ^ (UInt64(truncatingIfNeeded: epoch) &+ 1) &* 0x9e37_79b9_7f4a_7c15 }

    /// Whether two keys name the same sample.
    public static func == (a: SampleKey, b: SampleKey) -> Bool {
        a.seed == b.seed && a.epoch == b.epoch && a.index == b.index
    }

    /// Hashes what names the sample.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(seed)
        hasher.combine(epoch)
        hasher.combine(index)
    }

    /// Counts the streams that were asked for.
    private final class StreamCount: Sendable {
        private let count = Atomic<UInt64>(0)
        func next() -> UInt64 { count.wrappingAdd(1, ordering: .relaxed).oldValue }
    }
}

/// A number whose bits all depend on all of these, one to one, and 0 for 0 (the finaliser of MurmurHash3 by Appleby).
func mixed(_ number: UInt64) -> UInt64 {
    var x = number
    x = (x ^ x >> 33) &* 0xff51_afd7_ed55_8ccd
    x = (x ^ x >> 33) &* 0xc4ce_b9fe_1a85_ec53
    return x ^ x >> 33
}
