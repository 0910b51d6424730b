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
        let cases: [(String, KernelCompiler)] = [
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
}
