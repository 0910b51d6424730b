import TestSupport
import Testing
import Torchlight
import TorchlightIO
@testable import TorchlightModels

/// Adapters that PEFT wrote, with what it computed: `Adapters/` beside this file, by `record_adapters.py`.
@Suite struct AdapterTests {
    static let root = SourceTree.root.appending(path: "Tests/ModelTests").path
    static let recorded = RecordedAdapter.all()

    @Test(arguments: recorded) func answersAsPEFT(_ recorded: RecordedAdapter) throws {
        let model = try recorded.model()
        let tensors = try recorded.expected()
        expectClose(try recorded.run(model).logits, tensors["base"]!, "\(recorded.name), without the adapter")
        try model.loadAdapter(recorded.folder, trainable: true)
        let output = try recorded.run(model)
        expectClose(output.logits, tensors["adapted"]!, "\(recorded.name), with the adapter")
        expectClose(output.loss.reshape([1]), tensors["loss"]!.reshape([1]), "\(recorded.name), loss")
        output.loss.backward()
        let own = Self.tensors(of: "default", in: model)
        var count = 0
        for (key, gradient) in tensors where key.hasPrefix("gradient.") {
            let name = String(key.dropFirst("gradient.".count))
            count += 1
            // PEFT trains the biases of the whole model and saves those whose names end with bias.
            let tensor = try #require(own[name], "\(recorded.name), \(name)")
            expectClose(try #require(tensor.grad, "\(recorded.name), \(name)"), gradient, "\(recorded.name), \(name)")
        }
        #expect(count == own.count, "\(recorded.name)")
        #expect(model.parameters().filter { $0.requiresGrad }.count == own.count, "\(recorded.name)")
        let base = model.withoutAdapters { try? recorded.run(model).logits }
        expectClose(try #require(base), tensors["base"]!, "\(recorded.name), adapter switched off")
    }

    @Test(arguments: recorded) func mergesAsPEFT(_ recorded: RecordedAdapter) throws {
        let model = try recorded.model()
        let tensors = try recorded.expected()
        try model.loadAdapter(recorded.folder)
        guard recorded.merges else {
            #expect(throws: TensorError.self) { try checked { _ = model.mergeAdapters() } }
            expectClose(try recorded.run(model).logits, tensors["adapted"]!, "\(recorded.name), not merged")
            return
        }
        let before = model.stateDict().mapValues { $0.clone() }
        model.mergeAdapters()
        #expect(model.hasMergedAdapters)
        expectClose(try recorded.run(model).logits, tensors["merged"]!, "\(recorded.name), merged")
        model.unmergeAdapters()
        for (name, tensor) in model.stateDict() {
            #expect(before[name]?.equal(tensor) == true, "\(recorded.name), \(name) after unmerging")
        }
        expectClose(try recorded.run(model).logits, tensors["adapted"]!, "\(recorded.name), unmerged")
        model.mergeAndUnloadAdapters()
        #expect(model.adapterNames.isEmpty)
        expectClose(try recorded.run(model).logits, tensors["merged"]!, "\(recorded.name), unloaded")
        #expect(model.namedModules().allSatisfy { !$0.name.contains("lora") }, "\(recorded.name)")
    }

    @Test(arguments: recorded) func savesWhatItLoaded(_ recorded: RecordedAdapter) throws {
        let folder = TemporaryFolder()
        let model = try recorded.model()
        try model.loadAdapter(recorded.folder)
        try model.saveAdapter(folder("adapter"))
        let (ours, theirs) = (
            try TensorFile.load(folder("adapter/adapter_model.safetensors")),
            try TensorFile.load("\(recorded.folder)/adapter_model.safetensors")
        )
        // PEFT adds embeddings of the model that are targets.
        let own = theirs.filter { !$0.key.hasSuffix("embed_tokens.base_layer.weight") }
        #expect(Set(ours.keys) == Set(own.keys), "\(recorded.name)")
        for (name, tensor) in own { #expect(ours[name]?.equal(tensor) == true, "\(recorded.name), \(name)") }
        let again = try recorded.model()
        try again.loadAdapter(folder("adapter"), name: "again")
        #expect(try recorded.run(again).logits.equal(recorded.run(model).logits), "\(recorded.name)")
    }

    @Test func severalAdaptersAreStackedSwitchedAndCombinedAsInPEFT() throws {
        let folder = "\(Self.root)/Adapters/llama_several"
        let tensors = try TensorFile.load("\(folder)/expected.safetensors")
        let model = try Llama.load("\(Self.root)/Models/llama_biases")
        let tokens = tensors["input.input_ids"]!
        for name in ["a", "b"] { try model.loadAdapter("\(folder)/\(name)", name: name) }
        #expect(model.activeAdapters == ["b"])
        let pairs = [(name: "a", weight: 0.7), (name: "b", weight: -0.4)]
        model.addWeightedAdapter(pairs, name: "cat")
        model.addWeightedAdapter(pairs, name: "linear", combination: .linear)
        model.addWeightedAdapter(pairs, name: "svd", combination: .svd(rank: nil))
        #expect(model.adapterNames == ["a", "b", "cat", "linear", "svd"])
        for name in model.adapterNames {
            model.setAdapters([name])
            expectClose(model(tokens).logits, tensors[name]!, name)
            model.mergeAdapters()
            expectClose(model(tokens).logits, tensors[name]!, "\(name), merged")
            model.unmergeAdapters()
        }
        model.setAdapters(["a", "b"])
        expectClose(model(tokens).logits, tensors["both"]!, "both")
        model.mergeAdapters()
        expectClose(model(tokens).logits, tensors["both"]!, "both, merged")
        #expect(throws: TensorError.self) { try checked { _ = model.setAdapters(["a"]) } }
        model.unmergeAdapters()
        model.removeAdapter("a")
        expectClose(model(tokens).logits, tensors["b"]!, "b is left")
        model.setAdapters([])
        expectClose(model(tokens).logits, tensors["base"]!, "none")
        #expect(throws: TensorError.self) { try checked { _ = model.setAdapters(["a"]) } }
    }

    @Test func promptTuningIsThatOfPEFT() throws {
        let folder = "\(Self.root)/Adapters/gpt2_prompt"
        let tensors = try TensorFile.load("\(folder)/expected.safetensors")
        let model = try GPT2.load("\(Self.root)/Models/gpt2_scaled")
        let tuned = try PromptTuning.load(folder, for: model)
        let tokens = tensors["input.input_ids"]!
        let output = tuned(tokens)
        expectClose(output.logits, tensors["adapted"]!, "logits")
        let loss = output.loss(tokens)
        expectClose(loss.reshape([1]), tensors["loss"]!.reshape([1]), "loss")
        loss.backward()
        expectClose(tuned.prompt.grad!, tensors["gradient.prompt_embeddings"]!, "gradient")
        let copy = TemporaryFolder()
        try tuned.savePrompt(copy("prompt"))
        #expect(try PromptTuning.load(copy("prompt"), for: model).prompt.equal(tuned.prompt))
        // The cache of generation holds the prompt.
        let generated = try tuned.generate(tokens, options: GenerationOptions(maxNewTokens: 3))
        let expected = noGrad { tuned(generated.narrow(1, start: 0, length: 11)).logits.select(1, 14).argmax(dim: -1) }
        #expect(generated.select(1, 11).equal(expected))
    }

    @Test func fieldsThatAreNotImplementedAreRefusedByName() throws {
        let folder = TemporaryFolder()
        func error(_ fields: String, type: String = "LORA") throws -> String {
            let base = "\"peft_type\": \"\(type)\", \"r\": 2, \"target_modules\": [\"q_proj\"]"
            try AtomicFile.write(Array("{\(base)\(fields)}".utf8), to: folder("adapter_config.json"))
            let model = try Llama.load("\(Self.root)/Models/llama_biases")
            do {
                try model.loadAdapter(folder.path)
                return ""
            } catch { return "\(error)" }
        }
        #expect(try error("").contains("the folder has no adapter"))
        #expect(try error(", \"init_lora_weights\": \"pissa\"").contains("init_lora_weights is 'pissa'"))
        #expect(try error(", \"target_parameters\": [\"w\"]").contains("target_parameters (an array)"))
        #expect(try error(", \"trainable_token_indices\": [1]").contains("trainable_token_indices"))
        #expect(try error(", \"alora_invocation_tokens\": [1]").contains("alora_invocation_tokens"))
        #expect(try error(", \"use_qalora\": true").contains("use_qalora (a Boolean value)"))
        #expect(try error(", \"bias\": \"some\"").contains("bias is 'some'"))
        #expect(try error("", type: "IA3").contains("peft_type is 'IA3'"))
        #expect(try error(", \"a_new_field\": 3").contains("a_new_field (the number 3)"))
    }

    @Test func anAdapterOfAnotherModelIsRefusedWhole() throws {
        let model = try Llama.load("\(Self.root)/Models/llama_biases")
        let before = model.stateDict().mapValues { $0.clone() }
        #expect(throws: TensorError.self) { try model.loadAdapter("\(Self.root)/Adapters/gpt2_dora") }
        let folder = TemporaryFolder()
        try FileSystem.createDirectories(folder.path)
        let source = "\(Self.root)/Adapters/llama_layers"
        try AtomicFile.write(try FileSystem.read("\(source)/adapter_config.json"), to: folder("adapter_config.json"))
        var tensors = try TensorFile.load("\(source)/adapter_model.safetensors")
        tensors["base_model.model.model.layers.0.extra"] = Tensor([1.0])
        try Safetensors.save(tensors, to: folder("adapter_model.safetensors"))
        let error = #expect(throws: ModelError.self) { try model.loadAdapter(folder.path) }
        #expect("\(error!)".contains("layers.0.extra"))
        #expect(model.adapterNames.isEmpty && model.stateDict().count == before.count)
        for (name, tensor) in model.stateDict() { #expect(before[name]!.equal(tensor), "\(name)") }
    }

    @Test func aModelWithAdaptersIsSavedMergedOrNotAtAll() throws {
        let folder = TemporaryFolder()
        let model = try Llama.load("\(Self.root)/Models/llama_biases")
        var config = LoRAConfig(rank: 2, targets: ["q_proj"])
        config.initialization = .random
        model.addAdapter(config, generator: Generator(seed: 3))
        #expect(throws: ModelError.self) { try model.savePretrained(folder("model")) }
        let tokens = Tensor([[3, 9, 4]])
        model.mergeAdapters()
        try model.savePretrained(folder("model"))
        let loaded = try Llama.load(folder("model"))
        #expect(loaded(tokens).logits.equal(model(tokens).logits))
        #expect(loaded.unusedWeights.isEmpty)
    }

    /// The tensors of an adapter by their names in files.
    static func tensors(of name: String, in model: PretrainedModel) -> [String: Tensor] {
        let paths = AdapterPaths(model)
        let (layers, parameters) = model.adapterTensors(name)
        var found: [String: Tensor] = [:]
        for (path, adapter) in layers {
            for (key, tensor) in AdapterPaths.keys(of: adapter, isEmbedding: model.module(at: path) is Embedding) {
                found[paths.key(path, key)] = tensor
            }
        }
        let targets = Set(layers.map(\.path))
        for (path, name, tensor) in parameters {
            found[paths.key(path, targets.contains(path) ? "base_layer.\(name)" : name)] = tensor
        }
        return found
    }
}

/// Compares within the rounding of float32 sums in another order.
private func expectClose(_ got: Tensor, _ want: Tensor, _ label: String) {
    guard got.shape == want.shape else {
        Issue.record("\(label): \(got.shape), not \(want.shape)")
        return
    }
    let (got, want) = (got.detach().to(.float64), want.to(.float64))
    let scale = max(want.abs().max().item() as Double, 1e-3)
    let difference = (got - want).abs().max().item() as Double
    #expect(difference <= 1e-4 * scale, "\(label) differs by \(difference) of \(scale)")
}

/// A folder with an adapter and what PEFT computed with it.
struct RecordedAdapter: Sendable, CustomTestStringConvertible {
    let name: String
    let base: String
    let merges: Bool
    var folder: String { "\(AdapterTests.root)/Adapters/\(name)" }
    var testDescription: String { name }

    static func all() -> [RecordedAdapter] {
        let root = SourceTree.root.appending(path: "Tests/ModelTests/Adapters").path
        return FileSystem.names(in: root).sorted().compactMap { name in
            let path = "\(root)/\(name)/case.json"
            guard let bytes = try? FileSystem.read(path), let json = try? JSON.parse(bytes, file: path),
                let base = json["base"]?.string, let merges = json["merges"]?.bool
            else { return nil }
            return RecordedAdapter(name: name, base: base, merges: merges)
        }
    }

    func model() throws -> PretrainedModel { try AutoModel.load("\(AdapterTests.root)/Models/\(base)") }

    func expected() throws -> [String: Tensor] { try TensorFile.load("\(folder)/expected.safetensors") }

    func run(_ model: PretrainedModel) throws -> (logits: Tensor, loss: Tensor) {
        let tensors = try expected()
        let labels = tensors["labels"]!
        switch model {
        case let model as CausalModel:
            let output = model(tensors["input.input_ids"]!)
            return (output.logits, output.loss(labels))
        case let model as EncoderModel:
            let output = model(tensors["input.input_ids"]!)
            return (output.logits!, try model.loss(output, labels))
        case let model as ViT:
            let output = model(tensors["input.pixel_values"]!)
            return (output.logits!, try model.loss(output, labels))
        default: throw ModelError(name, "\(type(of: model)) is not called")
        }
    }
}
