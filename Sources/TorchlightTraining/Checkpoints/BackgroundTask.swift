import TorchlightCore
import TorchlightIO

/// Runs a function on a new thread and keeps its error.
final class BackgroundTask: @unchecked Sendable {
    private let body: @Sendable () throws(IOError) -> Void
    /// Written by the thread, read after it has ended.
    private var failure: IOError?
    private var thread: BackgroundThread?

    /// Starts the function. If no thread can be created it runs at once.
    init(_ body: @escaping @Sendable () throws(IOError) -> Void) {
        self.body = body
        thread = BackgroundThread { self.run() }
        if thread == nil { run() }
    }

    /// Waits for the function to return and throws its error. May be called once.
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
