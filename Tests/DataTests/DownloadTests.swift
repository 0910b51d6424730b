import Glibc
import TestSupport
import Testing

@testable import TorchlightData
@testable import TorchlightIO

@Suite struct DownloadTests {
    let folder = TemporaryFolder()
    let body = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* $0) }

    init() {
        // The machine's proxy, where it has one, does not know our loopback interface.
        setenv("no_proxy", "127.0.0.1", 1)
    }

    func fetch(
        _ addresses: [String], md5: String? = nil, limit: Int = 1 << 20, stall: Int = 20,
        progress: Download.Progress? = nil
    ) throws -> [UInt8] {
        var timeouts = Download.Timeouts()
        timeouts.stall = stall
        try Download.fetch(
            addresses, to: folder("cache/file"), md5: md5 ?? MD5.hex(body), limit: limit, timeouts: timeouts,
            progress: progress)
        return try FileSystem.read(folder("cache/file"))
    }

    @Test func fetchesAndReportsProgress() throws {
        let server = LoopbackServer(["/a": .body(body)])
        defer { server.stop() }
        var last: (Int, Int?) = (0, nil)
        #expect(try fetch([server.address("/a")]) { last = ($0, $1) } == body)
        #expect(last.0 == body.count)
        #expect(last.1 == body.count)
        #expect(TemporaryFolder.names(folder("cache")) == ["file"])
    }

    @Test func followsRedirects() throws {
        let server = LoopbackServer(["/a": .redirect("/b"), "/b": .redirect("/c"), "/c": .body(body)])
        defer { server.stop() }
        #expect(try fetch([server.address("/a")]) == body)
        #expect(server.requests == ["/a", "/b", "/c"])
    }

    @Test func takesTheNextMirror() throws {
        let server = LoopbackServer(["/short": .broken(body, promised: body.count + 1), "/good": .body(body)])
        defer { server.stop() }
        let dead = "http://127.0.0.1:\(LoopbackServer.deadPort())/a"
        #expect(try fetch([dead, server.address("/none"), server.address("/short"), server.address("/good")]) == body)
        #expect(server.requests == ["/none", "/short", "/good"])
    }

    @Test(arguments: [
        ("/wrong", "with MD5"), ("/none", "404"), ("/down", "503"), ("/broken", ""), ("/loop", "redirects"),
        ("/file", ""), ("/silent", "too slow"), ("/long", "more than 1048576 bytes"),
    ])
    func saysWhyAndLeavesNothing(path: String, reason: String) throws {
        let server = LoopbackServer([
            "/wrong": .body([1, 2, 3]), "/down": .status(503), "/broken": .broken(body, promised: 300_000),
            "/loop": .redirect("/loop"), "/file": .redirect("file:///etc/passwd"), "/silent": .silent,
            "/long": .body([UInt8](repeating: 0, count: 1 << 21)),
        ])
        defer { server.stop() }
        let error = #expect(throws: IOError.self) { try fetch([server.address(path)], stall: 1) }
        #expect(error?.kind == .network)
        #expect(reason.isEmpty || error?.problem.contains(reason) == true, "\(error!)")
        #expect(error?.problem.contains(server.address(path)) == true)
        #expect(TemporaryFolder.names(folder("cache")).isEmpty)
    }

    @Test func saysWhenNobodyAnswers() throws {
        let address = "http://127.0.0.1:\(LoopbackServer.deadPort())/a"
        let error = #expect(throws: IOError.self) { try fetch([address]) }
        #expect(error?.kind == .network)
        #expect(error?.description.contains("a network connection") == true)
        let unknown = #expect(throws: IOError.self) { try fetch(["http://torchlight.invalid/a"]) }
        #expect(unknown?.kind == .network)
    }

    @Test func anUnwritablePlaceIsNotTheNetworksFault() throws {
        try AtomicFile.write("", to: folder("cache"))
        let error = #expect(throws: IOError.self) { try fetch(["http://127.0.0.1:1/a"]) }
        #expect(error?.kind == .system(ENOTDIR))
    }

    @Test func locatesBeforeItDownloads() throws {
        let server = LoopbackServer(["/mnist/a.gz": .body(body)])
        defer { server.stop() }
        let file = DatasetFiles.File(name: "a.gz", md5: MD5.hex(body))
        let files = DatasetFiles(
            title: "T", folder: "t", torchvisionFolder: "T/raw", mirrors: [server.address("/mnist/")],
            trainImages: file,
            trainLabels: file, testImages: file, testLabels: file)
        let missing = #expect(throws: IOError.self) { try files.locate(file, root: folder.path, download: false) }
        #expect(missing?.kind == .notFound)
        #expect(try files.locate(file, root: folder.path, download: true) == folder("t/a.gz"))
        #expect(try files.locate(file, root: folder.path, download: true) == folder("t/a.gz"))
        #expect(server.requests.count == 1)
        for place in ["x/t/a", "y/T/raw/a.gz", "z/a"] {
            try FileSystem.createDirectories(FileSystem.directory(of: folder(place)))
            try AtomicFile.write("", to: folder(place))
            #expect(try files.locate(file, root: folder(String(place.prefix(1))), download: false) == folder(place))
        }
    }
}
