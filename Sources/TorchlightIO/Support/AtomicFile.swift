import CFiles
import Glibc

/// A file that is created complete or not at all.
///
/// Bytes are written to a temporary file in the same directory; `commit` synchronises it to the disk, renames it over
/// the old file and synchronises the directory. If anything fails before that, the old file is unchanged and the
/// temporary file is removed. A path of a device or a pipe is written directly: there is nothing to replace.
///
/// The temporary file has a random name and is locked (`flock`) until it is renamed or removed. A process number would
/// not be unique: processes in other containers or on other machines may have the same. A symbolic link stays a link,
/// even if its target does not exist yet, and permissions are kept. Hard links to the old file keep the old contents. A
/// file that is a mount point cannot be replaced.
package final class AtomicFile {
    /// The path that the caller gave, for error texts.
    private let path: String
    /// The file to replace, with symbolic links resolved.
    private let target: String
    /// nil if the target is written directly.
    private var temporary: String?
    private var descriptor: Int32
    /// Collects the bytes of a large file that is written without the page cache.
    private var staging: StagingBuffer?
    /// Whether writes currently bypass the page cache.
    private var isDirect = false
    /// The number of bytes written, and the number of those whose write-back has started.
    private var written = 0
    private var writtenBack = 0
    /// The number of bytes of one write-back: enough to keep the disk busy, and few enough to start early.
    private static let writeBackStep = 8 << 20
    /// The size from which a file is written without the page cache.
    private static let directFrom = 16 << 20

    /// Creates the temporary file in the directory of `path`.
    package init(_ path: String) throws(IOError) {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw IOError(.notFound, "write", file: path, "the path is empty or has a zero byte", expected: "a path")
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
                expected: error.kind == .notFound ? "an existing directory" : error.rule)
        }
        (temporary, descriptor) = created
        if exists {
            // The owner is set first, since that clears some permissions; only a privileged process may change it.
            if status.st_uid != geteuid() || status.st_gid != getegid() {
                _ = fchown(descriptor, status.st_uid, status.st_gid)
            }
            fchmod(descriptor, status.st_mode & 0o7777)
        }
    }

    /// The target of symbolic links, whether or not it exists.
    private static func target(of path: String) throws(IOError) -> String {
        var current = path
        // The operating system follows at most as many links.
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

    /// Creates and locks a file with a new name.
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
            // `removeLeftovers` may have locked and removed the file before.
            while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
            var status = stat()
            if fstat(descriptor, &status) != 0 || status.st_nlink > 0 { return (path, descriptor) }
            close(descriptor)
        }
    }

    deinit { discard() }

    /// Reserves disk space for a file of about this size, which is written next.
    ///
    /// A full disk is then reported before anything is written, and large files are less fragmented. A file of 16 MiB
    /// or more is then written without the page cache if the file system supports it, which saves memory and is faster.
    package func reserve(_ byteCount: Int) throws(IOError) {
        guard temporary != nil, byteCount > 0, written == 0 else { return }
        func allocate() -> Int32 { withoutSizeSignal { posix_fallocate(descriptor, 0, byteCount) } }
        var status = allocate()
        if status == ENOSPC, ReplacedFiles.waitUntilFreed() { status = allocate() }
        // Some file systems cannot reserve space, which is not an error.
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

    /// Writes the collected bytes, which need not fill whole blocks of the disk.
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

    /// Writes bytes with the operating system's `write`.
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
                case ENOSPC where ReplacedFiles.waitUntilFreed(): continue
                case EINVAL where isDirect:
                    // The file system does not support this write, or stopped the last one within a block.
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
        // `withUnsafeBytes` preserves the type of the error only through a Result.
        try bytes.withUnsafeBytes { buffer in Result { () throws(IOError) in try write(buffer) } }.get()
    }

    /// Synchronises the file to the disk and renames it to its final name.
    package func commit() throws(IOError) {
        try flush()
        try publish()
    }

    /// Synchronises the written bytes to the disk under the temporary name; nothing can be appended after it. Files
    /// that belong together are all flushed before the first one is published.
    package func flush() throws(IOError) {
        guard descriptor >= 0 else { return }
        try unstage()
        // A device or a pipe cannot be synchronised.
        if temporary != nil {
            // The file stays open, and thereby locked, until it is renamed.
            if fsync(descriptor) != 0 { throw abandon() }
            return
        }
        let closed = Glibc.close(descriptor)
        descriptor = -1
        if closed != 0 { throw abandon() }
    }

    /// Renames a flushed file to its final name.
    package func publish() throws(IOError) {
        guard let temporary else { return }
        // Keeps the old file open over the rename; the space is released when it is closed.
        let old = Glibc.open(target, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if rename(temporary, target) != 0 {
            let isMount = errno == EBUSY
            let error = abandon()
            if old >= 0 { close(old) }
            guard isMount else { throw error }
            throw IOError(
                error.kind, "write", file: path,
                "\(error.problem): the file is a mount point, which cannot be replaced",
                expected: "its directory to be mounted instead")
        }
        close(descriptor)
        descriptor = -1
        if old >= 0 { ReplacedFiles.free(old) }
        self.temporary = nil
        FileSystem.flushDirectory(FileSystem.directory(of: target))
    }

    /// Closes and removes the temporary file. Does nothing after `commit`.
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

    /// Removes temporary files of this path that killed processes left.
    ///
    /// A temporary file is locked while it is written. If the file system has no locks, it is removed when it has not
    /// been modified for a day.
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

    /// At most 100 bytes of the name, so that the temporary name has at most 255 bytes.
    private static func temporaryPrefix(of path: String) -> String {
        ".\(String(decoding: FileSystem.name(of: path).utf8.prefix(100), as: UTF8.self))."
    }

    /// Writes a complete file.
    package static func write(_ bytes: [UInt8], to path: String) throws(IOError) {
        let file = try AtomicFile(path)
        try file.write(bytes)
        try file.commit()
    }

    /// Writes a complete text file.
    package static func write(_ text: String, to path: String) throws(IOError) {
        try write(Array(text.utf8), to: path)
    }

    /// Throws if the path cannot be written, for a check before long computations.
    package static func check(_ path: String) throws(IOError) { try AtomicFile(path).discard() }

    /// Throws if one of the paths cannot be written, or if two are one file, of which only the last would remain. Devices and pipes
    /// may occur several times.
    ///
    /// - Parameter files: The paths and the kinds of their contents, for error texts.
    package static func check(_ files: [(use: String, path: String)]) throws(IOError) {
        var uses: [[UInt8]: String] = [:]
        for (use, path) in files {
            let file = try AtomicFile(path)
            defer { file.discard() }
            guard file.temporary != nil else { continue }
            let folder = FileSystem.directory(of: file.target)
            let resolved = realpath(folder, nil)
            defer { free(resolved) }
            let name = resolved.map { String(cString: $0) } ?? folder
            let identity = Array("\(name)/\(FileSystem.name(of: file.target))".utf8)
            if let other = uses.updateValue(use, forKey: identity) {
                throw IOError(
                    .unsupported, "write", file: path, "the path is that of \(other) and of \(use)",
                    expected: "a file for each")
            }
        }
    }
}

/// Runs the body with the signal blocked that ends a process whose file exceeds a limit (`ulimit -f`); the system call
/// then fails with `EFBIG`.
private func withoutSizeSignal<Result>(_ body: () -> Result) -> Result {
    var (signals, before, pending) = (sigset_t(), sigset_t(), sigset_t())
    sigemptyset(&signals)
    sigaddset(&signals, SIGXFSZ)
    pthread_sigmask(SIG_BLOCK, &signals, &before)
    let result = body()
    let code = errno
    // A pending signal of this thread is consumed before it is unblocked.
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
