/// The kind of a file, detected by its contents. Readers use it to describe a file that they cannot read.
package enum FileKind: Equatable, Sendable {
    case safetensors
    /// A zip archive with a pickle, written by `torch.save`.
    case torchArchive
    /// A zip archive with TorchScript code.
    case torchScript
    /// The format of `torch.save` before PyTorch 1.6.
    case torchStream
    case npy
    /// A zip archive of `.npy` files.
    case npz
    /// The JSON index of a sharded checkpoint.
    case shardIndex
    case idx
    case gzip
    /// A zip archive with other contents, or with a damaged directory.
    case zip
    /// A pickle that is not in a format of `torch.save`.
    case pickle
    case empty
    case zeros
    /// A file of a known kind that is not supported, with its description.
    case foreign(String)
    /// A file of an unknown kind.
    case unknown

    /// A recorded function, which `TorchlightPrograms` reads.
    package static let program = FileKind.foreign("a program of Torchlight (.tlp)")

    /// A model of ONNX, which `TorchlightONNX` reads.
    package static let onnx = FileKind.foreign("an ONNX model")

    /// A description for error texts; nil for unknown files.
    package var name: String? {
        switch self {
        case .safetensors: "a safetensors file"
        case .torchArchive: "a PyTorch file (a zip archive with a pickle)"
        case .torchScript: "a TorchScript archive, which contains code"
        case .torchStream: "a PyTorch file (the format before 1.6)"
        case .npy: "a NumPy array (.npy)"
        case .npz: "a NumPy archive (.npz)"
        case .shardIndex: "the JSON index of a sharded checkpoint"
        case .idx: "an IDX file, the format of MNIST"
        case .gzip: "a gzip file; decompress it first (gunzip)"
        case .zip: "a zip archive"
        case .pickle: "a bare pickle"
        case .empty: "an empty file"
        case .zeros: "a file of zeros, perhaps of an incomplete download or copy"
        case .foreign(let name): name
        case .unknown: nil
        }
    }

    /// Whether `TensorFile` supports the kind.
    var isReadable: Bool {
        switch self {
        case .safetensors, .torchArchive, .torchStream, .npy, .npz, .shardIndex: true
        default: false
        }
    }

    /// Detects the kind of a file.
    package static func of(_ bytes: UnsafeRawBufferPointer) -> FileKind {
        guard !bytes.isEmpty else { return .empty }
        if isSafetensors(bytes) { return .safetensors }
        if NumpyHeader.isNumpy(bytes) { return .npy }
        if ZipArchive.isZip(bytes) { return archive(bytes) }
        if LegacyTorchStream.isLegacy(bytes) { return .torchStream }
        if let name = ReplacedFile.name(of: bytes) { return .foreign(name) }
        if let known = magic(bytes) { return known }
        if bytes[0] == 0x80, bytes.count > 1, (2...5).contains(bytes[1]) { return .pickle }
        if bytes[0] == 0x1f, bytes.count > 1, bytes[1] == 0x8b { return .gzip }
        if isIDX(bytes) { return .idx }
        if bytes.prefix(1 << 16).allSatisfy({ $0 == 0 }) { return .zeros }
        return protobuf(bytes) ?? text(bytes) ?? .unknown
    }

    /// Whether there is a length of at most 100 MB followed by a brace; the rest of the file may be missing.
    private static func isSafetensors(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 9 && bytes[8] == UInt8(ascii: "{")
            && bytes.integer(UInt64.self, at: 0) <= UInt64(SafetensorsHeader.lengthLimit)
    }

    private static func isIDX(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 4 && bytes[0] == 0 && bytes[1] == 0 && (0x08...0x0e).contains(bytes[2]) && bytes[2] != 0x0a
            && (1...16).contains(bytes[3])
    }

    private static func archive(_ bytes: UnsafeRawBufferPointer) -> FileKind {
        guard let archive = try? ZipArchive(bytes, file: "", operation: "zip") else { return .zip }
        let names = archive.entries.map(\.name)
        func holds(_ suffix: String) -> Bool { names.contains { $0.hasSuffix(suffix) } }
        if holds("/constants.pkl") { return .torchScript }
        if holds("/data.pkl") { return .torchArchive }
        if names.contains("program.json"), names.contains("tensors.safetensors") { return .program }
        if !names.isEmpty, holds(".npy") { return .npz }
        if holds("model.weights.h5") { return .foreign("a Keras model (.keras)") }
        return .zip
    }

    /// Detects files that begin with a fixed signature.
    private static func magic(_ bytes: UnsafeRawBufferPointer) -> FileKind? {
        let known: [(StaticString, String)] = [
            ("GGUF", "a GGUF file"), ("lmgg", "a GGML file"), ("tjgg", "a GGML file"), ("PAR1", "a Parquet file"),
            ("ARROW1", "an Arrow file"), ("BZh", "a bzip2 file"), ("Rar!", "a RAR archive"), ("%PDF", "a PDF"),
            ("GIF8", "an image"), ("#!", "a script"), ("SQLite format 3", "an SQLite database"),
            ("RIFF", "an audio or video file (RIFF)"),
        ]
        for (start, name) in known where bytes.starts(with: start) { return .foreign(name) }
        let bytewise: [([UInt8], String)] = [
            ([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a], "an HDF5 file (.h5)"), ([0xfd, 0x37, 0x7a, 0x58], "an xz file"),
            ([0x28, 0xb5, 0x2f, 0xfd], "a zstd file"), ([0x37, 0x7a, 0xbc, 0xaf], "a 7z archive"),
            ([0x7f, 0x45, 0x4c, 0x46], "a program or library (ELF)"), ([0x89, 0x50, 0x4e, 0x47], "an image"),
            ([0xff, 0xd8, 0xff], "an image"),
        ]
        for (start, name) in bytewise where bytes.prefix(start.count).elementsEqual(start) { return .foreign(name) }
        if bytes.count > 262, bytes.slice(257..<262).starts(with: "ustar") {
            return .foreign(
                "a tar archive; to convert one of PyTorch before 0.1.10, load and save it with PyTorch")
        }
        if bytes.count > 8, bytes.slice(4..<8).starts(with: "TFL3") { return .foreign("a TensorFlow Lite model") }
        // The last bytes of a LevelDB table, such as the index of a TensorFlow checkpoint.
        if bytes.suffix(8).elementsEqual([0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]) {
            return .foreign("the index of a TensorFlow checkpoint")
        }
        return nil
    }

    /// Detects protocol buffer messages by their first two fields, since they have no signature.
    private static func protobuf(_ bytes: UnsafeRawBufferPointer) -> FileKind? {
        guard bytes.count > 6 else { return nil }
        // The length of a field of bytes, and the position of its bytes.
        func field(_ start: Int) -> (length: Int, start: Int)? {
            var (length, shift, position) = (0, 0, start)
            while position < bytes.count, shift < 35 {
                length |= Int(bytes[position] & 0x7F) << shift
                position += 1
                if bytes[position - 1] < 0x80 { return length > 0 ? (length, position) : nil }
                shift += 7
            }
            return nil
        }
        if bytes[0] == 0x08, (1...32).contains(bytes[1]), [0x12, 0x1a, 0x22, 0x3a, 0x42].contains(bytes[2]),
            let inner = field(3), inner.start < bytes.count
        {
            // Field 2 is a message in a SavedModel, and the name of the producer in an ONNX model.
            let isGraph = bytes[1] == 1 && bytes[2] == 0x12 && [0x0a, 0x12].contains(bytes[inner.start])
            return isGraph ? .foreign("a TensorFlow SavedModel (.pb)") : .onnx
        }
        if bytes[0] == 0x0a, let node = field(1), node.start < bytes.count, bytes[node.start] == 0x0a,
            let name = field(node.start + 1), name.length < node.length, name.start + name.length <= bytes.count,
            bytes.slice(name.start..<name.start + name.length).allSatisfy({ $0 >= 0x20 && $0 < 0x7F })
        {
            return .foreign("a TensorFlow graph (.pb)")
        }
        return nil
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> FileKind? {
        let start = bytes.prefix(512)
        let isText = start.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (0x09...0x0d).contains($0) }
        // A byte order mark may precede the text.
        let first = start.first { $0 > 0x20 && ![0xef, 0xbb, 0xbf].contains($0) }
        guard isText, let first else { return nil }
        if first == UInt8(ascii: "<") { return .foreign(ReplacedFile.page) }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            guard bytes.count <= SafetensorsHeader.lengthLimit,
                let json = try? JSON.parse(bytes, file: "", operation: "json")
            else { return .foreign("a text file that begins like JSON") }
            return json["weight_map"]?.members == nil ? .foreign("a JSON file") : .shardIndex
        }
        let line = String(decoding: start.prefix { $0 >= 0x20 }.prefix(60), as: UTF8.self)
        return start.prefix(60).allSatisfy({ $0 < 0x80 })
            ? .foreign("a text file that begins with \(IOError.quoted(line))") : nil
    }

    /// The error for a file of another kind than expected; nil if the bytes may be of an expected kind.
    ///
    /// - Parameter expected: the kinds that the reader supports, and their description for the error.
    package static func mismatch(
        _ bytes: UnsafeRawBufferPointer, file: String, operation: String, expected: (kinds: [FileKind], name: String)
    ) -> IOError? {
        let kind = of(bytes)
        guard !expected.kinds.contains(kind), let name = kind.name else { return nil }
        return IOError(
            .malformed, operation, file: file, offset: 0, "the file is \(name)", expected: expected.name,
            fix: kind.isReadable ? "TensorFile.load(_:), which detects the format" : "")
    }
}
