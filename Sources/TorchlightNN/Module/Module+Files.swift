import TorchlightCore
import TorchlightIO

extension Module {
    /// Writes the parameters and persistent buffers to a safetensors file, which appears complete or not at all.
    ///
    ///     try model.save("net.safetensors")
    ///
    /// - Parameter metadata: texts that are kept in the file beside the tensors.
    /// - Throws: `IOError` where the file cannot be written.
    public func save(_ path: String, metadata: [String: String] = [:]) throws {
        try Safetensors.save(stateDict().map { (key: $0.key, value: $0.value) }, to: path, metadata: metadata)
    }

    /// Reads the parameters and buffers from a file of safetensors, PyTorch (`.pth`) or NumPy (`.npz`), told apart by their
    /// contents. Nothing is changed where anything does not fit.
    ///
    /// - Returns: with `strict` false, the names that only one side has.
    /// - Throws: `IOError` where the file cannot be read, ``StateDictError`` where it holds another model.
    @discardableResult
    public func load(_ path: String, strict: Bool = true) throws -> (missing: [String], unexpected: [String]) {
        try load(stateDict: TensorFile.load(path), strict: strict)
    }
}
