internal import Foundation
import Testing
import TorchlightCore
import TorchlightIO

/// A folder of its own for a test, removed with everything in it when the object goes.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() {
        var template = Array("/tmp/torchlight-tests-XXXXXX".utf8CString)
        path = String(cString: mkdtemp(&template))
    }

    deinit { remove() }

    /// Removes the folder with everything in it.
    package func remove() { Self.remove(path) }

    /// A path in the folder.
    package func callAsFunction(_ name: String) -> String { path + "/" + name }

    /// The names in the folder.
    package var names: [String] { FileSystem.names(in: path) }

    /// The names in a folder.
    package static func names(_ path: String) -> [String] { FileSystem.names(in: path) }

    private static func remove(_ path: String) {
        for name in FileSystem.names(in: path) { remove(path + "/" + name) }
        if unlink(path) != 0 { rmdir(path) }
    }
}

/// Files that other systems wrote, from Conformance/Files.
package enum Interop {
    /// A temporary folder with the unpacked files, removed when the process ends.
    package static let folder: String = {
        do {
            let archives = SourceTree.root.appending(path: "Conformance/Files").path
            for name in FileSystem.names(in: archives) where name.hasSuffix(".zip") {
                for entry in try ZipArchive.contents(of: "\(archives)/\(name)") {
                    let path = unpacked(entry.name)
                    try FileSystem.createDirectories(FileSystem.directory(of: path))
                    try Data(entry.bytes).write(to: URL(filePath: path))
                }
            }
        } catch {
            preconditionFailure("the files of other systems cannot be unpacked: \(error)")
        }
        atexit { Interop.unpacked.remove() }
        return unpacked.path
    }()
    private static let unpacked = TemporaryFolder()

    /// The cases that a folder's `index.json` lists.
    package static func cases(_ name: String) -> [Case] {
        let path = "\(folder)/\(name)/index.json"
        guard let bytes = try? FileSystem.read(path), let index = try? JSON.parse(bytes, file: path).elements else {
            preconditionFailure("\(path) holds no list of files")
        }
        return index.map { entry in
            Case(
                path: "\(folder)/\(name)/\(entry["file"]!.string!)", expected: entry["expected"]!.string!,
                tree: entry["tree"]?.string.map { "\(folder)/\(name)/\($0)" }, entry: entry)
        }
    }

    /// One file of a folder of cases.
    package struct Case: Sendable, CustomTestStringConvertible {
        package let path: String
        package let expected: String
        package let tree: String?
        package let entry: JSON
        package var testDescription: String { FileSystem.name(of: path) }
    }
}
