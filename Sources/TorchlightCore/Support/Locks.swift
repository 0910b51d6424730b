import Glibc

/// Base class of locks on a pthread mutex.
package class Lock: @unchecked Sendable {
    fileprivate final let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    fileprivate init(_ kind: Int) {
        var attributes = pthread_mutexattr_t()
        pthread_mutexattr_init(&attributes)
        pthread_mutexattr_settype(&attributes, CInt(kind))
        pthread_mutex_init(mutex, &attributes)
        pthread_mutexattr_destroy(&attributes)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    package final func lock() { pthread_mutex_lock(mutex) }
    package final func unlock() { pthread_mutex_unlock(mutex) }
}

/// A lock that the thread holding it may lock again.
final class RecursiveLock: Lock, @unchecked Sendable {
    init() { super.init(PTHREAD_MUTEX_RECURSIVE) }
}

/// A lock with a condition variable.
package final class ConditionLock: Lock, @unchecked Sendable {
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    package init() {
        pthread_cond_init(condition, nil)
        super.init(PTHREAD_MUTEX_NORMAL)
    }

    deinit {
        pthread_cond_destroy(condition)
        condition.deallocate()
    }

    /// Releases the lock until `announce()` is called, then acquires it again. May return spuriously: check the
    /// condition in a loop.
    package func wait() { pthread_cond_wait(condition, mutex) }

    /// Wakes all waiting threads.
    package func announce() { pthread_cond_broadcast(condition) }
}
