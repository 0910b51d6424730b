import TorchlightIO

/// Reads the fields of a `config.json`, and records which fields were read.
///
/// A field that changes the result of a model must be implemented or be an error: ``finish(ignoring:)`` throws if the
/// file has a field that was not read, unless the field is known to have no effect on the forward pass.
final class ConfigReader {
    /// The object of the file.
    let json: JSON
    /// The path of the file, or of the object in it.
    let path: String
    private var read: Set<String> = []

    init(_ json: JSON, path: String) throws(ModelError) {
        guard json.members != nil else {
            throw ModelError(path, "the configuration is \(json.summary)", expected: "an object")
        }
        self.json = json
        self.path = path
    }

    /// The first of these names with a value other than null.
    private func value(_ names: [String]) -> (name: String, value: JSON)? {
        read.formUnion(names)
        for name in names {
            if let value = json[name] {
                if case .null = value.content { continue }
                return (name, value)
            }
        }
        return nil
    }

    private func failure(_ name: String, _ value: JSON, _ expected: String) -> ModelError {
        ModelError(path, "the field \(name) is \(value.summary)", expected: expected)
    }

    /// An integer of at least `minimum`; the default if the field is missing.
    func int(_ names: String..., default standard: Int, minimum: Int = 1) throws(ModelError) -> Int {
        guard let (name, value) = value(names) else { return standard }
        guard let int = value.int, int >= minimum, int <= 1 << 40 else {
            throw failure(name, value, "an integer of at least \(minimum)")
        }
        return int
    }

    /// An integer of at least 1, or nil if the field is missing or null.
    func optionalInt(_ names: String...) throws(ModelError) -> Int? {
        guard let (name, value) = value(names) else { return nil }
        guard let int = value.int, int >= 1, int <= 1 << 40 else {
            throw failure(name, value, "an integer of at least 1, or null")
        }
        return int
    }

    /// A finite number; the default if the field is missing.
    func double(_ names: String..., default standard: Double) throws(ModelError) -> Double {
        guard let (name, value) = value(names) else { return standard }
        guard let double = value.double, double.isFinite else { throw failure(name, value, "a number") }
        return double
    }

    /// A finite number, or nil if the field is missing or null.
    func optionalDouble(_ names: String...) throws(ModelError) -> Double? {
        guard let (name, value) = value(names) else { return nil }
        guard let double = value.double, double.isFinite else { throw failure(name, value, "a number, or null") }
        return double
    }

    /// A probability; the default if the field is missing.
    func probability(_ names: String..., default standard: Double = 0) throws(ModelError) -> Double {
        guard let (name, value) = value(names) else { return standard }
        guard let double = value.double, (0...1).contains(double) else {
            throw failure(name, value, "a probability from 0 to 1")
        }
        return double
    }

    /// A bool; the default if the field is missing.
    func bool(_ names: String..., default standard: Bool) throws(ModelError) -> Bool {
        guard let (name, value) = value(names) else { return standard }
        guard let bool = value.bool else { throw failure(name, value, "true or false") }
        return bool
    }

    /// A string; the default if the field is missing.
    func string(_ names: String..., default standard: String) throws(ModelError) -> String {
        guard let (name, value) = value(names) else { return standard }
        guard let string = value.string else { throw failure(name, value, "a string") }
        return string
    }

    /// A list of strings, or nil if the field is missing or null.
    func optionalStrings(_ name: String) throws(ModelError) -> [String]? {
        guard let (name, value) = value([name]) else { return nil }
        let strings = value.elements?.compactMap(\.string)
        guard let strings, strings.count == value.elements?.count else {
            throw failure(name, value, "a list of strings")
        }
        return strings
    }

    /// A list of integers, or nil if the field is missing or null.
    func optionalInts(_ name: String) throws(ModelError) -> [Int]? {
        guard let (name, value) = value([name]) else { return nil }
        let ints = value.elements?.compactMap(\.int)
        guard let ints, ints.count == value.elements?.count else { throw failure(name, value, "a list of integers") }
        return ints
    }

    /// An object, or nil if the field is missing or null.
    func optionalObject(_ name: String) throws(ModelError) -> ConfigReader? {
        guard let (name, value) = value([name]) else { return nil }
        guard value.members != nil else { throw failure(name, value, "an object") }
        return try ConfigReader(value, path: "\(path), \(name)")
    }

    /// Whether the field has a value other than null. Does not mark it as read.
    func has(_ name: String) -> Bool {
        guard let value = json[name] else { return false }
        if case .null = value.content { return false }
        return true
    }

    /// Marks a field as read.
    func markRead(_ name: String) { read.insert(name) }

    /// The names of the members, for objects with arbitrary keys.
    var names: [String] { json.members?.map(\.name) ?? [] }

    /// An activation function by its name in `transformers`.
    func activation(_ names: String..., default standard: String) throws(ModelError) -> ActivationFunction {
        var text = standard
        var field = names[0]
        if let (name, value) = value(names) {
            guard let string = value.string else { throw failure(name, value, "the name of an activation function") }
            (text, field) = (string, name)
        }
        guard let activation = ActivationFunction(rawValue: text) else {
            let known = ActivationFunction.allCases.map(\.rawValue).joined(separator: ", ")
            throw ModelError(path, "the activation function of \(field) is \(IOError.quoted(text))", expected: known)
        }
        return activation
    }

    /// Throws if a field has another value than the only implemented one.
    func require(_ name: String, _ expected: JSON, because reason: String) throws(ModelError) {
        guard let (name, value) = value([name]) else { return }
        guard value.text() == expected.text() else {
            throw ModelError(path, "the field \(name) is \(value.summary)", expected: "\(expected.text()): \(reason)")
        }
    }

    /// Throws if a field was not read and may change the result of the forward pass.
    func finish(ignoring ignored: Set<String> = []) throws(ModelError) {
        let unread = (json.members ?? []).filter { member in
            !read.contains(member.name) && !ignored.contains(member.name) && !Self.hasNoEffect(member.name)
                && !Self.isOff(member.value)
        }
        guard unread.isEmpty else {
            let list = unread.map { "\(IOError.oneLine($0.name, limit: 60)) (\($0.value.summary))" }
            throw ModelError(
                path, "fields that are not implemented:  \(list.joined(separator: ", "))",
                expected: "implemented fields; list a field in `ignoring` if it does not change the result")
        }
    }

    /// Whether a value turns a feature off: null, false, zero, or an empty list or object.
    private static func isOff(_ value: JSON) -> Bool {
        switch value.content {
        case .null: true
        case .bool(let bool): !bool
        case .number: value.double == 0
        case .string(let text): text.isEmpty
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        }
    }

    /// Whether a field of `transformers` configurations has no effect on the forward pass: descriptions,
    /// initialisation, and settings of generation and other tasks.
    private static func hasNoEffect(_ name: String) -> Bool {
        name.hasPrefix("_") || fieldsWithoutEffect.contains(name) || name.hasPrefix("summary_")
            || name.hasPrefix("initializer_")
            || name.hasPrefix("output_") || name.hasSuffix("_token_id")
    }

    private static let fieldsWithoutEffect: Set<String> = [
        "architectures", "model_type", "transformers_version", "torch_dtype", "dtype", "use_cache", "id2label",
        "label2id",
        "problem_type", "tie_word_embeddings", "name_or_path", "return_dict", "torchscript", "task_specific_params",
        "finetuning_task", "auto_map", "is_encoder_decoder", "max_length", "min_length", "num_beams", "do_sample",
        "early_stopping", "temperature", "top_k", "top_p", "repetition_penalty", "length_penalty",
        "no_repeat_ngram_size", "num_return_sequences", "diversity_penalty", "num_beam_groups", "typical_p",
        "begin_suppress_tokens", "suppress_tokens", "forced_decoder_ids", "bad_words_ids", "prefix",
        "remove_invalid_values", "exponential_decay_length_penalty", "encoder_no_repeat_ngram_size",
        "cache_implementation", "router_aux_loss_coef", "router_jitter_noise", "gradient_checkpointing",
        "classifier_dropout", "init_std", "tokenizer_class", "num_labels", "attn_implementation",
        "logit_scale_init_value", "language", "model_max_length",
        "unsloth_version", "unsloth_fixed", "transformers.js_config", "gradient_checkpointing_kwargs",
        "n_ctx", "is_decoder",
    ]
}
