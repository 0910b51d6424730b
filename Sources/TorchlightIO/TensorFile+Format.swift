import TorchlightCore

/// Reads every supported format and writes safetensors.
extension TensorFile: TensorFileFormat {
    /// Writes tensors to a safetensors file. The file is created complete or not at all.
    ///
    /// - Throws: `IOError` if the file cannot be written.
    public static func write(
        _ tensors: [(name: String, tensor: Tensor)], to path: String, metadata: [String: String]
    ) throws {
        try Safetensors.save(tensors.map { (key: $0.name, value: $0.tensor) }, to: path, metadata: metadata)
    }

    /// Returns the tensors of a file of any supported format by name.
    ///
    /// - Throws: the errors of ``load(_:only:)``.
    public static func read(_ path: String) throws -> [String: Tensor] { try load(path) }
}
