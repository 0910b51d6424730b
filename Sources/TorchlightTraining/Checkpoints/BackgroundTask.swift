import Glibc
import TorchlightIO

/// A function that runs on a thread of its own, and what became of it.
final class BackgroundTask: @unchecked Sendable {
    private let body: @Sendable () throws(IOError) -> Void
    /// Written by the thread, read after it has ended.
    private var failure: IOError?
    private var thread: pthread_t?

    /// Starts the function; where the system gives no thread it runs at once.
    init(_ body: @escaping @Sendable () throws(IOError) -> Void) {
        self.body = body
        var thread = pthread_t()
        let task = Unmanaged.passRetained(self)
        let status = pthread_create(
            &thread, nil,
            { task in
                Unmanaged<BackgroundTask>.fromOpaque(task!).takeRetainedValue().run()
                return nil
            }, task.toOpaque())
        if status == 0 {
            self.thread = thread
        } else {
            task.release()
            run()
        }
    }

    /// Waits for the end; may be called once.
    func wait() throws(IOError) {
        if let thread { pthread_join(thread, nil) }
        thread = nil
        if let failure { throw failure }
    }

    deinit {
        if let thread { pthread_detach(thread) }
    }

    private func run() {
        do throws(IOError) { try body() } catch { failure = error }
    }
}
