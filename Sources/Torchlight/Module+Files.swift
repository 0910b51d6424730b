import TorchlightIO
import TorchlightNN

extension Module {
    /// Writes the parameters and persistent buffers to a safetensors file, which appears complete or not at all.
    ///
    ///     try model.save("net.safetensors")
    ///
    /// - Parameter metadata: texts that are kept in the file beside the tensors.
    /// - Throws: `IOError` where the file cannot be written.
    public func save(_ path: String, metadata: [String: String] = [:]) throws {
        try save(path, as: TensorFile.self, metadata: metadata)
    }

    /// Reads the parameters and buffers from a file of safetensors, PyTorch (`.pth`) or NumPy (`.npz`), told apart by their
    /// contents, or from the files of a `.safetensors.index.json` or `.bin.index.json`. Nothing is changed where anything
    /// does not fit. What of the file cannot be read here is left out.
    ///
    ///     try model.encoder.load("pretrained.safetensors", mapping: [.subtree("encoder")])
    ///
    /// - Parameters:
    ///   - mapping: Rules that give the file's tensors the module's names and shapes.
    ///   - assigning: Whether the parameters lie in the mapped file from then on, in its floating-point dtype: nothing is
    ///     read before it is used, and what training changes is a copy in memory.
    /// - Returns: What fitted, and with `strict` false what did not.
    /// - Throws: `IOError` where the file cannot be read, `StateDictError` where it holds another model.
    @discardableResult
    public func load(
        _ path: String, strict: Bool = true, mapping: StateMapping = [], assigning: Bool = false
    ) throws -> LoadReport {
        let file = try TensorFile.open(path)
        do {
            return try load(stateDict: try file.byName(path), strict: strict, mapping: mapping, assigning: assigning)
        } catch let error as StateDictError {
            // What is missing may be in the file, but of a kind that cannot be read.
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
