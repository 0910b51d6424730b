import TorchlightCore
import TorchlightIO
import TorchlightNN

/// Loads models of the architecture that a folder specifies.
///
///     let model = try AutoModel.load("path/to/gpt2")
///     if let model = model as? CausalModel { ... }
public enum AutoModel {
    /// Loads a model from a folder written by `save_pretrained`, or from a GGUF file. The class is the first entry of
    /// `architectures` in `config.json`, or the architecture of the GGUF file.
    ///
    /// The GGUF architectures are llama (including Mistral), qwen2, qwen3, gemma2, gemma3, phi3, olmo2 and gpt2.
    /// Matrices of the types Q8_0, Q4_0 and Q4_1 stay quantised (``WeightQuantization``), others are converted to
    /// floating point.
    ///
    /// - Parameters:
    ///   - folder: The path of the folder or of a `.gguf` file.
    ///   - dtype: The dtype of the parameters; nil for the dtypes of the files. Default: float32.
    ///   - device: The device of the parameters. Default: the current device.
    ///   - ignoring: Fields of `config.json` to ignore although their effect is not implemented. Default: none.
    ///   - dequantizing: Whether quantised weights are converted to floating point. Default: false.
    /// - Returns: The model, in evaluation mode.
    /// - Throws: `IOError` if a file cannot be read; ``ModelError`` if the architecture or a field of the configuration
    ///   is not implemented, or if the weights do not match the configuration.
    public static func load(
        _ folder: String, dtype: DType? = .float32, device: Device = .current, ignoring: Set<String> = [],
        dequantizing: Bool = false
    ) throws -> PretrainedModel {
        let model = try load(source: folder, dtype: dtype, device: device, ignoring: ignoring, dequantizing)
        return dequantizing ? dequantize(model, dtype: dtype ?? .float32) : model
    }

    private static func load(
        source folder: String, dtype: DType?, device: Device, ignoring: Set<String>, _ dequantizing: Bool
    ) throws -> PretrainedModel {
        if folder.lowercased().hasSuffix(".gguf"), !FileSystem.isDirectory(folder) {
            let source = try GGUFModel(GGUFFile(folder))
            let reader = try ConfigReader(source.configuration, path: folder)
            let contents = CheckpointContents(tensors: try source.tensors(dequantizing: dequantizing))
            return try load(
                contents, path: folder, reader, builder(reader), dtype: dtype, device: device, ignoring: ignoring
            ).eval()
        }
        let reader = try configReader(folder)
        return try load(folder, reader, builder(reader), dtype: dtype, device: device, ignoring: ignoring)
    }

    /// The class of a configuration.
    private static func builder(_ reader: ConfigReader) throws -> Architectures.Builder {
        let names = try reader.optionalStrings("architectures") ?? []
        guard let name = names.first else {
            throw ModelError(reader.path, "the file has no architectures", expected: "a list with the name of a class")
        }
        guard let build = Architectures.builders[name] else {
            let known = Architectures.builders.keys.sorted().joined(separator: ", ")
            throw ModelError(
                reader.path, "the architecture \(IOError.quoted(name)) is not implemented", expected: known)
        }
        return build
    }

    private static func configReader(_ folder: String) throws -> ConfigReader {
        let path = "\(folder)/config.json"
        let json = try JSON.parse(try FileSystem.read(path, limit: 1 << 24), file: path)
        if json["architectures"] == nil, let name = FileSignature.answer(json) {
            throw FileSignature.error(name, file: path, operation: "json", expected: "the configuration of a model")
        }
        return try ConfigReader(json, path: path)
    }

    /// Loads the weights and the generation settings of a folder.
    private static func load(
        _ folder: String, _ reader: ConfigReader, _ build: Architectures.Builder, dtype: DType?, device: Device,
        ignoring: Set<String>
    ) throws -> PretrainedModel {
        let path = try weightsPath(folder)
        let contents = CheckpointContents(tensors: try TensorFile.load(path))
        let model = try load(
            contents, path: path, reader, build, dtype: dtype, device: device, ignoring: ignoring)
        let generation = "\(folder)/generation_config.json"
        if FileSystem.isFile(generation) {
            model.generationConfiguration = try JSON.parse(
                try FileSystem.read(generation, limit: 1 << 24), file: generation)
        }
        return model.eval()
    }

    /// Creates a model on the meta device, then assigns the loaded tensors to its parameters.
    private static func load(
        _ contents: CheckpointContents, path: String, _ reader: ConfigReader, _ build: Architectures.Builder,
        dtype: DType?, device: Device, ignoring: Set<String>
    ) throws -> PretrainedModel {
        let model = try withDevice(.meta) { try build(reader, contents) }
        try model.readQuantization(reader)
        try reader.finish(ignoring: ignoring)
        try model.adopt(contents.tensors, path: path, dtype: dtype, device: device)
        return model
    }

    private static func weightsPath(_ folder: String) throws -> String {
        let names = [
            "model.safetensors.index.json", "model.safetensors", "pytorch_model.bin.index.json", "pytorch_model.bin",
        ]
        for name in names where FileSystem.isFile("\(folder)/\(name)") { return "\(folder)/\(name)" }
        throw ModelError(folder, "the folder has no weights", expected: "a file " + names.joined(separator: ", "))
    }
}

extension PretrainedModel {
    /// Assigns the tensors of a checkpoint to parameters and buffers.
    ///
    /// The prefix of the base model may be present or missing in names, and old names of normalisation parameters
    /// (`gamma`, `beta`) are accepted. Tensors without a parameter are listed in ``unusedWeights``.
    final func adopt(_ tensors: [String: Tensor], path: String, dtype: DType?, device: Device) throws {
        let dropped = basePrefix.isEmpty ? "" : basePrefix + "."
        adoptQuantizedForms(inputs: quantizedInputs) { name in
            tensors[name] ?? (name.hasPrefix(dropped) ? tensors[String(name.dropFirst(dropped.count))] : nil)
        }
        if let dtype { setQuantizedDType(dtype) }
        let state = namedState()
        let known = Dictionary(state.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
        let prefix = basePrefix.isEmpty ? "" : basePrefix + "."
        var sources: [String: Tensor] = [:]
        var unused: [String] = []
        for (name, tensor) in tensors {
            let modern = Self.modernName(name)
            let candidates = [
                name, modern, prefix + modern, modern.hasPrefix(prefix) ? String(modern.dropFirst(prefix.count)) : "",
            ]
            if let target = candidates.first(where: { known[$0] != nil }) {
                sources[target] = tensor
            } else {
                unused.append(name)
            }
        }
        // A tensor with several names may be stored under one of them.
        var adopted: Set<ObjectIdentifier> = []
        var missing: [String] = []
        var mismatched: [String] = []
        for (name, tensor) in state where sources[name] != nil {
            let source = sources[name]!
            adopted.insert(ObjectIdentifier(tensor))
            if source.shape != tensor.shape { mismatched.append("\(name) is \(source.shape), not \(tensor.shape)") }
        }
        for (name, tensor) in state where !adopted.contains(ObjectIdentifier(tensor)) { missing.append(name) }
        guard missing.isEmpty, mismatched.isEmpty else {
            let parts =
                missing.isEmpty
                ? [] : ["\(missing.count) missing (\(missing.sorted().prefix(5).joined(separator: ", ")))"]
            let shapes = mismatched.isEmpty ? [] : ["shapes: \(mismatched.sorted().prefix(5).joined(separator: "; "))"]
            throw ModelError(
                path, "the weights do not match \(type(of: self)): \((parts + shapes).joined(separator: "; "))",
                expected: "the tensors that config.json describes")
        }
        let factors = Set(quantizationFactors.map { ObjectIdentifier($0) })
        noGrad {
            for (name, tensor) in state {
                guard let source = sources[name] else { continue }
                var converted = source.detach()
                if let dtype, converted.dtype.isFloatingPoint, !factors.contains(ObjectIdentifier(tensor)) {
                    converted = converted.to(dtype)
                }
                converted = converted.to(device)
                tensor.adopt(converted.storage.isReadOnly ? converted.clone() : converted)
            }
        }
        unusedWeights = unused.sorted()
    }

    /// The current name for a name in an old file.
    private static func modernName(_ name: String) -> String {
        for (old, new) in [(".gamma", ".weight"), (".beta", ".bias")] where name.hasSuffix(old) {
            return String(name.dropLast(old.count)) + new
        }
        return name
    }

    /// Writes the model to a folder in the format of `save_pretrained`, for `transformers` and ``AutoModel``:
    /// `config.json`, `generation_config.json` if the model was loaded with one, and the weights.
    ///
    /// - Parameters:
    ///   - folder: The path of the folder; it is created if it does not exist. Existing files are replaced.
    ///   - shardSize: The maximum size of a weight file in bytes. Larger weights are written to several shards with an
    ///     index. Default: 5 GB.
    /// - Throws: `IOError` if a file cannot be written; ``ModelError`` if the model has adapters that are not merged,
    ///   which ``saveAdapter(_:name:baseModel:)`` writes. Merged adapters are part of the weights.
    public final func savePretrained(_ folder: String, shardSize: Int = 5_000_000_000) throws {
        guard adapterNames.isEmpty || hasMergedAdapters else {
            throw ModelError(
                "savePretrained", "the model has the adapters \(adapterNames), which are not merged",
                expected: "mergeAdapters() or unloadAdapters() first; saveAdapter(_:) writes an adapter")
        }
        try FileSystem.createDirectories(folder)
        let tensors = namedStateWithoutAdapters().map { (key: $0.name, value: $0.tensor.detach()) }
        let bytes = tensors.reduce(0) { $0 + $1.value.shape.reduce(1, *) * $1.value.dtype.byteSize }
        let metadata = ["format": "pt"]
        let (single, index) = ("\(folder)/model.safetensors", "\(folder)/model.safetensors.index.json")
        if bytes > shardSize {
            try Safetensors.saveShards(tensors, to: index, shardSize: shardSize, metadata: metadata)
            if FileSystem.isFile(single) { try FileSystem.remove(single) }
        } else {
            try Safetensors.save(tensors, to: single, metadata: metadata)
            if FileSystem.isFile(index) { try FileSystem.remove(index) }
        }
        try Self.write(savedConfiguration(), to: "\(folder)/config.json")
        if let generationConfiguration {
            try Self.write(generationConfiguration, to: "\(folder)/generation_config.json")
        }
    }

    /// The configuration with the current dtype of the parameters.
    private func savedConfiguration() -> JSON {
        guard let dtype = (parameters().first ?? buffers().first)?.dtype,
            var members = configuration.members.map({ $0.map { ($0.name, $0.value) } })
        else { return configuration }
        members.removeAll { $0.0 == "quantization_config" }
        if let quantization = savedQuantization { members.append(("quantization_config", quantization)) }
        for index in members.indices where ["dtype", "torch_dtype"].contains(members[index].0) {
            members[index].1 = .string("\(dtype)")
        }
        return .object(members)
    }

    static func write(_ json: JSON, to path: String) throws {
        let file = try AtomicFile(path)
        defer { file.discard() }
        try file.write(Array((json.text(indented: true) + "\n").utf8))
        try file.publish()
    }
}
