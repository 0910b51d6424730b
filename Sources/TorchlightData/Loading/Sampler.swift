import TorchlightCore

/// Selects the samples of an epoch and their order.
public protocol Sampler: Sendable {
    /// Returns the number of samples in an epoch, for a dataset with `count` samples.
    func sampleCount(of count: Int) -> Int

    /// Returns the `sampleCount(of: count)` indices of an epoch, each in `0 ..< count`. They depend on the arguments
    /// only.
    func indices(of count: Int, seed: UInt64, epoch: Int) -> [Int]
}

/// Selects all samples in their order.
public struct SequentialSampler: Sampler {
    /// Creates a sampler.
    public init() {}
    /// Returns `count`: an epoch has every sample once.
    public func sampleCount(of count: Int) -> Int { count }
    /// Returns `0, 1, ..., count - 1`.
    public func indices(of count: Int, seed: UInt64, epoch: Int) -> [Int] {
        Array(0..<checkedSampleCount(count, in: "SequentialSampler"))
    }
}

/// Selects all samples in random order, or draws samples with replacement, all with the same probability.
public struct RandomSampler: Sampler {
    /// Whether samples are drawn with replacement.
    public let replacement: Bool
    private let drawCount: Int?

    /// Creates a sampler.
    ///
    /// - Parameters:
    ///   - replacement: whether to draw with replacement. Default: false, a random permutation; with more draws than
    ///     samples, another permutation follows.
    ///   - sampleCount: the number of samples in an epoch. Default: nil, the number of samples of the dataset.
    public init(replacement: Bool = false, sampleCount: Int? = nil) {
        self.replacement = replacement
        drawCount = sampleCount.map { checkedSampleCount($0, in: "RandomSampler") }
    }

    /// Returns the number of samples in an epoch.
    public func sampleCount(of count: Int) -> Int { drawCount.map { count > 0 ? $0 : 0 } ?? count }

    /// Returns the indices of an epoch.
    public func indices(of count: Int, seed: UInt64, epoch: Int) -> [Int] {
        var generator = orderGenerator(seed: seed, epoch: epoch)
        let wanted = checkedSampleCount(sampleCount(of: count), in: "RandomSampler")
        if replacement { return (0..<wanted).map { _ in generator.index(below: count) } }
        let all = Array(0..<checkedSampleCount(count, in: "RandomSampler"))
        var drawn: [Int] = []
        while !all.isEmpty, drawn.count < wanted { drawn += generator.shuffled(all).prefix(wanted - drawn.count) }
        return drawn
    }
}

/// Selects samples from a list of indices in random order.
public struct SubsetRandomSampler: Sampler {
    /// The indices of the samples.
    public let indices: [Int]

    /// Creates a sampler of the samples at `indices`.
    public init(_ indices: [Int]) { self.indices = indices }

    /// Returns the number of indices.
    public func sampleCount(of count: Int) -> Int { indices.count }

    /// Returns the indices in the random order of the epoch.
    public func indices(of count: Int, seed: UInt64, epoch: Int) -> [Int] {
        var generator = orderGenerator(seed: seed, epoch: epoch)
        return generator.shuffled(indices)
    }
}

/// Draws samples with replacement, each with a probability proportional to its weight.
public struct WeightedRandomSampler: Sampler {
    private let cumulative: [Double]
    private let drawCount: Int

    /// Creates a sampler.
    ///
    /// - Parameters:
    ///   - weights: one weight for each sample of the dataset; finite, not negative, with a positive sum. They need not
    ///     sum to 1.
    ///   - sampleCount: the number of draws in an epoch. Default: nil, the number of weights.
    public init(weights: [Double], sampleCount: Int? = nil) {
        var sum = 0.0
        cumulative = weights.map { weight in
            sum += weight
            return sum
        }
        drawCount = checkedSampleCount(sampleCount ?? weights.count, in: "WeightedRandomSampler")
        if weights.contains(where: { !($0 >= 0) }) || !(sum > 0) || !sum.isFinite {
            reportFailure(
                TensorError(
                    .value, in: "WeightedRandomSampler", "the weights do not define a distribution",
                    expected: "finite weights that are not negative, and a positive sum"))
        }
    }

    /// Returns the number of draws in an epoch.
    public func sampleCount(of count: Int) -> Int { drawCount }
    /// Returns the indices of an epoch.
    public func indices(of count: Int, seed: UInt64, epoch: Int) -> [Int] {
        guard cumulative.count == count, let sum = cumulative.last else {
            reportFailure(
                TensorError(
                    .value, in: "WeightedRandomSampler", "the number of weights is not the number of samples",
                    got: "\(quantity(cumulative.count, "weight")) for \(quantity(count, "sample"))"))
            return []
        }
        var generator = orderGenerator(seed: seed, epoch: epoch)
        return (0..<drawCount).map { _ in
            let target = Double.random(in: 0..<1, using: &generator) * sum
            // The first index whose cumulative weight is above the target, by binary search.
            var (low, high) = (0, count - 1)
            while low < high {
                let middle = (low + high) / 2
                if cumulative[middle] > target { high = middle } else { low = middle + 1 }
            }
            return low
        }
    }
}

/// Selects the part of the samples that one process of a distributed training reads: each process gets as many samples as the
/// others.
///
///     let sampler = DistributedSampler(numReplicas: 4, rank: 1)
///     let loader = DataLoader(dataset, batchSize: 64, sampler: sampler, seed: 0)
///
/// All processes must use the same seed; in each epoch they have another order in common.
public struct DistributedSampler: Sampler {
    /// The number of processes.
    public let numReplicas: Int
    /// The index of this process, from 0.
    public let rank: Int
    /// Whether the samples are shuffled in every epoch.
    public let shuffle: Bool
    /// Whether the last samples are dropped if the processes cannot share them equally; otherwise the first samples are
    /// repeated.
    public let dropLast: Bool

    /// Creates a sampler.
    ///
    /// - Parameters:
    ///   - numReplicas: the number of processes, at least 1.
    ///   - rank: the index of this process, from 0 to below `numReplicas`.
    ///   - shuffle: whether the samples are shuffled in every epoch. Default: true.
    ///   - dropLast: whether samples are dropped, and not repeated, if their number is no multiple of the number of processes.
    ///     Default: false.
    public init(numReplicas: Int, rank: Int, shuffle: Bool = true, dropLast: Bool = false) {
        let isValid = numReplicas > 0 && rank >= 0 && rank < numReplicas
        self.numReplicas = isValid ? numReplicas : 1
        self.rank = isValid ? rank : 0
        self.shuffle = shuffle
        self.dropLast = dropLast
        if !isValid {
            reportFailure(
                TensorError(
                    .value, in: "DistributedSampler", "rank or numReplicas is out of range",
                    got: "rank \(rank), numReplicas \(numReplicas)", expected: "0 <= rank < numReplicas"))
        }
    }

    /// Returns the number of samples of each process.
    public func sampleCount(of count: Int) -> Int {
        let (whole, rest) = max(count, 0).quotientAndRemainder(dividingBy: numReplicas)
        return whole + (rest > 0 && !dropLast ? 1 : 0)
    }

    /// Returns the indices of this process in an epoch: every `numReplicas`-th of the common order, from `rank` on.
    public func indices(of count: Int, seed: UInt64, epoch: Int) -> [Int] {
        let size = checkedSampleCount(count, in: "DistributedSampler")
        var order = Array(0..<size)
        if shuffle {
            var generator = orderGenerator(seed: seed, epoch: epoch)
            order = generator.shuffled(order)
        }
        if order.isEmpty { return [] }
        return (0..<sampleCount(of: size)).map { order[($0 * numReplicas + rank) % size] }
    }
}

/// Groups the samples of an epoch into batches of indices. ``DataLoader`` does so by itself; use this type where batches of
/// indices are needed without one.
public struct BatchSampler: Sendable {
    /// The sampler of the samples.
    public let sampler: any Sampler
    /// The number of samples in a batch.
    public let batchSize: Int
    /// Whether the last batch is dropped if it is incomplete.
    public let dropLast: Bool

    /// Creates a batch sampler.
    ///
    /// - Parameters:
    ///   - sampler: the sampler of the samples.
    ///   - batchSize: the number of samples in a batch, at least 1.
    ///   - dropLast: whether the last batch is dropped if it is incomplete. Default: false.
    public init(_ sampler: any Sampler, batchSize: Int, dropLast: Bool = false) {
        self.sampler = sampler
        self.batchSize = max(batchSize, 1)
        self.dropLast = dropLast
        if batchSize < 1 {
            reportFailure(
                TensorError(
                    .value, in: "BatchSampler", "batchSize is not positive", got: "\(batchSize)", expected: "at least 1"
                ))
        }
    }

    /// Returns the number of batches in an epoch, for a dataset with `count` samples.
    public func batchCount(of count: Int) -> Int { batchCount(samples: max(sampler.sampleCount(of: count), 0)) }

    /// Returns the indices of the samples of each batch of an epoch.
    public func batches(of count: Int, seed: UInt64, epoch: Int) -> [[Int]] {
        let indices = sampler.indices(of: count, seed: seed, epoch: epoch)
        return (0..<batchCount(samples: indices.count)).map { batch in
            let start = batch * batchSize
            return Array(indices[start..<min(start +| batchSize, indices.count)])
        }
    }

    private func batchCount(samples: Int) -> Int {
        let (full, rest) = samples.quotientAndRemainder(dividingBy: batchSize)
        return full + (rest > 0 && !dropLast ? 1 : 0)
    }
}

extension PhiloxGenerator {
    /// An integer in `0 ..< count`, uniform up to a bias of count / 2^64: the upper half of the product.
    mutating func index(below count: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(count)).high) }

    /// The Fisher-Yates shuffle. The standard library's may change between versions.
    mutating func shuffled(_ elements: [Int]) -> [Int] {
        var order = elements
        for last in stride(from: order.count - 1, to: 0, by: -1) { order.swapAt(last, index(below: last + 1)) }
        return order
    }
}

/// The number of samples if it is valid; 0, with an error, if it is not.
private func checkedSampleCount(_ count: Int, in sampler: String) -> Int {
    do throws(TensorError) {
        guard count >= 0 else {
            throw TensorError(
                .value, in: sampler, "the number of samples is negative", got: "\(count)", expected: "at least 0")
        }
        try checkListSize(count, bytesEach: MemoryLayout<Int>.stride, in: sampler)
        return count
    } catch {
        reportFailure(error)
        return 0
    }
}

/// The generator of an epoch's order: a stream independent of those of tensor operations and samples with the same
/// seed.
func orderGenerator(seed: UInt64, epoch: Int) -> PhiloxGenerator {
    PhiloxGenerator(seed: seed ^ 0x5368_7566_666c_6521, call: UInt64(truncatingIfNeeded: epoch))
}
