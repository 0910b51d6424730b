import TorchlightCore

/// A map-style dataset: samples by index, with a known number of samples. A ``DataLoader`` makes batches of them.
///
/// A dataset needs a `count` and a subscript that returns sample `index` or throws. The loader calls it from several
/// worker threads at once, hence `Sendable`. A sample that is random draws from the default generator, as `Tensor.rand`
/// and layers do, or from `SampleKey.current`. Both are set for each sample, so that it depends only on the seed, the
/// epoch and the index. Swift's own `random(in:)` does not use them unless it is called with `using:`.
///
///     struct Squares: Dataset {
///         let count = 100
///         subscript(index: Int) -> (Tensor, Int) { (Tensor([Float(index)]), index * index) }
///     }
public protocol Dataset<Element>: Sendable {
    /// The type of a sample: a tensor, a number, a tuple of these, ...
    associatedtype Element

    /// The number of samples.
    var count: Int { get }

    /// Sample `index`, from 0 to `count - 1`.
    subscript(index: Int) -> Element { get throws }
}

/// A dataset that can make a batch faster than by collating single samples.
public protocol BatchedDataset<Batch>: Dataset {
    /// The type of a batch: the result of ``Collatable/collate(_:)`` for a list of samples.
    associatedtype Batch

    /// Returns the batch of the samples at `indices`, with the same bits as collating them one by one; nil if the
    /// samples must be collated.
    ///
    /// - Parameter indices: indices in `0 ..< count`; not empty.
    func batch(at indices: [Int]) throws -> Batch?
}

/// Throws if a dataset has no sample of this index.
func checkSample(_ index: Int, of count: Int, in name: String) throws(TensorError) {
    guard index >= 0 && index < count else {
        throw TensorError(
            .index, in: name, "there is no sample at this index", got: "\(index)",
            expected: "an index in 0 ..< \(count)")
    }
}
