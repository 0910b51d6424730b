import TorchlightCore

/// Reads every format of this library and writes safetensors.
extension TensorFile: TensorFileFormat {
    /// Writes a safetensors file, which appears complete or not at all.
    ///
    /// - Throws: `IOError` where the file cannot be written.
    public static func write(
        _ tensors: [(name: String, tensor: Tensor)], to path: String, metadata: [String: String]
    ) throws {
        try Safetensors.save(tensors.map { (key: $0.name, value: $0.tensor) }, to: path, metadata: metadata)
    }

    /// The tensors of a file of any format by name.
    ///
    /// - Throws: As ``load(_:)``.
    public static func read(_ path: String) throws -> [String: Tensor] { try load(path) }
}
