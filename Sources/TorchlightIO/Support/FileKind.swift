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
        case .safetensors: FileSignature.safetensors
        case .torchArchive: "a PyTorch file (a zip archive with a pickle)"
        case .torchScript: "a TorchScript archive, which contains code"
        case .torchStream: "a PyTorch file (the format before 1.6)"
        case .npy: FileSignature.npy
        case .npz: "a NumPy archive (.npz)"
        case .shardIndex: "the JSON index of a sharded checkpoint"
        case .idx: FileSignature.idx
        case .gzip: FileSignature.gzip
        case .zip: FileSignature.zip
        case .pickle: FileSignature.pickle
        case .empty: FileSignature.empty
        case .zeros: FileSignature.zeros
        case .foreign(let name): name
        case .unknown: nil
        }
    }

    /// Whether `TensorFile` supports the kind.
    package var isReadable: Bool {
        switch self {
        case .safetensors, .torchArchive, .torchStream, .npy, .npz, .shardIndex: true
        default: false
        }
    }

    /// Detects the kind of a file.
    package static func of(_ bytes: UnsafeRawBufferPointer) -> FileKind {
        if FileSignature.isSafetensors(bytes) { return .safetensors }
        if ZipArchive.isZip(bytes) { return archive(bytes) }
        if LegacyTorchStream.isLegacy(bytes) { return .torchStream }
        switch FileSignature.name(of: bytes) {
        case FileSignature.empty?: return .empty
        case FileSignature.npy?: return .npy
        case FileSignature.pickle?: return .pickle
        case FileSignature.gzip?: return .gzip
        case FileSignature.idx?: return .idx
        case FileSignature.zeros?: return .zeros
        case let name?: return .foreign(name)
        case nil: return protobuf(bytes) ?? text(bytes) ?? .unknown
        }
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
        guard let name = FileSignature.text(bytes) else { return nil }
        if name == FileSignature.json, let json = try? JSON.parse(bytes, file: "", operation: "json"),
            json["weight_map"]?.members != nil
        {
            return .shardIndex
        }
        return .foreign(name)
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
