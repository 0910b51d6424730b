import TorchlightCore
import TorchlightIO

extension PretrainedModel {
    /// Returns the generation options in the files of the model. Fields of `generation_config.json` take precedence
    /// over those of `config.json`, which old models use.
    ///
    /// A field that changes the result and is not implemented is an error.
    ///
    /// - Parameters:
    ///   - task: A task of `task_specific_params` in `config.json`, such as `summarization`, whose fields take
    ///     precedence. Default: none.
    ///   - ignoring: Fields to ignore although their effect is not implemented. Default: none.
    /// - Throws: ``ModelError`` with the name of a field that is invalid or not implemented, or if the task does not
    ///   exist.
    public final func generationOptions(
        task: String? = nil, ignoring: Set<String> = []
    ) throws -> GenerationOptions {
        var members = generationConfiguration?.members?.map { ($0.name, $0.value) } ?? []
        if let task {
            let own = try parameters(ofTask: task)
            members.removeAll { member in own.contains { $0.name == member.0 } }
            members += own.map { ($0.name, $0.value) }
        }
        return try GenerationReader(.object(members), configuration, ignoring: ignoring).options()
    }

    /// Returns the prefix of inputs for a task of `task_specific_params` in `config.json`; empty if the task has none.
    ///
    /// - Throws: ``ModelError`` if the task does not exist.
    public final func prefix(ofTask task: String) throws -> String {
        try parameters(ofTask: task).first { $0.name == "prefix" }?.value.string ?? ""
    }

    private func parameters(ofTask task: String) throws(ModelError) -> [JSON.Member] {
        let tasks = configuration["task_specific_params"]
        guard let parameters = tasks?[task]?.members else {
            let known = tasks?.members?.map(\.name).joined(separator: ", ") ?? ""
            throw ModelError(
                "config.json", "the task \(IOError.quoted(task)) is not in task_specific_params",
                expected: known.isEmpty ? "a model with tasks" : known)
        }
        return parameters
    }
}

/// Reads the fields of `generation_config.json`.
private struct GenerationReader {
    private let own: ConfigReader
    /// The generation fields in `config.json`.
    private let model: ConfigReader
    private let ignoring: Set<String>

    init(_ generation: JSON, _ configuration: JSON, ignoring: Set<String>) throws(ModelError) {
        own = try ConfigReader(generation, path: "generation_config.json")
        model = try ConfigReader(configuration, path: "config.json")
        self.ignoring = ignoring
    }

    /// The file that contains a field; the first one if none does.
    private func reader(_ name: String) -> ConfigReader {
        own.has(name) || !model.has(name) ? own : model
    }

    func options() throws(ModelError) -> GenerationOptions {
        var options = GenerationOptions()
        try readLength(&options)
        try readRules(&options)
        try readSampling(&options)
        try readSearch(&options)
        try refuse()
        try own.finish(ignoring: ignoring.union(Self.fieldsWithoutEffect))
        return options
    }

    // MARK: - Values

    private func tokens(_ name: String) throws(ModelError) -> [Int] {
        let reader = reader(name)
        own.markRead(name)
        if let token = reader.json[name]?.int { return token >= 0 ? [token] : [] }
        // Old files use -1 for no token.
        return try reader.optionalInts(name)?.filter { $0 >= 0 } ?? []
    }

    private func int(_ name: String, minimum: Int = 0) throws(ModelError) -> Int? {
        let reader = reader(name)
        own.markRead(name)
        return reader.has(name) ? try reader.int(name, default: minimum, minimum: minimum) : nil
    }

    private func double(_ name: String) throws(ModelError) -> Double? {
        own.markRead(name)
        return try reader(name).optionalDouble(name)
    }

    private func bool(_ name: String) throws(ModelError) -> Bool {
        own.markRead(name)
        return try reader(name).bool(name, default: false)
    }

    private func failure(_ name: String, _ expected: String) -> ModelError {
        let reader = reader(name)
        return ModelError(
            reader.path, "the field \(name) is \(reader.json[name]?.summary ?? "missing")", expected: expected)
    }

    private func lists(_ name: String) throws(ModelError) -> [[Int]] {
        own.markRead(name)
        guard let value = reader(name).json[name], reader(name).has(name) else { return [] }
        let lists = value.elements?.compactMap { element in
            element.elements.flatMap { list in
                let ints = list.compactMap(\.int)
                return ints.count == list.count ? ints : nil
            }
        }
        guard let lists, lists.count == value.elements?.count else { throw failure(name, "lists of tokens") }
        return lists
    }

    // MARK: - Fields

    private func readLength(_ options: inout GenerationOptions) throws(ModelError) {
        if let length = try int("max_length", minimum: 1) { options.maxLength = length }
        if let count = try int("max_new_tokens", minimum: 1) { options.maxNewTokens = count }
        options.minLength = try int("min_length") ?? 0
        options.minNewTokens = try int("min_new_tokens") ?? 0
        options.maxTime = try double("max_time")
        options.endTokens = try tokens("eos_token_id")
        options.padToken = try tokens("pad_token_id").first
        options.sequenceCount = try int("num_return_sequences", minimum: 1) ?? 1
        own.markRead("stop_strings")
        if let text = reader("stop_strings").json["stop_strings"]?.string {
            options.stopStrings = [text]
        } else {
            options.stopStrings = try reader("stop_strings").optionalStrings("stop_strings") ?? []
        }
    }

    private func readRules(_ options: inout GenerationOptions) throws(ModelError) {
        options.suppressedTokens = try tokens("suppress_tokens")
        options.suppressedFirstTokens = try tokens("begin_suppress_tokens")
        options.forcedFirstToken = try tokens("forced_bos_token_id").first
        options.forcedEndTokens = try tokens("forced_eos_token_id")
        options.repetitionPenalty = try double("repetition_penalty") ?? 1
        options.encoderRepetitionPenalty = try double("encoder_repetition_penalty") ?? 1
        options.noRepeatNgramSize = try int("no_repeat_ngram_size") ?? 0
        options.encoderNoRepeatNgramSize = try int("encoder_no_repeat_ngram_size") ?? 0
        options.badWords = try lists("bad_words_ids")
        options.replacesInvalidScores = try bool("remove_invalid_values")
        options.renormalizes = try bool("renormalize_logits")
        own.markRead("exponential_decay_length_penalty")
        if let pair = reader("exponential_decay_length_penalty").json["exponential_decay_length_penalty"]?.elements {
            guard pair.count == 2, let start = pair[0].int, let factor = pair[1].double else {
                throw failure("exponential_decay_length_penalty", "a number of tokens and a factor")
            }
            options.lengthDecay = .init(start: start, factor: factor)
        }
        own.markRead("sequence_bias")
        if reader("sequence_bias").has("sequence_bias") {
            for entry in reader("sequence_bias").json["sequence_bias"]?.elements ?? [] {
                let tokens = entry.elements?.first?.elements?.compactMap(\.int) ?? []
                guard let parts = entry.elements, parts.count == 2, let bias = parts[1].double, !tokens.isEmpty,
                    tokens.count == parts[0].elements?.count
                else { throw failure("sequence_bias", "lists of tokens, each with a number") }
                options.sequenceBias[tokens] = bias
            }
            if options.sequenceBias.isEmpty { throw failure("sequence_bias", "lists of tokens, each with a number") }
        }
        // Old Whisper files: the index in the decoder sequence and the token, or null for a detected language.
        own.markRead("forced_decoder_ids")
        for pair in own.json["forced_decoder_ids"]?.elements ?? [] {
            guard let parts = pair.elements, parts.count == 2, let index = parts[0].int else {
                throw failure("forced_decoder_ids", "pairs of an index and a token")
            }
            if let token = parts[1].int { options.forcedTokens[index] = token }
        }
    }

    private func readSampling(_ options: inout GenerationOptions) throws(ModelError) {
        let (temperature, topK) = (try double("temperature"), try int("top_k"))
        let (topP, minP, typicalP) = (try double("top_p"), try double("min_p"), try double("typical_p"))
        let (topH, epsilon, eta) = (try double("top_h"), try double("epsilon_cutoff"), try double("eta_cutoff"))
        options.contrastivePenalty = try double("penalty_alpha").flatMap { $0 > 0 ? $0 : nil }
        if options.contrastivePenalty != nil { options.topK = topK.flatMap { $0 > 0 ? $0 : nil } ?? 50 }
        guard try bool("do_sample") else { return }
        options.contrastivePenalty = nil
        options.temperature = temperature ?? 1
        // 50 is the default of transformers; 0 is all tokens.
        options.topK = topK == 0 ? nil : topK ?? 50
        options.topP = topP ?? 1
        options.minP = minP ?? 0
        options.typicalP = typicalP ?? 1
        options.topH = topH
        options.epsilonCutoff = epsilon ?? 0
        options.etaCutoff = eta ?? 0
    }

    private func readSearch(_ options: inout GenerationOptions) throws(ModelError) {
        options.beamCount = try int("num_beams", minimum: 1) ?? 1
        options.beamGroupCount = try int("num_beam_groups", minimum: 1) ?? 1
        options.diversityPenalty = try double("diversity_penalty") ?? 0
        options.lengthPenalty = try double("length_penalty") ?? 1
        own.markRead("early_stopping")
        switch reader("early_stopping").json["early_stopping"]?.content {
        case .bool(let bool)?: options.stopsEarly = bool
        case .string("never")?: options.searchesToMaxLength = true
        case nil, .null?: break
        default: throw failure("early_stopping", "true, false or never")
        }
        options.assistantTokens = try int("num_assistant_tokens", minimum: 1) ?? options.assistantTokens
        options.assistantConfidence = try double("assistant_confidence_threshold") ?? options.assistantConfidence
        let schedule = try reader("num_assistant_tokens_schedule").string(
            "num_assistant_tokens_schedule", default: "heuristic")
        guard ["constant", "heuristic", "heuristic_transient"].contains(schedule) else {
            throw failure("num_assistant_tokens_schedule", "constant, heuristic or heuristic_transient")
        }
        options.assistantTokensAreConstant = schedule == "constant"
        options.promptLookupTokens = try int("prompt_lookup_num_tokens", minimum: 1)
        options.promptLookupNgramSize = try int("max_matching_ngram_size", minimum: 1) ?? 2
    }

    /// Throws for features that are not implemented, unless they are turned off.
    private func refuse() throws(ModelError) {
        try own.require("guidance_scale", 1, or: 1.0, because: "classifier-free guidance is not implemented")
        guard own.json["cache_implementation"]?.string != "quantized" || ignoring.contains("cache_implementation")
        else {
            throw failure("cache_implementation", "another cache: quantised keys and values are not implemented")
        }
    }

    /// Fields without effect on the tokens: descriptions, performance, the return type in Python, and Whisper settings
    /// of timestamps and languages, which are part of the prompt.
    private static let fieldsWithoutEffect: Set<String> = [
        "use_cache", "cache_implementation", "cache_config", "max_cache_len", "return_dict_in_generate", "is_assistant",
        "disable_compile", "compile_config", "low_memory", "prefill_chunk_size", "continuous_batching_config",
        "assistant_lookbehind", "target_lookbehind", "trust_remote_code",
        "alignment_heads", "is_multilingual", "lang_to_id", "task_to_id", "max_initial_timestamp_index",
        "no_timestamps_token_id", "prev_sot_token_id", "language", "task", "chat_format", "max_window_size",
        "user_token_id",
        "assistant_token_id", "max_context_length", "prefix",
    ]
}

extension ConfigReader {
    /// Throws if a field has neither of two values.
    fileprivate func require(
        _ name: String, _ first: JSON, or second: JSON, because reason: String
    ) throws(ModelError) {
        if json[name]?.text() == second.text() {
            markRead(name)
        } else {
            try require(name, first, because: reason)
        }
    }
}
