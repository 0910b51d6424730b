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
        let tensor: Tensor?
    }

    let path: String
    /// "safetensors", "torch", "npy", "npz" or "idx".
    let format: String
    /// The size of the file; of an index, that of the tensors.
    let byteCount: Int
    let entries: [Entry]
    /// Notes of a safetensors file; numbers and texts of a file of PyTorch, by their paths.
    let metadata: [(key: String, value: String)]

    /// Opens a file. Of safetensors, `headerOnly` reads no more than the header, so that files with elements that cannot be
    /// read are listed too.
    init(_ path: String, headerOnly: Bool = false) throws {
        self.path = path
        if let idx = try Self.readIDX(path) {
            format = "idx"
            byteCount = try Self.size(of: path)
            let tensor = try idx.tensor(file: path)
            entries = [Entry("array", tensor)]
            metadata = []
            return
        }
        let kind = try TensorFile.format(of: path)
        format = kind.rawValue
        if kind == .safetensors, headerOnly, !path.hasSuffix(".json") {
            let header = try Safetensors.header(of: path)
            byteCount = try Self.size(of: path)
            entries = header.entries.map {
                Entry(
                    name: $0.name, type: Self.typeName($0.dtype), shape: $0.shape, byteCount: $0.range.count,
                    tensor: nil)
            }
            metadata = header.metadata ?? []
            return
        }
        let file = try TensorFile.open(path)
        entries = file.tensors.map { Entry($0.name, $0.tensor) }
        byteCount =
            path.hasSuffix(".json") ? entries.reduce(0) { $0 + $1.byteCount } : try Self.size(of: path)
        var notes = file.metadata
        if let value = file.value { Self.collect(value, path: "", into: &notes) }
        metadata = notes
    }

    /// The name of a dtype for an element type of safetensors.
    private static func typeName(_ name: String) -> String {
        DType.allCases.first { Safetensors.typeName(of: $0) == name }.map { "\($0)" } ?? name
    }

    private static func size(of path: String) throws -> Int { try MappedFile(path).withBytes { $0.count } }

    /// An IDX file, plain or compressed; nil for what is none by its first bytes and its name.
    private static func readIDX(_ path: String) throws -> IDX? {
        let start = try MappedFile(path).withBytes { Array($0.prefix(9)) }
        let isNamed = ["ubyte", ".idx", "ubyte.gz", ".idx.gz"].contains { path.hasSuffix($0) }
        let isSafetensors = start.count > 8 && start[8] == UInt8(ascii: "{")
        let hasMagic =
            start.count >= 4 && start[0] == 0 && start[1] == 0 && IDX.Element(rawValue: start[2]) != nil
            && start[3] > 0 && !isSafetensors
        guard isNamed || hasMagic || Gzip.isGzip(start) else { return nil }
        return try IDX.read(path, limit: 1 << 32)
    }

    /// The values of a file of PyTorch that are no tensors, by their paths.
    private static func collect(_ value: TorchValue, path: String, into notes: inout [(key: String, value: String)]) {
        func below(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
        switch value {
        case .tensor: break
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
    init(_ name: String, _ tensor: Tensor) {
        self.init(
            name: name, type: "\(tensor.dtype)", shape: tensor.shape, byteCount: tensor.count * tensor.dtype.byteSize,
            tensor: tensor)
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
