import CFiles
import Glibc
import Synchronization

/// A file that appears under its name complete or not at all.
///
/// Bytes go to a temporary file in the same folder; `commit` flushes it to the device, renames it over the old file and
/// flushes the folder. Before that, whatever fails, the old file is untouched and the temporary is removed.
/// A path that leads to a device or a pipe is written straight: there is nothing to replace.
package final class AtomicFile {
    private static let serial = Atomic<Int>(0)

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
        if exists, let resolved = realpath(path, nil) {
            target = String(cString: resolved)
            free(resolved)
        } else {
            target = path
        }
        let serial = Self.serial.add(1, ordering: .relaxed).newValue
        let name = "\(Self.temporaryPrefix(of: target))\(getpid())-\(serial).tmp"
        let temporary = FileSystem.directory(of: target) + "/" + name
        do throws(IOError) {
            // A leftover of a killed process with this number may hold the name.
            unlink(temporary)
            descriptor = try FileSystem.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o666, operation: "write")
        } catch {
            throw IOError(
                error.kind, "write", file: path,
                "cannot create a file in \(FileSystem.directory(of: target)): \(error.problem)",
                expected: error.kind == .notFound ? "a folder that exists" : error.rule)
        }
        self.temporary = temporary
        if exists { fchmod(descriptor, status.st_mode & 0o7777) }
    }

    deinit { discard() }

    /// Sets space on the device aside for a file of about this size, which is written next.
    ///
    /// A full device is found before anything is written, and large files lie in long runs. A file of 16 MiB or more then
    /// goes past the page cache where the file system can do that: it would fill memory that the program has better use
    /// for, and finding so many free pages takes longer than writing them.
    package func reserve(_ byteCount: Int) throws(IOError) {
        guard temporary != nil, byteCount > 0, written == 0 else { return }
        var status = posix_fallocate(descriptor, 0, byteCount)
        if status == ENOSPC, RetiredFiles.waitUntilFreed() { status = posix_fallocate(descriptor, 0, byteCount) }
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
            let count = Glibc.write(descriptor, start + done, min(bytes.count - done, Self.writeBackStep))
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
        if temporary != nil, fsync(descriptor) != 0 { throw abandon() }
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
            let error = abandon()
            if old >= 0 { close(old) }
            throw error
        }
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
    /// A temporary file carries the number of its process; those of live processes are kept.
    package static func removeLeftovers(of path: String) {
        let folder = FileSystem.directory(of: path)
        let prefix = temporaryPrefix(of: path)
        for name in FileSystem.names(in: folder) where name.hasPrefix(prefix) && name.hasSuffix(".tmp") {
            let number = name.dropFirst(prefix.count).prefix { $0 != "-" }
            guard let process = pid_t(number), process > 0, kill(process, 0) != 0, errno == ESRCH else { continue }
            unlink(folder + "/" + name)
        }
    }

    private static func temporaryPrefix(of path: String) -> String { ".\(FileSystem.name(of: path).prefix(100))." }

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
