import Torchlight
import TorchlightData
import TorchlightIO

/// What is in a file of tensors of any kind, IDX included.
struct FileListing {
    /// One tensor.
    struct Entry {
        let name: String
        /// The type of the elements in the file: a dtype's name, or the format's own where there is no such dtype.
        let type: String
        let shape: [Int]
        let byteCount: Int
        /// Nil where only the header of the file was read.
        let stored: StoredTensor?
    }

    let path: String
    /// "safetensors", "torch", "npy", "npz" or "idx".
    let format: String
    /// The size of the file; of an index, that of the tensors.
    let byteCount: Int
    let entries: [Entry]
    /// Notes of a safetensors file; numbers and texts of a file of PyTorch, by their paths.
    let metadata: [(key: String, value: String)]
    /// What the file holds beside, and why it cannot be read.
    let leftOut: [LeftOut]

    /// Opens a file. Of safetensors, `headerOnly` reads no more than the header, so that files with elements that cannot be
    /// read are listed too.
    init(_ path: String, headerOnly: Bool = false) throws {
        self.path = path
        let kind = try MappedFile(path).withBytes { FileKind.of($0) }
        // A file of labels may look like nothing; its name tells what it should be.
        let isNamedIDX = ["ubyte", ".idx", "ubyte.gz", ".idx.gz"].contains { path.lowercased().hasSuffix($0) }
        if kind == .idx || kind == .gzip || isNamedIDX {
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
        let file = try StoredFile.open(path)
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

    /// The name of a dtype for an element type of safetensors.
    private static func typeName(_ name: String) -> String {
        let element = Safetensors.elementName(of: name)
        return DType.allCases.contains { "\($0)" == element } ? element : name
    }

    private static func size(of path: String) throws -> Int { try MappedFile(path).withBytes { $0.count } }

    /// The values of a file of PyTorch that are no tensors, by their paths.
    private static func collect(_ value: TorchValue, path: String, into notes: inout [(key: String, value: String)]) {
        func below(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
        switch value {
        case .tensor: break
        case .object(let object):
            // Plain values among the attributes, such as those of a namespace; a module's are many and say little.
            guard value.tensors.isEmpty else { break }
            for (name, item) in object.attributes { collect(item, path: below(name), into: &notes) }
        case .list(let items), .tuple(let items), .set(let items):
            // A list of plain values, such as a history of losses, is one note.
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
