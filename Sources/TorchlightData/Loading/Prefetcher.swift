import TorchlightCore

/// Makes batches ahead on threads of its own and hands them out in order.
///
/// Each worker takes the next number that nobody has taken, as long as it is less than `capacity` beyond what the
/// consumer has; so memory is bounded and a slow batch holds up only those behind it.
final class Prefetcher<Batch>: @unchecked Sendable {
    private let source: BatchSource<Batch>
    private let capacity: Int
    private let lock = ConditionLock()
    // All below is guarded by the lock.
    private var ready: [Int: Result<Batch, any Error>] = [:]
    private var nextToMake: Int
    private var nextToTake: Int
    private var isCancelled = false

    init(_ source: BatchSource<Batch>, workers: Int, capacity: Int) {
        self.source = source
        self.capacity = capacity
        nextToMake = source.start
        nextToTake = source.start
        for _ in 0..<min(workers, source.end - source.start) {
            // The workers keep this object alive until they see that nobody wants more.
            BackgroundThread { self.work() }?.detach()
        }
    }

    /// Waits for a batch; batches must be taken in order, each once.
    func take(_ number: Int) throws -> Batch {
        lock.lock()
        while ready[number] == nil {
            // Where no thread could be started this one does the work.
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

    /// Ends the workers once they have finished the batches at hand.
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
            while !isCancelled, nextToMake < source.end, nextToMake >= nextToTake + capacity {
                lock.wait()
            }
            if isCancelled || nextToMake >= source.end { break }
            let number = nextToMake
            nextToMake += 1
            lock.unlock()
            let result = Result { try source.make(number) }
            lock.lock()
            if !isCancelled { ready[number] = result }
            lock.announce()
        }
        lock.unlock()
    }
}
