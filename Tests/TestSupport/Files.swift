import Glibc
import Testing
import TorchlightCore
import TorchlightIO

/// A folder of its own for a test, removed with everything in it when the object goes.
package final class TemporaryFolder {
    package let path: String

    package init() {
        var template = Array("/tmp/torchlight-tests-XXXXXX".utf8CString)
        path = String(cString: mkdtemp(&template))
    }

    deinit { Self.remove(path) }

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

/// The files of other systems that lie beside the checkout, where there are some.
package enum Interop {
    /// The folder `interop` in `$TORCHLIGHT_SHARED`, or in `shared` beside the checkout; nil, and said so once, where it
    /// is missing.
    package static let folder: String? = {
        let root = (0..<3).reduce(#filePath) { path, _ in FileSystem.directory(of: path) }
        let shared = FileSystem.environment("TORCHLIGHT_SHARED") ?? FileSystem.directory(of: root) + "/shared"
        if FileSystem.isDirectory(shared + "/interop") { return shared + "/interop" }
        writeToStandardError(
            "Skipped: comparisons with the recorded answers and files of other systems, which are not in \(shared); "
                + "TORCHLIGHT_SHARED names another place.\n")
        return nil
    }()

    /// The cases that a folder's `index.json` lists; empty where the files are missing.
    package static func cases(_ name: String) -> [Case] {
        guard let folder, let bytes = try? FileSystem.read("\(folder)/\(name)/index.json"),
            let index = try? JSON.parse(bytes, file: name).elements
        else { return [] }
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
