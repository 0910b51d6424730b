import TorchlightCore

/// Loads batches of an iterable dataset; each `for` loop over the loader is one epoch.
///
///     let loader = IterableDataLoader(Lines(path: "corpus.txt"), batchSize: 64, shuffleBuffer: 10_000)
///
/// The batches are made on the thread that iterates, in the order of the samples or, with a shuffle buffer, in a random
/// order. Random numbers of a sample depend only on the seed, the epoch and the number of the sample.
///
/// ``state`` is the position of the loader. After it is set, the loader reads and drops the samples before it, since an
/// iterable dataset cannot skip samples.
public final class IterableDataLoader<Batch>: Sequence {
    /// The number of samples in a batch.
    public let batchSize: Int
    /// Whether the last batch is dropped if it is incomplete.
    public let dropLast: Bool
    /// The size of the shuffle buffer, from which samples are drawn at random; 0 for no shuffling.
    public let shuffleBuffer: Int
    /// The number of worker threads; with 0, batches are made on the thread that iterates.
    public let workers: Int
    /// The number of batches that each worker makes ahead.
    public let prefetch: Int

    private let open: (_ seed: UInt64, _ epoch: Int) throws -> () throws -> Batch?
    private var position: DataLoaderState
    private var isFresh = true
    private var serial = 0

    /// Creates a loader that collates samples by their type, see ``Collatable``.
    ///
    /// - Parameters:
    ///   - dataset: the dataset to load from.
    ///   - batchSize: the number of samples in a batch, at least 1. Default: 1.
    ///   - shuffleBuffer: the size of the shuffle buffer. Default: 0, no shuffling.
    ///   - dropLast: whether to drop the last batch if it is incomplete. Default: false.
    ///   - seed: seed of the order and of the samples' random numbers; both also depend on the epoch. Default: nil, a
    ///     seed drawn from the default generator.
    public convenience init<Source: IterableDataset>(
        _ dataset: Source, batchSize: Int = 1, shuffleBuffer: Int = 0, dropLast: Bool = false, seed: UInt64? = nil,
        workers: Int = 0, prefetch: Int = 2
    ) where Source.Element: Collatable, Batch == Source.Element.Batch {
        self.init(
            dataset, batchSize: batchSize, shuffleBuffer: shuffleBuffer, dropLast: dropLast, seed: seed,
            workers: workers, prefetch: prefetch, collate: Source.Element.collate)
    }

    /// Creates a loader of samples that are pairs; each element is collated by its type. The parameters are those
    /// above.
    public convenience init<Source: IterableDataset, First: Collatable, Second: Collatable>(
        _ dataset: Source, batchSize: Int = 1, shuffleBuffer: Int = 0, dropLast: Bool = false, seed: UInt64? = nil,
        workers: Int = 0, prefetch: Int = 2
    ) where Source.Element == (First, Second), Batch == (First.Batch, Second.Batch) {
        self.init(
            dataset, batchSize: batchSize, shuffleBuffer: shuffleBuffer, dropLast: dropLast, seed: seed,
            workers: workers, prefetch: prefetch
        ) { samples in (try First.collate(samples.map(\.0)), try Second.collate(samples.map(\.1))) }
    }

    /// Creates a loader with a collate function, which gets at least one sample. The other parameters are those above.
    public init<Source: IterableDataset>(
        _ dataset: Source, batchSize: Int = 1, shuffleBuffer: Int = 0, dropLast: Bool = false, seed: UInt64? = nil,
        workers: Int = 0, prefetch: Int = 2, collate: @escaping ([Source.Element]) throws -> Batch
    ) {
        let areWorkersPossible = (0...Self.workerLimit).contains(workers)
        if batchSize < 1 || shuffleBuffer < 0 || !areWorkersPossible || prefetch < 1 {
            reportFailure(
                TensorError(
                    .value, in: "IterableDataLoader", "an argument is out of range",
                    got:
                        "batchSize \(batchSize), shuffleBuffer \(shuffleBuffer), workers \(workers), prefetch \(prefetch)",
                    expected:
                        "batchSize and prefetch at least 1, shuffleBuffer at least 0, workers from 0 to \(Self.workerLimit)"
                ))
        }
        let (size, buffer) = (Swift.max(batchSize, 1), Swift.max(shuffleBuffer, 0))
        let (count, ahead) = (areWorkersPossible ? workers : 0, Swift.max(prefetch, 1))
        self.workers = count
        self.prefetch = ahead
        self.batchSize = size
        self.shuffleBuffer = buffer
        self.dropLast = dropLast
        position = DataLoaderState(seed: seed ?? TorchlightCore.Generator.default.drawSeed())
        /// The batches of one of several workers.
        func batches(_ seed: UInt64, _ epoch: Int, of worker: Int, _ count: Int) throws -> () throws -> Batch? {
            let own = seed ^ mixed(UInt64(worker))
            let next = try bufferedShuffle(numbered(dataset, seed, epoch, of: worker, count), buffer, own, epoch)
            var number = worker
            return {
                var samples: [Source.Element] = []
                while samples.count < size, let sample = try next() { samples.append(sample) }
                if samples.isEmpty || dropLast && samples.count < size { return nil }
                defer { number += count }
                return try batchGenerator(seed: seed, epoch: epoch, batch: number).asDefault { try collate(samples) }
            }
        }
        open = { seed, epoch in
            guard count > 0 else { return try batches(seed, epoch, of: 0, 1) }
            let pool = StreamWorkerPool(
                (0..<count).map { worker in
                    let info = WorkerInfo(id: worker, count: count, seed: seed &+ UInt64(worker))
                    return StreamWorker(info, capacity: ahead) { try batches(seed, epoch, of: worker, count) }
                })
            return { try pool.next() }
        }
    }

    /// The maximum number of worker threads.
    private static var workerLimit: Int { 1024 }

    /// The position of the loader: the next batch of the current epoch, or the start of the next epoch after a complete
    /// one.
    ///
    /// It is an error to set the state of a loader with another batch size or shuffle buffer.
    public var state: DataLoaderState {
        get {
            var state = position
            state.source = source
            return state
        }
        set {
            if let problem = problem(with: newValue) {
                reportFailure(
                    TensorError(
                        .value, in: "IterableDataLoader.state", problem,
                        expected: "the state of a loader with the same arguments"
                    ))
                return
            }
            position = DataLoaderState(seed: newValue.seed, epoch: newValue.epoch, batch: newValue.batch)
            isFresh = true
            serial += 1
        }
    }

    private var source: DataLoaderState.Source {
        DataLoaderState.Source(
            samples: -1, batchSize: batchSize, dropLast: dropLast,
            // The order of the batches depends on how many workers take turns.
            sampler: "buffer of \(shuffleBuffer)" + (workers > 1 ? ", \(quantity(workers, "worker"))" : ""), order: nil)
    }

    /// Describes why this loader cannot continue from a state; nil if it can.
    public func problem(with state: DataLoaderState) -> String? {
        if let difference = state.source?.difference(from: source) { return difference }
        return state.epoch >= 0 && state.batch >= 0
            ? nil : "there is no batch \(state.batch) of epoch \(state.epoch)"
    }

    /// Starts the next epoch, or continues at the state that was set.
    public func makeIterator() -> IterableBatchIterator<Batch> {
        if !isFresh { position = DataLoaderState(seed: position.seed, epoch: position.epoch + 1) }
        isFresh = false
        serial += 1
        let (start, serial) = (position, serial)
        return IterableBatchIterator(skipping: start.batch) { [open] in
            try open(start.seed, start.epoch)
        } onTake: { [weak self] taken in
            guard let self, self.serial == serial else { return }
            if let taken {
                position.batch = taken + 1
            } else {
                position = DataLoaderState(seed: start.seed, epoch: start.epoch + 1)
                isFresh = true
            }
        }
    }

    /// 0: the number of batches is not known.
    public var underestimatedCount: Int { 0 }
}

/// Iterates over the batches of one epoch of an ``IterableDataLoader``, in order.
public final class IterableBatchIterator<Batch>: IteratorProtocol {
    private var read: (() throws -> Batch?)?
    private let open: () throws -> () throws -> Batch?
    private let skipped: Int
    private var position: Int
    private var isOver = false
    private let onTake: (Int?) -> Void

    init(skipping: Int, open: @escaping () throws -> () throws -> Batch?, onTake: @escaping (Int?) -> Void) {
        self.open = open
        self.onTake = onTake
        skipped = skipping
        position = skipping
    }

    /// Returns the next batch, or nil after the last one.
    ///
    /// - Throws: what the dataset throws, or a `TensorError` if samples cannot be collated. The iterator ends with an
    ///   error.
    public func nextBatch() throws -> Batch? {
        if isOver { return nil }
        do {
            if read == nil {
                let read = try open()
                for _ in 0..<skipped { _ = try checked { try read() } }
                self.read = read
            }
            if let batch = try checked({ try read!() }) {
                onTake(position)
                position += 1
                return batch
            }
            isOver = true
            onTake(nil)
            return nil
        } catch {
            isOver = true
            throw error
        }
    }

    /// Returns the next batch, or nil after the last one. An error traps, or is recorded inside `checked { }`.
    public func next() -> Batch? { reportingFailures { try nextBatch() } }
}

/// The samples of an epoch, each read with its own random number generator.
private func numbered<Source: IterableDataset>(
    _ dataset: Source, _ seed: UInt64, _ epoch: Int, of worker: Int, _ count: Int
) throws -> () throws -> Source.Element? {
    let stream = try SampleKey(seed: seed, epoch: epoch, index: -1 - worker).makingSample { try dataset.samples() }
    var number = worker
    return {
        defer { number += count }
        return try SampleKey(seed: seed, epoch: epoch, index: number).makingSample { try stream.next() }
    }
}

/// Samples drawn at random from a buffer of the next `capacity` samples.
private func bufferedShuffle<Element>(
    _ next: @escaping () throws -> Element?, _ capacity: Int, _ seed: UInt64, _ epoch: Int
) -> () throws -> Element? {
    if capacity == 0 { return next }
    var generator = orderGenerator(seed: seed, epoch: epoch)
    var buffer: [Element] = []
    var isOver = false
    return {
        while !isOver, buffer.count < capacity {
            if let sample = try next() { buffer.append(sample) } else { isOver = true }
        }
        guard !buffer.isEmpty else { return nil }
        buffer.swapAt(generator.index(below: buffer.count), buffer.count - 1)
        return buffer.removeLast()
    }
}
