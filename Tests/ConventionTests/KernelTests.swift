import Foundation
import TestSupport
import Testing

/// Kernels and the Swift files that call them are found under the same names, and no kernel is left without a caller.
@Suite struct KernelTests {
    /// Kernel files whose functions belong to several operations, or to one of another name, with the reason.
    private static let shared = [
        "Contract/Pool": "mean, largest and adaptive pooling move the same windows",
        "Elementwise/Elementwise": "one driver for all element-wise functions, which Operations.h lists",
        "Index/Advanced": "reads and writes with index tensors, for IndexGet.swift and its gradient",
        "Index/Gather": "gather and scatter walk along one dimension in the same way",
        "Index/Mask": "both operations count and collect the true elements of a mask",
        "Index/Select": "whole rows are read and added to: embedding, indexSelect and indexAdd",
        "Linalg/Linalg": "each function calls one routine of LAPACK",
        "Normalize/CrossEntropy": "the rows of CrossEntropyRows.swift",
        "Random/Random": "one counter-based generator fills tensors, drops elements and draws permutations",
        "Reduce/Reduce": "one driver for all reductions",
        "Reduce/Scan": "cumulative sums and linear recurrences are one loop",
        "Sort/Search": "both operations compare rows in the order of the sort",
    ]

    /// Functions that are called from no Swift file, with the reason.
    private static let uncalled = [
        "tl_note_missing_kernel": "called by a device for a kernel that it lacks",
        "tl_parallel_for": "divides the work of other C++ targets among the threads",
        "tl_register_device": "called by a device to announce its kernels",
        "tl_set_winograd": "switches an algorithm off in measurements of the kernels",
        "tl_winograd": "says whether the algorithm is on, in measurements of the kernels",
        "tl_supports_binary": "says in measurements of the kernels which dtypes a function takes",
        "tl_supports_ternary": "says in measurements of the kernels which dtypes a function takes",
        "tl_supports_unary": "says in measurements of the kernels which dtypes a function takes",
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

    @Test func kernelFilesAndSwiftFilesMirrorEachOther() throws {
        let files = try Self.definitions(try Self.declared())
        let families = try FileManager.default.contentsOfDirectory(
            atPath: SourceTree.root.appending(path: "Sources/TorchlightCore/Primitives").path)
        var mirrored: Set<String> = []
        for (path, text) in try SourceTree.files(in: "Sources/TorchlightCore/Primitives", ["swift"]) {
            let own = String(path.dropLast(".swift".count))
            let kernels = Set(SourceTree.kernelNames(in: text).compactMap { files[$0] })
            for kernel in kernels.sorted() where kernel != own && Self.shared[kernel] == nil {
                guard families.contains(String(kernel.prefix { $0 != "/" })) else { continue }
                Issue.record(
                    "Primitives/\(path) calls CKernels/\(kernel).cpp: give both one name, or list the kernel as shared")
            }
            if kernels.contains(own) { mirrored.insert(own) }
        }
        for kernel in Set(files.values).sorted() where !mirrored.contains(kernel) && Self.shared[kernel] == nil {
            // Rows of data sets, steps of optimisers and threads are called from other modules.
            let family = String(kernel.prefix { $0 != "/" })
            guard families.contains(family), kernel != "Index/Rows" else { continue }
            Issue.record("CKernels/\(kernel).cpp has no Primitives/\(kernel).swift that calls it")
        }
        for kernel in Self.shared.keys.sorted() where !files.values.contains(kernel) {
            Issue.record("CKernels/\(kernel).cpp is listed as shared and defines no function")
        }
    }
}
