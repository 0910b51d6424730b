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
    private let make: @Sendable (_ batch: Int, _ indices: [Int], _ seed: UInt64, _ epoch: Int) throws -> Batch
    private var position: State
    /// What tells the order of an epoch from others.
    private var orderDigest: (epoch: Int, digest: UInt64)?
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
    ///   - seed: What the order and the samples' random numbers depend on, besides the epoch; drawn from the default
    ///     generator where it is not given, so that loaders differ, and `manualSeed(_:)` before makes runs repeat themselves.
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
        position = State(seed: options.seed ?? TorchlightCore.Generator.default.drawSeed())
        make = { batch, indices, seed, epoch in
            // What is random in a batch as a whole, such as a collate function that mixes samples, is the batch's own too.
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
                    .value, in: "DataLoader", "a size is out of range",
                    got: "batchSize \(options.batchSize), workers \(options.workers), prefetch \(options.prefetch)",
                    expected: "batchSize from 1, workers from 0, prefetch from 1"))
        }
    }

    /// Where the loader stands: the batch that a loop would take next, or the start of the next epoch after a whole one.
    ///
    /// Setting it makes the next loop continue from there; epochs after that one start at their beginning. A state that a
    /// loader of other samples, batches or order gave is an error.
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
                        .value, in: "DataLoader.state", problem, expected: "the state of a loader like this one",
                        fix: "make the loader as the one that was saved, or start an epoch with "
                            + "DataLoaderState(seed: \(newValue.seed), epoch: \(newValue.epoch))"))
                return
            }
            position = State(seed: newValue.seed, epoch: newValue.epoch, batch: newValue.batch)
            isFresh = true
            serial += 1
        }
    }

    /// What the positions of this loader are positions in.
    private func source(order: UInt64?) -> State.Source {
        State.Source(
            samples: datasetCount, batchSize: batchSize, dropLast: dropLast, sampler: "\(type(of: sampler))",
            order: order)
    }

    /// Why this loader cannot continue from a state; nil where it can.
    public func problem(with state: State) -> String? {
        let own = source(
            order: state.source?.order.map { _ in digest(of: order(seed: state.seed, epoch: state.epoch)) })
        if let saved = state.source, let difference = saved.difference(from: own) { return difference }
        guard state.epoch >= 0, (0...count).contains(state.batch) else {
            return "there is no batch \(state.batch) of epoch \(state.epoch): the loader has \(count) batches"
        }
        return nil
    }

    /// The samples of an epoch in their order. A sampler that draws tensors has a default generator of its own.
    private func order(seed: UInt64, epoch: Int) -> [Int] {
        batchGenerator(seed: seed, epoch: epoch, batch: -1).asDefault {
            sampler.indices(of: datasetCount, seed: seed, epoch: epoch)
        }
    }

    /// Starts the next epoch, or continues the one that `state` was set to.
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
                    .index, in: "DataLoader", "the sampler names samples that do not exist, or not as many as it said",
                    expected: "numbers in 0 ..< \(datasetCount)")
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

    /// 0: what is left of an epoch depends on `state`.
    public var underestimatedCount: Int { 0 }
}

/// A number that tells an order of samples from others.
private func digest(of order: [Int]) -> UInt64 {
    order.reduce(UInt64(order.count)) { mixed(($0 &+ 1) ^ UInt64(truncatingIfNeeded: $1)) }
}

/// The default generator while a batch is made, apart from those of its samples; batch -1 is the order of the epoch.
func batchGenerator(seed: UInt64, epoch: Int, batch: Int) -> TorchlightCore.Generator {
    let place = mixed(UInt64(truncatingIfNeeded: epoch)) ^ ~UInt64(bitPattern: Int64(batch))
    return TorchlightCore.Generator(seed: mixed(seed ^ mixed(place)))
}
