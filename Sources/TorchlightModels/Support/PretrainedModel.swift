import TorchlightCore
import TorchlightIO
import TorchlightNN

/// A model that can be loaded from and saved to a folder in the format of Hugging Face's `save_pretrained`:
/// `config.json` and weights (`model.safetensors`, `pytorch_model.bin`, or several shards with an index).
///
///     let model = try AutoModel.load("path/to/folder")
///
/// Loaded models are in evaluation mode. Parameters have the names of the published files.
open class PretrainedModel: Module, OutputLayerOwner {
    /// The configuration: the object of `config.json`.
    package internal(set) final var configuration: JSON
    /// The object of `generation_config.json`; nil if there is none.
    package internal(set) final var generationConfiguration: JSON?
    /// The tensors of the files that the model does not use, such as heads of other tasks.
    public internal(set) final var unusedWeights: [String] = []

    package init(configuration: JSON) {
        self.configuration = configuration
        super.init()
    }

    /// The model type in `config.json`: `gpt2`, `llama`, `bert`, ...
    public final var modelType: String { configuration["model_type"]?.string ?? "" }

    /// The name of the property with the model without its head. In published files the prefix may be present or
    /// missing.
    var basePrefix: String { "" }

    package var outputLayer: Module? { nil }
    package var tiedEmbedding: Module? { nil }

    /// The class names of classifiers, by index; empty if the configuration has none.
    public final var labels: [String] {
        guard let members = configuration["id2label"]?.members else { return [] }
        let named = members.compactMap { member in Int(member.name).flatMap { i in member.value.string.map { (i, $0) } }
        }
        return named.sorted { $0.0 < $1.0 }.map(\.1)
    }
}

/// The tensors of a checkpoint, for models whose structure depends on them.
struct CheckpointContents {
    /// The tensors of the files by name.
    let tensors: [String: Tensor]

    /// Whether the output layer shares the embedding: if the configuration sets it, and the files have no output layer
    /// or one that equals the embedding.
    func tiesOutput(_ head: String, to embedding: [String], configured: Bool) -> Bool {
        guard configured else { return false }
        guard let own = tensors[head] else { return true }
        guard let table = embedding.lazy.compactMap({ tensors[$0] }).first else { return true }
        return own.shape == table.shape && own.dtype == table.dtype && own.equal(table)
    }
}
