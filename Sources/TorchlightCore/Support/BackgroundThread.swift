import Glibc

/// A thread of the system that runs one function.
package struct BackgroundThread: Sendable {
    private let thread: pthread_t

    /// Starts the function on a new thread; nil where the system gives none, and then the function is not called.
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

    /// Waits for the end of the function. A thread is joined or detached once.
    package func join() { pthread_join(thread, nil) }

    /// Lets the thread free its own memory when the function ends.
    package func detach() { pthread_detach(thread) }
}
