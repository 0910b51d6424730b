import Glibc
import TorchlightIO

/// The files of a repository in the cache layout of Hugging Face:
///
/// - `blobs/TAG`: the files by their ETags;
/// - `snapshots/COMMIT/NAME`: symbolic links to them;
/// - `refs/REVISION`: the commits of branches and tags.
struct HubCache {
    /// The folder of the repository.
    let folder: String
    private let locks: String

    init(_ root: String, repository: String) {
        let name = "models--" + repository.split(separator: "/").joined(separator: "--")
        folder = "\(root)/\(name)"
        locks = "\(root)/.locks/\(name)"
    }

    func blob(_ tag: String) -> String { "\(folder)/blobs/\(tag)" }

    func snapshot(_ commit: String) -> String { "\(folder)/snapshots/\(commit)" }

    /// The commit of a revision; nil if unknown.
    func commit(of revision: String) -> String? {
        if HubNames.isCommit(revision) { return revision }
        guard let bytes = try? FileSystem.read("\(folder)/refs/\(revision)", limit: 1 << 10) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        return HubNames.isCommit(text) ? text : nil
    }

    /// Stores the commit of a branch or tag.
    func record(_ commit: String, of revision: String) throws(IOError) {
        guard revision != commit, self.commit(of: revision) != commit else { return }
        let path = "\(folder)/refs/\(revision)"
        try FileSystem.createDirectories(FileSystem.directory(of: path))
        try FileSystem.replace(path, with: Array(commit.utf8))
    }

    /// The path of a file of a commit; nil if it is not cached.
    func file(_ name: String, commit: String) -> String? {
        let path = "\(snapshot(commit))/\(name)"
        return FileSystem.isFile(path) ? path : nil
    }

    /// Adds a stored file to a commit; returns its path.
    func link(_ tag: String, as name: String, commit: String) throws(IOError) -> String {
        let path = "\(snapshot(commit))/\(name)"
        try FileSystem.createDirectories(FileSystem.directory(of: path))
        if FileSystem.isFile(path) { return path }
        // A link whose target was removed.
        try FileSystem.remove(path)
        let depth = name.split(separator: "/").count + 1
        let target = String(repeating: "../", count: depth) + "blobs/\(tag)"
        if symlink(target, path) == 0 || errno == EEXIST { return path }
        // Hard links are used on file systems without symbolic links.
        if Glibc.link(blob(tag), path) == 0 || errno == EEXIST { return path }
        throw FileSystem.failure("create", path)
    }

    /// Runs a closure with a lock, so that no other process downloads the same file.
    func locked<Result>(_ tag: String, _ body: () throws -> Result) throws -> Result {
        try FileSystem.createDirectories(locks)
        let path = "\(locks)/\(tag).lock"
        let descriptor = try FileSystem.open(path, O_RDWR | O_CREAT, mode: 0o666, operation: "write")
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            // File systems without locks are used without locking.
            if errno != EINTR { break }
        }
        return try body()
    }
}
