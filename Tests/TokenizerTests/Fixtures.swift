import CZlib
import Glibc
import Testing
import TorchlightFiles

@testable import TorchlightTokenizers

/// The recorded answers of Hugging Face's tokenizers and transformers, and of SentencePiece.
enum Fixtures {
    private static let files: [String: String] = {
        let path = FileSystem.directory(of: #filePath) + "/Fixtures/fixtures.json.gz"
        let json = try! JSON.parse(inflate(FileSystem.read(path)), file: path)
        return Dictionary(uniqueKeysWithValues: json.members!.map { ($0.name, $0.value.string!) })
    }()

    private static func inflate(_ bytes: [UInt8]) -> [UInt8] {
        var input = bytes
        var result: [UInt8] = []
        var stream = z_stream()
        // 16 asks for the format of gzip.
        inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        defer { inflateEnd(&stream) }
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        input.withUnsafeMutableBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            var status = Z_OK
            while status == Z_OK {
                let count = chunk.count
                chunk.withUnsafeMutableBufferPointer { chunk in
                    stream.next_out = chunk.baseAddress
                    stream.avail_out = UInt32(count)
                    status = CZlib.inflate(&stream, Z_NO_FLUSH)
                }
                result += chunk[..<(count - Int(stream.avail_out))]
            }
        }
        return result
    }

    /// A file of the archive, or one of the disk if the path is absolute.
    static func text(_ path: String) -> String {
        path.hasPrefix("/") ? String(decoding: try! FileSystem.read(path), as: UTF8.self) : files[path]!
    }

    /// The folders of tokenizers in `$TORCHLIGHT_SHARED/interop`, where it is set: further recorded answers.
    static let shared: [String] = {
        guard let shared = FileSystem.environment("TORCHLIGHT_SHARED") else { return [] }
        return ["tokenizers", "bpe"].flatMap { kind in
            FileSystem.names(in: "\(shared)/interop/\(kind)").map { "\(shared)/interop/\(kind)/\($0)" }
        }.filter { FileSystem.isFile($0 + "/expectations.json") }
    }()

    static func bytes(_ path: String) -> [UInt8] { Array(text(path).utf8) }
    static func json(_ path: String) -> JSON { try! JSON.parse(bytes(path), file: path) }
    static func has(_ path: String) -> Bool { files[path] != nil }

    /// The folders with a tokenizer and expectations.
    static let tokenizers = files.keys.filter { $0.hasPrefix("tokenizers/") && $0.hasSuffix("/expectations.json") }
        .map { String($0.dropLast("/expectations.json".count)) }.sorted()
    static let chats = files.keys.filter { $0.hasSuffix("/cases.json") }.map {
        String($0.dropLast("/cases.json".count))
    }
    .sorted()
    static let sentencePieces = files.keys.filter { $0.hasPrefix("sentencepiece/") }.sorted()

    static func tokenizer(_ folder: String) throws -> Tokenizer {
        try Tokenizer(json: bytes(folder + "/tokenizer.json"), file: folder)
    }

    /// Texts of several kinds, from the expectations.
    static let texts: [String] = tokenizers.flatMap { folder in
        json(folder + "/expectations.json")["encode"]!.elements!.map { $0["text"]!.string! }
    }
}

/// A folder of its own for a test, removed with the object.
final class TestFolder {
    let path: String

    init() {
        var template = Array("/tmp/torchlight-tokenizers-XXXXXX".utf8CString)
        path = String(cString: mkdtemp(&template))
    }

    deinit {
        for name in FileSystem.names(in: path) { unlink(path + "/" + name) }
        rmdir(path)
    }

    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        try FileSystem.replace(path + "/" + name, with: Array(bytes))
        return path + "/" + name
    }
}

/// Random numbers with a seed that a failing test prints.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension JSON {
    var ints: [Int] { elements!.map { $0.int! } }
    var strings: [String] { elements!.map { $0.string! } }
    var ranges: [Range<Int>] { elements!.map { $0.elements![0].int!..<$0.elements![1].int! } }
    var optionalString: String? { string }
}

/// Whether two strings have the same bytes; `==` compares by canonical equivalence.
func same(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
func same(_ left: [String], _ right: [String]) -> Bool {
    left.count == right.count && zip(left, right).allSatisfy(same)
}
