import TorchlightCore
import TorchlightIO

/// The key-value cache of a common prefix of prompts, such as a system prompt or the previous turns of a chat.
///
///     let cache = PromptCache()
///     for try await token in model.tokens(after: prompt, cache: cache) { ... }
///     try cache.save("prompt.safetensors", for: model)
///     let restored = try PromptCache("prompt.safetensors", for: model)
///
/// For a prompt that starts with the cached tokens, only the other tokens are computed. Afterwards the cache has the
/// tokens of the new prompt and of its answer.
public final class PromptCache {
    /// The cached tokens.
    public private(set) var tokens: [Int] = []
    private(set) var keyValues = KeyValueCache()

    /// Creates an empty cache.
    public init() {}

    /// The size of the keys and values in bytes.
    public var byteCount: Int { keyValues.byteCount }

    /// Truncates the cache to the common prefix with a prompt. The last token of the prompt is always computed, because
    /// its logits are needed.
    ///
    /// - Returns: The number of cached tokens of the prompt.
    func reuse(for prompt: [Int]) -> Int {
        let common = min(zip(tokens, prompt).prefix { $0 == $1 }.count, prompt.count - 1)
        if common > 0, keyValues.canTruncate(to: common) {
            keyValues.truncate(to: common)
            tokens.removeLast(tokens.count - common)
        } else {
            clear()
        }
        return tokens.count
    }

    /// Removes all tokens.
    public func clear() {
        tokens = []
        let empty = KeyValueCache()
        // A session may retain this object.
        keyValues.layers = empty.layers
        keyValues.crossLayers = empty.crossLayers
        keyValues.length = 0
    }
}

extension PromptCache {
    /// Records the tokens that a session has processed.
    ///
    /// - Parameter sequence: The prompt and the generated tokens.
    func record(_ sequence: [Int]) { tokens = Array(sequence.prefix(keyValues.length)) }

    // MARK: - Files

    private static let format = "torchlight prompt cache 1"

    /// Writes the cache to a safetensors file.
    ///
    /// - Parameters:
    ///   - path: The path of the file, which is created completely or not at all.
    ///   - model: The model that computed the keys and values.
    /// - Throws: `IOError` if the file cannot be written.
    public func save(_ path: String, for model: CausalModel) throws {
        var tensors: [(key: String, value: Tensor)] = [
            ("tokens", Tensor(tokens.map { Int64($0) }, shape: [tokens.count], device: .cpu))
        ]
        var metadata = ["format": Self.format, "model": Self.fingerprint(model), "layers": "\(keyValues.layers.count)"]
        for (index, layer) in keyValues.layers.enumerated() {
            guard let contents = layer.contents else { continue }
            tensors.append(("keys.\(index)", contents.keys.detach()))
            tensors.append(("values.\(index)", contents.values.detach()))
            metadata["start.\(index)"] = "\(layer.start)"
            if let window = layer.window { metadata["window.\(index)"] = "\(window)" }
        }
        try Safetensors.save(tensors, to: path, metadata: metadata)
    }

    /// Reads a cache from a file.
    ///
    /// - Parameters:
    ///   - path: The path of the file.
    ///   - model: The model of the cache.
    /// - Throws: `IOError` if the file cannot be read; ``ModelError`` if it is not a cache of this model.
    public convenience init(_ path: String, for model: CausalModel) throws {
        self.init()
        let file = try Safetensors.open(path)
        func failure(_ problem: String) -> ModelError {
            ModelError(path, problem, expected: "a prompt cache of this \(type(of: model))")
        }
        guard file.metadataValue(for: "format") == Self.format, let stored = file["tokens"], stored.dtype == .int64,
            stored.rank == 1
        else { throw failure("the file is not a prompt cache") }
        guard file.metadataValue(for: "model") == Self.fingerprint(model) else {
            throw failure("the prompt cache belongs to another model")
        }
        let device = model.parameters().first?.device ?? .current
        let tokens = stored.toArray(Int64.self).map { Int($0) }
        let count = file.metadataValue(for: "layers").flatMap { Int($0) } ?? 0
        guard (0...1 << 16).contains(count), count > 0 || tokens.isEmpty else {
            throw failure("the file has \(quantity(count, "layer"))")
        }
        for index in 0..<count {
            guard let keys = file["keys.\(index)"], let values = file["values.\(index)"], keys.rank == 4,
                values.rank == 4,
                keys.shape[0] == 1, keys.shape.prefix(3) == values.shape.prefix(3),
                let start = file.metadataValue(for: "start.\(index)").flatMap({ Int($0) }),
                start >= 0, start + keys.shape[2] == tokens.count
            else { throw failure("the shapes of the keys and values of layer \(index) do not match the tokens") }
            let window = file.metadataValue(for: "window.\(index)").flatMap { Int($0) }
            keyValues.layers.append(
                LayerCache(
                    keyValues, keys: keys.to(device).clone(), values: values.to(device).clone(), start: start,
                    window: window))
        }
        keyValues.length = tokens.count
        self.tokens = tokens
    }

    /// The fingerprint of a model: its configuration, and a checksum of its embedding.
    private static func fingerprint(_ model: CausalModel) -> String {
        var checksum = CRC32()
        let text = Array(model.configuration.text().utf8)
        text.withUnsafeBytes { checksum.update($0) }
        if let first = model.parameters().first {
            let sample = first.detach().reshape([-1])
            let values = sample.narrow(0, start: 0, length: min(sample.shape[0], 4096)).to(.float32).toArray(Float.self)
            values.withUnsafeBytes { checksum.update($0) }
        }
        return "\(checksum.value)"
    }
}
