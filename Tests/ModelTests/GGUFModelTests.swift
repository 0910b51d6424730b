import Testing
import TestSupport
import Torchlight
import TorchlightIO
import TorchlightModels

/// GGUF files that the package gguf wrote of models, with the logits that `transformers` computed; see `record_gguf.py`.
@Suite struct GGUFModelTests {
    private static let folder = SourceTree.root.appending(path: "Tests/ModelTests/GGUF").path
    private static let models = FileSystem.names(in: folder).filter { $0.hasSuffix(".safetensors") }
        .map { String($0.dropLast(".safetensors".count)) }.sorted()

    private func model(_ name: String, dequantizing: Bool = false) throws -> CausalModel {
        let model = try AutoModel.load("\(Self.folder)/\(name).gguf", dequantizing: dequantizing)
        return try #require(model as? CausalModel, "\(name)")
    }

    private func difference(_ a: Tensor, _ b: Tensor) -> Double {
        Double(((a - b).square().mean() / b.square().mean()).sqrt().item())
    }

    @Test(arguments: models) func answersAsTransformers(_ name: String) throws {
        let expected = try TensorFile.load("\(Self.folder)/\(name).safetensors")
        let model = try model(name)
        let logits = noGrad { model(expected["input_ids"]!).logits }
        let error = difference(logits, expected["logits"]!)
        #expect(error < 1e-4, "\(name): \(error)")
    }

    /// Weights in integers give nearly the logits of those in floating point, and exactly those of their values.
    @Test(arguments: [("q8_0", 0.05), ("q4_1", 0.6), ("q4_0", 0.6)])
    func keepsWeightsInIntegers(_ type: String, _ bound: Double) throws {
        let expected = try TensorFile.load("\(Self.folder)/llama3_rope.safetensors")
        let tokens = expected["input_ids"]!
        let name = "llama3_rope_\(type)"
        let (kept, decoded) = (try model(name), try model(name, dequantizing: true))
        #expect(!kept.quantizedLayers.isEmpty && decoded.quantizedLayers.isEmpty)
        #expect(kept.quantizedLayers.allSatisfy { $0.scheme.bits == (type == "q8_0" ? 8 : 4) })
        let (first, second) = noGrad { (kept(tokens).logits, decoded(tokens).logits) }
        #expect(difference(second, expected["logits"]!) < bound, "\(type)")
        #expect(difference(first, second) < 0.05, "\(type): \(difference(first, second))")
        // The values are those of the file.
        let again = dequantize(kept)
        #expect(difference(noGrad { again(tokens).logits }, second) < 1e-5, "\(type)")
    }

    @Test func isSavedAsAFolder() throws {
        let folder = TemporaryFolder()
        let original = try model("llama3_rope_q4_0")
        try original.savePretrained(folder.path)
        let again = try AutoModel.load(folder.path)
        #expect(again.quantizedLayers.map(\.name) == original.quantizedLayers.map(\.name))
        let tokens = Tensor([[3, 1, 4, 1, 5]])
        let (a, b) = noGrad { (original(tokens).logits, (again as! CausalModel)(tokens).logits) }
        #expect(a.equal(b))
        let text = String(decoding: try FileSystem.read("\(folder.path)/config.json"), as: UTF8.self)
        #expect(text.contains("quantization_config"))
        // dequantizing gives a model that can be trained.
        #expect(try AutoModel.load(folder.path, dequantizing: true).quantizedLayers.isEmpty)
    }

    @Test func quantizedModelsGenerate() throws {
        let model = try model("llama3_rope")
        quantize(model, .int8(), embeddings: true)
        let tokens = Tensor([[3, 1, 4]])
        let cached = noGrad { () -> Tensor in
            let cache = KeyValueCache()
            _ = model(tokens, cache: cache)
            return model(Tensor([[5]]), cache: cache).logits
        }
        let whole = noGrad { model(Tensor([[3, 1, 4, 5]])).logits.narrow(1, start: 3, length: 1) }
        #expect(difference(cached, whole) < 0.02)
    }

    /// Perplexity of a model on text that it generates stays close.
    @Test func perplexityStaysClose() throws {
        let tokens = try TensorFile.load("\(Self.folder)/llama3_rope.safetensors")["input_ids"]!
        let reference = try model("llama3_rope")
        let labels = noGrad { reference(tokens).logits.argmax(dim: -1) }
        func loss(_ model: CausalModel) -> Double {
            Double(
                noGrad {
                    let logits = model(tokens).logits
                    return crossEntropy(logits.reshape([-1, logits.shape[2]]), labels.reshape([-1]))
                }.item())
        }
        let plain = loss(reference)
        let eight = loss(quantize(try model("llama3_rope"), .int8(), embeddings: true))
        #expect(abs(eight - plain) < 0.05, "\(eight) against \(plain)")
    }

    /// A file with a tokenizer, a chat template and the tokens that end a text, made of one without them.
    private func fileWithTokenizer(_ path: String, ends: (eos: UInt32, eot: UInt32)) throws {
        let original = try FileSystem.read("\(Self.folder)/llama3_rope.gguf", limit: 1 << 24)
        let size = try #require(
            GGUFFile("\(Self.folder)/llama3_rope.gguf").entries.first { $0.name == "token_embd.weight" }
        )
        .shape[0]
        // Bytes as byte-level BPE writes them, then words.
        let letters = "abcdefghijklmnopqrstuvwxyz.,!?".map { String($0) } + ["Ġ", "Ċ"]
        let tokens = (0..<size).map { $0 < letters.count ? letters[$0] : "<|\($0)|>" }
        var pairs = GGUFBytes()
        pairs.pair("tokenizer.ggml.model", "gpt2")
        pairs.pair("tokenizer.ggml.pre", "gpt-2")
        pairs.pair("tokenizer.ggml.tokens", tokens)
        pairs.pair("tokenizer.ggml.token_type", tokens.map { Int32($0.hasPrefix("<|") ? 3 : 1) })
        pairs.pair("tokenizer.ggml.merges", [String]())
        pairs.pair("tokenizer.ggml.bos_token_id", UInt32(letters.count))
        pairs.pair("tokenizer.ggml.eos_token_id", ends.eos)
        pairs.pair("tokenizer.ggml.eot_token_id", ends.eot)
        pairs.pair(
            "tokenizer.chat_template",
            "{{ bos_token }}{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}")
        // The data of the tensors stays at a multiple of 32 bytes.
        let empty = { () -> Int in
            var filler = GGUFBytes()
            filler.pair("filler", "")
            return filler.bytes.count
        }()
        let missing = (32 - (pairs.bytes.count + empty) % 32) % 32
        pairs.pair("filler", String(repeating: "x", count: missing))
        var bytes = original
        let count = bytes[16..<24].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) } + 10
        withUnsafeBytes(of: count.littleEndian) { bytes.replaceSubrange(16..<24, with: $0) }
        bytes.insert(contentsOf: pairs.bytes, at: 24)
        try AtomicFile.write(bytes, to: path)
    }

    @Test func aFileWithATokenizerGeneratesText() throws {
        let folder = TemporaryFolder()
        let path = folder("model.gguf")
        try fileWithTokenizer(path, ends: (33, 34))
        let generator = try TextGenerator.load(path)
        #expect(generator.options.endTokens == [33, 34])
        #expect(try generator.tokenizer.ids("a cat.") == [0, 30, 2, 0, 19, 26])
        let chat = try #require(generator.chatTemplates).render([.message(role: "user", content: "hi")])
        #expect(chat.text == "<|32|>hi<|33|>")
        let tokens = try generator.generate("a cat.", maxNewTokens: 8).sequence.tokens
        let model = try model("llama3_rope")
        var options = GenerationOptions()
        options.maxNewTokens = 8
        options.endTokens = [33, 34]
        let expected = try model.generate(Tensor([[0, 30, 2, 0, 19, 26]]), options: options)
        #expect(expected[0].toArray(Int64.self).dropFirst(6).starts(with: tokens.map { Int64($0) }), "\(tokens)")
        // The token that the model chooses first ends the text where the file says so.
        try fileWithTokenizer(path, ends: (UInt32(tokens[0]), 34))
        #expect(try TextGenerator.load(path).generate("a cat.", maxNewTokens: 8).sequence.tokens.count <= 1)
    }

    @Test func refusesOtherArchitectures() throws {
        let folder = TemporaryFolder()
        for (architecture, word) in [("rwkv6", "rwkv6"), ("llama", "token_embd")] {
            var bytes = GGUFBytes(tensors: 0, pairs: 6)
            bytes.pair("general.architecture", architecture)
            for key in ["embedding_length", "block_count", "feed_forward_length", "context_length"] {
                bytes.pair("\(architecture).\(key)", 32)
            }
            bytes.pair("\(architecture).attention.head_count", 4)
            let path = folder("\(architecture).gguf")
            try AtomicFile.write(bytes.bytes, to: path)
            let error = try #require(throws: ModelError.self) { try AutoModel.load(path) }
            #expect("\(error)".contains(word), "\(error)")
        }
    }
}
