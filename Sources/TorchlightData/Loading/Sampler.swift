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
    public func indices(of count: Int, seed: UInt64, epoch: Int) -> [Int] {
        Array(0..<checkedSampleCount(count, in: "SequentialSampler"))
    }
}

/// All samples shuffled, each permutation equally likely; or samples drawn with replacement, each equally likely.
public struct RandomSampler: Sampler {
    /// Whether a sample may come several times.
    public let replacement: Bool
    private let drawCount: Int?

    /// A sampler.
    ///
    /// - Parameters:
    ///   - replacement: Whether each draw is from all samples; without it none comes again before all have come.
    ///   - sampleCount: The draws of an epoch; as many as there are samples where it is not given.
    public init(replacement: Bool = false, sampleCount: Int? = nil) {
        self.replacement = replacement
        drawCount = sampleCount.map { checkedSampleCount($0, in: "RandomSampler") }
    }

    /// The number of samples an epoch takes.
    public func sampleCount(of count: Int) -> Int { drawCount.map { count > 0 ? $0 : 0 } ?? count }

    /// The epoch's samples.
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

/// Some samples, by their numbers, shuffled in each epoch.
public struct SubsetRandomSampler: Sampler {
    /// The numbers of the samples.
    public let indices: [Int]

    /// A sampler of these samples.
    public init(_ indices: [Int]) { self.indices = indices }

    /// The number of samples an epoch takes.
    public func sampleCount(of count: Int) -> Int { indices.count }

    /// The epoch's samples.
    public func indices(of count: Int, seed: UInt64, epoch: Int) -> [Int] {
        var generator = orderGenerator(seed: seed, epoch: epoch)
        return generator.shuffled(indices)
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
        drawCount = checkedSampleCount(sampleCount ?? weights.count, in: "WeightedRandomSampler")
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

extension PhiloxGenerator {
    /// A number in `0 ..< count`, uniform up to a bias of count / 2^64: the upper half of the product.
    mutating func index(below count: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(count)).high) }

    /// Fisher and Yates's shuffle, written out: the standard library's may change from one version to the next.
    mutating func shuffled(_ elements: [Int]) -> [Int] {
        var order = elements
        for last in stride(from: order.count - 1, to: 0, by: -1) { order.swapAt(last, index(below: last + 1)) }
        return order
    }
}

/// A number of samples that an epoch can take; 0 where there is none, which is reported.
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

/// The numbers that order an epoch: a stream apart from those of tensor operations and of samples with the same seed.
func orderGenerator(seed: UInt64, epoch: Int) -> PhiloxGenerator {
    PhiloxGenerator(seed: seed ^ 0x5368_7566_666c_6521, call: UInt64(truncatingIfNeeded: epoch))
}
