import TorchlightCore
import TorchlightIO
import TorchlightTokenizers

/// The encodings of texts as a batch, padded on the right.
struct EncoderBatch {
    let encodings: [Encoding]
    let tokens: Tensor
    let mask: Tensor
    let types: Tensor

    /// - Parameters:
    ///   - inputs: Texts, or pairs of texts.
    ///   - maxLength: The maximum number of tokens; longer texts are truncated. nil for no limit.
    init(
        _ inputs: [(Tokenizer.Input, Tokenizer.Input?)], _ tokenizer: Tokenizer, maxLength: Int?, pad: Int,
        onLeft: Bool = false, device: Device
    ) throws {
        var tokenizer = tokenizer
        tokenizer.padding = nil
        if let maxLength { tokenizer.truncation = .init(maxLength: maxLength) }
        try self.init(tokenizer.encodeBatch(inputs), pad: pad, onLeft: onLeft, device: device)
    }

    /// - Parameter encodings: Encodings without padding.
    init(_ encodings: [Encoding], pad: Int, onLeft: Bool = false, device: Device) throws {
        for encoding in encodings where encoding.ids.isEmpty {
            throw ModelError(
                "encode", "a text has no tokens", expected: "at least one token, or a tokenizer with special ones")
        }
        self.encodings = encodings
        let padded = PaddedBatch(encodings.map(\.ids), pad: pad, onLeft: onLeft, device: device)
        tokens = padded.tokens
        mask = padded.mask
        types = PaddedBatch(encodings.map(\.typeIDs), pad: 0, onLeft: onLeft, device: device).tokens
    }
}

/// A model loaded from a folder of `save_pretrained`, and its tokenizer, for the pipelines.
struct LoadedEncoder<Model: PretrainedModel> {
    let model: Model
    let tokenizer: Tokenizer

    /// The number of texts per forward pass.
    static var batchSize: Int { 32 }

    var device: Device { model.parameters().first?.device ?? .current }

    /// The padding token of the configuration, or of the tokenizer.
    var pad: Int {
        model.configuration["pad_token_id"]?.int ?? tokenizer.padding?.id ?? tokenizer.id(of: "[PAD]")
            ?? tokenizer.id(of: "<pad>") ?? 0
    }

    /// The maximum number of tokens: the largest sequence length of the position embedding.
    var maxLength: Int? {
        let positions = model.configuration["max_position_embeddings"]?.int
        // RoBERTa reserves the first positions for padding.
        return positions.map { model is RoBERTa ? $0 - pad - 1 : $0 }
    }

    func batch(
        _ inputs: [(Tokenizer.Input, Tokenizer.Input?)], maxLength limit: Int? = nil, onLeft: Bool = false
    ) throws -> EncoderBatch {
        let longest = [limit, maxLength, tokenizer.truncation?.maxLength].compactMap { $0 }.min()
        return try EncoderBatch(inputs, tokenizer, maxLength: longest, pad: pad, onLeft: onLeft, device: device)
    }
}

extension LoadedEncoder where Model == EncoderModel {
    /// Returns the outputs of a batch.
    func callAsFunction(_ batch: EncoderBatch) -> EncoderOutput {
        model(batch.tokens, attentionMask: batch.mask, tokenTypes: batch.types)
    }

    /// Throws if the model does not have the head of a task.
    func require(_ task: EncoderTask, _ name: String) throws(ModelError) {
        guard model.task == task else {
            throw ModelError(name, "the model is for \(model.task)", expected: "a model for \(task)")
        }
    }

    /// The name of a class.
    func label(_ index: Int) -> String {
        let labels = model.labels
        return index < labels.count ? labels[index] : "LABEL_\(index)"
    }
}

/// Splits an array into parts of a length.
extension Array {
    func parts(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
