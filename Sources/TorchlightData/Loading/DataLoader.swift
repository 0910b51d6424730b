import TorchlightCore

/// Loads batches of a dataset; each `for` loop over the loader is one epoch.
///
///     let loader = DataLoader(train, batchSize: 64, shuffle: true)
///     for (images, labels) in loader { ... }
///
/// Order and contents of the batches depend only on the seed, the epoch and the indices of the samples, not on the
/// number of workers. ``state`` is the position of the loader: saved in a checkpoint and set again, the loader
/// continues with the next batch and does not read the batches before it.
///
/// If a sample cannot be read, the loop traps with the reason, as a failing tensor operation does; inside
/// `checked { }` a `TensorError` is thrown at the end of the block. ``BatchIterator/nextBatch()`` throws the error of
/// the dataset.
public final class DataLoader<Batch>: Sequence {
    /// The position of a loader between two batches.
    public typealias State = DataLoaderState

    /// The number of samples in a batch.
    public let batchSize: Int
    /// Whether the last batch is dropped if it is incomplete.
    public let dropLast: Bool
    /// The number of worker threads; with 0 the batches are made on the thread that iterates.
    public let workers: Int
    /// The number of batches that each worker makes ahead.
    public let prefetch: Int
    /// The number of samples in an epoch.
    public let sampleCount: Int
    /// The number of batches in an epoch.
    public let count: Int

    private let datasetCount: Int
    private let sampler: any Sampler
    private let make: @Sendable (_ batch: Int, _ indices: [Int], _ seed: UInt64, _ epoch: Int) throws -> Batch
    private var position: State
    /// A digest of the order of samples in an epoch.
    private var orderDigest: (epoch: Int, digest: UInt64)?
    /// Whether the next loop starts at the position, and not at the epoch after it.
    private var isFresh = true
    /// Counts the iterators: only the latest one updates the position.
    private var serial = 0

    /// Creates a loader that collates samples by their type, see ``Collatable``.
    ///
    /// - Parameters:
    ///   - dataset: the dataset to load from.
    ///   - batchSize: the number of samples in a batch, at least 1. Default: 1.
    ///   - shuffle: whether to shuffle the samples in every epoch. Default: false. Ignored if a sampler is given.
    ///   - sampler: selects the samples of an epoch and their order. Default: nil.
    ///   - dropLast: whether to drop the last batch if it is incomplete. Default: false.
    ///   - seed: seed of the order and of the samples' random numbers; both also depend on the epoch. Default: nil, a
    ///     seed drawn from the default generator; then loaders differ, and `manualSeed(_:)` makes runs reproducible.
    ///   - workers: the number of worker threads, or fewer where the system gives fewer. Each counts among `numThreads`
    ///     while it makes a batch: its operations run on it alone, and those of other threads use one thread fewer, but at
    ///     least one. Default: 0, the batches are made on the thread that iterates.
    ///   - prefetch: the number of batches that each worker makes ahead, at least 1. Default: 2.
    public convenience init<Source: Dataset>(
        _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, sampler: (any Sampler)? = nil,
        dropLast: Bool = false, seed: UInt64? = nil, workers: Int = 0, prefetch: Int = 2
    ) where Source.Element: Collatable, Batch == Source.Element.Batch {
        self.init(
            dataset,
            Options(
                batchSize: batchSize, shuffle: shuffle, sampler: sampler, dropLast: dropLast, seed: seed,
                workers: workers, prefetch: prefetch), whole: dataset as? any BatchedDataset<Batch>,
            collate: Source.Element.collate)
    }

    /// Creates a loader of samples that are pairs; each element is collated by its type. The parameters are those
    /// above.
    public convenience init<Source: Dataset, First: Collatable, Second: Collatable>(
        _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, sampler: (any Sampler)? = nil,
        dropLast: Bool = false, seed: UInt64? = nil, workers: Int = 0, prefetch: Int = 2
    ) where Source.Element == (First, Second), Batch == (First.Batch, Second.Batch) {
        self.init(
            dataset,
            Options(
                batchSize: batchSize, shuffle: shuffle, sampler: sampler, dropLast: dropLast, seed: seed,
                workers: workers, prefetch: prefetch), whole: dataset as? any BatchedDataset<Batch>
        ) { samples in
            (try First.collate(samples.map(\.0)), try Second.collate(samples.map(\.1)))
        }
    }

    /// Creates a loader of samples that are triples; each element is collated by its type. The parameters are those
    /// above.
    public convenience init<Source: Dataset, First: Collatable, Second: Collatable, Third: Collatable>(
        _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, sampler: (any Sampler)? = nil,
        dropLast: Bool = false, seed: UInt64? = nil, workers: Int = 0, prefetch: Int = 2
    ) where Source.Element == (First, Second, Third), Batch == (First.Batch, Second.Batch, Third.Batch) {
        self.init(
            dataset,
            Options(
                batchSize: batchSize, shuffle: shuffle, sampler: sampler, dropLast: dropLast, seed: seed,
                workers: workers, prefetch: prefetch), whole: dataset as? any BatchedDataset<Batch>
        ) { samples in
            (
                try First.collate(samples.map(\.0)), try Second.collate(samples.map(\.1)),
                try Third.collate(samples.map(\.2))
            )
        }
    }

    /// Creates a loader with a collate function.
    ///
    /// `collate` makes a batch of a list with at least one sample; it is called on the worker threads. The other
    /// parameters are those above.
    public convenience init<Source: Dataset>(
        _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, sampler: (any Sampler)? = nil,
        dropLast: Bool = false, seed: UInt64? = nil, workers: Int = 0, prefetch: Int = 2,
        collate: @escaping @Sendable ([Source.Element]) throws -> Batch
    ) {
        self.init(
            dataset,
            Options(
                batchSize: batchSize, shuffle: shuffle, sampler: sampler, dropLast: dropLast, seed: seed,
                workers: workers, prefetch: prefetch), whole: nil, collate: collate)
    }

    private struct Options {
        let batchSize: Int
        let shuffle: Bool
        let sampler: (any Sampler)?
        let dropLast: Bool
        let seed: UInt64?
        let workers: Int
        let prefetch: Int
    }

    /// `whole` makes a batch at once if the dataset can.
    private init<Source: Dataset>(
        _ dataset: Source, _ options: Options, whole: (any BatchedDataset<Batch>)?,
        collate: @escaping @Sendable ([Source.Element]) throws -> Batch
    ) {
        datasetCount = dataset.count
        batchSize = Swift.max(options.batchSize, 1)
        dropLast = options.dropLast
        workers = Swift.max(options.workers, 0)
        prefetch = Swift.max(options.prefetch, 1)
        sampler = options.sampler ?? (options.shuffle ? RandomSampler() : SequentialSampler())
        position = State(seed: options.seed ?? TorchlightCore.Generator.default.drawSeed())
        make = { batch, indices, seed, epoch in
            // Random numbers of a batch, for example in a collate function that mixes samples, have a generator of the
            // batch.
            try batchGenerator(seed: seed, epoch: epoch, batch: batch).asDefault {
                if let batch = try whole?.batch(at: indices) { return batch }
                let samples = try indices.map { index in
                    try SampleKey(seed: seed, epoch: epoch, index: index).makingSample { try dataset[index] }
                }
                return try collate(samples)
            }
        }
        let isValid = options.batchSize > 0 && options.workers >= 0 && options.prefetch > 0
        sampleCount = isValid ? Swift.max(sampler.sampleCount(of: datasetCount), 0) : 0
        let (full, rest) = sampleCount.quotientAndRemainder(dividingBy: batchSize)
        count = full + (rest > 0 && !dropLast ? 1 : 0)
        if !isValid {
            reportFailure(
                TensorError(
                    .value, in: "DataLoader", "an argument is out of range",
                    got: "batchSize \(options.batchSize), workers \(options.workers), prefetch \(options.prefetch)",
                    expected: "batchSize at least 1, workers at least 0, prefetch at least 1"))
        }
    }

    /// The position of the loader: the next batch of the current epoch, or the start of the next epoch after a complete
    /// one.
    ///
    /// After it is set, the next loop continues from there; later epochs start at their first batch. It is an error to
    /// set the state of a loader with another number of samples, another batch size or another order.
    public var state: State {
        get {
            var state = position
            state.source = source(order: orderDigest?.epoch == position.epoch ? orderDigest?.digest : nil)
            return state
        }
        set {
            if let problem = problem(with: newValue) {
                reportFailure(
                    TensorError(
                        .value, in: "DataLoader.state", problem,
                        expected: "the state of a loader with the same dataset and arguments",
                        fix: "create the loader with the same dataset and arguments, or start an epoch with "
                            + "DataLoaderState(seed: \(newValue.seed), epoch: \(newValue.epoch))"))
                return
            }
            position = State(seed: newValue.seed, epoch: newValue.epoch, batch: newValue.batch)
            isFresh = true
            serial += 1
        }
    }

    /// Describes the samples and batches that a position refers to.
    private func source(order: UInt64?) -> State.Source {
        State.Source(
            samples: datasetCount, batchSize: batchSize, dropLast: dropLast, sampler: "\(type(of: sampler))",
            order: order)
    }

    /// Describes why this loader cannot continue from a state; nil if it can.
    public func problem(with state: State) -> String? {
        let own = source(
            order: state.source?.order.map { _ in digest(of: order(seed: state.seed, epoch: state.epoch)) })
        if let saved = state.source, let difference = saved.difference(from: own) { return difference }
        guard state.epoch >= 0, (0...count).contains(state.batch) else {
            return
                "there is no batch \(state.batch) of epoch \(state.epoch): the loader has \(quantity(count, "batch", plural: "batches"))"
        }
        return nil
    }

    /// The indices of the samples of an epoch, in order. A sampler that draws tensors gets a default generator of its
    /// own.
    private func order(seed: UInt64, epoch: Int) -> [Int] {
        batchGenerator(seed: seed, epoch: epoch, batch: -1).asDefault {
            sampler.indices(of: datasetCount, seed: seed, epoch: epoch)
        }
    }

    /// Starts the next epoch, or continues at the state that was set.
    public func makeIterator() -> BatchIterator<Batch> {
        if !isFresh { position = State(seed: position.seed, epoch: position.epoch +| 1) }
        isFresh = false
        serial += 1
        let (start, serial) = (position, serial)
        let order = start.batch < count ? self.order(seed: start.seed, epoch: start.epoch) : []
        if start.batch < count { orderDigest = (start.epoch, digest(of: order)) }
        let datasetCount = datasetCount
        let isValid = (order.isEmpty || order.count == sampleCount) && order.allSatisfy { $0 >= 0 && $0 < datasetCount }
        let source = BatchSource(start: start.batch, end: count) { [batchSize, make] batch in
            guard isValid else {
                throw TensorError(
                    .index, in: "DataLoader",
                    "the sampler returned indices out of range, or not as many as its sampleCount",
                    expected: "indices in 0 ..< \(datasetCount)")
            }
            let first = batch * batchSize
            let indices = Array(order[first..<first + Swift.min(batchSize, order.count - first)])
            return try checked { try make(batch, indices, start.seed, start.epoch) }
        }
        return BatchIterator(source, workers: workers, capacity: workers *| prefetch) { [weak self] taken in
            guard let self, self.serial == serial else { return }
            if let taken {
                position.batch = taken + 1
            } else {
                position = State(seed: start.seed, epoch: start.epoch +| 1)
                isFresh = true
            }
        }
    }

    /// 0: the number of remaining batches depends on ``state``.
    public var underestimatedCount: Int { 0 }
}

/// A digest of an order of samples.
private func digest(of order: [Int]) -> UInt64 {
    order.reduce(UInt64(order.count)) { mixed(($0 &+ 1) ^ UInt64(truncatingIfNeeded: $1)) }
}

/// The default generator while a batch is made, independent of those of its samples; batch -1 is the order of the
/// epoch.
func batchGenerator(seed: UInt64, epoch: Int, batch: Int) -> TorchlightCore.Generator {
    let batchSeed = mixed(UInt64(truncatingIfNeeded: epoch)) ^ ~UInt64(bitPattern: Int64(batch))
    return TorchlightCore.Generator(seed: mixed(seed ^ mixed(batchSeed)))
}
