import Glibc
import Synchronization
import TorchlightCore

/// Replaced files whose contents are still being released.
///
/// Releasing the blocks and cached pages of a large file takes as long as writing it, so another thread closes the last
/// descriptor. A writer that finds the disk full waits for these threads first.
enum ReplacedFiles {
    private static let openCount = Mutex(0)

    /// Closes the descriptor of a replaced file: at once if the file is small or no thread can be created.
    static func free(_ descriptor: Int32) {
        var status = stat()
        let isLarge = fstat(descriptor, &status) == 0 && status.st_size >= 16 << 20
        guard isLarge else {
            close(descriptor)
            return
        }
        openCount.withLock { $0 += 1 }
        if let thread = BackgroundThread({ finish(descriptor) }) { thread.detach() } else { finish(descriptor) }
    }

    /// Waits until every replaced file is released; returns false if there was none.
    static func waitUntilFreed() -> Bool {
        guard openCount.withLock({ $0 }) > 0 else { return false }
        // Rare, and the time depends on the disk.
        while openCount.withLock({ $0 }) > 0 { usleep(1000) }
        return true
    }

    private static func finish(_ descriptor: Int32) {
        close(descriptor)
        openCount.withLock { $0 -= 1 }
    }
}
