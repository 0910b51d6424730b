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

    /// Opens a file of any kind.
    ///
    /// - Throws: `IOError` where the file breaks a rule of its format.
    public static func open(_ path: String) throws(IOError) -> TensorFile {
        switch try format(of: path) {
        case .npy: return TensorFile(format: .npy, tensors: try NumpyFile.open(path))
        case .npz: return TensorFile(format: .npz, tensors: try NumpyFile.open(path))
        case .torch:
            let value = try TorchFile.load(path)
            return TensorFile(format: .torch, tensors: value.tensors, value: value)
        case .safetensors:
            let file = try Safetensors.open(path)
            return TensorFile(format: .safetensors, tensors: file.tensors, metadata: file.metadata)
        }
    }

    /// The tensors of a file of any kind by name.
    ///
    /// - Throws: As ``open(_:)``, and where a name comes twice.
    public static func load(_ path: String) throws(IOError) -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        for (name, tensor) in try open(path).tensors {
            guard tensors.updateValue(tensor, forKey: name) == nil else {
                throw IOError(
                    .unsupported, "read", file: path, "two tensors with the name \(IOError.quoted(name))",
                    expected: "each name once, or TensorFile.open(_:)")
            }
        }
        return tensors
    }

    /// The kind of a file, by its bytes: an archive is one of PyTorch where it has a pickle, otherwise one of NumPy. What
    /// begins like no other is taken for safetensors, which begins with a length.
    ///
    /// - Throws: `IOError` where the file cannot be read or its archive is damaged.
    public static func format(of path: String) throws(IOError) -> Format {
        if path.hasSuffix(Safetensors.indexSuffix) { return .safetensors }
        let mapped = try MappedFile(path)
        return try mapped.withBytes { bytes throws(IOError) in
            if NumpyHeader.isNumpy(bytes) { return .npy }
            if ZipArchive.isZip(bytes) {
                let archive = try ZipArchive(bytes, file: path, operation: "zip")
                let isNumpy = archive.entries.allSatisfy { $0.name.hasSuffix(".npy") }
                return isNumpy ? .npz : .torch
            }
            // A header of at most 100 MB: the upper bytes of its length are zero, and a brace follows.
            let isSafetensors = bytes.count >= 9 && bytes[8] == UInt8(ascii: "{")
            if isSafetensors { return .safetensors }
            let lowercased = path.lowercased()
            return TorchFile.isTorch(bytes) || lowercased.hasSuffix(".pth") || lowercased.hasSuffix(".pt")
                ? .torch : .safetensors
        }
    }

    private init(
        format: Format, tensors: [(name: String, tensor: Tensor)], metadata: [(key: String, value: String)] = [],
        value: TorchValue? = nil
    ) {
        self.format = format
        self.tensors = tensors
        self.metadata = metadata
        self.value = value
    }
}
