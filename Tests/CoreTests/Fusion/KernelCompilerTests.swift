import Foundation
import TestSupport
import Testing
import TorchlightCore

/// Whatever happens to the compiler or its folder, programs run.
@Suite struct KernelCompilerTests {
    private let x = Tensor.randn([50, 60], generator: Generator(seed: 5))

    private func program() throws -> Graph {
        optimized(try Programs.record([x]) { [($0[0] * 2).exp() + $0[0].tanh()] }, kernels: .interpreted)
    }

    private func expectRuns(_ graph: Graph, _ label: String) throws {
        let expected = (x * 2).exp() + x.tanh()
        #expect(Programs.difference(try Programs.run(graph, [x])[0], expected) == nil, "\(label)")
    }

    private func folder() -> URL {
        FileManager.default.temporaryDirectory.appending(path: "kernels-\(UUID().uuidString)")
    }

    @Test func libraryIsFoundAgainAndADamagedOneIsNot() async throws {
        let folder = folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let first = KernelCompiler(folder: folder.path)
        guard first.isAvailable else { return }
        let graph = try program()
        first.compile(graph.fusedPrograms)
        await first.ready()
        #expect(first.counts.compiled == 1)
        try expectRuns(graph, "compiled")

        let second = KernelCompiler(folder: folder.path)
        second.compile(try program().fusedPrograms)
        await second.ready()
        #expect(second.counts.fromCache == 1)

        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) where file.hasSuffix(".so") {
            let path = folder.appending(path: file)
            let whole = try Data(contentsOf: path)
            // A new file: the old one is in use.
            try FileManager.default.removeItem(at: path)
            try whole.prefix(whole.count / 2).write(to: path)
        }
        let third = KernelCompiler(folder: folder.path)
        let damaged = try program()
        third.compile(damaged.fusedPrograms)
        await third.ready()
        #expect(third.counts.fromCache == 0 && third.counts.compiled == 1)
        try expectRuns(damaged, "beside a damaged library")
    }

    @Test func failuresLeaveTheInterpreter() async throws {
        let folder = folder()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func script(_ name: String, _ text: String) throws -> String {
            let path = folder.appending(path: name)
            try ("#!/bin/sh\n" + text + "\n").write(to: path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path.path)
            return path.path
        }
        let open = folder.appending(path: "open")
        try FileManager.default.createDirectory(at: open, withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: open.path)
        let file = folder.appending(path: "file").path
        try "".write(toFile: file, atomically: true, encoding: .utf8)
        let link = folder.appending(path: "link").path
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder.path)
        let vanishing = KernelCompiler(compiler: try script("vanishes", "exit 0"), folder: folder.path + "/d")
        try FileManager.default.removeItem(at: folder.appending(path: "vanishes"))
        let cases: [(String, KernelCompiler)] = [
            ("vanishes", vanishing),
            (
                "runs out of space",
                KernelCompiler(
                    compiler: try script(
                        "full", "while [ $# -gt 1 ]; do [ $1 = -o ] && echo x > $2; shift; done; exit 28"),
                    folder: folder.path + "/e")
            ),
            (
                "writes no library",
                KernelCompiler(
                    compiler: try script("text", "while [ $# -gt 1 ]; do [ $1 = -o ] && echo x > $2; shift; done"),
                    folder: folder.path + "/f")
            ),
            (
                "is killed",
                KernelCompiler(compiler: try script("killed", "kill -9 $$"), folder: folder.path + "/g")
            ),
            (
                "leaves a process behind",
                KernelCompiler(
                    compiler: try script("child", "sleep 60 & wait"), folder: folder.path + "/h", secondsForUnit: 0.2)
            ),
            ("has a file as folder", KernelCompiler(compiler: try script("any3", "exit 0"), folder: file)),
            ("has a link as folder", KernelCompiler(compiler: try script("any4", "exit 0"), folder: link)),
            ("has a relative folder", KernelCompiler(compiler: try script("any5", "exit 0"), folder: "kernels")),
            ("fails", KernelCompiler(compiler: try script("fails", "exit 1"), folder: folder.path + "/a")),
            (
                "hangs",
                KernelCompiler(
                    compiler: try script("hangs", "sleep 60"), folder: folder.path + "/b", secondsForUnit: 0.2)
            ),
            ("writes nothing", KernelCompiler(compiler: try script("nothing", "exit 0"), folder: folder.path + "/c")),
            ("is no program", KernelCompiler(compiler: try script("none", "").replacing("none", with: "none2"))),
            ("cannot be kept", KernelCompiler(compiler: try script("any", "exit 0"), folder: "/proc/none")),
            ("has an open folder", KernelCompiler(compiler: try script("any2", "exit 0"), folder: open.path)),
        ]
        for (label, compiler) in cases {
            let graph = try program()
            compiler.compile(graph.fusedPrograms)
            await compiler.ready()
            #expect(compiler.counts.compiled == 0, "\(label)")
            #expect(compiler.counts.failed == (label == "is no program" ? 0 : 1), "\(label)")
            try expectRuns(graph, label)
        }
    }

    /// Files that others put into the folder under the names of kernels are not loaded.
    @Test func filesOfOthersAreNotLoaded() async throws {
        let folder = folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let first = KernelCompiler(folder: folder.path)
        guard first.isAvailable else { return }
        first.compile(try program().fusedPrograms)
        await first.ready()
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let library = folder.appending(path: try #require(names.first { $0.hasSuffix(".so") }))
        let key = folder.appending(path: try #require(names.first { $0.hasSuffix(".key") }))
        let (text, bytes) = (try Data(contentsOf: key), try Data(contentsOf: library))
        func replace(_ file: URL, _ body: () throws -> Void) throws {
            try? FileManager.default.removeItem(at: file)
            try body()
        }
        let changes: [(String, () throws -> Void)] = [
            (
                "a library that is a link",
                {
                    try replace(library) {
                        let other = folder.appending(path: "other")
                        try bytes.write(to: other)
                        try FileManager.default.createSymbolicLink(at: library, withDestinationURL: other)
                    }
                }
            ),
            (
                "a library that others can write to",
                {
                    try replace(library) {
                        try bytes.write(to: library)
                        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: library.path)
                    }
                }
            ),
            (
                "the key of another source",
                {
                    try replace(library) { try bytes.write(to: library) }
                    try replace(key) { try (Data("int x;\n".utf8) + text).write(to: key) }
                }
            ),
            ("an empty key", { try replace(key) { try Data().write(to: key) } }),
            (
                "a key that is a folder",
                {
                    try replace(key) {
                        try FileManager.default.createDirectory(at: key, withIntermediateDirectories: true)
                    }
                }
            ),
            ("no key", { try replace(key) {} }),
        ]
        for (label, change) in changes {
            try change()
            let compiler = KernelCompiler(folder: folder.path)
            let graph = try program()
            compiler.compile(graph.fusedPrograms)
            await compiler.ready()
            #expect(compiler.counts.fromCache == 0 && compiler.counts.compiled == 1, "\(label)")
            try expectRuns(graph, label)
        }
    }
}
