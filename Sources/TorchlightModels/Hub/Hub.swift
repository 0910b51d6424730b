import Glibc
import TorchlightCore
import TorchlightIO

/// Downloads models by name from the Hugging Face Hub, or from a server with the same interface.
///
///     let folder = try Hub().snapshot("openai-community/gpt2")
///     let generator = try TextGenerator.load(hub: "openai-community/gpt2")
///
/// Files are stored in the cache layout of Hugging Face, which its libraries share. An interrupted download is resumed.
/// A file is stored under its name after its size and its digest were verified: SHA-256 for large files, the SHA-1 of
/// Git for others. Cached files are not downloaded again.
public struct Hub: Sendable {
    /// The address of the server. Default: `$HF_ENDPOINT`, or `https://huggingface.co`.
    public var endpoint: String
    /// The access token for private repositories, sent only to the endpoint. Default: `$HF_TOKEN`, or the file `token`
    /// in `$HF_HOME`.
    public var token: String?
    /// The path of the cache. Default: `$HF_HUB_CACHE`, or `hub` in `$HF_HOME`, whose default is
    /// `~/.cache/huggingface`.
    public var cache: String
    /// Whether only cached files are used. Default: whether `$HF_HUB_OFFLINE` is 1.
    public var isOffline: Bool
    var timeouts = HubRequest.Timeouts()

    /// The progress of a download: the name of the file, the number of stored bytes, and the total number of bytes.
    public typealias Progress = (_ file: String, _ done: Int, _ total: Int?) -> Void

    /// Creates a hub with the settings of the environment variables.
    public init() {
        let environment = FileSystem.environment
        endpoint = environment("HF_ENDPOINT") ?? "https://huggingface.co"
        while endpoint.hasSuffix("/") { endpoint.removeLast() }
        let caches = environment("XDG_CACHE_HOME") ?? (environment("HOME") ?? "/tmp") + "/.cache"
        let home = environment("HF_HOME") ?? "\(caches)/huggingface"
        cache = environment("HF_HUB_CACHE") ?? environment("HUGGINGFACE_HUB_CACHE") ?? "\(home)/hub"
        func isOn(_ name: String) -> Bool {
            ["1", "ON", "YES", "TRUE"].contains(environment(name)?.uppercased() ?? "")
        }
        isOffline = isOn("HF_HUB_OFFLINE") || isOn("TRANSFORMERS_OFFLINE")
        token = environment("HF_TOKEN") ?? environment("HUGGING_FACE_HUB_TOKEN")
        if token == nil, !isOn("HF_HUB_DISABLE_IMPLICIT_TOKEN"),
            let bytes = try? FileSystem.read(environment("HF_TOKEN_PATH") ?? "\(home)/token", limit: 1 << 12)
        {
            let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
            token = text.isEmpty ? nil : text
        }
    }

    /// The name patterns of the files that ``AutoModel``, tokenizers and pipelines read.
    public static let modelFiles = ["*.json", "*.txt", "*.model", "*.jinja", "*.safetensors"]

    // MARK: - Files

    /// Returns the path of a file of a repository; downloads it if it is not cached.
    ///
    /// - Parameters:
    ///   - repository: The name of the repository, `owner/name`.
    ///   - name: The path of the file in the repository.
    ///   - revision: A branch, a tag or a commit. Default: `main`.
    ///   - progress: Called while bytes arrive. Default: none.
    /// - Throws: `IOError`: `.notFound` if the repository, revision or file does not exist, `.network` if the server
    ///   cannot be reached and the file is not cached, or if its digest is wrong.
    public func file(
        _ repository: String, _ name: String, revision: String = "main", progress: Progress? = nil
    ) throws -> String {
        try check(repository, revision)
        try HubNames.check(path: name)
        let cache = HubCache(cache, repository: repository)
        // The files of a commit never change.
        if HubNames.isCommit(revision), let path = cache.file(name, commit: revision) { return path }
        func known() -> String? { cache.commit(of: revision).flatMap { cache.file(name, commit: $0) } }
        if isOffline {
            if let path = known() { return path }
            throw IOError(
                .notFound, "hub", file: "\(repository)/\(name)",
                "the file is not cached, and the hub is offline",
                expected: "isOffline = false, or the file in \(cache.folder)")
        }
        let metadata: FileMetadata
        do { metadata = try self.metadata(repository, name, revision) } catch {
            if error.kind == .network, let path = known() { return path }
            throw error
        }
        if let path = cache.file(name, commit: metadata.commit) {
            try cache.record(metadata.commit, of: revision)
            return path
        }
        return try cache.locked(metadata.tag) {
            if !FileSystem.isFile(cache.blob(metadata.tag)) {
                try download(metadata, repository, name, to: cache.blob(metadata.tag), progress: progress)
            }
            let path = try cache.link(metadata.tag, as: name, commit: metadata.commit)
            try cache.record(metadata.commit, of: revision)
            return path
        }
    }

    /// Returns the folder with files of a repository; downloads files that are not cached.
    ///
    /// - Parameters:
    ///   - repository: The name of the repository, `owner/name`.
    ///   - revision: A branch, a tag or a commit. Default: `main`.
    ///   - patterns: Shell patterns of file names; `*` matches slashes too. Default: ``modelFiles``, and weights in
    ///     PyTorch format if there are no others.
    ///   - progress: Called while bytes arrive. Default: none.
    /// - Throws: `IOError`, as ``file(_:_:revision:progress:)``. Without a network connection, the cached files are
    ///   used.
    public func snapshot(
        _ repository: String, revision: String = "main", patterns: [String]? = nil, progress: Progress? = nil
    ) throws -> String {
        try check(repository, revision)
        let cache = HubCache(cache, repository: repository)
        func known() -> String? {
            cache.commit(of: revision).map { cache.snapshot($0) }.flatMap { FileSystem.isDirectory($0) ? $0 : nil }
        }
        if isOffline {
            if let folder = known() { return folder }
            throw IOError(
                .notFound, "hub", file: repository, "the repository is not cached, and the hub is offline",
                expected: "isOffline = false, or the files in \(cache.folder)")
        }
        let listing: (commit: String, names: [String])
        do { listing = try self.listing(repository, revision) } catch {
            if error.kind == .network, let folder = known() { return folder }
            throw error
        }
        var patterns = patterns ?? Self.modelFiles
        if patterns == Self.modelFiles, !listing.names.contains(where: { $0.hasSuffix(".safetensors") }) {
            patterns.append("pytorch_model*.bin")
        }
        let wanted = listing.names.filter { name in patterns.contains { HubNames.matches(name, $0) } }
        guard !wanted.isEmpty else {
            throw IOError(
                .notFound, "hub", file: repository, "no file matches \(patterns.joined(separator: ", "))",
                expected: "a file of the repository")
        }
        for name in wanted { _ = try file(repository, name, revision: listing.commit, progress: progress) }
        try cache.record(listing.commit, of: revision)
        return cache.snapshot(listing.commit)
    }

    private func check(_ repository: String, _ revision: String) throws(IOError) {
        try HubNames.check(repository: repository)
        try HubNames.check(path: revision, "the revision")
        guard endpoint.hasPrefix("https://") || endpoint.hasPrefix("http://") else {
            throw IOError(
                .unsupported, "hub", file: repository, "the endpoint is \(IOError.quoted(endpoint))",
                expected: "an address of https or http")
        }
        guard token?.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) ?? true else {
            throw IOError(
                .unsupported, "hub", file: repository, "the access token has a space or a control character",
                expected: "a token without these characters")
        }
    }

    // MARK: - Requests

    /// The metadata of a file in the response of the server.
    private struct FileMetadata {
        var commit, tag: String
        var size: Int?
    }

    private var fields: [String] { token.map { ["Authorization: Bearer \($0)"] } ?? [] }

    private func address(_ repository: String, _ name: String, _ revision: String) -> String {
        "\(endpoint)/\(repository)/resolve/\(HubNames.escaped(revision, keepingSlashes: false))/\(HubNames.escaped(name))"
    }

    /// The error of a refused request.
    private func refusal(_ request: HubRequest, _ what: String, _ revision: String) -> IOError {
        let reason = request.headers["x-error-message"].map { ": \(IOError.oneLine($0, limit: 300))" } ?? ""
        switch (request.status, request.headers["x-error-code"]) {
        case (404, "RevisionNotFound"?):
            return IOError(
                .notFound, "hub", file: what, "the revision \(IOError.quoted(revision)) does not exist",
                expected: "a branch, a tag or a commit")
        case (404, "RepoNotFound"?), (401, _), (403, _):
            return IOError(
                .notFound, "hub", file: what, "the repository does not exist or is private\(reason)",
                expected: "its name, or an access token in HF_TOKEN")
        case (404, _):
            return IOError(
                .notFound, "hub", file: what, "the file does not exist", expected: "a file of the repository")
        default:
            return IOError(
                .network, "hub", file: what, request.problem ?? "the server answered with status \(request.status)",
                expected: "a network connection, or the files in the cache")
        }
    }

    private func metadata(_ repository: String, _ name: String, _ revision: String) throws(IOError) -> FileMetadata {
        let what = "\(repository)/\(name)"
        var address = address(repository, name, revision)
        // Redirects on the same host are followed, for renamed repositories; those to the storage of large files are
        // not.
        for _ in 0..<5 {
            let request = HubRequest()
            try request.send(
                address, isHead: true, fields: fields + ["Accept-Encoding: identity"], timeouts: timeouts)
            guard request.problem == nil, (200..<400).contains(request.status) else {
                throw refusal(request, what, revision)
            }
            if request.status >= 300, let location = request.headers["location"], location.hasPrefix("/"),
                !location.hasPrefix("//"), request.headers["x-linked-etag"] == nil
            {
                address = endpoint + location
                continue
            }
            guard let commit = request.headers["x-repo-commit"], HubNames.isCommit(commit),
                let raw = request.headers["x-linked-etag"] ?? request.headers["etag"]
            else {
                throw IOError(
                    .network, "hub", file: what, "the answer has no commit or no ETag",
                    expected: "a server with the interface of Hugging Face's hub")
            }
            let tag = (raw.hasPrefix("W/") ? raw.dropFirst(2) : raw[...]).filter { $0 != "\"" }
            try HubNames.check(tag: tag)
            let linked = request.headers["x-linked-size"]
            let size = linked ?? (request.status < 300 ? request.headers["content-length"] : nil)
            return FileMetadata(commit: commit, tag: tag, size: size.flatMap { Int($0) })
        }
        throw IOError(.network, "hub", file: what, "the server redirects more than 5 times", expected: "at most 5")
    }

    private func listing(
        _ repository: String, _ revision: String
    ) throws(IOError) -> (commit: String, names: [String]) {
        let address =
            "\(endpoint)/api/models/\(repository)/revision/\(HubNames.escaped(revision, keepingSlashes: false))"
        var bytes: [UInt8] = []
        let request = HubRequest { part throws(IOError) in
            guard bytes.count + part.count <= 1 << 26 else {
                throw IOError(
                    .network, "hub", file: repository, "the list of files is too long",
                    expected: "at most 64 MiB")
            }
            bytes += part
        }
        try request.send(address, isHead: false, fields: fields, timeouts: timeouts)
        guard request.problem == nil else { throw refusal(request, repository, revision) }
        let json = try JSON.parse(bytes, file: address)
        guard let commit = json["sha"]?.string, HubNames.isCommit(commit), let siblings = json["siblings"]?.elements
        else {
            throw IOError(
                .network, "hub", file: repository, "the answer is not a list of files",
                expected: "a server with the interface of Hugging Face's hub")
        }
        let names = siblings.compactMap { $0["rfilename"]?.string }
        for name in names { try HubNames.check(path: name) }
        return (commit, names)
    }

    // MARK: - Download

    private func download(
        _ metadata: FileMetadata, _ repository: String, _ name: String, to path: String, progress: Progress?
    ) throws(IOError) {
        let incomplete = path + ".incomplete"
        try FileSystem.createDirectories(FileSystem.directory(of: path))
        let address = address(repository, name, metadata.commit)
        var problem = ""
        // A partial file of an older version gives a wrong digest: the download is repeated from the start.
        for attempt in 0..<2 {
            let file = try PartialFile(incomplete, startsAnew: attempt > 0)
            let start = file.size
            let isComplete = metadata.size.map { start == $0 && $0 > 0 } ?? false
            if !isComplete {
                var isFirst = true
                var request: HubRequest!
                request = HubRequest { bytes throws(IOError) in
                    // A server without range requests sends the whole file.
                    if isFirst, start > 0, request.status == 200 { try file.clear() }
                    isFirst = false
                    try file.append(bytes)
                    if let size = metadata.size, file.size > size { throw tooLong(repository, name, size) }
                    progress?(name, file.size, metadata.size)
                }
                let range = start > 0 ? ["Range: bytes=\(start)-"] : []
                defer { request = nil }
                try request.send(
                    address, isHead: false, fields: fields + range + ["Accept-Encoding: identity"],
                    timeouts: timeouts)
                if request.problem != nil, request.status != 416 {
                    // The received bytes are kept, so that the next attempt resumes.
                    try file.flush()
                    throw refusal(request, "\(repository)/\(name)", metadata.commit)
                }
            }
            try file.flush()
            let digest = try file.digest(of: metadata.tag)
            if metadata.size.map({ $0 == file.size }) ?? true, digest == nil || digest == metadata.tag {
                guard rename(incomplete, path) == 0 else { throw FileSystem.failure("write", path) }
                return
            }
            problem =
                "\(quantity(file.size, "byte")) with the digest \(digest ?? "none"), not "
                + "\(metadata.size.map { quantity($0, "byte") } ?? "") \(metadata.tag)"
            try FileSystem.remove(incomplete)
            if start == 0 { break }
        }
        throw IOError(
            .network, "hub", file: "\(repository)/\(name)", "the file is damaged: \(problem)",
            expected: "the digest of the server")
    }

    private func tooLong(_ repository: String, _ name: String, _ size: Int) -> IOError {
        IOError(
            .network, "hub", file: "\(repository)/\(name)",
            "the server sends more than the \(quantity(size, "byte")) of the file",
            expected: "the announced size")
    }
}

/// A partially downloaded file, which can be resumed.
private final class PartialFile {
    private let path: String
    private let descriptor: Int32
    private(set) var size: Int

    init(_ path: String, startsAnew: Bool) throws(IOError) {
        self.path = path
        descriptor = try FileSystem.open(
            path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | (startsAnew ? O_TRUNC : 0), mode: 0o666, operation: "write"
        )
        size = Int(lseek(descriptor, 0, SEEK_END))
    }

    deinit { close(descriptor) }

    func clear() throws(IOError) {
        guard ftruncate(descriptor, 0) == 0 else { throw FileSystem.failure("write", path) }
        size = 0
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(IOError) {
        var done = 0
        while done < bytes.count {
            let count = write(descriptor, bytes.baseAddress! + done, bytes.count - done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileSystem.failure("write", path) }
            done += count
        }
        size += bytes.count
    }

    func flush() throws(IOError) {
        guard fsync(descriptor) == 0 else { throw FileSystem.failure("write", path) }
    }

    /// The digest type of an ETag: SHA-256, or SHA-1 of Git; nil for other ETags.
    func digest(of tag: String) throws(IOError) -> String? {
        if HubNames.isHex(tag, count: 64) {
            var digest = SHA256()
            try read { digest.update($0) }
            return digest.finish()
        }
        guard HubNames.isHex(tag, count: 40) else { return nil }
        var digest = SHA1()
        Array("blob \(size)\0".utf8).withUnsafeBytes { digest.update($0) }
        try read { digest.update($0) }
        return digest.finish()
    }

    private func read(_ body: (UnsafeRawBufferPointer) -> Void) throws(IOError) {
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        var offset = 0
        while true {
            let count = pread(descriptor, &chunk, chunk.count, offset)
            if count == 0 { return }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileSystem.failure("read", path)
            }
            chunk.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            offset += count
        }
    }
}
