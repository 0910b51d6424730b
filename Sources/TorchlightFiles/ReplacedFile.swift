/// Recognises what often lies where a file should be: the pointer that Git LFS leaves, and the page that a server sent instead.
package enum ReplacedFile {
    /// A description for error texts; nil for anything else.
    package static func name(of bytes: UnsafeRawBufferPointer) -> String? {
        if bytes.starts(with: "version https://git-lfs".utf8) {
            return "a Git LFS pointer, not the file itself: git lfs pull fetches it"
        }
        return isPage(bytes) ? page : nil
    }

    package static let page = "a web page (HTML or XML), perhaps the error page of a failed download"

    /// The error for such a file in place of one of a format; nil for anything else.
    package static func error(
        _ bytes: UnsafeRawBufferPointer, file: String, operation: String, expected: String
    ) -> IOError? {
        name(of: bytes).map {
            IOError(.malformed, operation, file: file, offset: 0, "the file is \($0)", expected: expected)
        }
    }

    /// Whether the bytes begin like HTML or XML; a byte order mark and white space may precede it. A vocabulary may begin with `<s>`.
    private static func isPage(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let start = bytes.prefix(512).drop { $0 <= 0x20 || [0xef, 0xbb, 0xbf].contains($0) }
        let text = String(decoding: start.prefix(9), as: UTF8.self).lowercased()
        return ["<!doctype", "<html", "<head", "<?xml", "<!--"].contains { text.hasPrefix($0) }
    }
}
