import Glibc

/// A cache of compiled kernels on disk, in a folder that only the user can write to.
///
/// The file name of a library is a digest of its source, flags and compiler. The same text is stored beside the library
/// and compared. Files are written under a temporary name and renamed, and never changed, because processes have them
/// mapped.
struct KernelCache {
    enum Failure: Error {
        /// The folder cannot be used, for this reason.
        case folder(String)
    }

    let folder: String

    /// The suffix of the name of a library that only this process uses.
    static let ownSuffix = ".own.so"

    /// The folder named by TORCHLIGHT_CACHE, or torchlight/kernels in the cache folder of the user.
    static func standardFolder() -> String? {
        if let folder = CompilerProcess.environment("TORCHLIGHT_CACHE") { return folder }
        if let caches = CompilerProcess.environment("XDG_CACHE_HOME") { return caches + "/torchlight/kernels" }
        return CompilerProcess.environment("HOME").map { $0 + "/.cache/torchlight/kernels" }
    }

    /// Opens the folder, and creates it if it does not exist.
    init(_ folder: String) throws(Failure) {
        guard folder.hasPrefix("/") else { throw .folder("the path is not absolute") }
        var made = ""
        for part in folder.split(separator: "/") {
            made += "/" + part
            if mkdir(made, 0o700) != 0 && errno != EEXIST && errno != EROFS && errno != EACCES {
                throw .folder(String(cString: strerror(errno)))
            }
        }
        var status = stat()
        guard lstat(folder, &status) == 0 else { throw .folder(String(cString: strerror(errno))) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .folder("it is not a folder") }
        guard status.st_uid == geteuid() else { throw .folder("it belongs to another user") }
        guard status.st_mode & 0o022 == 0 else { throw .folder("other users can write to it") }
        guard access(folder, W_OK) == 0 else { throw .folder("it cannot be written to") }
        self.folder = folder
    }

    /// The path of the library with this content. nil if there is none, or if one of its files was changed.
    func library(for content: String) -> String? {
        let name = path(of: content)
        guard let text = Self.read(name + ".key"), let library = Self.read(name + ".so"),
            text == Array((content + "\n" + Self.digest(library)).utf8)
        else { return nil }
        return name + ".so"
    }

    /// Compiles a library with this content and adds it to the cache.
    func add(_ content: String, source: String, _ compiler: CompilerProcess, seconds: Double) throws -> String {
        let name = path(of: content)
        let temporary = "\(name).\(getpid()).\(UInt64.random(in: 0 ... .max))"
        let files = [temporary + ".c", temporary + ".so", temporary + ".key"]
        defer { for file in files { unlink(file) } }
        try Self.write(Array(source.utf8), to: files[0])
        try compiler.compile(files[0], to: files[1], seconds: seconds)
        guard let library = Self.read(files[1]) else { throw Failure.folder("the compiler has written no library") }
        chmod(files[1], 0o500)
        try Self.write(Array((content + "\n" + Self.digest(library)).utf8), to: files[2])
        // A file of this name with other content is a collision or was changed: it is kept, and this process uses its
        // own file.
        if access(name + ".so", F_OK) == 0 || access(name + ".key", F_OK) == 0 {
            let own = temporary + Self.ownSuffix
            guard rename(files[1], own) == 0 else { throw Failure.folder(String(cString: strerror(errno))) }
            return own
        }
        guard rename(files[1], name + ".so") == 0, rename(files[2], name + ".key") == 0 else {
            throw Failure.folder(String(cString: strerror(errno)))
        }
        return name + ".so"
    }

    private func path(of content: String) -> String { folder + "/" + Self.digest(Array(content.utf8)) }

    /// The 128-bit FNV-1a digest, from two offset bases. It is the file name; the content is compared completely.
    static func digest(_ bytes: [UInt8]) -> String {
        var (a, b): (UInt64, UInt64) = (0xcbf2_9ce4_8422_2325, 0x6c62_272e_07bb_0142)
        for byte in bytes {
            a = (a ^ UInt64(byte)) &* 0x100_0000_01b3
            b = (b ^ UInt64(byte) ^ 0x5a) &* 0x100_0000_01b3
        }
        func hexadecimal(_ value: UInt64) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        return hexadecimal(a) + hexadecimal(b)
    }

    /// The bytes of a regular file that belongs to the user and is not writable for others; nil otherwise.
    static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
            status.st_mode & 0o022 == 0, status.st_size >= 0, status.st_size < 1 << 30
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress! + done, $0.count - done) }
            if count <= 0 { return nil }
            done += count
        }
        return bytes
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .folder(String(cString: strerror(errno))) }
        defer { close(file) }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress! + done, $0.count - done) }
            guard count > 0 else { throw .folder(String(cString: strerror(errno))) }
            done += count
        }
    }
}
