import Glibc
import Synchronization
import TorchlightCore

/// The contents of replaced files that are still being freed.
///
/// Giving back the blocks and cached pages of a large file takes as long as writing a new one, and nobody needs to wait for
/// it: a thread of its own closes the last descriptor. Whoever finds the device full waits for those threads first.
enum RetiredFiles {
    private static let underWay = Mutex(0)

    /// Closes the descriptor of a file that has lost its name, at once where it is small or the system gives no thread.
    static func free(_ descriptor: Int32) {
        var status = stat()
        let isLarge = fstat(descriptor, &status) == 0 && status.st_size >= 16 << 20
        guard isLarge else {
            close(descriptor)
            return
        }
        underWay.withLock { $0 += 1 }
        if let thread = BackgroundThread({ finish(descriptor) }) { thread.detach() } else { finish(descriptor) }
    }

    /// Waits until every retired file is gone; false where there was none.
    static func waitUntilFreed() -> Bool {
        guard underWay.withLock({ $0 }) > 0 else { return false }
        // Rare, and the device decides how long it takes.
        while underWay.withLock({ $0 }) > 0 { usleep(1000) }
        return true
    }

    private static func finish(_ descriptor: Int32) {
        close(descriptor)
        underWay.withLock { $0 -= 1 }
    }
}
