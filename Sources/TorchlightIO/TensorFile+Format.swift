import TorchlightCore

/// Reads every supported format and writes the format of the name of a file.
extension TensorFile: TensorFileFormat {
    /// Writes tensors to a file in the format of its name: `.pt`, `.pth` and `.bin` are PyTorch's format, as
    /// `torch.save(model.state_dict(), path)` writes it; `.npz` is NumPy's; others are safetensors. The file is created
    /// complete or not at all.
    ///
    /// - Throws: `IOError` if the file cannot be written, or if its format cannot hold `metadata`, which only safetensors
    ///   can.
    public static func write(
        _ tensors: [(name: String, tensor: Tensor)], to path: String, metadata: [String: String]
    ) throws {
        let named = tensors.map { (key: $0.name, value: $0.tensor) }
        let isTorch = [".pt", ".pth", ".bin"].contains { path.hasSuffix($0) }
        guard isTorch || path.hasSuffix(".npz") else {
            return try Safetensors.save(named, to: path, metadata: metadata)
        }
        guard metadata.isEmpty else {
            throw IOError(
                .unsupported, "save", file: path, "the format cannot hold metadata", expected: "no metadata",
                fix: "use a name that ends in .safetensors")
        }
        if isTorch { try TorchFile.save(named, to: path) } else { try NumpyFile.save(named, to: path) }
    }

    /// Returns the tensors of a file of any supported format by name.
    ///
    /// - Throws: the errors of ``load(_:only:)``.
    public static func read(_ path: String) throws -> [String: Tensor] { try load(path) }
}
