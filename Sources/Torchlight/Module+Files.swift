import TorchlightIO
import TorchlightNN

extension Module {
    /// Saves the state dictionary (parameters and persistent buffers) to a file in the format of its name: `.pt`, `.pth` and
    /// `.bin` are PyTorch's format, `.npz` is NumPy's, others are safetensors. The file is created
    /// complete or not at all.
    ///
    ///     try model.save("net.safetensors")
    ///
    /// - Parameters:
    ///   - path: the path of the file; an existing file is replaced.
    ///   - metadata: strings that are stored in the header of a safetensors file. Default: none.
    /// - Throws: `IOError` if the file cannot be written.
    public func save(_ path: String, metadata: [String: String] = [:]) throws {
        try save(path, as: TensorFile.self, metadata: metadata)
    }

    /// Loads a state dictionary from a file into the parameters and buffers of the module. If anything does not fit, an
    /// error is thrown and nothing is changed.
    ///
    ///     try model.load("net.safetensors")
    ///     try model.encoder.load("pretrained.safetensors", mapping: [.subtree("encoder")])
    ///
    /// The format is detected by the contents: safetensors, PyTorch (`.pth`), NumPy (`.npz`), or an index of shards
    /// (`.safetensors.index.json`, `.bin.index.json`). Objects of the file that are not tensors are ignored.
    ///
    /// - Parameters:
    ///   - path: the path of the file.
    ///   - strict: whether missing and unexpected keys are errors. Default: true.
    ///   - mapping: rules that map the names and shapes of the file to those of the module. Default: none.
    ///   - assigning: whether the parameters use the memory-mapped file, in its floating-point dtype, instead of
    ///     copying: data is read when it is first used, and parameters that training changes are copied to memory.
    ///     Default: false.
    /// - Returns: the keys that were loaded and, with `strict` false, the missing and unexpected keys.
    /// - Throws: `IOError` if the file cannot be read, `StateDictError` if keys or shapes do not fit.
    @discardableResult
    public func load(
        _ path: String, strict: Bool = true, mapping: StateMapping = [], assigning: Bool = false
    ) throws -> LoadReport {
        let file = try TensorFile.open(path)
        do {
            return try load(stateDict: try file.byName(path), strict: strict, mapping: mapping, assigning: assigning)
        } catch let error as StateDictError {
            // A missing tensor may be in the file as an object that cannot be read.
            for name in error.missing {
                guard let left = file.leftOut.first(where: { $0.name == name || $0.name.hasSuffix(".\(name)") }) else {
                    continue
                }
                throw IOError(
                    .unsupported, "load", file: path, offset: left.offset,
                    "\(IOError.quoted(left.name)) cannot be read: \(left.reason)",
                    expected: "a tensor for \(name) of \(error.module)")
            }
            throw error
        }
    }
}
