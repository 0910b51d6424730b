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
            got: "\(quantity(parts.count, "subset"))",
            expected: "\(quantity(count, "subset"))"))
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

/// Applies a function to a sample: `Lambda { $0 * 2 }`.
public struct Lambda: Transform {
    private let function: @Sendable (Tensor) -> Tensor

    /// Creates a transform from a function.
    public init(_ function: @escaping @Sendable (Tensor) -> Tensor) { self.function = function }

    /// Returns the result of the function.
    public func callAsFunction(_ x: Tensor) -> Tensor { function(x) }
}

/// Resizes an image by interpolation: `[C, H, W] -> [C, H', W']`. Bytes are rounded and stay bytes.
///
///     Compose([ToTensor(), Resize(32)])
public struct Resize: Transform {
    /// The size: one number for the shorter side, or height and width.
    public let size: [Int]
    /// The interpolation. Default: `.bilinear`.
    public let mode: InterpolationMode

    /// Creates a transform to an image whose shorter side has this size; the aspect ratio is kept.
    public init(_ size: Int, mode: InterpolationMode = .bilinear) {
        self.size = [size]
        self.mode = mode
    }

    /// Creates a transform to images of height and width `size`.
    public init(_ size: [Int], mode: InterpolationMode = .bilinear) {
        self.size = size
        self.mode = mode
    }

    /// Returns the resized image.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        guard x.rank == 3, x.count > 0, size.count == 1 || size.count == 2, size.allSatisfy({ $0 > 0 }) else {
            return fail(
                TensorError(
                    .shape, in: "Resize", "the input is not an image, or the size is not positive", got: "\(size)",
                    expected: "[channels, height, width] and one size or two", fix: "apply ToTensor() first",
                    operands: [x]))
        }
        let (height, width) = (x.size(1), x.size(2))
        let shorter = min(height, width)
        let target = size.count == 2 ? size : [height * size[0] / shorter, width * size[0] / shorter]
        let pixels = x.dtype.isFloatingPoint ? x : x.to(.float32)
        let smooth = mode == .bilinear || mode == .bicubic
        let resized = interpolate(
            pixels.unsqueeze(0), size: target, mode: mode, alignCorners: smooth ? false : nil, antialias: smooth
        ).squeeze(0)
        return x.dtype.isFloatingPoint ? resized : resized.round().clamp(min: 0, max: 255).to(x.dtype)
    }
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
}
