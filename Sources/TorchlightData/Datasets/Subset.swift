import TorchlightCore

/// The samples of a dataset at given indices, in the order of the indices.
public struct Subset<Base: Dataset>: Dataset {
    /// The underlying dataset.
    public let base: Base
    /// The indices of the samples in ``base``.
    public let indices: [Int]

    /// Creates a subset of `base`. An index outside `0 ..< base.count` is an error.
    public init(_ base: Base, indices: [Int]) {
        self.base = base
        if let wrong = indices.first(where: { $0 < 0 || $0 >= base.count }) {
            reportFailure(
                TensorError(
                    .index, in: "Subset", "an index is out of range", got: "\(wrong)",
                    expected: "indices in 0 ..< \(base.count)"))
            self.indices = []
        } else {
            self.indices = indices
        }
    }

    /// The number of samples.
    public var count: Int { indices.count }
    /// The sample of the underlying dataset at `indices[index]`.
    public subscript(index: Int) -> Base.Element { get throws { try base[position(index)] } }

    /// The index of a sample in the underlying dataset.
    private func position(_ index: Int) throws(TensorError) -> Int {
        try checkSample(index, of: indices.count, in: "Subset")
        return indices[index]
    }
}

extension Subset: BatchedDataset where Base: BatchedDataset {
    /// Returns the batch that the underlying dataset makes.
    public func batch(at indices: [Int]) throws -> Base.Batch? { try base.batch(at: indices.map { try position($0) }) }
}

/// Splits a dataset at random into non-overlapping subsets of given lengths.
///
///     let parts = randomSplit(digits, lengths: [1500, 297], seed: 1)
///
/// - Parameters:
///   - dataset: the dataset to split.
///   - lengths: the number of samples of each subset; their sum must be `dataset.count`.
///   - seed: the seed of the split. Default: nil, a seed drawn from the default generator, so that two calls give
///     different splits. Pass a seed in a program that is resumed; otherwise it trains on samples that it tested with.
public func randomSplit<Base: Dataset>(_ dataset: Base, lengths: [Int], seed: UInt64? = nil) -> [Subset<Base>] {
    guard lengths.allSatisfy({ $0 >= 0 }), lengths.reduce(0, +|) == dataset.count else {
        reportFailure(
            TensorError(
                .value, in: "randomSplit", "the lengths do not sum to the number of samples", got: "\(lengths)",
                expected: "lengths of at least 0 that sum to \(dataset.count)"))
        return lengths.map { _ in Subset(dataset, indices: []) }
    }
    let order = RandomSampler().indices(of: dataset.count, seed: seed ?? Generator.default.drawSeed(), epoch: 0)
    var start = 0
    return lengths.map { length in
        defer { start += length }
        return Subset(dataset, indices: Array(order[start..<start + length]))
    }
}

/// Splits a dataset at random into non-overlapping subsets of given fractions.
///
/// The length of a subset is the fraction of `dataset.count`, rounded down; remaining samples go to the first subsets,
/// one each. See `randomSplit(_:lengths:seed:)` for the seed.
///
///     let parts = randomSplit(digits, [0.8, 0.2], seed: 1)
public func randomSplit<Base: Dataset>(_ dataset: Base, _ shares: [Double], seed: UInt64? = nil) -> [Subset<Base>] {
    guard shares.allSatisfy({ $0 >= 0 && $0 <= 1 }), abs(shares.reduce(0, +) - 1) < 1e-6 else {
        reportFailure(
            TensorError(
                .value, in: "randomSplit", "the fractions do not sum to 1", got: "\(shares)",
                expected: "fractions from 0 to 1 that sum to 1"))
        return shares.map { _ in Subset(dataset, indices: []) }
    }
    var lengths = shares.map { Int((Double(dataset.count) * $0 + 1e-9).rounded(.down)) }
    let missing = dataset.count - lengths.reduce(0, +)
    for index in 0..<max(missing, 0) { lengths[index % lengths.count] += 1 }
    // Fractions whose sum is above 1 by a rounding error give too many samples; the largest subset gets fewer.
    if missing < 0, let largest = lengths.indices.max(by: { lengths[$0] < lengths[$1] }) { lengths[largest] += missing }
    return randomSplit(dataset, lengths: lengths, seed: seed)
}
