import TorchlightCore

/// The worker thread of a loader that is running: an ``IterableDataset`` selects the samples of this worker by it.
///
///     func samples() throws -> SampleStream<String> {
///         let (id, count) = (WorkerInfo.current?.id ?? 0, WorkerInfo.current?.count ?? 1)
///         return SampleStream(files.enumerated().filter { $0.offset % count == id }.map(\.element))
///     }
public struct WorkerInfo: Sendable, Hashable {
    /// The index of this worker, from 0.
    public let id: Int
    /// The number of workers.
    public let count: Int
    /// The seed of the loader plus the index of the worker.
    public let seed: UInt64

    /// The worker of the calling thread; nil outside worker threads.
    @TaskLocal public static var current: WorkerInfo?
}

/// Makes the batches of one worker ahead of the consumer on a thread and returns them in order.
final class StreamWorker<Batch>: @unchecked Sendable {
    private let open: () throws -> () throws -> Batch?
    private let info: WorkerInfo
    private let capacity: Int
    private let lock = ConditionLock()
    // All below is guarded by the lock.
    private var ready: [Result<Batch?, any Error>] = []
    private var isCancelled = false
    /// Whether the batches are made on the thread of the consumer, because no thread could be started.
    private var isInline = false
    private var read: (() throws -> Batch?)?

    init(_ info: WorkerInfo, capacity: Int, open: @escaping () throws -> () throws -> Batch?) {
        self.info = info
        self.capacity = capacity
        self.open = open
    }

    func start() {
        // The thread keeps this object alive until it is cancelled or all batches are made. As in `Prefetcher`, its operations run
        // on it alone.
        let thread = BackgroundThread {
            runOperationsInline()
            self.work()
        }
        guard let thread else {
            isInline = true
            return
        }
        thread.detach()
    }

    /// Waits for the next batch; nil after the last one.
    func take() throws -> Batch? {
        if isInline { return try next() }
        lock.lock()
        while ready.isEmpty { lock.wait() }
        let result = ready.removeFirst()
        lock.announce()
        lock.unlock()
        return try result.get()
    }

    /// Stops the thread after its current batch.
    func cancel() {
        lock.lock()
        isCancelled = true
        ready = []
        lock.announce()
        lock.unlock()
    }

    private func next() throws -> Batch? {
        try WorkerInfo.$current.withValue(info) {
            try checked {
                if read == nil { read = try open() }
                return try read!()
            }
        }
    }

    private func work() {
        var isOver = false
        while !isOver {
            let result = Result { try withReservedThread { try next() } }
            if case .success(.some) = result {} else { isOver = true }
            lock.lock()
            while !isCancelled, ready.count >= capacity { lock.wait() }
            if isCancelled { isOver = true } else { ready.append(result) }
            lock.announce()
            lock.unlock()
        }
        read = nil
    }
}

/// Takes batches from several workers in turn, until none has any left.
final class StreamWorkerPool<Batch> {
    private var workers: [StreamWorker<Batch>]
    private var turn = 0

    init(_ workers: [StreamWorker<Batch>]) {
        self.workers = workers
        for worker in workers { worker.start() }
    }

    func next() throws -> Batch? {
        while !workers.isEmpty {
            if turn >= workers.count { turn = 0 }
            if let batch = try workers[turn].take() {
                turn += 1
                return batch
            }
            workers.remove(at: turn)
        }
        return nil
    }

    deinit { for worker in workers { worker.cancel() } }
}
