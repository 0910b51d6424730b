import TorchlightCore

/// Samples by number: what a `DataLoader` draws from.
///
/// Two requirements: a count, and a subscript that makes sample `index` or throws. The loader may ask from several
/// threads at once, hence `Sendable`. What is random in a sample draws from `SampleKey.current`, so that it depends on
/// the seed, the epoch and the index alone.
///
///     struct Squares: Dataset {
///         let count = 100
///         subscript(index: Int) -> (Tensor, Int) { (Tensor([Float(index)]), index * index) }
///     }
public protocol Dataset<Element>: Sendable {
    /// The type of a sample: a tensor, a number, a tuple of such things, ...
    associatedtype Element

    /// The number of samples.
    var count: Int { get }

    /// Sample `index`, from 0 to `count - 1`.
    subscript(index: Int) -> Element { get throws }
}

/// A data set that can make a whole batch faster than sample by sample.
public protocol BatchedDataset<Batch>: Dataset {
    /// The type of a batch: what `Collatable` makes of a list of samples.
    associatedtype Batch

    /// The batch of the samples of these indices, equal in every bit to collating them one by one; nil where they
    /// can only be collated.
    ///
    /// - Parameter indices: In `0 ..< count`, not empty.
    func batch(at indices: [Int]) throws -> Batch?
}

/// What a sample's randomness may depend on: the loader's seed, the epoch and the sample's index.
///
/// The loader sets `current` around every access to a data set. The same key gives the same numbers on any worker, in
/// any order, in a resumed run.
public struct SampleKey: Sendable, Hashable {
    /// The loader's seed.
    public let seed: UInt64
    /// The epoch, counted from 0.
    public let epoch: Int
    /// The sample's index in the data set that the loader draws from.
    public let index: Int

    /// Creates a key, for use without a loader.
    public init(seed: UInt64, epoch: Int, index: Int) {
        self.seed = seed
        self.epoch = epoch
        self.index = index
    }

    /// The key of the sample that is being made on this thread, nil outside a loader.
    @TaskLocal public static var current: SampleKey?

    /// Random numbers of this sample; every generator of one key gives the same.
    public var generator: PhiloxGenerator {
        // One stream a sample and epoch. The key mixes the epoch into the seed, the call number is the index.
        PhiloxGenerator(
            seed: seed ^ (UInt64(truncatingIfNeeded: epoch) &+ 1) &* 0x9e37_79b9_7f4a_7c15,
            call: UInt64(truncatingIfNeeded: index))
    }
}
