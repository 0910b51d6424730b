import TestSupport
import Testing
import Torchlight
import TorchlightIO
@testable import TorchlightModels

/// Packed rows, accumulated gradients, activation checkpoints and chats.
@Suite struct FineTuningTests {
    private static let root = SourceTree.root.appending(path: "Tests/ModelTests/Models").path

    private static let texts = [
        LabelledTokens([3, 17, 5, 21, 8]), LabelledTokens([9, 2]), LabelledTokens([30, 11, 6, 4]),
        LabelledTokens([1, 2, 3, 4, 5, 6, 7], labels: [1, 2, -100, 4, -100, 6, 7]), LabelledTokens([12]),
    ]

    @Test(arguments: [
        "gpt2_scaled", "gpt_neox_sequential", "llama_biases", "falcon_alibi", "qwen2_window", "mixtral_top2",
    ])
    func packedTextsGiveWhatEachGivesAlone(name: String) throws {
        let model = try #require(try AutoModel.load("\(Self.root)/\(name)") as? CausalModel)
        let packed = PackedTexts(Self.texts, length: 10)
        #expect(packed.batch.tokens.shape == [2, 10], "19 tokens in rows of 10")
        noGrad {
            let logits = model(packed.batch).logits
            for (text, location) in zip(Self.texts, packed.locations) {
                let alone = model(Tensor(text.tokens.map { Int64($0) }, shape: [1, text.tokens.count])).logits
                let row = logits.select(0, location.row).narrow(
                    0, start: location.columns.lowerBound, length: location.columns.count)
                #expect(row.allclose(alone.squeeze(0), rtol: 1e-4, atol: 1e-5), "\(name), \(text.tokens)")
            }
        }
        let padded = TextBatch(Self.texts)
        #expect(padded.labelCount == 12 && packed.batch.labelCount == 12)
        let (loss, expected) = noGrad {
            (
                model(packed.batch).loss(packed.batch.labels).item() as Double,
                model(padded).loss(padded.labels).item() as Double
            )
        }
        #expect(abs(loss - expected) < 1e-4 * abs(expected), "\(name)")
    }

    @Test func aTextThatIsTooLongAndACacheAreRefused() throws {
        #expect(throws: TensorError.self) { try checked { _ = PackedTexts(Self.texts, length: 6) } }
        let model = try AutoModel.load("\(Self.root)/llama_biases") as! CausalModel
        let batch = PackedTexts(Self.texts, length: 10).batch
        #expect(throws: TensorError.self) {
            try checked { _ = model(batch.tokens, cache: KeyValueCache(), sequences: batch.sequences) }
        }
    }

    @Test func accumulatedGradientsAreThoseOfOneBatch() throws {
        let model = try AutoModel.load("\(Self.root)/llama_biases") as! CausalModel
        let whole = TextBatch(Self.texts)
        let loss = model(whole).loss(whole.labels)
        loss.backward()
        let expected = model.parameters().map { $0.grad!.clone() }
        model.zeroGrad()
        let parts = [TextBatch(Array(Self.texts[0..<1])), TextBatch(Array(Self.texts[1..<5]))]
        #expect(parts.map(\.labelCount) == [4, 8], "different numbers of labels")
        let mean = model.accumulateGradients(parts)
        #expect(abs(mean - (loss.item() as Double)) < 1e-5)
        for (parameter, gradient) in zip(model.parameters(), expected) {
            #expect(parameter.grad!.allclose(gradient, rtol: 1e-3, atol: 1e-6))
        }
    }

    @Test(arguments: [
        "gpt2_scaled", "gpt_neox_sequential", "llama_biases", "falcon_alibi", "mixtral_top2", "t5_gated_head", "bart",
        "bert_labels", "distilbert_mlm", "deit_classifier",
    ])
    func activationCheckpointsChangeNoGradient(name: String) throws {
        let model = try AutoModel.load("\(Self.root)/\(name)")
        // Only the stacks are in training mode: dropout draws from the default generator, which other tests use too.
        for module in model.modules() where module is any BlockStack {
            module.train()
            for child in module.children() { child.eval() }
        }
        #expect(!model.checkpointsActivations)
        func gradients() throws -> [Tensor] {
            model.zeroGrad()
            let tokens = Tensor([[3, 17, 5, 21, 8], [9, 2, 30, 11, 6]])
            switch model {
            case let model as CausalModel: model(tokens).loss(tokens).backward()
            case let model as EncoderDecoderModel:
                model(tokens, decoderTokens: model.shiftedRight(tokens)).loss(tokens).backward()
            case let model as EncoderModel: model(tokens).logits!.square().mean().backward()
            case let model as ViT:
                let images = Tensor.randn([2, 3, 12, 12], generator: Generator(seed: 2))
                model(images).logits!.square().mean().backward()
            default: Issue.record("\(name) is not called")
            }
            return model.parameters().compactMap { $0.grad?.clone() }
        }
        let expected = try gradients()
        model.checkpointsActivations = true
        #expect(model.checkpointsActivations)
        let again = try gradients()
        #expect(expected.count == again.count && !expected.isEmpty)
        for (one, other) in zip(expected, again) { #expect(one.allclose(other, rtol: 1e-5, atol: 1e-7), "\(name)") }
    }

    @Test func answersOfChatsAreLearntAndQuestionsAreNot() throws {
        let words = ["<user>", "<bot>", "<end>", "hello", "there", "how", "are", "you", "fine", "thanks"]
        let vocabulary = words.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ")
        let tokenizer = try Tokenizer(
            json: Array(
                """
                {"version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": {"type": "WhitespaceSplit"},
                 "post_processor": null, "decoder": null, "truncation": null, "padding": null,
                 "model": {"type": "WordLevel", "vocab": {\(vocabulary)}, "unk_token": "<end>"}}
                """.utf8))
        let chat: [TemplateValue] = [
            .message(role: "user", content: "hello there"), .message(role: "assistant", content: "hello"),
            .message(role: "user", content: "how are you"), .message(role: "assistant", content: "fine thanks"),
        ]
        let plain = """
            {% for m in messages %}{{ '<user> ' if m.role == 'user' else '<bot> ' }}{{ m.content }} <end> {% endfor %}\
            {% if add_generation_prompt %}<bot> {% endif %}
            """
        let marked = """
            {% for m in messages %}{% if m.role == 'user' %}<user> {{ m.content }} <end> {% else %}<bot> \
            {% generation %}{{ m.content }} <end>{% endgeneration %} {% endif %}{% endfor %}
            """
        let n = -100
        let tokens = [0, 3, 4, 2, 1, 3, 2, 0, 5, 6, 7, 2, 1, 8, 9, 2]
        let labels = [n, n, n, n, n, 3, 2, n, n, n, n, n, n, 8, 9, 2]
        for (name, source) in [("plain", plain), ("generation blocks", marked)] {
            let folder = TemporaryFolder()
            try AtomicFile.write(Array(source.utf8), to: folder("chat_template.jinja"))
            let templates = try ChatTemplates(path: folder.path)
            let data = try InstructionDataset([chat], tokenizer: tokenizer, templates: templates)
            #expect(data.texts == [LabelledTokens(tokens, labels: labels)], "\(name)")
            let short = try InstructionDataset([chat, chat], tokenizer: tokenizer, templates: templates, maxLength: 5)
            #expect(short.texts.isEmpty && short.leftOutCount == 2, "\(name)")
            let lines = """
                {"messages": [{"role": "user", "content": "hello there"}, {"role": "assistant", "content": "hello"}]}
                {"prompt": "how are you", "completion": "fine thanks"}

                """
            try AtomicFile.write(Array(lines.utf8), to: folder("chats.jsonl"))
            let read = try InstructionDataset(
                jsonLines: folder("chats.jsonl"), tokenizer: tokenizer, templates: templates)
            #expect(read.texts.map(\.tokens) == [[0, 3, 4, 2, 1, 3, 2], [0, 5, 6, 7, 2, 1, 8, 9, 2]], "\(name)")
            #expect(read.texts.map(\.labels) == [[n, n, n, n, n, 3, 2], [n, n, n, n, n, n, 8, 9, 2]], "\(name)")
        }
        // A template that writes earlier messages differently does not say where answers are.
        let folder = TemporaryFolder()
        let last = "{% for m in messages %}{{ m.content if loop.last else 'hello' }} {% endfor %}"
        try AtomicFile.write(Array(last.utf8), to: folder("chat_template.jinja"))
        let templates = try ChatTemplates(path: folder.path)
        #expect(throws: TokenizerError.self) {
            try InstructionDataset([chat], tokenizer: tokenizer, templates: templates)
        }
    }

    @Test(arguments: ["gpt2_scaled", "llama_biases"])
    func aQuantisedModelIsFineTunedAndItsAdapterLoadedAgain(name: String) throws {
        func quantised() throws -> CausalModel {
            let model = try #require(try AutoModel.load("\(Self.root)/\(name)") as? CausalModel)
            quantize(model, .int8())
            return model
        }
        let model = try quantised()
        let batch = TextBatch(Self.texts)
        model.addLoRA(rank: 4, alpha: 8, targets: .allLinear, generator: Generator(seed: 3))
        let optimizer = Adam(model.parameters().filter(\.requiresGrad), lr: 0.02)
        var losses: [Double] = []
        for _ in 0..<15 {
            optimizer.zeroGrad()
            let loss = model(batch).loss(batch.labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        }
        #expect(losses.last! < 0.7 * losses[0], "\(name): \(losses)")
        let folder = TemporaryFolder()
        try model.saveAdapter(folder.path)
        let other = try quantised()
        try other.loadAdapter(folder.path)
        noGrad { #expect(other(batch).logits.equal(model(batch).logits), "\(name)") }
    }
}
