import TorchlightCore
import TorchlightIO

/// A function that runs on a thread of its own, and what became of it.
final class BackgroundTask: @unchecked Sendable {
    private let body: @Sendable () throws(IOError) -> Void
    /// Written by the thread, read after it has ended.
    private var failure: IOError?
    private var thread: BackgroundThread?

    /// Starts the function; where the system gives no thread it runs at once.
    init(_ body: @escaping @Sendable () throws(IOError) -> Void) {
        self.body = body
        thread = BackgroundThread { self.run() }
        if thread == nil { run() }
    }

    /// Waits for the end; may be called once.
    func wait() throws(IOError) {
        thread?.join()
        thread = nil
        if let failure { throw failure }
    }

    deinit { thread?.detach() }

    private func run() {
        do throws(IOError) { try body() } catch { failure = error }
    }
}
