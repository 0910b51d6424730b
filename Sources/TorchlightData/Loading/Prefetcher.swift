import Glibc

/// Makes batches ahead on threads of its own and hands them out in order.
///
/// Each worker takes the next number that nobody has taken, as long as it is less than `capacity` beyond what the
/// consumer has; so memory is bounded and a slow batch holds up only those behind it.
final class Prefetcher<Batch>: @unchecked Sendable {
    private let source: BatchSource<Batch>
    private let capacity: Int
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
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
        pthread_mutex_init(lock, nil)
        pthread_cond_init(changed, nil)
        for _ in 0..<min(workers, source.end - source.start) {
            // The workers keep this object alive until they see that nobody wants more.
            startThread { self.work() }
        }
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(lock)
        changed.deallocate()
        lock.deallocate()
    }

    /// Waits for a batch; batches must be taken in order, each once.
    func take(_ number: Int) throws -> Batch {
        pthread_mutex_lock(lock)
        while ready[number] == nil {
            // Where no thread could be started this one does the work.
            if nextToMake == number {
                nextToMake += 1
                nextToTake = number + 1
                pthread_mutex_unlock(lock)
                return try source.make(number)
            }
            pthread_cond_wait(changed, lock)
        }
        let result = ready.removeValue(forKey: number)!
        nextToTake = number + 1
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(lock)
        return try result.get()
    }

    /// Ends the workers once they have finished the batches at hand.
    func cancel() {
        pthread_mutex_lock(lock)
        isCancelled = true
        ready.removeAll()
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(lock)
    }

    private func work() {
        pthread_mutex_lock(lock)
        while true {
            while !isCancelled, nextToMake < source.end, nextToMake >= nextToTake + capacity {
                pthread_cond_wait(changed, lock)
            }
            if isCancelled || nextToMake >= source.end { break }
            let number = nextToMake
            nextToMake += 1
            pthread_mutex_unlock(lock)
            let result = Result { try source.make(number) }
            pthread_mutex_lock(lock)
            if !isCancelled { ready[number] = result }
            pthread_cond_broadcast(changed)
        }
        pthread_mutex_unlock(lock)
    }
}

/// Runs a function on a thread of its own; where the system gives none, not at all.
private func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let box = Unmanaged.passRetained(Box(body))
    var thread = pthread_t()
    let status = pthread_create(
        &thread, nil,
        { box in
            Unmanaged<Box>.fromOpaque(box!).takeRetainedValue().body()
            return nil
        }, box.toOpaque())
    if status == 0 { pthread_detach(thread) } else { box.release() }
}
