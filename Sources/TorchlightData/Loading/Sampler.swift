import TorchlightCore

/// Decides which samples an epoch takes, and in which order.
public protocol Sampler: Sendable {
    /// The number of samples an epoch takes from a data set of `count`.
    func sampleCount(of count: Int) -> Int

    /// The epoch's samples: `sampleCount(of: count)` numbers in `0 ..< count`, a function of the arguments alone.
    func indices(of count: Int, seed: UInt64, epoch: Int) -> [Int]
}

/// All samples in their order.
public struct SequentialSampler: Sampler {
    /// Creates a sampler.
    public init() {}
    /// The number of samples an epoch takes.
    public func sampleCount(of count: Int) -> Int { count }
    /// The epoch's samples.
    public func indices(of count: Int, seed: UInt64, epoch: Int) -> [Int] { Array(0..<count) }
}

/// All samples shuffled, each permutation equally likely.
public struct RandomSampler: Sampler {
    /// Creates a sampler.
    public init() {}
    /// The number of samples an epoch takes.
    public func sampleCount(of count: Int) -> Int { count }
    /// The epoch's samples.
    public func indices(of count: Int, seed: UInt64, epoch: Int) -> [Int] {
        var order = Array(0..<count)
        var generator = orderGenerator(seed: seed, epoch: epoch)
        // Fisher and Yates's shuffle, written out: the standard library's may change from one version to the next.
        for last in stride(from: count - 1, to: 0, by: -1) {
            // The upper half of the product is uniform in 0 ... last up to a bias of last / 2^64.
            let other = Int(generator.next().multipliedFullWidth(by: UInt64(last + 1)).high)
            order.swapAt(last, other)
        }
        return order
    }
}

/// Samples drawn with replacement, each with a probability proportional to its weight.
public struct WeightedRandomSampler: Sampler {
    private let cumulative: [Double]
    private let drawCount: Int

    /// A sampler of `sampleCount` draws an epoch; the number of weights where it is not given.
    ///
    /// The weights must be finite, not negative, and not all 0; there is one for each sample of the data set.
    public init(weights: [Double], sampleCount: Int? = nil) {
        var sum = 0.0
        cumulative = weights.map { weight in
            sum += weight
            return sum
        }
        drawCount = sampleCount ?? weights.count
        if weights.contains(where: { !($0 >= 0) }) || !(sum > 0) || !sum.isFinite {
            reportFailure(
                TensorError(
                    .value, in: "WeightedRandomSampler", "the weights are not a distribution",
                    expected: "finite weights that are not negative, and a positive sum"))
        }
    }

    /// The number of samples an epoch takes.
    public func sampleCount(of count: Int) -> Int { drawCount }
    /// The epoch's samples.
    public func indices(of count: Int, seed: UInt64, epoch: Int) -> [Int] {
        guard cumulative.count == count, let sum = cumulative.last else {
            reportFailure(
                TensorError(
                    .value, in: "WeightedRandomSampler", "one weight for each sample is needed",
                    got: "\(cumulative.count) weights for \(count) samples"))
            return []
        }
        var generator = orderGenerator(seed: seed, epoch: epoch)
        return (0..<drawCount).map { _ in
            let target = Double.random(in: 0..<1, using: &generator) * sum
            // The first index whose sum is beyond the target, by bisection.
            var (low, high) = (0, count - 1)
            while low < high {
                let middle = (low + high) / 2
                if cumulative[middle] > target { high = middle } else { low = middle + 1 }
            }
            return low
        }
    }
}

/// The numbers that order an epoch: a stream apart from those of tensor operations and of samples with the same seed.
private func orderGenerator(seed: UInt64, epoch: Int) -> PhiloxGenerator {
    PhiloxGenerator(seed: seed ^ 0x5368_7566_666c_6521, call: UInt64(truncatingIfNeeded: epoch))
}
