/// Describes a file by its first bytes, for the errors of readers that expected another one.
///
/// The one list of the kinds of files that have a signature; `FileKind` of TorchlightIO adds those that only a reader
/// recognises.
package enum FileSignature {
    package static let page = "a web page (HTML or XML), perhaps the error page of a failed download"
    package static let pointer = "a Git LFS pointer, not the file itself: git lfs pull fetches it"
    package static let safetensors = "a safetensors file"
    package static let npy = "a NumPy array (.npy)"
    package static let gzip = "a gzip file; decompress it first (gunzip)"
    package static let zip = "a zip archive"
    package static let pickle = "a bare pickle"
    package static let empty = "an empty file"
    package static let zeros = "a file of zeros, perhaps of an incomplete download or copy"
    package static let idx = "an IDX file, the format of MNIST"
    package static let json = "a JSON file"
    /// Text with the first character of JSON that is no JSON.
    package static let likeJSON = "a text file that begins like JSON"

    /// A description of bytes with the signature of a kind of file; nil for other bytes.
    ///
    /// - Parameter expectsText: Whether the reader expects text, which may begin with the letters of a signature, as a
    ///   vocabulary with `#!`. Default: false.
    package static func name(of bytes: UnsafeRawBufferPointer, expectsText: Bool = false) -> String? {
        if bytes.isEmpty { return empty }
        if let name = replacement(of: bytes) { return name }
        if expectsText, isText(bytes) { return nil }
        if isSafetensors(bytes) { return safetensors }
        if let known = format(of: bytes) { return known }
        if bytes[0] == 0x80, bytes.count > 1, (2...5).contains(bytes[1]) { return pickle }
        if isIDX(bytes) { return idx }
        return bytes.prefix(1 << 16).allSatisfy { $0 == 0 } ? zeros : nil
    }

    /// A description of contents that often replace a file: the pointer file of Git LFS, and the page that a server
    /// sent instead. No file of a format begins like these. Nil for other bytes.
    package static func replacement(of bytes: UnsafeRawBufferPointer) -> String? {
        if bytes.starts(with: "version https://git-lfs".utf8) { return pointer }
        return isPage(bytes) ? page : nil
    }

    /// A description of a file of text by its beginning; nil for other files.
    package static func text(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard isText(bytes), let first = firstCharacter(bytes) else { return nil }
        if first == UInt8(ascii: "<") { return page }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            guard bytes.count <= jsonLimit, let value = JSON.value(of: bytes) else { return likeJSON }
            return answer(value) ?? json
        }
        let start = bytes.prefix(512)
        let line = String(decoding: start.prefix { $0 >= 0x20 }.prefix(60), as: UTF8.self)
        return start.prefix(60).allSatisfy { $0 < 0x80 }
            ? "a text file that begins with \(IOError.quoted(line))" : nil
    }

    /// The largest text that is parsed to describe it.
    package static let jsonLimit = 100_000_000

    /// A description of the JSON that a server sends instead of a file: an object with an error, or only a message.
    package static func answer(_ json: JSON) -> String? {
        guard let members = json.members, members.count <= 8 else { return nil }
        let texts = ["error", "message", "detail"].compactMap { name in
            members.first { $0.name == name }.flatMap { $0.value.string ?? $0.value["message"]?.string }
        }
        guard let text = texts.first else { return nil }
        return "the JSON answer of a server: \(IOError.quoted(text))"
    }

    /// The error for a file of another kind than the one that a reader expects; nil for bytes without a signature.
    package static func error(
        _ bytes: UnsafeRawBufferPointer, file: String, operation: String, expected: String
    ) -> IOError? { name(of: bytes).map { error($0, file: file, operation: operation, expected: expected) } }

    package static func error(_ name: String, file: String, operation: String, expected: String) -> IOError {
        IOError(.malformed, operation, file: file, offset: 0, "the file is \(name)", expected: expected)
    }

    // MARK: - Signatures

    /// Whether there is a length of at most 100 MB followed by a brace; the rest of the file may be missing.
    package static func isSafetensors(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 9 && bytes[8] == UInt8(ascii: "{")
            && UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)) <= UInt64(jsonLimit)
    }

    package static func isIDX(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 4 && bytes[0] == 0 && bytes[1] == 0 && (0x08...0x0e).contains(bytes[2]) && bytes[2] != 0x0a
            && (1...16).contains(bytes[3])
    }

    private static let signatures: [(start: [UInt8], name: String)] =
        [
            ("GGUF", "a GGUF file"), ("lmgg", "a GGML file"), ("tjgg", "a GGML file"), ("PAR1", "a Parquet file"),
            ("ARROW1", "an Arrow file"), ("BZh", "a bzip2 file"), ("Rar!", "a RAR archive"), ("%PDF", "a PDF"),
            ("GIF8", "an image"), ("#!", "a script"), ("SQLite format 3", "an SQLite database"),
            ("RIFF", "an audio or video file (RIFF)"), ("PK\u{3}\u{4}", zip), ("PK\u{5}\u{6}", zip),
        ].map { (Array($0.utf8), $1) } + [
            ([0x93] + Array("NUMPY".utf8), npy), ([0x1f, 0x8b], gzip),
            ([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a], "an HDF5 file (.h5)"), ([0xfd, 0x37, 0x7a, 0x58], "an xz file"),
            ([0x28, 0xb5, 0x2f, 0xfd], "a zstd file"), ([0x37, 0x7a, 0xbc, 0xaf], "a 7z archive"),
            ([0x7f, 0x45, 0x4c, 0x46], "a program or library (ELF)"), ([0x89, 0x50, 0x4e, 0x47], "an image"),
            ([0xff, 0xd8, 0xff], "an image"),
        ]

    private static func format(of bytes: UnsafeRawBufferPointer) -> String? {
        for (start, name) in signatures where bytes.starts(with: start) { return name }
        if bytes.dropFirst(257).starts(with: "ustar".utf8) {
            return "a tar archive; to convert one of PyTorch before 0.1.10, load and save it with PyTorch"
        }
        if bytes.dropFirst(4).starts(with: "TFL3".utf8) { return "a TensorFlow Lite model" }
        // The last bytes of a LevelDB table, such as the index of a TensorFlow checkpoint.
        let table: [UInt8] = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]
        return bytes.suffix(8).elementsEqual(table) ? "the index of a TensorFlow checkpoint" : nil
    }

    // MARK: - Text

    private static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.prefix(512).allSatisfy { $0 >= 0x20 && $0 != 0x7F || (0x09...0x0d).contains($0) }
    }

    /// The first character after white space and a byte order mark.
    static func firstCharacter(_ bytes: UnsafeRawBufferPointer) -> UInt8? {
        bytes.prefix(512).first { $0 > 0x20 && ![0xef, 0xbb, 0xbf].contains($0) }
    }

    /// Whether the bytes begin like HTML or XML; a byte order mark and white space may precede it. A vocabulary may
    /// begin with `<s>`.
    private static func isPage(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let start = bytes.prefix(512).drop { $0 <= 0x20 || [0xef, 0xbb, 0xbf].contains($0) }
        let text = String(decoding: start.prefix(9), as: UTF8.self).lowercased()
        return ["<!doctype", "<html", "<head", "<?xml", "<!--"].contains { text.hasPrefix($0) }
    }
}
