import TorchlightCore

/// Some samples of another data set, in a given order.
public struct Subset<Base: Dataset>: Dataset {
    /// The data set that is drawn from.
    public let base: Base
    /// The samples' numbers in it.
    public let indices: [Int]

    /// The samples of these numbers; each must lie in `0 ..< base.count`.
    public init(_ base: Base, indices: [Int]) {
        self.base = base
        if let wrong = indices.first(where: { $0 < 0 || $0 >= base.count }) {
            reportFailure(
                TensorError(
                    .index, in: "Subset", "a sample's number is out of range", got: "\(wrong)",
                    expected: "0 ..< \(base.count)"))
            self.indices = []
        } else {
            self.indices = indices
        }
    }

    /// The number of samples.
    public var count: Int { indices.count }
    /// The sample of the data set that is drawn from.
    public subscript(index: Int) -> Base.Element { get throws { try base[position(index)] } }

    /// The number of a sample in the data set that is drawn from.
    private func position(_ index: Int) throws(TensorError) -> Int {
        try checkSample(index, of: indices.count, in: "Subset")
        return indices[index]
    }
}

extension Subset: BatchedDataset where Base: BatchedDataset {
    /// The batch as the underlying data set makes it.
    public func batch(at indices: [Int]) throws -> Base.Batch? { try base.batch(at: indices.map { try position($0) }) }
}

/// Splits a data set at random into parts of these lengths, which sum to its count.
///
/// - Parameter seed: what the split depends on; drawn from the default generator where it is not given, so that two splits
///   differ. A program that is resumed gives one, or it trains on what it tested with.
public func randomSplit<Base: Dataset>(_ dataset: Base, lengths: [Int], seed: UInt64? = nil) -> [Subset<Base>] {
    guard lengths.allSatisfy({ $0 >= 0 }), lengths.reduce(0, +|) == dataset.count else {
        reportFailure(
            TensorError(
                .value, in: "randomSplit", "the lengths do not make up the data set", got: "\(lengths)",
                expected: "numbers from 0 that sum to \(dataset.count)"))
        return lengths.map { _ in Subset(dataset, indices: []) }
    }
    let order = RandomSampler().indices(of: dataset.count, seed: seed ?? Generator.default.drawSeed(), epoch: 0)
    var start = 0
    return lengths.map { length in
        defer { start += length }
        return Subset(dataset, indices: Array(order[start..<start + length]))
    }
}

/// Splits a data set at random into shares that sum to 1; what rounding leaves over goes to the first parts.
/// Without a seed each split is another, see ``randomSplit(_:lengths:seed:)``.
///
///     let parts = randomSplit(digits, [0.8, 0.2], seed: 1)
public func randomSplit<Base: Dataset>(_ dataset: Base, _ shares: [Double], seed: UInt64? = nil) -> [Subset<Base>] {
    guard shares.allSatisfy({ $0 >= 0 && $0 <= 1 }), abs(shares.reduce(0, +) - 1) < 1e-6 else {
        reportFailure(
            TensorError(
                .value, in: "randomSplit", "the shares do not make up the data set", got: "\(shares)",
                expected: "numbers from 0 to 1 that sum to 1"))
        return shares.map { _ in Subset(dataset, indices: []) }
    }
    var lengths = shares.map { Int((Double(dataset.count) * $0 + 1e-9).rounded(.down)) }
    let missing = dataset.count - lengths.reduce(0, +)
    for index in 0..<max(missing, 0) { lengths[index % lengths.count] += 1 }
    // Shares whose sum is a rounding error above 1 take more than there is; the largest part gives it back.
    if missing < 0, let largest = lengths.indices.max(by: { lengths[$0] < lengths[$1] }) { lengths[largest] += missing }
    return randomSplit(dataset, lengths: lengths, seed: seed)
}
