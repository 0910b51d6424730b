import TorchlightCore

/// Reads tensor files of any supported format. The format is detected by the first bytes of the file, not by its name.
///
///     let tensors = try TensorFile.load("weights.pth")        // [String: Tensor]
public struct TensorFile: Sendable {
    /// The format of a file.
    public enum Format: String, Sendable {
        case safetensors
        /// A file that `torch.save` wrote.
        case torch
        case npy
        case npz
    }

    /// The format of the file.
    public let format: Format
    /// The names and tensors, in the order of the file. In a PyTorch file the names are paths through its containers
    /// (``TorchValue/tensors``); the array of a `.npy` file is named `array`.
    public let tensors: [(name: String, tensor: Tensor)]
    /// The metadata of a safetensors file; empty for other formats.
    public let metadata: [(key: String, value: String)]
    /// The complete contents of a PyTorch file, including numbers and strings; nil for other formats.
    public let value: TorchValue?
    /// The members that cannot be read, with reasons: Python objects, arrays of strings, unsupported element types.
    public let leftOut: [LeftOut]

    /// Opens a file of any supported format, or all shards of an index (`model.safetensors.index.json`,
    /// `pytorch_model.bin.index.json`).
    ///
    /// Members that cannot be read are skipped and listed in ``leftOut``; a pickle is never executed.
    /// - Parameters:
    ///   - path: the path of the file.
    ///   - names: the names of the tensors to read. Default: nil, all that can be read.
    /// - Throws: `IOError` if the file is malformed or of an unsupported format, a tensor to read is damaged, none of its
    ///   members can be read, or one of `names` is missing or cannot be read.
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
                // A damaged tensor is an error only if it is one of those to read.
                let value = try TorchFile.parse(contents, asBits: false, skippingDamaged: names != nil).value
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

    /// Returns the tensors of a file of any supported format by name.
    ///
    /// - Throws: the errors of ``open(_:only:)``, and `IOError` if a name occurs twice.
    public static func load(_ path: String, only names: [String]? = nil) throws(IOError) -> [String: Tensor] {
        try open(path, only: names).byName(path)
    }

    /// Returns the tensors by name.
    ///
    /// - Throws: `IOError` if a name occurs twice.
    package func byName(_ path: String) throws(IOError) -> [String: Tensor] {
        var byName: [String: Tensor] = [:]
        byName.reserveCapacity(tensors.count)
        for (name, tensor) in tensors {
            guard byName.updateValue(tensor, forKey: name) == nil else {
                throw IOError(
                    .unsupported, "read", file: path,
                    "two tensors have names that are equal as Unicode strings: \(IOError.quoted(name))",
                    expected: "each name once", fix: "TensorFile.open(_:)")
            }
        }
        return byName
    }

    /// Returns the format of a file, detected by its contents. A zip archive with a pickle is a PyTorch file.
    ///
    /// - Throws: `IOError` if the file cannot be read or is of an unsupported format.
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

    /// The kind of a file by its bytes, or by its name if the bytes are not recognised; the reader of that format then
    /// describes the error.
    ///
    /// - Throws: `IOError` if the kind is not supported.
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
        // A damaged archive, or one with other contents: the reader reports what is missing.
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
