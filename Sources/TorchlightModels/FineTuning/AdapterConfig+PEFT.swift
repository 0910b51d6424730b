import TorchlightCore
import TorchlightIO
import TorchlightNN

// `adapter_config.json` of PEFT.

extension LoRAConfig {
    /// The initialisations of PEFT that set only the matrices of the adapter, which the file replaces.
    private static let plainInitializations: Set<String> = ["gaussian", "eva", "orthogonal", "mica"]

    /// Reads the settings of a LoRA adapter. Fields that change the result and are not implemented are an error with
    /// their names.
    init(_ reader: ConfigReader, ignoring: Set<String>) throws {
        let type = try reader.string("peft_type", default: "")
        guard type == "LORA" else {
            throw ModelError(
                reader.path, "the field peft_type is \(IOError.quoted(type))", expected: "LORA")
        }
        guard let targets = try Self.pattern(reader, "target_modules") else {
            throw ModelError(
                reader.path, "the field target_modules is missing", expected: "a list of names, or a regular expression"
            )
        }
        self.init(
            rank: try reader.int("r", default: 8), alpha: try reader.double("lora_alpha", default: 8),
            targets: targets, dropout: try reader.probability("lora_dropout"))
        excluded = try Self.pattern(reader, "exclude_modules")
        layers = try Self.list(reader, "layers_to_transform", \.int)
        layersPatterns = try Self.list(reader, "layers_pattern", \.string) ?? []
        rankPattern = try Self.members(reader, "rank_pattern", \.int).map { ($0.name, $0.value) }
        alphaPattern = try Self.members(reader, "alpha_pattern", \.double).map { ($0.name, $0.value) }
        usesRSLoRA = try reader.bool("use_rslora", default: false)
        usesDoRA = try reader.bool("use_dora", default: false)
        hasLoRABias = try reader.bool("lora_bias", default: false)
        modulesToSave = try reader.optionalStrings("modules_to_save") ?? []
        let biasText = try reader.string("bias", default: "none")
        guard let bias = Bias(rawValue: biasText) else {
            throw ModelError(
                reader.path, "the field bias is \(IOError.quoted(biasText))", expected: "none, all or lora_only")
        }
        self.bias = bias
        try Self.checkInitialization(reader)
        // The model determines how layers store their weights; the other fields describe the file or training.
        for name in Self.descriptions { reader.markRead(name) }
        if reader.json["use_qalora"]?.bool != true { reader.markRead("qalora_group_size") }
        if let runtime = try reader.optionalObject("runtime_config") { runtime.markRead("ephemeral_gpu_offload") }
        try reader.finish(ignoring: ignoring)
    }

    private static let descriptions = [
        "task_type", "auto_mapping", "base_model_name_or_path", "revision", "inference_mode", "peft_version",
        "fan_in_fan_out", "megatron_core",
    ]

    /// Throws for initialisations that change the weights of the base model, on which the adapter depends.
    private static func checkInitialization(_ reader: ConfigReader) throws {
        reader.markRead("init_lora_weights")
        guard let value = reader.json["init_lora_weights"], let name = value.string,
            !plainInitializations.contains(name.lowercased())
        else { return }
        throw ModelError(
            reader.path, "the field init_lora_weights is \(IOError.quoted(name)), which changes the base model",
            expected: "an adapter for the unchanged model; PEFT's path_initial_model_for_weight_conversion writes one")
    }

    private static func pattern(_ reader: ConfigReader, _ name: String) throws -> ModulePattern? {
        guard reader.has(name), let value = reader.json[name] else { return nil }
        reader.markRead(name)
        if let text = value.string { return text.lowercased() == "all-linear" ? .allLinear : .regex(text) }
        guard let names = try reader.optionalStrings(name) else { return nil }
        return .names(names)
    }

    /// A value or a list of values; nil if the field is missing or null.
    private static func list<Value>(
        _ reader: ConfigReader, _ name: String, _ read: (JSON) -> Value?
    ) throws -> [Value]? {
        guard reader.has(name), let json = reader.json[name] else { return nil }
        reader.markRead(name)
        let elements = json.elements ?? [json]
        let values = elements.compactMap(read)
        guard values.count == elements.count else {
            throw ModelError(
                reader.path, "the field \(name) is \(json.summary)", expected: "a value or a list of values")
        }
        return values
    }

    private static func members<Value>(
        _ reader: ConfigReader, _ name: String, _ read: (JSON) -> Value?
    ) throws -> [(name: String, value: Value)] {
        guard reader.has(name), let json = reader.json[name] else { return [] }
        reader.markRead(name)
        let members: [(name: String, value: Value)] = (json.members ?? []).compactMap { member in
            read(member.value).map { (name: member.name, value: $0) }
        }
        guard let all = json.members, members.count == all.count else {
            throw ModelError(reader.path, "the field \(name) is \(json.summary)", expected: "an object of numbers")
        }
        return members
    }

    /// Returns the object of `adapter_config.json`.
    ///
    /// - Parameters:
    ///   - paths: The paths of the layers, written if PEFT cannot express the targets.
    ///   - storesTransposed: Whether the layers store their weights as `[in, out]`.
    func json(paths: [String], storesTransposed: Bool, baseModel: String?) -> JSON {
        var targets = JSON.array(paths.sorted().map { .string($0) })
        var isExpanded = true
        switch self.targets {
        case .names(let names) where !names.contains { $0.contains("*") }:
            targets = .array(names.map { .string($0) })
            isExpanded = false
        case .regex(let text):
            targets = .string(text)
            isExpanded = false
        case .names, .allLinear: break
        }
        var exclude = JSON(.null)
        switch excluded {
        case .names(let names)? where !isExpanded && !names.contains { $0.contains("*") }:
            exclude = .array(names.map { .string($0) })
        case .regex(let text)? where !isExpanded: exclude = .string(text)
        case .names?, .allLinear?:
            // The paths express the targets completely.
            targets = .array(paths.sorted().map { .string($0) })
            isExpanded = true
        case .regex?, nil: break
        }
        func number(_ value: Double) -> JSON {
            value == value.rounded() && abs(value) < 1e15 ? .int(Int(value)) : .double(value)
        }
        func names(_ values: [String]) -> JSON { values.isEmpty ? JSON(.null) : .array(values.map { .string($0) }) }
        let initialization: JSON =
            switch self.initialization {
            case .standard: true
            case .gaussian: "gaussian"
            case .random: false
            }
        var blocks = JSON(.null)
        if let layers, !isExpanded { blocks = .array(layers.map { .int($0) }) }
        return .object([
            ("peft_type", "LORA"), ("task_type", nil),
            ("base_model_name_or_path", baseModel.map { JSON.string($0) } ?? JSON(.null)),
            ("inference_mode", true), ("r", .int(rank)), ("lora_alpha", number(alpha)),
            ("lora_dropout", .double(dropout)), ("target_modules", targets), ("exclude_modules", exclude),
            ("layers_to_transform", blocks),
            ("layers_pattern", isExpanded ? JSON(.null) : names(layersPatterns)),
            ("rank_pattern", .object(rankPattern.map { ($0.pattern, .int($0.rank)) })),
            ("alpha_pattern", .object(alphaPattern.map { ($0.pattern, number($0.alpha)) })),
            ("fan_in_fan_out", JSON(.bool(storesTransposed))), ("bias", .string(bias.rawValue)),
            ("use_rslora", JSON(.bool(usesRSLoRA))), ("use_dora", JSON(.bool(usesDoRA))),
            ("lora_bias", JSON(.bool(hasLoRABias))), ("modules_to_save", names(modulesToSave)),
            ("init_lora_weights", initialization),
        ])
    }
}
