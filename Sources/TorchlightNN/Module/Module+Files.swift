import TorchlightCore

extension Module {
    /// Writes the state dictionary to a file.
    ///
    ///     try model.save("model.safetensors", as: TensorFile.self)
    ///
    /// - Parameters:
    ///   - path: The path of the file.
    ///   - format: The file format.
    ///   - metadata: Texts that are stored in the file with the tensors. Default: none.
    /// - Throws: The format's error if the file cannot be written.
    public func save(_ path: String, as format: any TensorFileFormat.Type, metadata: [String: String] = [:]) throws {
        try format.write(stateDict().map { (name: $0.key, tensor: $0.value) }, to: path, metadata: metadata)
    }

    /// Loads a state dictionary from a file into the parameters and buffers. If it throws, the module is unchanged.
    ///
    /// The parameters `strict`, `mapping` and `assigning` are those of ``load(stateDict:strict:mapping:assigning:)``.
    ///
    /// - Returns: The matched, missing and unexpected keys.
    /// - Throws: The format's error if the file cannot be read; ``StateDictError`` and ``StateMappingError`` as
    ///   ``load(stateDict:strict:mapping:assigning:)``.
    @discardableResult
    public func load(
        _ path: String, as format: any TensorFileFormat.Type, strict: Bool = true, mapping: StateMapping = [],
        assigning: Bool = false
    ) throws -> LoadReport {
        try load(stateDict: format.read(path), strict: strict, mapping: mapping, assigning: assigning)
    }
}
