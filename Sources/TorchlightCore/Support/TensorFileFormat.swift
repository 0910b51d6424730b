/// A kind of file that holds tensors by name: what code that saves and loads tensors needs to know of files.
public protocol TensorFileFormat {
    /// Writes tensors and notes to a file, which appears complete or not at all.
    ///
    /// - Throws: where the file cannot be written, or where the format cannot hold the tensors.
    static func write(_ tensors: [(name: String, tensor: Tensor)], to path: String, metadata: [String: String]) throws

    /// The tensors of a file by name.
    ///
    /// - Throws: where the file cannot be read, or breaks a rule of its format.
    static func read(_ path: String) throws -> [String: Tensor]
}
