// Forms of data sets, loaders, samplers and transforms that PyTorch users write.

extension DataLoader {
    /// Creates a loader with the labels of PyTorch. `pinMemory` has no effect.
    public convenience init<Source: Dataset>(
        _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, sampler: (any Sampler)? = nil,
        numWorkers: Int, pinMemory: Bool = false, dropLast: Bool = false
    ) where Source.Element: Collatable, Batch == Source.Element.Batch {
        self.init(
            dataset, batchSize: batchSize, shuffle: shuffle, sampler: sampler, dropLast: dropLast, workers: numWorkers)
    }

    /// Creates a loader of pairs with the labels of PyTorch. `pinMemory` has no effect.
    public convenience init<Source: Dataset, First: Collatable, Second: Collatable>(
        _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, sampler: (any Sampler)? = nil,
        numWorkers: Int, pinMemory: Bool = false, dropLast: Bool = false
    ) where Source.Element == (First, Second), Batch == (First.Batch, Second.Batch) {
        self.init(
            dataset, batchSize: batchSize, shuffle: shuffle, sampler: sampler, dropLast: dropLast, workers: numWorkers)
    }

    /// Creates a loader of triples with the labels of PyTorch. `pinMemory` has no effect.
    public convenience init<Source: Dataset, First: Collatable, Second: Collatable, Third: Collatable>(
        _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, sampler: (any Sampler)? = nil,
        numWorkers: Int, pinMemory: Bool = false, dropLast: Bool = false
    ) where Source.Element == (First, Second, Third), Batch == (First.Batch, Second.Batch, Third.Batch) {
        self.init(
            dataset, batchSize: batchSize, shuffle: shuffle, sampler: sampler, dropLast: dropLast, workers: numWorkers)
    }

    /// Creates a loader of samples of four parts; each part is collated by its type.
    public convenience init<
        Source: Dataset, First: Collatable, Second: Collatable, Third: Collatable, Fourth: Collatable
    >(
        _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, sampler: (any Sampler)? = nil,
        dropLast: Bool = false, seed: UInt64? = nil, workers: Int = 0, prefetch: Int = 2
    )
    where
        Source.Element == (First, Second, Third, Fourth),
        Batch == (First.Batch, Second.Batch, Third.Batch, Fourth.Batch)
    {
        self.init(
            dataset, batchSize: batchSize, shuffle: shuffle, sampler: sampler, dropLast: dropLast, seed: seed,
            workers: workers, prefetch: prefetch
        ) { samples in
            (
                try First.collate(samples.map(\.0)), try Second.collate(samples.map(\.1)),
                try Third.collate(samples.map(\.2)), try Fourth.collate(samples.map(\.3))
            )
        }
    }

    /// Creates a loader with a collate function and the label of PyTorch.
    public convenience init<Source: Dataset>(
        _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, sampler: (any Sampler)? = nil,
        numWorkers: Int = 0, dropLast: Bool = false,
        collateFn: @escaping @Sendable ([Source.Element]) throws -> Batch
    ) {
        self.init(
            dataset, batchSize: batchSize, shuffle: shuffle, sampler: sampler, dropLast: dropLast,
            workers: numWorkers, collate: collateFn)
    }

    /// The first batch of a new epoch; nil if the dataset is empty.
    public var first: Batch? { makeIterator().next() }
}

extension Dataset {
    /// The sample at index 0; nil if the dataset is empty.
    public var first: Element? { get throws { count > 0 ? try self[0] : nil } }
}

/// Splits a dataset at random into subsets of given lengths: `randomSplit(dataset, lengths: lengths)`.
public func randomSplit<Base: Dataset>(_ dataset: Base, _ lengths: [Int], seed: UInt64? = nil) -> [Subset<Base>] {
    randomSplit(dataset, lengths: lengths, seed: seed)
}

/// Splits a dataset at random into subsets of given shares: `randomSplit(dataset, shares)`.
public func randomSplit<Base: Dataset>(_ dataset: Base, lengths shares: [Double], seed: UInt64? = nil) -> [Subset<Base>]
{
    randomSplit(dataset, shares, seed: seed)
}

/// Not available: the split is drawn from a seed.
@available(*, unavailable, message: "the split is drawn from a seed: 'randomSplit(dataset, [80, 20], seed: 42)'")
public func randomSplit<Base: Dataset>(
    _ dataset: Base, _ lengths: [Double], generator: Generator
) -> (Subset<Base>, Subset<Base>) { fatalError() }

/// Splits a dataset at random into two subsets: `let (train, test) = randomSplit(dataset, [800, 200])`.
@_disfavoredOverload
public func randomSplit<Base: Dataset>(
    _ dataset: Base, _ lengths: [Int], seed: UInt64? = nil
) -> (Subset<Base>, Subset<Base>) {
    let parts = parts(of: dataset, 2, randomSplit(dataset, lengths: lengths, seed: seed))
    return (parts[0], parts[1])
}

/// Splits a dataset at random into two subsets: `let (train, test) = randomSplit(dataset, [0.8, 0.2])`.
@_disfavoredOverload
public func randomSplit<Base: Dataset>(
    _ dataset: Base, _ shares: [Double], seed: UInt64? = nil
) -> (Subset<Base>, Subset<Base>) {
    let all: [Subset<Base>] = randomSplit(dataset, shares, seed: seed)
    let parts = parts(of: dataset, 2, all)
    return (parts[0], parts[1])
}

/// Splits a dataset at random into three subsets: `let (train, valid, test) = randomSplit(dataset, [80, 10, 10])`.
@_disfavoredOverload
public func randomSplit<Base: Dataset>(
    _ dataset: Base, _ lengths: [Int], seed: UInt64? = nil
) -> (Subset<Base>, Subset<Base>, Subset<Base>) {
    let parts = parts(of: dataset, 3, randomSplit(dataset, lengths: lengths, seed: seed))
    return (parts[0], parts[1], parts[2])
}

/// Splits a dataset at random into three subsets: `let (train, valid, test) = randomSplit(dataset, [0.8, 0.1, 0.1])`.
@_disfavoredOverload
public func randomSplit<Base: Dataset>(
    _ dataset: Base, _ shares: [Double], seed: UInt64? = nil
) -> (Subset<Base>, Subset<Base>, Subset<Base>) {
    let all: [Subset<Base>] = randomSplit(dataset, shares, seed: seed)
    let parts = parts(of: dataset, 3, all)
    return (parts[0], parts[1], parts[2])
}

/// The subsets, of which there must be as many as names on the left side.
private func parts<Base>(of dataset: Base, _ count: Int, _ parts: [Subset<Base>]) -> [Subset<Base>] {
    if parts.count == count { return parts }
    reportFailure(
        TensorError(
            .value, in: "randomSplit", "the number of subsets is not the number of names",
            got: quantity(parts.count, "subset"),
            expected: quantity(count, "subset")))
    return Array(repeating: Subset(dataset, indices: []), count: count)
}

extension WeightedRandomSampler {
    /// Creates a sampler that draws `numSamples` samples in an epoch, with replacement.
    public init(_ weights: [Double], numSamples: Int) { self.init(weights: weights, sampleCount: numSamples) }

    /// Creates a sampler with the labels of PyTorch. Draws without replacement are not available: `false` is an error.
    public init(_ weights: [Double], numSamples: Int, replacement: Bool) {
        if !replacement {
            reportFailure(
                TensorError(
                    .value, in: "WeightedRandomSampler", "samples are drawn with replacement only",
                    fix: "use replacement: true, or multinomial(weights, numSamples) for indices without replacement"))
        }
        self.init(weights: weights, sampleCount: numSamples)
    }
}

extension WeightedRandomSampler {
    /// Creates a sampler with the arguments of PyTorch; see `init(_:numSamples:replacement:)`.
    public init(_ weights: [Double], _ numSamples: Int, replacement: Bool = true) {
        self.init(weights, numSamples: numSamples, replacement: replacement)
    }
    /// Creates a sampler with the elements of a tensor as weights; see `init(_:numSamples:replacement:)`.
    public init(_ weights: Tensor, _ numSamples: Int, replacement: Bool = true) {
        self.init(weights.toArray(Double.self), numSamples: numSamples, replacement: replacement)
    }
    /// Creates a sampler with the elements of a tensor as weights; see `init(_:numSamples:replacement:)`.
    public init(_ weights: Tensor, numSamples: Int, replacement: Bool = true) {
        self.init(weights, numSamples, replacement: replacement)
    }
}

extension DataLoader {
    /// Not available: the loader does not keep its dataset.
    @available(*, unavailable, message: "the number of samples is 'loader.sampleCount'")
    public var dataset: any Collection { fatalError() }
    /// Not available: a dataset of samples in order has a loader of its own.
    @available(*, unavailable, message: "samples in order are loaded by 'IterableDataLoader(dataset, batchSize: 4)'")
    public convenience init<Source: IterableDataset>(_ dataset: Source, batchSize: Int = 1) { fatalError() }
}

extension MNIST {
    /// Reads the training or the test images: `init(split:root:download:transform:)`.
    public init(
        root: String? = nil, train: Bool, download: Bool = true, transform: any Transform = ToTensor()
    ) throws(IOError) {
        try self.init(split: train ? .train : .test, root: root, download: download, transform: transform)
    }
    /// Reads the training or the test images: `init(split:root:download:transform:)`.
    public init(
        _ root: String, train: Bool, download: Bool = true, transform: any Transform = ToTensor()
    ) throws(IOError) {
        try self.init(split: train ? .train : .test, root: root, download: download, transform: transform)
    }
}

extension FashionMNIST {
    /// Reads the training or the test images: `init(split:root:download:transform:)`.
    public init(
        root: String? = nil, train: Bool, download: Bool = true, transform: any Transform = ToTensor()
    ) throws(IOError) {
        try self.init(split: train ? .train : .test, root: root, download: download, transform: transform)
    }
}

extension LabeledImageDataset {
    /// The pixels of all images: uint8 `[N, H, W]`.
    public var data: Tensor { stack((0..<images.count).map { images.image($0) }) }
    /// The class indices of all images: int64 `[N]`.
    public var targets: Tensor { Tensor(images.labels, shape: [images.count], dtype: .int64) }
}

extension Normalize {
    /// Creates the transform for one channel; mean and standard deviation have no labels.
    public init(_ mean: Double, _ std: Double) { self.init(mean: mean, std: std) }
    /// Creates the transform with a mean and a standard deviation for each channel, without labels.
    public init(_ mean: [Double], _ std: [Double]) { self.init(mean: mean, std: std) }
}

extension Compose {
    /// Creates a chain of transforms.
    public init(_ transforms: any Transform...) { self.init(transforms) }
}

extension RandomSampler {
    /// Creates a sampler that draws `numSamples` samples in an epoch: `init(replacement:sampleCount:)`.
    public init(replacement: Bool = false, numSamples: Int) {
        self.init(replacement: replacement, sampleCount: numSamples)
    }
}

extension Subset {
    /// Creates a subset of the samples at `indices`, without a label.
    public init(_ base: Base, _ indices: [Int]) { self.init(base, indices: indices) }
    /// Creates a subset of the samples whose indices are the elements of a tensor.
    public init(_ base: Base, _ indices: Tensor) { self.init(base, indices: indices.toArray(Int.self)) }
    /// Creates a subset of the samples whose indices are the elements of a tensor.
    public init(_ base: Base, indices: Tensor) { self.init(base, indices) }
}
