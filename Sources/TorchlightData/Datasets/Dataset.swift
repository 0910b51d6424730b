import TorchlightCore

/// Samples by number: what a `DataLoader` draws from.
///
/// Two requirements: a count, and a subscript that makes sample `index` or throws. The loader may ask from several
/// threads at once, hence `Sendable`. What is random in a sample draws from the default generator, as `Tensor.rand` and layers
/// do, or from `SampleKey.current`: both are the sample's own while it is made, so that it depends on the seed, the epoch
/// and the index alone. Swift's own `random(in:)` is not, unless it is given `using:`.
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

/// Refuses the number of a sample that a data set does not have.
func checkSample(_ index: Int, of count: Int, in name: String) throws(TensorError) {
    guard index >= 0 && index < count else {
        throw TensorError(
            .index, in: name, "the sample does not exist", got: "\(index)", expected: "a number in 0 ..< \(count)")
    }
}
