import Torchlight
import TorchlightModels

extension Workloads {
    /// Generation with models of random weights: a step takes one token of each sequence and gives the scores of the next.
    static let decoding = [
        Workload(name: "decode") { context in
            try decode(context, "gpt2", vocabulary: 50_257, excluding: ["transformer.wpe"]) { GPT2().eval() }
        },
        Workload(name: "decode_1b") { context in
            try decode(context, "llama_1b", vocabulary: 128_256, excluding: []) {
                var config = DecoderConfig(
                    vocabularySize: 128_256, hiddenSize: 2048, intermediateSize: 8192, layerCount: 16, headCount: 32,
                    groupCount: 8, maxLength: 8192)
                config.tiesEmbedding = true
                return try Llama(config).eval()
            }
        },
    ]

    /// The number of sequences in a batch.
    private static let batches = [1, 4, 8]
    private static let promptLength = 128

    private static func decode(
        _ context: BenchContext, _ name: String, vocabulary: Int, excluding: [String], _ make: () throws -> CausalModel
    ) throws {
        let formats: [(name: String, change: (CausalModel) -> Void)] = [
            ("float32", { _ in }), ("bfloat16", { $0.to(.bfloat16) }),
            ("int8", { quantize($0, .int8(), excluding: excluding, embeddings: true) }),
            ("int4", { quantize($0, .int4(group: 64), excluding: excluding, embeddings: true) }),
        ]
        for format in formats {
            // A new model for each: the weights in floating point must not stay in memory.
            Memory.emptyCache()
            let model = try make()
            format.change(model)
            inferenceMode {
                for count in batches {
                    let prompt = Tensor.randint(0, vocabulary, [count, promptLength])
                    let cache = KeyValueCache()
                    var next = model(prompt, cache: cache).logits.select(1, promptLength - 1).argmax(dim: -1)
                    context.measure(
                        "\(name)_decode_\(format.name)_b\(count)", warmUp: 2, rounds: 5, inner: 4,
                        per: ("tokens/s", Double(count))
                    ) {
                        next = model(next.unsqueeze(1), cache: cache).logits.select(1, 0).argmax(dim: -1)
                    }
                }
                let prompt = Tensor.randint(0, vocabulary, [1, 512])
                context.measure(
                    "\(name)_prefill_\(format.name)_512", warmUp: 1, rounds: 3, inner: 1, per: ("tokens/s", 512)
                ) {
                    _ = model(prompt, cache: KeyValueCache()).logits
                }
            }
        }
    }
}
