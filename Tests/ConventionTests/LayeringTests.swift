import Foundation
import TestSupport
import Testing

/// Each module knows only those below it.
@Suite struct LayeringTests {
    /// What each module may import of this package, which is what Package.swift makes it depend on.
    private static let allowed: [String: Set<String>] = [
        "CKernels": ["COneDNN"],
        "CFiles": ["CKernels"],
        "TorchlightCore": ["CKernels", "CRuntime"],
        "TorchlightTokenizers": ["TorchlightFiles"],
        "TorchlightIO": ["TorchlightCore", "TorchlightFiles", "CFiles", "CDLPack", "CZlib"],
        "TorchlightDistributions": ["TorchlightCore"],
        "TorchlightNN": ["TorchlightCore", "CRuntime"],
        "TorchlightAudio": ["TorchlightCore", "TorchlightNN"],
        "TorchlightSparse": ["TorchlightCore", "TorchlightNN", "TorchlightOptim"],
        "TorchlightONNX": ["TorchlightCore", "TorchlightIO", "TorchlightNN"],
        "TorchlightModels": [
            "TorchlightCore", "TorchlightIO", "TorchlightNN", "TorchlightTokenizers", "TorchlightAudio", "CCurl",
        ],
        "TorchlightOptim": ["TorchlightCore", "CKernels"],
        "TorchlightData": ["TorchlightCore", "TorchlightIO", "CFiles", "CKernels", "CCurl", "CDigits"],
        "TorchlightTraining": [
            "TorchlightCore", "TorchlightNN", "TorchlightOptim", "TorchlightData", "TorchlightIO",
        ],
        "TorchlightPrograms": [
            "TorchlightCore", "TorchlightFiles", "TorchlightIO", "TorchlightNN", "TorchlightOptim",
        ],
        "Torchlight": [
            "TorchlightCore", "TorchlightNN", "TorchlightOptim", "TorchlightData", "TorchlightIO",
            "TorchlightDistributions", "TorchlightTraining", "TorchlightAudio", "TorchlightSparse",
            "TorchlightTokenizers", "TorchlightPrograms",
        ],
    ]

    @Test func thePackageDeclaresTheseDependencies() throws {
        let package = try SourceTree.text("Package.swift")
        for (module, expected) in Self.allowed.sorted(by: { $0.key < $1.key }) {
            let pattern = try Regex("target\\(\\s*name: \"\(module)\",\\s*dependencies: \\[([^\\]]*)\\]")
            let list = try #require(package.firstMatch(of: pattern)?.output[1].substring, "\(module) in Package.swift")
            let declared = Set(list.split(separator: "\"").filter { $0.contains(/\w/) }.map(String.init))
            #expect(declared == expected, "the dependencies of \(module) in Package.swift")
        }
    }

    @Test func filesImportNothingElse() throws {
        let importLine = /(?m)^(?:@\w+(?:\(\w+\))? )*import (?:struct |class |enum |func )?(\w+)/
        let ours = Set(Self.allowed.keys).union(Self.allowed.values.joined())
        for (module, allowed) in Self.allowed {
            for (path, text) in try SourceTree.files(in: "Sources/\(module)", ["swift"]) {
                // Imports stand at the top of a file.
                for match in text.prefix(2000).matches(of: importLine) where ours.contains(String(match.output.1)) {
                    #expect(
                        allowed.contains(String(match.output.1)),
                        "Sources/\(module)/\(path) imports \(match.output.1); \(module) may import \(allowed.sorted())")
                }
            }
        }
    }

    /// `make lint` refuses public declarations without documentation as long as the rule is on.
    @Test func publicDeclarationsNeedDocumentation() throws {
        #expect(try SourceTree.text(".swift-format").contains("\"AllPublicDeclarationsHaveDocumentation\": true"))
    }
}
