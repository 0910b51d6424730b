import Foundation
import TestSupport
import Testing

/// Kernels and the Swift files that call them have the same names, and no kernel is left without a caller.
@Suite struct KernelTests {
    /// Functions that are called from no Swift file, with the reason.
    private static let uncalled = [
        "tl_note_missing_kernel": "called by a device for a kernel that it lacks",
        "tl_parallel_for": "divides the work of other C++ targets among the threads",
        "tl_register_device": "called by a device to announce its kernels",
        "tl_set_winograd": "switches an algorithm off in measurements of the kernels",
        "tl_winograd": "says whether the algorithm is on, in measurements of the kernels",
    ]

    /// The functions that the kernels offer.
    private static func declared() throws -> Set<String> {
        var names: Set<String> = []
        for (_, text) in try SourceTree.files(in: "Sources/CKernels/include", ["h"]) {
            for part in text.components(separatedBy: "TL_API").dropFirst() {
                // The name stands before the parenthesis, behind the type of the result.
                guard let open = part.firstIndex(of: "("),
                    let name = part[..<open].split(whereSeparator: { $0 == " " || $0 == "*" || $0 == "\n" }).last,
                    name.hasPrefix("tl_")
                else { continue }
                names.insert(String(name))
            }
        }
        return names
    }

    /// Folders without operations: what kernels share, and threads, devices and memory.
    private static let shared: Set<String> = ["Scalar", "Support", "include"]

    /// The Swift folder of a family of kernels.
    private static func folder(of family: String) -> String {
        family == "Optim" ? "TorchlightOptim" : "TorchlightCore/Primitives/\(family)"
    }

    /// The kernel file that defines each function, as "Index/Gather".
    private static func definitions(_ declared: Set<String>) throws -> [String: String] {
        var files: [String: String] = [:]
        for (path, text) in try SourceTree.files(in: "Sources/CKernels", ["cpp"]) {
            // A definition begins its line; a call inside a function does not.
            for line in text.split(separator: "\n") {
                guard let first = line.utf8.first, first != 32, first != 35, first != 47,
                    let open = line.firstIndex(of: "(")
                else { continue }
                for name in SourceTree.kernelNames(in: String(line[..<open])) where declared.contains(name) {
                    files[name] = String(path.dropLast(".cpp".count))
                }
            }
        }
        return files
    }

    @Test func everyKernelIsCalled() throws {
        let declared = try Self.declared()
        #expect(declared.count > 50)
        var called: Set<String> = []
        for (path, text) in try SourceTree.files(in: "Sources", ["swift"]) where !path.hasPrefix("CKernels") {
            called.formUnion(SourceTree.kernelNames(in: text))
        }
        let orphans = declared.subtracting(called).subtracting(Self.uncalled.keys).sorted()
        #expect(orphans == [], "functions of Sources/CKernels/include that no Swift file calls")
        #expect(called.intersection(Self.uncalled.keys).sorted() == [], "called now: take them out of the list")
    }

    /// `CKernels/Index/Gather.cpp` holds the kernels of `Primitives/Index/Gather.swift`, which nobody else calls: operations
    /// that share a kernel share the Swift function that calls it.
    @Test func kernelFilesAndSwiftFilesMirrorEachOther() throws {
        let files = try Self.definitions(try Self.declared())
        var swiftFiles: [(stem: String, text: String)] = []
        for folder in ["TorchlightCore/Primitives", "TorchlightOptim"] {
            for (path, text) in try SourceTree.files(in: "Sources/" + folder, ["swift"]) {
                swiftFiles.append(("\(folder)/\(path.dropLast(".swift".count))", text))
            }
        }
        #expect(swiftFiles.count > 150)
        var mirrored: Set<String> = []
        for (stem, text) in swiftFiles {
            for kernel in Set(SourceTree.kernelNames(in: text).compactMap { files[$0] }).sorted() {
                let parts = kernel.split(separator: "/").map(String.init)
                if Self.shared.contains(parts[0]) { continue }
                let expected = Self.folder(of: parts[0]) + "/" + parts[1]
                #expect(
                    stem == expected,
                    "Sources/\(stem).swift calls CKernels/\(kernel).cpp; call a function of Sources/\(expected).swift")
                if stem == expected { mirrored.insert(kernel) }
            }
        }
        for kernel in Set(files.values).subtracting(mirrored).sorted() {
            let family = String(kernel.prefix { $0 != "/" })
            if Self.shared.contains(family) { continue }
            Issue.record(
                "CKernels/\(kernel).cpp has no Sources/\(Self.folder(of: family)) file of its name that calls it")
        }
    }

    /// Every family of kernels is a family of primitives, and what a family's files share is no operation of another one.
    @Test func foldersMirrorEachOther() throws {
        let manager = FileManager.default
        let kernels = try manager.contentsOfDirectory(atPath: SourceTree.root.appending(path: "Sources/CKernels").path)
        for family in kernels.sorted() where !Self.shared.contains(family) {
            #expect(
                manager.fileExists(atPath: SourceTree.root.appending(path: "Sources/" + Self.folder(of: family)).path),
                "CKernels/\(family) has no Swift folder of its name")
        }
    }

    /// What several families use lies in Support: a kernel includes headers of its own folder and of the shared ones.
    @Test func familiesDoNotIncludeEachOther() throws {
        let include = /(?m)^#(?:include|define TL_KERNEL_BODY) "([A-Z]\w*)\//
        for (path, text) in try SourceTree.files(in: "Sources/CKernels", ["cpp", "h", "inc"]) {
            let family = String(path.prefix { $0 != "/" })
            for match in text.matches(of: include) {
                let other = String(match.output.1)
                #expect(
                    other == family || Self.shared.contains(other),
                    "CKernels/\(path) includes a header of \(other); move what both need to Support")
            }
        }
    }

    /// What autograd, autocast and the dispatcher know of a thread is none of the kernels' business: it lies in CRuntime.
    @Test func kernelsKeepNoStateOfTheFramework() throws {
        let flags = /\b(?:grad_disabled|checked|anomaly|draining|recording|autocast)\b\s*;/
        for (path, text) in try SourceTree.files(in: "Sources/CKernels", ["cpp", "h"]) {
            let found = text.matches(of: flags).map { String($0.output) }
            #expect(found.isEmpty, "CKernels/\(path) declares \(found)")
        }
        #expect(try SourceTree.text("Sources/CRuntime/include/tl_thread.h").contains(flags))
    }
}
