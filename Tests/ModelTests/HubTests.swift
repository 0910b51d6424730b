import Glibc
import Synchronization
import TestSupport
import Testing
import Torchlight
import TorchlightIO
@testable import TorchlightModels

/// Downloads from a server on the loopback interface with the interface of the hub.
@Suite struct HubTests {
    private let folder = TemporaryFolder()
    private let commit = String(repeating: "a1", count: 20)

    init() {
        // The machine's proxy, where it has one, does not know our loopback interface.
        setenv("no_proxy", "127.0.0.1", 1)
    }

    /// What a server has, and what it was asked.
    private final class Files: Sendable {
        let state = Mutex<(files: [String: [UInt8]], requests: [LoopbackServer.Request])>(([:], []))
        /// The number of bytes after which the next download ends.
        let cut = Mutex<Int?>(nil)
        let ignoresRanges: Bool

        init(_ files: [String: [UInt8]], ignoresRanges: Bool = false) {
            state.withLock { $0.files = files }
            self.ignoresRanges = ignoresRanges
        }

        var requests: [LoopbackServer.Request] { state.withLock { $0.requests } }
        func count(_ method: String, _ part: String) -> Int {
            requests.filter { $0.method == method && $0.path.contains(part) }.count
        }
    }

    private func sha(_ bytes: [UInt8]) -> String {
        var digest = SHA256()
        bytes.withUnsafeBytes { digest.update($0) }
        return digest.finish()
    }

    private func gitName(_ bytes: [UInt8]) -> String {
        var digest = SHA1()
        (Array("blob \(bytes.count)\0".utf8) + bytes).withUnsafeBytes { digest.update($0) }
        return digest.finish()
    }

    /// A server of a repository; files of `large` are on another path, as those of the hub are on another host.
    private func server(_ files: Files, large: Set<String> = []) -> LoopbackServer {
        let commit = commit
        return LoopbackServer(
            [:],
            other: .computed { request in
                files.state.withLock { $0.requests.append(request) }
                let all = files.state.withLock { $0.files }
                if request.path.hasPrefix("/api/models/me/tiny/revision/") {
                    let list = all.keys.sorted().map { JSON.object([("rfilename", .string($0))]) }
                    let json: JSON = ["sha": .string(commit), "siblings": .array(list)]
                    return .init("200 OK", body: Array(json.text().utf8))
                }
                let isStore = request.path.hasPrefix("/store/")
                let parts = request.path.split(separator: "/", maxSplits: isStore ? 1 : 4).map(String.init)
                guard let name = parts.last, let body = all[name] else {
                    return .init("404 Not Found", headers: ["X-Error-Code: EntryNotFound"])
                }
                if request.path.contains("/resolve/nowhere/") {
                    return .init("404 Not Found", headers: ["X-Error-Code: RevisionNotFound"])
                }
                let isLarge = large.contains(name)
                var headers = ["X-Repo-Commit: \(commit)"]
                if isLarge, !isStore {
                    headers += [
                        "X-Linked-Etag: \"\(sha(body))\"", "X-Linked-Size: \(body.count)",
                        "Location: http://127.0.0.1:\(request.headers["host"]!.split(separator: ":")[1])/store/\(name)",
                    ]
                    return .init("302 Found", headers: headers)
                }
                headers.append("ETag: \"\(gitName(body))\"")
                var rest = body
                var status = "200 OK"
                if let range = request.headers["range"], !files.ignoresRanges {
                    let start = Int(range.split(separator: "=")[1].split(separator: "-")[0])!
                    if start >= body.count { return .init("416 Range Not Satisfiable") }
                    rest = Array(body[start...])
                    status = "206 Partial Content"
                }
                let cut =
                    request.method == "GET"
                    ? files.cut.withLock { cut in
                        defer { cut = nil }; return cut
                    } : nil
                if let cut {
                    return .init(status, headers: headers, body: Array(rest.prefix(cut)), promised: rest.count)
                }
                return .init(status, headers: headers, body: rest)
            })
    }

    private func hub(_ server: LoopbackServer) -> Hub {
        var hub = Hub()
        hub.endpoint = server.address("")
        hub.cache = folder("hub")
        hub.token = "secret"
        hub.isOffline = false
        hub.timeouts.stall = 5
        return hub
    }

    @Test func digestsAreThoseOfTheStandards() {
        #expect(sha([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(sha(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let million = [UInt8](repeating: 0x61, count: 100_000)
        var digest = SHA256()
        for _ in 0..<10 { million.withUnsafeBytes { digest.update($0) } }
        #expect(digest.finish() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        #expect(gitName([]) == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
        #expect(gitName(Array("hello\n".utf8)) == "ce013625030ba8dba906f756967f9e9ca394464a")
    }

    @Test func aSnapshotHasTheLayoutOfTheCache() throws {
        let large = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* $0) }
        let files = Files([
            "config.json": Array("{}".utf8), "model.safetensors": large, "1_Pooling/config.json": Array("[]".utf8),
            "README.md": [1], "pytorch_model.bin": [2],
        ])
        let server = server(files, large: ["model.safetensors"])
        defer { server.stop() }
        let hub = hub(server)
        let path = try hub.snapshot("me/tiny")
        let root = folder("hub/models--me--tiny")
        #expect(path == "\(root)/snapshots/\(commit)")
        #expect(try FileSystem.read("\(path)/model.safetensors") == large)
        #expect(try FileSystem.read("\(path)/1_Pooling/config.json") == Array("[]".utf8))
        #expect(FileSystem.names(in: path) == ["1_Pooling", "config.json", "model.safetensors"])
        #expect(try FileSystem.read("\(root)/refs/main") == Array(commit.utf8))
        #expect(FileSystem.names(in: "\(root)/blobs").contains(sha(large)))
        var link = [CChar](repeating: 0, count: 512)
        #expect(readlink("\(path)/model.safetensors", &link, 511) > 0)
        #expect(
            String(decoding: link.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                == "../../blobs/\(sha(large))")
        #expect(
            files.requests.allSatisfy { $0.path.hasPrefix("/store") || $0.headers["authorization"] == "Bearer secret" })
        // A second time only the list is asked for.
        let before = files.requests.count
        #expect(try hub.snapshot("me/tiny") == path)
        #expect(files.requests.count == before + 1)
        // Without the server, and offline.
        var unreachable = hub
        unreachable.endpoint = "http://127.0.0.1:\(LoopbackServer.deadPort())"
        #expect(try unreachable.snapshot("me/tiny") == path)
        #expect(try unreachable.file("me/tiny", "config.json") == "\(path)/config.json")
        #expect(throws: IOError.self) { try unreachable.file("me/tiny", "README.md") }
        var offline = hub
        offline.isOffline = true
        #expect(try offline.snapshot("me/tiny") == path)
        #expect(try offline.file("me/tiny", "config.json") == "\(path)/config.json")
        #expect(throws: IOError.self) { try offline.file("me/tiny", "README.md") }
        #expect(throws: IOError.self) { try offline.snapshot("me/other") }
    }

    @Test(arguments: [false, true]) func aDownloadGoesOnWhereItEnded(ignoresRanges: Bool) throws {
        let large = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
        let files = Files(["model.safetensors": large], ignoresRanges: ignoresRanges)
        let server = server(files, large: ["model.safetensors"])
        defer { server.stop() }
        let hub = hub(server)
        files.cut.withLock { $0 = 150_000 }
        #expect(throws: IOError.self) { try hub.file("me/tiny", "model.safetensors") }
        let blobs = folder("hub/models--me--tiny/blobs")
        #expect(FileSystem.names(in: blobs) == ["\(sha(large)).incomplete"])
        var last = 0
        let path = try hub.file("me/tiny", "model.safetensors") { _, done, total in
            last = done
            #expect(total == large.count)
        }
        #expect(try FileSystem.read(path) == large)
        #expect(last == large.count)
        #expect(files.requests.last!.headers["range"] == "bytes=150000-")
        #expect(FileSystem.names(in: blobs) == [sha(large)])
    }

    @Test func damagedFilesAreNotStored() throws {
        let large = [UInt8](repeating: 7, count: 5000)
        let files = Files(["model.safetensors": large])
        let server = server(files, large: ["model.safetensors"])
        defer { server.stop() }
        let hub = hub(server)
        let blobs = folder("hub/models--me--tiny/blobs")
        try FileSystem.createDirectories(blobs)
        // A part of another file: the download begins anew.
        try AtomicFile.write([UInt8](repeating: 9, count: 2000), to: "\(blobs)/\(sha(large)).incomplete")
        #expect(try FileSystem.read(hub.file("me/tiny", "model.safetensors")) == large)
        let lying = LoopbackServer(
            [:],
            other: .computed { [commit] request in
                .init(
                    "200 OK", headers: ["X-Repo-Commit: \(commit)", "ETag: \"\(String(repeating: "0", count: 64))\""],
                    body: [1, 2, 3])
            })
        defer { lying.stop() }
        var other = hub
        other.endpoint = lying.address("")
        other.cache = folder("other")
        let error = #expect(throws: IOError.self) { try other.file("me/tiny", "config.json") }
        #expect(error?.problem.contains("damaged") == true && error?.kind == .network)
        #expect(FileSystem.names(in: folder("other/models--me--tiny/blobs")).isEmpty)
    }

    @Test func whatIsMissingIsNamed() throws {
        let server = server(Files(["config.json": [1]]))
        defer { server.stop() }
        let hub = hub(server)
        let file = #expect(throws: IOError.self) { try hub.file("me/tiny", "none.json") }
        #expect(file?.kind == .notFound && file?.problem.contains("the file does not exist") == true)
        let revision = #expect(throws: IOError.self) { try hub.file("me/tiny", "config.json", revision: "nowhere") }
        #expect(revision?.problem.contains("'nowhere'") == true, "\(revision!)")
        #expect(throws: IOError.self) { try hub.snapshot("me/tiny", patterns: ["*.gguf"]) }
    }

    @Test func unsafeNamesAreRefused() throws {
        let server = server(Files(["../../escape.json": [1], "config.json": [2]]))
        defer { server.stop() }
        let hub = hub(server)
        for name in ["../a", "/etc/passwd", "a//b", "a/../b", "a\\b", "a\nb", "", "."] {
            #expect(throws: IOError.self, "\(name)") { try hub.file("me/tiny", name) }
        }
        for repository in ["", "a/b/c", "../x", "a b/c", "me/..", "me/ti--ny", "me/"] {
            #expect(throws: IOError.self, "\(repository)") { try hub.file(repository, "config.json") }
        }
        #expect(throws: IOError.self) { try hub.file("me/tiny", "config.json", revision: "../../x") }
        // A server cannot name such files either.
        #expect(throws: IOError.self) { try hub.snapshot("me/tiny") }
        #expect(!FileSystem.isFile(folder("escape.json")))
        var endpoint = hub
        endpoint.endpoint = "file:///etc"
        #expect(throws: IOError.self) { try endpoint.file("me/tiny", "passwd") }
        var token = hub
        token.token = "a\r\nHost: evil"
        #expect(throws: IOError.self) { try token.file("me/tiny", "config.json") }
    }

    @Test func aModelIsLoadedByItsName() throws {
        let model = try TinyModel.folder()
        var contents: [String: [UInt8]] = [:]
        for name in FileSystem.names(in: model.path) { contents[name] = try FileSystem.read(model(name)) }
        let server = server(Files(contents), large: ["model.safetensors"])
        defer { server.stop() }
        let generator = try TextGenerator.load(hub: "me/tiny", source: hub(server))
        let local = try TextGenerator.load(model.path)
        #expect(
            try generator.generate("The king", maxNewTokens: 8).text == local.generate("The king", maxNewTokens: 8).text
        )
    }
}
