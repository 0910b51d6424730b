import TorchlightCore

/// Draws batches from a data set: each pass of a `for` loop over it is an epoch.
///
///     let loader = DataLoader(train, batchSize: 64, shuffle: true)
///     for (images, labels) in loader { ... }
///
/// Order and content of an epoch depend on the seed, the epoch's number and the samples' indices alone, never on the
/// number of workers. `state` is the exact position: saved with a checkpoint and set again, it continues with the batch
/// that would have been next, without reading those before it.
///
/// A sample that cannot be read ends the loop as a failing tensor operation does: with a trap that says why, or inside
/// `checked { }` with a `TensorError` thrown at its end. `nextBatch()` of the iterator throws the data set's own error.
public final class DataLoader<Batch>: Sequence {
    /// A position between two batches.
    public typealias State = DataLoaderState

    /// How many samples make a batch.
    public let batchSize: Int
    /// Whether the samples that do not fill a last batch are left out.
    public let dropLast: Bool
    /// Background threads that make batches ahead; with 0 each is made when it is asked for.
    public let workers: Int
    /// How many batches each worker may be ahead.
    public let prefetch: Int
    /// The number of samples that an epoch takes.
    public let sampleCount: Int
    /// The number of batches in an epoch.
    public let count: Int

    private let datasetCount: Int
    private let sampler: any Sampler
    private let make: @Sendable (_ indices: [Int], _ seed: UInt64, _ epoch: Int) throws -> Batch
    private var position: State
    /// Whether the position is one to start at, not the middle of an epoch that a loop has left.
    private var isFresh = true
    /// Counts the iterators: only the latest moves the position.
    private var serial = 0

    /// A loader that joins samples by their type, see `Collatable`.
    ///
    /// - Parameters:
    ///   - dataset: The samples.
    ///   - batchSize: How many samples make a batch, at least 1.
    ///   - shuffle: Whether the samples are shuffled anew in each epoch.
    ///   - sampler: Which samples an epoch takes, instead of `shuffle`.
    ///   - dropLast: Whether to leave out the samples that do not fill a last batch.
    ///   - seed: What the order depends on, besides the epoch; the default generator's seed where it is not given, so that
    ///     `manualSeed(_:)` before makes runs repeat themselves.
    ///   - workers: Background threads that make batches ahead.
    ///   - prefetch: How many batches each of them may be ahead, at least 1.
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

    /// A loader of samples that are pairs; each part is joined by its type. Parameters as above.
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

    /// A loader of samples that are triples; each part is joined by its type. Parameters as above.
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

    /// A loader that joins a batch's samples by a function of the caller's.
    ///
    /// Parameters as above; `collate` is called on the workers' threads, with at least one sample.
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

    /// `whole` makes a batch at once, where the data set can.
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
        position = State(seed: options.seed ?? TorchlightCore.Generator.default.seed)
        make = { indices, seed, epoch in
            if let batch = try whole?.batch(at: indices) { return batch }
            let samples = try indices.map { index in
                let key = SampleKey(seed: seed, epoch: epoch, index: index)
                return try SampleKey.$current.withValue(key) { try dataset[index] }
            }
            return try collate(samples)
        }
        let isValid = options.batchSize > 0 && options.workers >= 0 && options.prefetch > 0
        sampleCount = isValid ? sampler.sampleCount(of: datasetCount) : 0
        let (full, rest) = sampleCount.quotientAndRemainder(dividingBy: batchSize)
        count = full + (rest > 0 && !dropLast ? 1 : 0)
        if !isValid {
            reportFailure(
                TensorError(
                    .value, in: "DataLoader", "a size is out of range",
                    got: "batchSize \(options.batchSize), workers \(options.workers), prefetch \(options.prefetch)",
                    expected: "batchSize from 1, workers from 0, prefetch from 1"))
        }
    }

    /// Where the loader stands: the batch that a loop would take next, or the start of the next epoch after a whole one.
    ///
    /// Setting it makes the next loop continue from there; epochs after that one start at their beginning.
    public var state: State {
        get { position }
        set {
            guard newValue.epoch >= 0, (0...count).contains(newValue.batch) else {
                reportFailure(
                    TensorError(
                        .value, in: "DataLoader.state", "there is no such batch",
                        got: "epoch \(newValue.epoch), batch \(newValue.batch)",
                        expected:
                            "an epoch from 0 and a batch from 0 to \(count): the loader that the state was saved from"))
                return
            }
            position = newValue
            isFresh = true
            serial += 1
        }
    }

    /// Starts the next epoch, or continues the one that `state` was set to.
    public func makeIterator() -> BatchIterator<Batch> {
        if !isFresh { position = State(seed: position.seed, epoch: position.epoch + 1) }
        isFresh = false
        serial += 1
        let (start, serial) = (position, serial)
        let order = start.batch < count ? sampler.indices(of: datasetCount, seed: start.seed, epoch: start.epoch) : []
        let datasetCount = datasetCount
        let isValid = (order.isEmpty || order.count == sampleCount) && order.allSatisfy { $0 >= 0 && $0 < datasetCount }
        let source = BatchSource(start: start.batch, end: count) { [batchSize, make] batch in
            guard isValid else {
                throw TensorError(
                    .index, in: "DataLoader", "the sampler names samples that do not exist, or not as many as it said",
                    expected: "numbers in 0 ..< \(datasetCount)")
            }
            let first = batch * batchSize
            let indices = Array(order[first..<first + Swift.min(batchSize, order.count - first)])
            return try checked { try make(indices, start.seed, start.epoch) }
        }
        return BatchIterator(source, workers: workers, capacity: workers * prefetch) { [weak self] taken in
            guard let self, self.serial == serial else { return }
            if let taken {
                position.batch = taken + 1
            } else {
                position = State(seed: start.seed, epoch: start.epoch + 1)
                isFresh = true
            }
        }
    }

    /// 0: what is left of an epoch depends on `state`.
    public var underestimatedCount: Int { 0 }
}
