import Foundation
import TestSupport
import Testing

/// The public interface is as Docs/Interface lists it, so that a change of it is seen. `make interface` rewrites the lists.
@Suite struct InterfaceTests {
    static let modules = [
        "Torchlight", "TorchlightAudio", "TorchlightCore", "TorchlightData", "TorchlightDistributions",
        "TorchlightFiles",
        "TorchlightIO", "TorchlightModels", "TorchlightNN", "TorchlightONNX", "TorchlightOptim", "TorchlightPrograms",
        "TorchlightSparse",
        "TorchlightTokenizers", "TorchlightTraining",
    ]

    @Test func everyModuleOfTheLibraryIsListed() throws {
        let folder = SourceTree.root.appending(path: "Sources")
        let found = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasPrefix("Torchlight") && $0 != "TorchlightCLI" }
        #expect(found.sorted() == Self.modules)
    }

    @Test func publicInterfaceIsAsListed() throws {
        let isUpdating = ProcessInfo.processInfo.environment["TORCHLIGHT_UPDATE_INTERFACE"] != nil
        let sources = try Self.modules.map { try SourceTree.files(in: "Sources/\($0)", ["swift"]) }
        let interface = PublicInterface(modules: sources)
        for (module, files) in zip(Self.modules, sources) {
            let lines = interface.lines(of: files)
            let file = SourceTree.root.appending(path: "Docs/Interface/\(module).txt")
            if isUpdating {
                try (lines.joined(separator: "\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
                continue
            }
            let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
            let listed = Set(text.split(separator: "\n").map(String.init))
            let (added, removed) = (lines.filter { !listed.contains($0) }, listed.subtracting(lines).sorted())
            guard !added.isEmpty || !removed.isEmpty else { continue }
            let changes = added.prefix(10).map { "+ \($0)" } + removed.prefix(10).map { "- \($0)" }
            Issue.record(
                """
                the public interface of \(module) differs from Docs/Interface: \(added.count) declarations more, \
                \(removed.count) fewer. If that is meant, run `make interface`.
                \(changes.joined(separator: "\n"))
                """)
        }
    }

    /// Each declaration of a text, as it is listed.
    @Test(arguments: [
        (
            "public func f(_ x: Int = 3, g: (Int) -> Void = { _ in }) -> Int { x }",
            "func f(_ x: Int = 3, g: (Int) -> Void = { _ in }) -> Int"
        ),
        (
            "@discardableResult\npublic func f(\n    a: Int,\n    b: String = \"(\"\n) throws -> Int {\n    0\n}",
            "func f(a: Int, b: String = \"(\") throws -> Int"
        ),
        (
            "public struct S: Sendable {\n    public let x: Int\n    let y = 0\n}",
            "S: let x: Int { get }|struct S: Sendable"
        ),
        ("struct S {\n    public let x: Int\n}", ""),
        (
            "public final class C {\n    public private(set) var x = 0\n    public var y: Int = 1\n}",
            "C: var x = 0 { get }|C: var y: Int { get set }|class C"
        ),
        (
            "public enum E {\n    case a, b(Int)\n    public var c: Int {\n        switch self {\n        case .a: 0\n        case .b: 1\n        }\n    }\n}",
            "E: case a, b(Int)|E: var c: Int { get }|enum E"
        ),
        (
            "public protocol P {\n    var x: Int { get set }\n    func f()\n}",
            "P: func f()|P: var x: Int { get set }|protocol P"
        ),
        (
            "extension Array where Element == Int {\n    public var sum2: Int { 0 }\n    var other: Int { 0 }\n}",
            "Array where Element == Int: var sum2: Int { get }"
        ),
        (
            "public struct S {}\nextension S: Equatable {\n    public static func == (a: S, b: S) -> Bool { true }\n}",
            "S: static func == (a: S, b: S) -> Bool|extension S: Equatable|struct S"
        ),
        ("@available(*, deprecated, renamed: \"g\")\npublic func f() {}", "deprecated func f()"),
        (
            "public struct S {\n    public struct T {\n        public init?(_ x: Int) {}\n    }\n}",
            "S.T: init?(_ x: Int)|S: struct T|struct S"
        ),
        ("public enum E { case a, b }", "enum E { case a, b }"),
        ("public var x: Int {\n    get { 0 }\n    set {}\n}", "var x: Int { get set }"),
        (
            "public func f<T>(\n    _ x: T\n) -> T\nwhere T: Sendable {\n    x\n}",
            "func f<T>(_ x: T) -> T where T: Sendable"
        ),
    ])
    func declarationsAreRead(_ source: String, _ expected: String) {
        let files = [(path: "a.swift", text: source)]
        let lines = PublicInterface(modules: [files]).lines(of: files)
        #expect(lines == expected.split(separator: "|").map(String.init))
    }
}
