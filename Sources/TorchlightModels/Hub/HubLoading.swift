import TorchlightCore
import TorchlightTokenizers

extension AutoModel {
    /// Loads a model by its name on the hub; see ``load(_:dtype:device:ignoring:)``.
    ///
    ///     let model = try AutoModel.load(hub: "openai-community/gpt2")
    ///
    /// - Parameters:
    ///   - repository: The name of the repository, `owner/name`.
    ///   - revision: A branch, a tag or a commit. Default: `main`.
    ///   - source: The server and the cache. Default: those of the environment variables.
    public static func load(
        hub repository: String, revision: String = "main", source: Hub = Hub(), dtype: DType? = .float32,
        device: Device = .current, ignoring: Set<String> = []
    ) throws -> PretrainedModel {
        try load(
            source.snapshot(repository, revision: revision), dtype: dtype, device: device, ignoring: ignoring)
    }
}

extension TextGenerator {
    /// Loads a model and its tokenizer by their name on the hub; see ``AutoModel/load(hub:revision:source:dtype:device:ignoring:)``.
    public static func load(
        hub repository: String, revision: String = "main", source: Hub = Hub(), dtype: DType? = .float32,
        device: Device = .current, ignoring: Set<String> = []
    ) throws -> TextGenerator {
        try load(
            source.snapshot(repository, revision: revision), dtype: dtype, device: device, ignoring: ignoring)
    }
}

extension TextEmbedder {
    /// Loads a model and its tokenizer by their name on the hub; see ``AutoModel/load(hub:revision:source:dtype:device:ignoring:)``.
    public static func load(
        hub repository: String, revision: String = "main", source: Hub = Hub(), dtype: DType? = .float32,
        device: Device = .current, ignoring: Set<String> = []
    ) throws -> TextEmbedder {
        try load(
            source.snapshot(repository, revision: revision), dtype: dtype, device: device, ignoring: ignoring)
    }
}
