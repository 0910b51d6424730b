import Torchlight
import TorchlightData
import TorchlightIO
import TorchlightONNX

/// The contents of a tensor file of any supported format, including IDX.
struct FileListing {
    /// A tensor of the file.
    struct Entry {
        let name: String
        /// The element type in the file: the name of a dtype, or the format's own name.
        let type: String
        let shape: [Int]
        let byteCount: Int
        /// nil if only the header of the file was read.
        let stored: StoredTensor?
    }

    let path: String
    /// "safetensors", "torch", "npy", "npz", "onnx" or "idx".
    let format: String
    /// The size of the file in bytes; for an index, the size of the tensors.
    let byteCount: Int
    let entries: [Entry]
    /// The metadata of a safetensors file; the numbers and strings of a PyTorch file by their paths.
    let metadata: [(key: String, value: String)]
    /// The members that cannot be read, with reasons.
    let leftOut: [LeftOut]

    /// Opens a file. With `headerOnly`, only the header of a safetensors file is read, so that files with unsupported
    /// element types are listed too.
    ///
    /// - Parameters:
    ///   - path: the path of the file.
    ///   - headerOnly: whether to read no data of a safetensors file.
    ///   - skippingDamaged: whether damaged members of an archive are listed in ``leftOut``, and not an error.
    init(_ path: String, headerOnly: Bool = false, skippingDamaged: Bool = false) throws {
        self.path = path
        // The format of ONNX has no mark at its beginning. Types without a dtype are widened.
        let kind = try MappedFile(path).withBytes { FileKind.of($0) }
        if kind == .onnx || path.lowercased().hasSuffix(".onnx") && !kind.isReadable {
            format = "onnx"
            byteCount = try Self.size(of: path)
            entries = try ONNXModel.tensors(of: path).map { Entry(StoredTensor($0.name, $0.value.tensor)) }
            (metadata, leftOut) = ([], [])
            return
        }
        // The contents of a file of labels may not identify it as IDX, so the name is checked too.
        let isNamedIDX = ["ubyte", ".idx", ".gz"].contains { path.lowercased().hasSuffix($0) }
        if kind == .idx || isNamedIDX {
            let tensor = try IDX.read(path, limit: 1 << 32).tensor(file: path)
            format = "idx"
            byteCount = try Self.size(of: path)
            entries = [Entry(StoredTensor("array", tensor))]
            (metadata, leftOut) = ([], [])
            return
        }
        if kind == .safetensors, headerOnly {
            let header = try Safetensors.header(of: path)
            format = "safetensors"
            byteCount = try Self.size(of: path)
            entries = header.entries.map {
                Entry(
                    name: $0.name, type: Self.typeName($0.dtype), shape: $0.shape, byteCount: $0.range.count,
                    stored: nil)
            }
            (metadata, leftOut) = (header.metadata ?? [], [])
            return
        }
        let file = try StoredFile.open(path, skippingDamaged: skippingDamaged)
        format =
            switch file.kind {
            case .npy: "npy"
            case .npz: "npz"
            case .safetensors: "safetensors"
            default: "torch"
            }
        let isSafetensors = file.kind == .safetensors
        entries = file.tensors.map { tensor in
            let type = isSafetensors ? Safetensors.typeName(of: tensor.type).map(Self.typeName) : nil
            return Entry(tensor, type: type ?? tensor.type)
        }
        byteCount = kind == .shardIndex ? entries.reduce(0) { $0 + $1.byteCount } : try Self.size(of: path)
        var notes = file.metadata
        if let value = file.value { Self.collect(value, path: "", into: &notes) }
        metadata = notes
        leftOut = file.leftOut
    }

    /// The name of the dtype of a safetensors element type; the format's name if there is no dtype.
    private static func typeName(_ name: String) -> String {
        let element = Safetensors.elementName(of: name)
        return DType.allCases.contains { "\($0)" == element } ? element : name
    }

    private static func size(of path: String) throws -> Int { try MappedFile(path).withBytes { $0.count } }

    /// Collects the values of a PyTorch file that are not tensors, by their paths.
    private static func collect(_ value: TorchValue, path: String, into notes: inout [(key: String, value: String)]) {
        func below(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
        switch value {
        case .tensor: break
        case .object(let object):
            // Only plain values among the attributes, such as those of a namespace; those of a module are skipped.
            guard value.tensors.isEmpty else { break }
            for (name, item) in object.attributes { collect(item, path: below(name), into: &notes) }
        case .list(let items), .tuple(let items), .set(let items):
            // A list of plain values, such as a history of losses, is one entry.
            if items.allSatisfy({ $0.tensors.isEmpty }) {
                notes.append((path, "\(value)"))
            } else {
                for (index, item) in items.enumerated() { collect(item, path: below("\(index)"), into: &notes) }
            }
        case .dictionary(let dictionary):
            for (key, item) in dictionary.items {
                collect(item, path: below(key.string ?? "\(key)"), into: &notes)
            }
        default: notes.append((path, "\(value)"))
        }
    }
}

extension FileListing.Entry {
    init(_ stored: StoredTensor, type: String? = nil) {
        self.init(
            name: stored.name, type: type ?? stored.type, shape: stored.shape, byteCount: stored.byteCount,
            stored: stored)
    }
}

extension IDX {
    /// The array as a tensor.
    func tensor(file: String) throws -> Tensor {
        func read<Value: FixedWidthInteger>(_ type: Value.Type) -> [Value] {
            stride(from: data.startIndex, to: data.endIndex, by: element.size).map { start in
                data[start..<start + element.size].reduce(Value(0)) { $0 << 8 | Value(truncatingIfNeeded: $1) }
            }
        }
        return try checked {
            switch element {
            case .uint8: Tensor(Array(data), shape: shape)
            case .int8: Tensor(data.map { Int8(bitPattern: $0) }, shape: shape)
            case .int16: Tensor(read(Int16.self), shape: shape)
            case .int32: Tensor(read(Int32.self), shape: shape)
            case .float32: Tensor(read(UInt32.self).map { Float(bitPattern: $0) }, shape: shape)
            case .float64: Tensor(read(UInt64.self).map { Double(bitPattern: $0) }, shape: shape, dtype: .float64)
            }
        }
    }
}
