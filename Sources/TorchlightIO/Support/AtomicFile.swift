import CFiles
import Glibc

/// A file that appears under its name complete or not at all.
///
/// Bytes go to a temporary file in the same folder; `commit` flushes it to the device, renames it over the old file and
/// flushes the folder. Before that, whatever fails, the old file is untouched and the temporary is removed.
/// A path that leads to a device or a pipe is written straight: there is nothing to replace.
///
/// The temporary file has a name of random bits and is locked (`flock`) until it is renamed or removed: processes in other
/// containers or on other machines have numbers of their own, so that a process number would not tell them apart. A
/// symbolic link stays a link, also where its target does not exist yet, and permissions are kept. Other names of the old
/// file (hard links) keep the old contents. A file that is itself a mount point cannot be replaced.
package final class AtomicFile {
    /// The path that the caller gave, for messages.
    private let path: String
    /// The file to replace, with symbolic links resolved, so that a link stays a link.
    private let target: String
    /// Nil where the target is written straight.
    private var temporary: String?
    private var descriptor: Int32
    /// Collects the bytes of a large file, which go to the device past the page cache.
    private var staging: StagingBuffer?
    /// Whether writes pass the page cache now.
    private var isDirect = false
    /// How many bytes the system has taken, and how many of them are on their way to the device.
    private var written = 0
    private var writtenBack = 0
    /// The bytes that are written to the device together: enough to keep it busy, few enough that it starts early.
    private static let writeBackStep = 8 << 20
    /// From this size on a file is written past the page cache.
    private static let directFrom = 16 << 20

    /// Creates the temporary file beside `path`.
    package init(_ path: String) throws(IOError) {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw IOError(.notFound, "write", file: path, "empty or with a zero byte", expected: "a path")
        }
        self.path = path
        var status = stat()
        let exists = stat(path, &status) == 0
        if exists, status.st_mode & S_IFMT == S_IFDIR {
            throw FileSystem.failure("write", path, code: EISDIR)
        }
        if exists, status.st_mode & S_IFMT != S_IFREG {
            target = path
            temporary = nil
            descriptor = try FileSystem.open(path, O_WRONLY, operation: "write")
            return
        }
        target = try Self.target(of: path)
        var created: (path: String, descriptor: Int32)
        do throws(IOError) { created = try Self.createTemporary(beside: target) } catch {
            throw IOError(
                error.kind, "write", file: path,
                "cannot create a file in \(FileSystem.directory(of: target)): \(error.problem)",
                expected: error.kind == .notFound ? "a folder that exists" : error.rule)
        }
        (temporary, descriptor) = created
        if exists {
            // The owner first, which clears some of the permissions; only a privileged process may set another.
            if status.st_uid != geteuid() || status.st_gid != getegid() {
                _ = fchown(descriptor, status.st_uid, status.st_gid)
            }
            fchmod(descriptor, status.st_mode & 0o7777)
        }
    }

    /// Where symbolic links lead, whether or not something is there.
    private static func target(of path: String) throws(IOError) -> String {
        var current = path
        // As many as the system itself follows.
        for _ in 0..<40 {
            var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX) + 1)
            let count = buffer.withUnsafeMutableBytes { bytes in
                readlink(current, bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
            }
            guard count > 0 else { return current }
            let link = String(decoding: buffer[..<count], as: UTF8.self)
            current = link.hasPrefix("/") ? link : FileSystem.directory(of: current) + "/" + link
        }
        throw FileSystem.failure("write", path, code: ELOOP)
    }

    /// Creates and locks a file of a new name.
    private static func createTemporary(beside target: String) throws(IOError) -> (path: String, descriptor: Int32) {
        while true {
            let name = temporaryPrefix(of: target) + String(UInt64.random(in: 0...UInt64.max), radix: 16) + ".tmp"
            let path = FileSystem.directory(of: target) + "/" + name
            let descriptor: Int32
            do throws(IOError) {
                descriptor = try FileSystem.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o666, operation: "write")
            } catch {
                if error.kind == .system(EEXIST) { continue }
                throw error
            }
            // Whoever removes leftovers may have locked the file before: then it has lost its name.
            while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
            var status = stat()
            if fstat(descriptor, &status) != 0 || status.st_nlink > 0 { return (path, descriptor) }
            close(descriptor)
        }
    }

    deinit { discard() }

    /// Sets space on the device aside for a file of about this size, which is written next.
    ///
    /// A full device is found before anything is written, and large files lie in long runs. A file of 16 MiB or more then
    /// goes past the page cache where the file system can do that: it would fill memory that the program has better use
    /// for, and finding so many free pages takes longer than writing them.
    package func reserve(_ byteCount: Int) throws(IOError) {
        guard temporary != nil, byteCount > 0, written == 0 else { return }
        func allocate() -> Int32 { withoutSizeSignal { posix_fallocate(descriptor, 0, byteCount) } }
        var status = allocate()
        if status == ENOSPC, RetiredFiles.waitUntilFreed() { status = allocate() }
        // Some file systems cannot set space aside, which is no error.
        if [ENOSPC, EDQUOT, EFBIG].contains(status) {
            errno = status
            throw abandon()
        }
        if byteCount >= Self.directFrom, tl_write_directly(descriptor, 1) == 0 {
            isDirect = true
            staging = StagingBuffer()
        }
    }

    /// Appends bytes.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(IOError) {
        guard let staging else { return try put(bytes) }
        var taken = 0
        while taken < bytes.count {
            taken += staging.append(UnsafeRawBufferPointer(rebasing: bytes[taken...]))
            if staging.isFull {
                try put(staging.contents)
                staging.empty()
            }
        }
    }

    /// Hands over what is collected, which need not fill whole blocks of the device.
    private func unstage() throws(IOError) {
        guard let staging else { return }
        self.staging = nil
        takePageCache()
        try put(staging.contents)
    }

    private func takePageCache() {
        if isDirect { _ = tl_write_directly(descriptor, 0) }
        isDirect = false
    }

    /// Hands bytes to the system.
    private func put(_ bytes: UnsafeRawBufferPointer) throws(IOError) {
        guard let start = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            let count = withoutSizeSignal {
                Glibc.write(descriptor, start + done, min(bytes.count - done, Self.writeBackStep))
            }
            if count < 0 {
                switch errno {
                case EINTR: continue
                case ENOSPC where RetiredFiles.waitUntilFreed(): continue
                case EINVAL where isDirect:
                    // The file system promised more than it does, or stopped the last write within a block.
                    takePageCache()
                    continue
                default: throw abandon()
                }
            }
            done += count
            written += count
            if !isDirect, temporary != nil, written - writtenBack >= Self.writeBackStep {
                tl_start_write_back(descriptor, Int64(writtenBack), Int64(written - writtenBack))
                writtenBack = written
            }
        }
    }

    /// Appends bytes.
    package func write(_ bytes: [UInt8]) throws(IOError) {
        // The closure's error passes through a Result: `withUnsafeBytes` keeps its type only this way.
        try bytes.withUnsafeBytes { buffer in Result { () throws(IOError) in try write(buffer) } }.get()
    }

    /// Makes the file durable and gives it its name.
    package func commit() throws(IOError) {
        try flush()
        try publish()
    }

    /// Makes what was written durable, still under the temporary name; nothing can be appended after it. Files that belong
    /// together are all flushed before the first of them is published.
    package func flush() throws(IOError) {
        guard descriptor >= 0 else { return }
        try unstage()
        // A device or a pipe has nothing to flush.
        if temporary != nil {
            // It stays open, and so locked, until it has its name.
            if fsync(descriptor) != 0 { throw abandon() }
            return
        }
        let closed = Glibc.close(descriptor)
        descriptor = -1
        if closed != 0 { throw abandon() }
    }

    /// Gives a flushed file its name.
    package func publish() throws(IOError) {
        guard let temporary else { return }
        // Held over the rename, the old file is freed by whoever closes it.
        let old = Glibc.open(target, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if rename(temporary, target) != 0 {
            let isMount = errno == EBUSY
            let error = abandon()
            if old >= 0 { close(old) }
            guard isMount else { throw error }
            throw IOError(
                error.kind, "write", file: path,
                "\(error.problem): the file is a mount point, which cannot be replaced",
                expected: "its folder to be mounted instead")
        }
        close(descriptor)
        descriptor = -1
        if old >= 0 { RetiredFiles.free(old) }
        self.temporary = nil
        FileSystem.flushDirectory(FileSystem.directory(of: target))
    }

    /// Gives up: closes and removes the temporary file. Harmless after `commit`.
    package func discard() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        if let temporary { unlink(temporary) }
        temporary = nil
    }

    private func abandon() -> IOError {
        let error = FileSystem.failure("write", path)
        discard()
        return error
    }

    /// Removes what processes that were killed while they wrote this file have left beside it.
    ///
    /// A temporary file is locked for as long as somebody writes it. Where the file system has no locks, it goes when
    /// nobody has touched it for a day.
    package static func removeLeftovers(of path: String) {
        guard let path = try? target(of: path) else { return }
        let folder = FileSystem.directory(of: path)
        let prefix = temporaryPrefix(of: path)
        for name in FileSystem.names(in: folder) where name.hasPrefix(prefix) && name.hasSuffix(".tmp") {
            let leftover = "\(folder)/\(name)"
            let descriptor = Glibc.open(leftover, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            var status = stat()
            let isLocked = flock(descriptor, LOCK_EX | LOCK_NB) != 0
            let hasNoLocks = isLocked && errno != EWOULDBLOCK && errno != EINTR
            guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            let isOld = time(nil) - status.st_mtim.tv_sec > 24 * 3600
            if !isLocked || hasNoLocks && isOld { unlink(leftover) }
        }
    }

    /// At most 100 bytes of the name: with what follows it must stay within the 255 that a name may have.
    private static func temporaryPrefix(of path: String) -> String {
        ".\(String(decoding: FileSystem.name(of: path).utf8.prefix(100), as: UTF8.self))."
    }

    /// Writes a whole file in one call.
    package static func write(_ bytes: [UInt8], to path: String) throws(IOError) {
        let file = try AtomicFile(path)
        try file.write(bytes)
        try file.commit()
    }

    /// Writes a whole text file in one call.
    package static func write(_ text: String, to path: String) throws(IOError) {
        try write(Array(text.utf8), to: path)
    }

    /// Fails now if the path could not be written later: long work should not end with an error that was known before.
    package static func check(_ path: String) throws(IOError) { try AtomicFile(path).discard() }
}

/// Calls the system without the signal that ends a process whose file grows beyond a limit (`ulimit -f`): the call fails
/// with `EFBIG` instead.
private func withoutSizeSignal<Result>(_ body: () -> Result) -> Result {
    var (signals, before, pending) = (sigset_t(), sigset_t(), sigset_t())
    sigemptyset(&signals)
    sigaddset(&signals, SIGXFSZ)
    pthread_sigmask(SIG_BLOCK, &signals, &before)
    let result = body()
    let code = errno
    // The signal waits for this thread; it is taken before it is let through again.
    if sigismember(&before, SIGXFSZ) == 0 {
        sigpending(&pending)
        if sigismember(&pending, SIGXFSZ) == 1 {
            var now = timespec()
            sigtimedwait(&signals, nil, &now)
        }
        pthread_sigmask(SIG_SETMASK, &before, nil)
    }
    errno = code
    return result
}
