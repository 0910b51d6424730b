import TorchlightCore

/// A file of tensors of any kind that this library reads: which kind it is, is told by its first bytes, not by its name.
///
///     let tensors = try TensorFile.load("weights.pth")
public struct TensorFile: Sendable {
    /// A kind of file.
    public enum Format: String, Sendable {
        case safetensors
        /// What `torch.save` writes.
        case torch
        case npy
        case npz
    }

    /// The kind of the file.
    public let format: Format
    /// The names and tensors, in the order of the file. In a file of PyTorch the names are paths through its containers
    /// (``TorchValue/tensors``); the array of a `.npy` file is called `array`.
    public let tensors: [(name: String, tensor: Tensor)]
    /// The free-form notes of a safetensors file.
    public let metadata: [(key: String, value: String)]
    /// All of a file of PyTorch, with the numbers and texts beside the tensors.
    public let value: TorchValue?
    /// What cannot be read here, with the reasons: objects of Python, arrays of texts, elements that have no dtype.
    public let leftOut: [LeftOut]

    /// Opens a file of any kind, or all files of an index (`model.safetensors.index.json`,
    /// `pytorch_model.bin.index.json`) together.
    ///
    /// Members that cannot be read here are left out and listed; nothing of a pickle is run.
    /// - Parameter names: The tensors to read; nil for all that can be read.
    /// - Throws: `IOError` where the file breaks a rule of its format or is of no kind that is read, where none of its
    ///   members can be read, or one of `names` is not there or cannot be read.
    public static func open(_ path: String, only names: [String]? = nil) throws(IOError) -> TensorFile {
        let mapped = try MappedFile(path)
        return try mapped.withBytes { bytes throws(IOError) in
            let contents = FileContents(mapped)
            switch try kind(of: bytes, path: path) {
            case .npy, .npz:
                let file = try NumpyFile.members(of: contents, only: names)
                return TensorFile(
                    format: NumpyHeader.isNumpy(bytes) ? .npy : .npz, tensors: file.arrays, leftOut: file.leftOut)
            case .torchArchive, .torchStream, .torchScript, .pickle:
                let value = try TorchFile.parse(contents)
                let (selection, leftOut) = (Selection(names), value.leftOut)
                let tensors = value.tensors.filter { selection.contains($0.name) }
                if names != nil {
                    try selection.check(
                        found: tensors.map(\.name), leftOut: leftOut, operation: "pth", file: path)
                }
                return TensorFile(format: .torch, tensors: tensors, value: value, leftOut: leftOut)
            case .shardIndex:
                let stored = try ShardIndex(path).open()
                let file = try SafetensorsFile(stored: stored, path: path, only: names)
                return TensorFile(
                    format: stored.kind == .safetensors ? .safetensors : .torch, tensors: file.tensors,
                    metadata: file.metadata, leftOut: file.leftOut)
            default:
                let file = try Safetensors.parse(contents, only: names)
                return TensorFile(
                    format: .safetensors, tensors: file.tensors, metadata: file.metadata, leftOut: file.leftOut)
            }
        }
    }

    /// The tensors of a file of any kind by name.
    ///
    /// - Throws: As ``open(_:only:)``, and where a name comes twice.
    public static func load(_ path: String, only names: [String]? = nil) throws(IOError) -> [String: Tensor] {
        try open(path, only: names).byName(path)
    }

    /// The tensors by name.
    ///
    /// - Throws: `IOError` where a name comes twice.
    package func byName(_ path: String) throws(IOError) -> [String: Tensor] {
        var byName: [String: Tensor] = [:]
        byName.reserveCapacity(tensors.count)
        for (name, tensor) in tensors {
            guard byName.updateValue(tensor, forKey: name) == nil else {
                throw IOError(
                    .unsupported, "read", file: path,
                    "two tensors with names that are equal as texts: \(IOError.quoted(name))",
                    expected: "each name once", fix: "TensorFile.open(_:)")
            }
        }
        return byName
    }

    /// The kind of a file, by its bytes: an archive is one of PyTorch where it has a pickle.
    ///
    /// - Throws: `IOError` where the file cannot be read or is of no kind that is read.
    public static func format(of path: String) throws(IOError) -> Format {
        let mapped = try MappedFile(path)
        return try mapped.withBytes { bytes throws(IOError) in
            switch try kind(of: bytes, path: path) {
            case .npy: return .npy
            case .npz: return .npz
            case .torchArchive, .torchStream, .torchScript, .pickle: return .torch
            case .shardIndex:
                return try ShardIndex(path).files.first?.hasSuffix(".safetensors") ?? true ? .safetensors : .torch
            default: return .safetensors
            }
        }
    }

    /// The kind of a file by its bytes; where these tell nothing, by its name, so that the reader of that format says what
    /// is wrong.
    ///
    /// - Throws: `IOError` where the file is of a kind that is not read.
    static func kind(of bytes: UnsafeRawBufferPointer, path: String) throws(IOError) -> FileKind {
        let kind = FileKind.of(bytes)
        let name = path.lowercased()
        let named: FileKind =
            if [".pth", ".pt", ".bin", ".ckpt"].contains(where: { name.hasSuffix($0) }) {
                .torchArchive
            } else if name.hasSuffix(".npz") {
                .npz
            } else if name.hasSuffix(".npy") {
                .npy
            } else if name.hasSuffix(".index.json") {
                .shardIndex
            } else {
                .safetensors
            }
        switch kind {
        case .safetensors, .torchArchive, .torchStream, .torchScript, .npy, .npz, .shardIndex, .pickle: return kind
        // An archive that is damaged or holds something else: the reader says what is missing.
        case .zip: return named == .npz ? .npz : .torchArchive
        case .unknown: return named
        case .empty, .zeros, .idx, .gzip, .foreign:
            throw IOError(
                .malformed, "read", file: path, offset: 0, "the file is \(kind.name!)",
                expected: "safetensors, .pth, .npy, .npz or an index of these")
        }
    }

    private init(
        format: Format, tensors: [(name: String, tensor: Tensor)], metadata: [(key: String, value: String)] = [],
        value: TorchValue? = nil, leftOut: [LeftOut] = []
    ) {
        self.format = format
        self.tensors = tensors
        self.metadata = metadata
        self.value = value
        self.leftOut = leftOut
    }
}
