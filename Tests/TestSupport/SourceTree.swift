package import Foundation

/// The files of the repository, for tests of its conventions.
package enum SourceTree {
    package static let root = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardizedFileURL

    /// The text of a file.
    package static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The files below a folder with one of the endings: their paths from the folder, and their texts.
    package static func files(in folder: String, _ endings: Set<String>) throws -> [(path: String, text: String)] {
        let base = root.appending(path: folder).path + "/"
        guard let found = FileManager.default.enumerator(atPath: base) else { return [] }
        return try found.compactMap { $0 as? String }.filter { endings.contains(($0 as NSString).pathExtension) }
            .sorted().map { ($0, try String(contentsOfFile: base + $0, encoding: .utf8)) }
    }

    /// The identifiers of a text that begin with "tl_".
    package static func kernelNames(in text: String) -> Set<String> {
        func isPart(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: "_") || (byte | 32 >= 97 && byte | 32 <= 122) || (byte >= 48 && byte <= 57)
        }
        var names: Set<String> = []
        var rest = text[...]
        while let start = rest.range(of: "tl_", options: .literal) {
            let isWhole =
                start.lowerBound == text.startIndex
                || !isPart(text.utf8[text.utf8.index(before: start.lowerBound)])
            let end = rest.utf8[start.lowerBound...].firstIndex { !isPart($0) } ?? rest.endIndex
            if isWhole { names.insert(String(text[start.lowerBound..<end])) }
            rest = rest[end...]
        }
        return names
    }
}
