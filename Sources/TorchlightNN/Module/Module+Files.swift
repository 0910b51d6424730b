import TorchlightCore

extension Module {
    /// Writes the parameters and persistent buffers to a file of the given format.
    ///
    /// - Parameter metadata: texts that are kept in the file beside the tensors.
    /// - Throws: What the format throws where the file cannot be written.
    public func save(_ path: String, as format: any TensorFileFormat.Type, metadata: [String: String] = [:]) throws {
        try format.write(stateDict().map { (name: $0.key, tensor: $0.value) }, to: path, metadata: metadata)
    }

    /// Reads the parameters and buffers from a file of the given format. Nothing is changed where anything does not fit.
    ///
    /// - Parameters: as those of ``load(stateDict:strict:mapping:assigning:)``.
    /// - Returns: What fitted, and with `strict` false what did not.
    /// - Throws: What the format throws where the file cannot be read, ``StateDictError`` where it holds another model.
    @discardableResult
    public func load(
        _ path: String, as format: any TensorFileFormat.Type, strict: Bool = true, mapping: StateMapping = [],
        assigning: Bool = false
    ) throws -> LoadReport {
        try load(stateDict: format.read(path), strict: strict, mapping: mapping, assigning: assigning)
    }
}
