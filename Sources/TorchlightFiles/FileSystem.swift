import Glibc

/// The operating system calls that this package needs, with typed errors.
///
/// They use the C library and not Foundation, which takes too long to load at process start.
package enum FileSystem {
    /// The error for an error number; by default the current `errno`.
    package static func failure(_ operation: String, _ path: String, code: Int32 = errno) -> IOError {
        let reason = String(cString: strerror(code))
        let advice =
            switch code {
            case ENOSPC, EDQUOT: "free space on the device"
            case EACCES, EPERM, EROFS: "a path that this user may \(operation)"
            case EFBIG: "a limit on the size of files (ulimit -f) above the size of this file"
            case EISDIR: "the path of a file"
            case ENOTDIR: "every part of the path except the last to be a directory"
            default: ""
            }
        return IOError(
            code == ENOENT ? .notFound : .system(code), operation, file: path, reason, expected: advice)
    }

    /// Opens a path; repeats the call if a signal interrupts it.
    package static func open(_ path: String, _ flags: Int32, mode: mode_t = 0, operation: String) throws(IOError)
        -> Int32
    {
        guard !path.utf8.contains(0), !path.isEmpty else {
            throw IOError(.notFound, operation, file: path, "the path is empty or has a zero byte", expected: "a path")
        }
        while true {
            let descriptor = Glibc.open(path, flags | O_CLOEXEC, mode)
            if descriptor >= 0 { return descriptor }
            if errno != EINTR { throw failure(operation, path) }
        }
    }

    /// Reads a complete file of at most `limit` bytes.
    ///
    /// The size that the system reports is only a hint: files can grow, and pipes have no size.
    package static func read(_ path: String, limit: Int = .max) throws(IOError) -> [UInt8] {
        let descriptor = try open(path, O_RDONLY, operation: "read")
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("read", path) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(max(Int(status.st_size), 0), limit, 1 << 30))
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure("read", path)
            }
            guard bytes.count + count <= limit else {
                throw IOError(
                    .unsupported, "read", file: path, "the file is too long", expected: "at most \(limit) bytes")
            }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// Whether there is a regular file at the path.
    package static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Whether there is a directory at the path.
    package static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Creates a directory and its missing parents.
    package static func createDirectories(_ path: String) throws(IOError) {
        if isDirectory(path) { return }
        let parent = directory(of: path)
        if parent != path, parent != "." { try createDirectories(parent) }
        if mkdir(path, 0o777) != 0, errno != EEXIST { throw failure("create", path) }
        // Another kind of file may have the name.
        guard isDirectory(path) else { throw failure("create", path, code: ENOTDIR) }
    }

    /// The names in a directory, sorted; none if it cannot be read.
    package static func names(in path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a file. A missing file is not an error.
    package static func remove(_ path: String) throws(IOError) {
        if unlink(path) != 0, errno != ENOENT { throw failure("remove", path) }
    }

    /// Synchronises a directory to the disk. Some file systems do not support it, which is not an error.
    package static func flushDirectory(_ path: String) {
        let folder = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    /// The directory of a path: the part before its last slash.
    package static func directory(of path: String) -> String {
        var parts = path[...]
        while parts.count > 1, parts.last == "/" { parts.removeLast() }
        guard let slash = parts.lastIndex(of: "/") else { return "." }
        return slash == parts.startIndex ? "/" : String(parts[..<slash])
    }

    /// The last component of a path.
    package static func name(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// The value of an environment variable; nil if it is not set or empty.
    package static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    /// The cache directory of the user: `$XDG_CACHE_HOME/torchlight` or `~/.cache/torchlight`.
    package static func cacheDirectory() -> String {
        if let cache = environment("XDG_CACHE_HOME"), cache.hasPrefix("/") { return cache + "/torchlight" }
        if let home = environment("HOME") { return home + "/.cache/torchlight" }
        return "/tmp/torchlight-cache-\(getuid())"
    }
}

extension FileSystem {
    /// Writes a file that is there complete or not at all: the bytes go to a new file in the same directory, which is
    /// synchronised to the disk and renamed.
    package static func replace(_ path: String, with bytes: [UInt8]) throws(IOError) {
        let temporary = "\(directory(of: path))/.\(name(of: path)).\(UInt64.random(in: 0...UInt64.max)).tmp"
        let descriptor: Int32
        do throws(IOError) {
            descriptor = try open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o666, operation: "write")
        } catch {
            throw IOError(error.kind, "write", file: path, error.problem, expected: error.rule)
        }
        func abandon() -> IOError {
            let error = failure("write", path)
            unlink(temporary)
            return error
        }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + written, bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                let error = abandon()
                close(descriptor)
                throw error
            }
            written += count
        }
        let isWritten = fsync(descriptor) == 0
        guard close(descriptor) == 0, isWritten else { throw abandon() }
        guard rename(temporary, path) == 0 else { throw abandon() }
        flushDirectory(directory(of: path))
    }
}
