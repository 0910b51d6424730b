import Glibc
import TorchlightIO

/// Validation of names from callers and servers that become paths and URLs.
enum HubNames {
    /// Throws unless a repository name has the form `owner/name` or `name`.
    static func check(repository: String) throws(IOError) {
        let parts = repository.split(separator: "/", omittingEmptySubsequences: false)
        let isName = parts.allSatisfy { part in
            !part.isEmpty && part.utf8.count <= 96 && part.utf8.allSatisfy(isPlain) && !part.hasPrefix(".")
                && !part.hasSuffix(".") && !part.contains("..") && !part.contains("--")
        }
        guard (1...2).contains(parts.count), isName else {
            throw failure("the name of the repository is \(IOError.quoted(repository))", "owner/name")
        }
    }

    /// Throws unless a path stays inside its folder.
    static func check(path: String, _ what: String = "the name of a file") throws(IOError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let isSafe = parts.allSatisfy { part in
            !part.isEmpty && part != "." && part != ".." && part.utf8.count <= 255
        }
        guard isSafe, path.utf8.count <= 1024, path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != 0x5C }) else {
            throw failure(
                "\(what) is \(IOError.quoted(path))", "a relative path without '..', backslashes and control characters"
            )
        }
    }

    /// Throws unless an ETag can be a file name.
    static func check(tag: String) throws(IOError) {
        guard !tag.isEmpty, tag.utf8.count <= 200, tag.utf8.allSatisfy(isPlain), tag.first != "." else {
            throw failure("the ETag is \(IOError.quoted(tag))", "letters, digits and '-'")
        }
    }

    /// Whether a text is a commit: 40 hexadecimal digits.
    static func isCommit(_ text: String) -> Bool { isHex(text, count: 40) }

    static func isHex(_ text: String, count: Int) -> Bool {
        text.utf8.count == count
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// A component of a URL with reserved characters escaped.
    static func escaped(_ text: String, keepingSlashes: Bool = true) -> String {
        text.utf8.map { byte in
            if isPlain(byte) || byte == 0x7E || (keepingSlashes && byte == 0x2F) {
                return String(UnicodeScalar(byte))
            }
            let digits = String(byte, radix: 16, uppercase: true)
            return "%" + String(repeating: "0", count: 2 - digits.count) + digits
        }.joined()
    }

    /// Whether a name matches a shell pattern; `*` matches slashes too.
    static func matches(_ name: String, _ pattern: String) -> Bool { fnmatch(pattern, name, 0) == 0 }

    /// A letter, a digit, or one of `-_.`.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            || [0x2D, 0x2E, 0x5F].contains(byte)
    }

    private static func failure(_ problem: String, _ expected: String) -> IOError {
        IOError(.unsupported, "hub", file: "", problem, expected: expected)
    }
}
