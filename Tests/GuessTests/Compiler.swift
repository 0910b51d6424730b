import Foundation
import TestSupport
import Testing
import TorchlightIO

/// The Swift compiler, with the modules that were built with the running tests.
struct Compiler {
    private let arguments: [String]

    /// The compiler of `$SWIFT_EXEC`, or `swiftc` of `$PATH`; nil where there is none, which is said in the output.
    static func find() throws -> Compiler? {
        let environment = ProcessInfo.processInfo.environment
        let candidates =
            [environment["SWIFT_EXEC"]].compactMap { $0 }
            + (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/swiftc" }
        guard let compiler = candidates.first(where: { FileSystem.isFile($0) }) else {
            print("skipped: there is no swiftc in $PATH, so answers of the compiler are not checked")
            return nil
        }
        // The folder of the test program, which the modules were built into.
        let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
        var arguments = [compiler, "-typecheck", "-wmo", "-swift-version", "6", "-diagnostic-style=llvm"]
        arguments += ["-I", "\(products)/Modules"]
        // The modules of C: those with a module map of their own, and those that SwiftPM wrote one for.
        for name in try FileManager.default.contentsOfDirectory(atPath: SourceTree.root.path + "/Sources").sorted() {
            let folder = "\(SourceTree.root.path)/Sources/\(name)"
            let generated = "\(products)/\(name).build/module.modulemap"
            if FileSystem.isFile("\(folder)/module.modulemap") { arguments += ["-I", folder] }
            if FileSystem.isFile("\(folder)/include/module.modulemap") { arguments += ["-I", "\(folder)/include"] }
            if FileSystem.isFile(generated) { arguments += ["-Xcc", "-fmodule-map-file=\(generated)"] }
        }
        return Compiler(arguments: arguments)
    }

    /// The diagnostics of the files, which are type-checked together.
    func check(_ files: [String], in folder: TemporaryFolder, _ options: [String] = []) throws -> String {
        let log = "\(folder.path)/diagnostics"
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        let output = try #require(FileHandle(forWritingAtPath: log))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: arguments[0])
        process.arguments = Array(arguments.dropFirst()) + options + files
        process.standardError = output
        process.standardOutput = output
        try process.run()
        process.waitUntilExit()
        let text = String(decoding: try FileSystem.read(log), as: UTF8.self)
        // Without this line a compiler that did not run at all would pass for one that found nothing.
        #expect(process.terminationStatus == 0 || text.contains("error:"), "the compiler failed: \(text)")
        return text
    }
}
