import TorchlightCore

/// Makes the batches of one epoch by number, on any thread.
struct BatchSource<Batch>: Sendable {
    let start: Int
    let end: Int
    let make: @Sendable (Int) throws -> Batch
}

/// Makes batches ahead of the consumer on worker threads and returns them in order.
///
/// A worker takes the next batch number, as long as it is less than `capacity` ahead of the consumer. This bounds the
/// memory, and a slow batch delays only the batches after it.
final class Prefetcher<Batch>: @unchecked Sendable {
    private let source: BatchSource<Batch>
    private let capacity: Int
    private let lock = ConditionLock()
    // The lock protects everything below.
    private var ready: [Int: Result<Batch, any Error>] = [:]
    private var nextToMake: Int
    private var nextToTake: Int
    private var isCancelled = false

    init(_ source: BatchSource<Batch>, workers: Int, capacity: Int) {
        self.source = source
        self.capacity = capacity
        nextToMake = source.start
        nextToTake = source.start
        for _ in 0..<min(workers, source.end - source.start, maxThreads) {
            // The workers keep this object alive until it is cancelled or all batches are made.
            let thread = BackgroundThread {
                // The loader's threads are its parallelism; those of operations are for the consumer.
                runOperationsInline()
                self.work()
            }
            guard let thread else { break }
            thread.detach()
        }
    }

    /// Waits for a batch. Batches must be taken in order, each once.
    func take(_ number: Int) throws -> Batch {
        lock.lock()
        while ready[number] == nil {
            // If no thread could be started, the batch is made on this thread.
            if nextToMake == number {
                nextToMake += 1
                nextToTake = number + 1
                lock.unlock()
                return try source.make(number)
            }
            lock.wait()
        }
        let result = ready.removeValue(forKey: number)!
        nextToTake = number + 1
        lock.announce()
        lock.unlock()
        return try result.get()
    }

    /// Stops the workers after their current batches.
    func cancel() {
        lock.lock()
        isCancelled = true
        ready.removeAll()
        lock.announce()
        lock.unlock()
    }

    private func work() {
        lock.lock()
        while true {
            while !isCancelled, nextToMake < source.end, nextToMake - nextToTake >= capacity {
                lock.wait()
            }
            if isCancelled || nextToMake >= source.end { break }
            let number = nextToMake
            nextToMake += 1
            lock.unlock()
            let result = Result { try withReservedThread { try source.make(number) } }
            lock.lock()
            if !isCancelled { ready[number] = result }
            lock.announce()
        }
        lock.unlock()
    }
}
