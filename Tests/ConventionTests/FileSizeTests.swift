import Foundation
import Testing

/// A file is about one thing; one past 800 lines is about two.
@Suite struct FileSizeTests {
    @Test(arguments: ["Sources", "Tests", "Examples"])
    func noFileIsLongerThan800Lines(folder: String) throws {
        let root = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardizedFileURL
        let files = try #require(
            FileManager.default.enumerator(at: root.appending(path: folder), includingPropertiesForKeys: nil))
        for case let file as URL in files where ["swift", "cpp", "h"].contains(file.pathExtension) {
            let lines = try String(contentsOf: file, encoding: .utf8).split(
                separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count <= 800, "\(file.path) has \(lines.count) lines")
        }
    }
}
