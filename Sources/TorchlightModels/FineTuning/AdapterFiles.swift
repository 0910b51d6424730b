import TorchlightCore
import TorchlightIO
import TorchlightNN

// Adapters in the file format of PEFT's `save_pretrained`: `adapter_config.json` and `adapter_model.safetensors`.

extension Module {
    /// Writes an adapter to a folder, for PEFT's `PeftModel.from_pretrained` and
    /// ``loadAdapter(_:name:trainable:ignoring:)``: the settings to `adapter_config.json`, the tensors to
    /// `adapter_model.safetensors`.
    ///
    /// - Parameters:
    ///   - folder: The path of the folder; it is created if it does not exist. Existing files are replaced.
    ///   - name: The name of the adapter. Default: "default".
    ///   - baseModel: The name or path of the base model, written to the settings. Default: none.
    /// - Throws: `IOError` if a file cannot be written; ``ModelError`` if there is no adapter of this name.
    public func saveAdapter(_ folder: String, name: String = "default", baseModel: String? = nil) throws {
        guard let config = adapterConfig(name) else {
            throw ModelError(
                "saveAdapter", "the model has no adapter \(IOError.quoted(name))",
                expected: adapterNames.isEmpty ? "the name of an added adapter" : "one of \(adapterNames)")
        }
        let paths = AdapterPaths(self)
        let (layers, parameters) = adapterTensors(name)
        var tensors: [(key: String, value: Tensor)] = []
        for (path, adapter) in layers {
            let isEmbedding = module(at: path) is Embedding
            for (key, tensor) in AdapterPaths.keys(of: adapter, isEmbedding: isEmbedding) {
                tensors.append((paths.key(path, key), tensor.detach()))
            }
        }
        let targets = Set(layers.map(\.path))
        for (path, name, tensor) in parameters {
            let isTarget = targets.contains(path)
            tensors.append((paths.key(path, isTarget ? "base_layer.\(name)" : name), tensor.detach()))
        }
        let transposed = layers.contains { module(at: $0.path) is TransposedLinear }
        let json = config.json(
            paths: layers.map { paths.published($0.path) }, storesTransposed: transposed, baseModel: baseModel)
        try FileSystem.createDirectories(folder)
        try Safetensors.save(
            tensors.sorted { $0.key < $1.key }, to: "\(folder)/adapter_model.safetensors", metadata: ["format": "pt"])
        try PretrainedModel.write(json, to: "\(folder)/adapter_config.json")
    }

    /// Adds the adapter in a folder written by PEFT's `save_pretrained` or ``saveAdapter(_:name:baseModel:)``, and
    /// makes it the only active one.
    ///
    ///     let model = try Llama.load("base")
    ///     try model.loadAdapter("adapter")
    ///
    /// - Parameters:
    ///   - folder: The path of the folder.
    ///   - name: The name for the adapter. Default: "default".
    ///   - trainable: Whether the adapter is trainable; if false, all parameters are frozen. Default: false.
    ///   - ignoring: Fields of `adapter_config.json` to ignore although their effect is not implemented. Default: none.
    /// - Returns: The paths of the layers.
    /// - Throws: `IOError` if a file cannot be read; ``ModelError`` if a field is not implemented, or if the tensors do
    ///   not match the settings and the model; `TensorError` if the settings do not match the model. The model is then
    ///   unchanged, except that parameters may be frozen.
    @discardableResult
    public func loadAdapter(
        _ folder: String, name: String = "default", trainable: Bool = false, ignoring: Set<String> = []
    ) throws -> [String] {
        let configPath = "\(folder)/adapter_config.json"
        let json = try JSON.parse(try FileSystem.read(configPath, limit: 1 << 24), file: configPath)
        let config = try LoRAConfig(try ConfigReader(json, path: configPath), ignoring: ignoring)
        let path = try Self.adapterWeightsPath(folder)
        let tensors = try TensorFile.load(path)
        let active = activeAdapters
        let layers = try insertAdapter(config, name: name, "loadAdapter")
        do {
            try fillAdapter(name, tensors, path: path)
        } catch {
            removeAdapter(name)
            setAdapters(active)
            throw error
        }
        setAdapter(name, trainable: trainable)
        return layers
    }

    static func adapterWeightsPath(_ folder: String) throws -> String {
        let names = ["adapter_model.safetensors", "adapter_model.bin"]
        for name in names where FileSystem.isFile("\(folder)/\(name)") { return "\(folder)/\(name)" }
        throw ModelError(folder, "the folder has no adapter", expected: "a file " + names.joined(separator: " or "))
    }

    /// Copies the tensors of a file to an adapter; after an error the adapter is unchanged.
    private func fillAdapter(_ name: String, _ tensors: [String: Tensor], path: String) throws {
        let paths = AdapterPaths(self)
        let (layers, parameters) = adapterTensors(name)
        let targets = Set(layers.map(\.path))
        var rest = tensors
        var copies: [(target: Tensor, source: Tensor)] = []
        var problems: [String] = []
        func take(_ target: Tensor, _ keys: [String]) {
            guard let key = keys.first(where: { rest[$0] != nil }), let source = rest.removeValue(forKey: key) else {
                problems.append("\(keys[0]) is missing")
                return
            }
            guard source.shape == target.shape else {
                problems.append("\(key) is \(source.shape), not \(target.shape)")
                return
            }
            copies.append((target, source))
        }
        for (path, adapter) in layers {
            for (key, tensor) in AdapterPaths.keys(of: adapter, isEmbedding: module(at: path) is Embedding) {
                take(tensor, paths.keys(path, key))
            }
        }
        for (path, name, tensor) in parameters {
            let isTarget = targets.contains(path)
            take(tensor, (isTarget ? ["base_layer.\(name)", name] : [name]).flatMap { paths.keys(path, $0) })
        }
        // PEFT also writes embeddings of the base model that are targets.
        for (path, module) in namedModules() {
            guard let embedding = module as? Embedding else { continue }
            for key in paths.keys(path, "base_layer.weight") {
                guard let source = rest.removeValue(forKey: key) else { continue }
                let same =
                    source.shape == embedding.weight.shape
                    && noGrad {
                        source.to(embedding.weight.dtype).to(embedding.weight.device).equal(embedding.weight.detach())
                    }
                if !same { problems.append("\(key) differs from the embedding of the model") }
            }
        }
        let unexpected = rest.keys.sorted()
        if !unexpected.isEmpty {
            problems.append("the model has no \(unexpected.prefix(5).joined(separator: ", "))")
        }
        guard problems.isEmpty else {
            throw ModelError(
                path, "the adapter does not match \(type(of: self)): \(problems.prefix(5).joined(separator: "; "))",
                expected: "the tensors that adapter_config.json describes")
        }
        noGrad { for (target, source) in copies { _ = target.copy_(source) } }
    }
}

/// The names of the tensors of an adapter in files of PEFT.
struct AdapterPaths {
    /// The prefix of paths that published models without a head omit; empty for other models.
    private let hidden: String

    init(_ model: Module) {
        guard let model = model as? PretrainedModel, !model.basePrefix.isEmpty,
            let name = model.configuration["architectures"]?.elements?.first?.string, name.hasSuffix("Model"),
            !name.hasSuffix("HeadModel")
        else {
            hidden = ""
            return
        }
        hidden = model.basePrefix + "."
    }

    /// The path of a module in the published model.
    func published(_ path: String) -> String {
        !hidden.isEmpty && path.hasPrefix(hidden) ? String(path.dropFirst(hidden.count)) : path
    }

    /// The name of a tensor.
    func key(_ path: String, _ name: String) -> String { "base_model.model.\(published(path)).\(name)" }

    /// The possible names of a tensor.
    func keys(_ path: String, _ name: String) -> [String] {
        hidden.isEmpty ? [key(path, name)] : [key(path, name), "base_model.model.\(path).\(name)"]
    }

    /// The tensors of an adapter with their names.
    static func keys(of adapter: LoRAAdapter, isEmbedding: Bool) -> [(String, Tensor)] {
        var found =
            isEmbedding
            ? [("lora_embedding_A", adapter.a), ("lora_embedding_B", adapter.b)]
            : [("lora_A.weight", adapter.a), ("lora_B.weight", adapter.b)]
        if let bias = adapter.bBias { found.append(("lora_B.bias", bias)) }
        if let magnitude = adapter.magnitude { found.append(("lora_magnitude_vector", magnitude)) }
        return found
    }
}
