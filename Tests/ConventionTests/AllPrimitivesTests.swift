import Foundation
import Testing
@testable import TorchlightCore

/// The list of primitives and the files agree.
@Suite struct AllPrimitivesTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Sources/TorchlightCore/Primitives").standardizedFileURL

    @Test func listsEveryPrimitiveOfTheFolder() throws {
        let declaration = /(?m)^\s*(?:package |public )?struct (?<type>\w+)\s*:[^{]*Primitive\b/
        var declared: Set<String> = []
        let files = try #require(FileManager.default.enumerator(at: Self.folder, includingPropertiesForKeys: nil))
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: declaration) { declared.insert(String(match.output.type)) }
        }
        let listed = AllPrimitives.all.map { "\($0)" }
        #expect(Set(listed) == declared)
        #expect(listed.count == Set(listed).count, "a primitive is listed twice")
    }

    @Test func namesAreDistinct() {
        var seen: [String: any Primitive.Type] = [:]
        for primitive in AllPrimitives.all {
            if let other = seen.updateValue(primitive, forKey: primitive.name) {
                Issue.record("\(primitive) and \(other) are both called \(primitive.name)")
            }
        }
    }
}
