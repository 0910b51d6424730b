import Glibc
import Synchronization

/// The old contents of replaced files, on their way out.
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
        var thread = pthread_t()
        let created = pthread_create(
            &thread, nil,
            { descriptor in
                RetiredFiles.finish(Int32(Int(bitPattern: descriptor)))
                return nil
            }, UnsafeMutableRawPointer(bitPattern: Int(descriptor)))
        if created == 0 { pthread_detach(thread) } else { finish(descriptor) }
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
