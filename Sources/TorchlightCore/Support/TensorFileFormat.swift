/// A file format for named tensors.
public protocol TensorFileFormat {
    /// Writes named tensors and metadata to a file. The file is written atomically.
    ///
    /// - Throws: an error if the file cannot be written, or if the format does not support the tensors.
    static func write(_ tensors: [(name: String, tensor: Tensor)], to path: String, metadata: [String: String]) throws

    /// Reads the tensors of a file by name.
    ///
    /// - Throws: an error if the file cannot be read or is not valid.
    static func read(_ path: String) throws -> [String: Tensor]
}
