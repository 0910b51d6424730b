import Glibc

/// A system thread that runs one function.
package struct BackgroundThread: Sendable {
    private let thread: pthread_t

    /// Runs the function on a new thread; nil if the system cannot create one, in which case the function is not
    /// called.
    package init?(_ body: @escaping @Sendable () -> Void) {
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
        guard status == 0 else {
            box.release()
            return nil
        }
        self.thread = thread
    }

    /// Waits until the function returns. A thread must be joined or detached exactly once.
    package func join() { pthread_join(thread, nil) }

    /// Lets the thread release its resources when the function returns.
    package func detach() { pthread_detach(thread) }
}
