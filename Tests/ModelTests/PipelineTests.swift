import TestSupport
import Testing
import Torchlight
import TorchlightIO
import TorchlightTokenizers
@testable import TorchlightModels

/// Embeddings, classes and masks of texts.
@Suite struct PipelineTests {
    /// Folders whose `case.json` says what comes out for texts.
    static let folders = RecordedModel.all().filter { recorded in
        guard let bytes = try? FileSystem.read("\(recorded.folder)/case.json") else { return false }
        return (try? JSON.parse(bytes, file: "case.json"))?["pipeline"] != nil
    }

    @Test(arguments: folders) func textsBecomeWhatIsRecorded(_ recorded: RecordedModel) throws {
        let path = "\(recorded.folder)/case.json"
        for entry in try JSON.parse(FileSystem.read(path), file: path)["pipeline"]?.elements ?? [] {
            switch entry["task"]?.string {
            case "sentence-embeddings":
                let embedder = try TextEmbedder.load(recorded.folder)
                let vectors = try embedder(entry["sentences"]!.elements!.map { $0.string! })
                let want = try TensorFile.load("\(recorded.folder)/expected.safetensors")[entry["output"]!.string!]!
                let difference = (vectors - want).abs().amax(dim: 1).toArray(Float.self)
                #expect(difference.allSatisfy { $0 < 1e-4 }, "\(recorded.name): \(difference)")
            case "text-generation":
                let generator = try TextGenerator.load(recorded.folder)
                let count = entry["max_new_tokens"]!.int!
                let result: GeneratedText
                if let messages = entry["messages"]?.elements {
                    let turns = messages.map { message in
                        TemplateValue.message(role: message["role"]!.string!, content: message["content"]!.string!)
                    }
                    var variables: [String: TemplateValue] = [:]
                    for member in entry["arguments"]?.members ?? [] where member.name != "add_generation_prompt" {
                        variables[member.name] = member.value.bool.map { .bool($0) }
                    }
                    result = try generator.answer(turns, variables: variables, maxNewTokens: count)
                } else {
                    result = try generator.generate(entry["text"]!.string!, maxNewTokens: count)
                }
                let label = "\(recorded.name), \(entry["name"]?.string ?? "")"
                #expect(result.promptTokenCount == entry["prompt_ids"]!.elements!.count, "\(label)")
                #expect(result.sequence.tokens == entry["generated_ids"]!.elements!.map { $0.int! }, "\(label)")
                #expect(result.text == entry["generated_text"]!.string!, "\(label)")
            case "question-answering": try answer(entry, recorded)
            default: Issue.record("\(recorded.name): the task \(entry["task"]?.string ?? "") is not known")
            }
        }
    }

    private func answer(_ entry: JSON, _ recorded: RecordedModel) throws {
        let answerer = try QuestionAnswerer.load(recorded.folder)
        let arguments = entry["arguments"]
        let answers = try answerer(
            entry["question"]!.string!, context: entry["context"]!.string!, count: arguments?["top_k"]?.int ?? 1,
            maxAnswerLength: arguments?["max_answer_len"]?.int ?? 15, maxLength: arguments?["max_seq_len"]?.int,
            stride: arguments?["doc_stride"]?.int,
            allowsNoAnswer: arguments?["handle_impossible_answer"]?.bool ?? false,
            alignsToWords: arguments?["align_to_words"]?.bool ?? true)
        let want = entry["answers"]!.elements!
        let label = "\(recorded.name), \(entry["question"]!.string!) \(arguments?.text() ?? "")"
        #expect(answers.map(\.text) == want.map { $0["answer"]!.string! }, "\(label)")
        #expect(answers.map(\.range) == want.map { $0["start"]!.int!..<$0["end"]!.int! }, "\(label)")
        for (got, want) in zip(answers, want) {
            let score = want["score"]!.double!
            #expect(abs(got.score - score) <= 1e-4 * score, "\(label): \(got.score), not \(score)")
        }
    }

    @Test func questionsAreAnswered() throws {
        let folder = try folder("BertForQuestionAnswering")
        let answerer = try QuestionAnswerer.load(folder.path)
        let context = "the kings sleeps in Rome sarah lives"
        let answers = try answerer("this king is", context: context, count: 5, maxAnswerLength: 2)
        #expect(answers.count == 5)
        let scalars = Array(context.unicodeScalars)
        for answer in answers {
            #expect(String(String.UnicodeScalarView(scalars[answer.range])) == answer.text)
            #expect(answer.text.split(separator: " ").count <= 2 && answer.score > 0 && answer.score < 1)
        }
        #expect(zip(answers, answers.dropFirst()).allSatisfy { $0.score >= $1.score })
        // A context that is longer than the positions is read in parts, to its end.
        let long = Array(repeating: "the king sleeps .", count: 10).joined(separator: " ") + " sarah lives"
        let all = try answerer("this king is", context: long, count: 1000, stride: 4)
        #expect(all.contains { $0.range.upperBound == long.unicodeScalars.count })
        // Without tokens there is no answer but the empty one.
        #expect(try answerer("king", context: "  ").isEmpty)
        let none = try answerer("king", context: "  ", allowsNoAnswer: true)
        #expect(none.count == 1 && none[0].text.isEmpty && none[0].range.isEmpty)
        #expect(throws: ModelError.self) { try answerer("", context: context) }
        #expect(throws: ModelError.self) { try answerer("king", context: "") }
        #expect(throws: ModelError.self) { try answerer("king", context: context, count: 0) }
        #expect(throws: ModelError.self) { try answerer("king", context: context, maxAnswerLength: 0) }
        #expect(throws: ModelError.self) { try answerer("king", context: context, maxLength: 8, stride: 8) }
        // A question that leaves few tokens for the context, and one that leaves none.
        let asked = Array(repeating: "king", count: 17).joined(separator: " ")
        let read = try answerer(asked, context: long, count: 1000)
        #expect(read.contains { $0.range.upperBound == long.unicodeScalars.count })
        #expect(throws: ModelError.self) { try answerer(long, context: context) }
        let features = try self.folder("BertModel")
        #expect(throws: ModelError.self) { try QuestionAnswerer.load(features.path) }
    }

    @Test func poolingUsesTheTokensThatAreNoPadding() {
        let hidden = Tensor([[[1.0, 8], [2, 4], [6, 0]], [[1, 1], [3, 5], [9, 9]]]).to(.float64)
        let right = Tensor([[1, 1, 1], [1, 1, 0]])
        func pooled(_ pooling: Pooling, _ mask: Tensor) -> [Double] {
            pooling(hidden, attentionMask: mask).reshape([-1]).toArray(Double.self)
        }
        #expect(pooled(.mean, right) == [3, 4, 2, 3])
        #expect(pooled(.first, right) == [1, 8, 1, 1])
        #expect(pooled(.last, right) == [6, 0, 3, 5])
        #expect(pooled(.max, right) == [6, 8, 3, 5])
        let left = Tensor([[1, 1, 1], [0, 1, 1]])
        #expect(pooled(.first, left) == [1, 8, 3, 5])
        #expect(pooled(.last, left) == [6, 0, 9, 9])
        #expect(pooled(.weightedMean, right).map { ($0 * 1000).rounded() } == [3833, 2667, 2333, 3667])
        #expect(pooled(.meanOfSquareRoot, right).map { ($0 * 1000).rounded() } == [5196, 6928, 2828, 4243])
    }

    // MARK: - Encoders with heads

    private static let words = [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "king", "sleeps", "in", "rome", "sarah", "lives", "this",
        "example", "is", "sport", "war", ".", "##s",
    ]

    /// A folder with a BERT of random parameters.
    private func folder(_ architecture: String, _ settings: JSON = [:]) throws -> TemporaryFolder {
        let folder = TemporaryFolder()
        let sizes: JSON = [
            "vocab_size": .int(Self.words.count), "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
            "num_attention_heads": 4, "max_position_embeddings": 24, "architectures": [.string(architecture)],
        ]
        let json = JSON.object((sizes.members! + settings.members!).map { ($0.name, $0.value) })
        let reader = try ConfigReader(json, path: "config.json")
        let model = try Architectures.builders[architecture]!(reader, CheckpointContents(tensors: [:]))
        let generator = Generator(seed: 3)
        noGrad {
            for parameter in model.parameters() { Initializers.normal_(parameter, std: 0.4, generator: generator) }
        }
        try model.savePretrained(folder.path)
        try AtomicFile.write(Self.words.joined(separator: "\n") + "\n", to: folder("vocab.txt"))
        return folder
    }

    @Test func textsAreClassified() throws {
        let labels: JSON = ["id2label": ["0": "bad", "1": "good", "2": "dull"]]
        let folder = try folder("BertForSequenceClassification", labels)
        let classifier = try TextClassifier.load(folder.path)
        let texts = ["the king sleeps", "sarah lives in rome .", "king"]
        let batch = try classifier(texts)
        for (text, classes) in zip(texts, batch) {
            let alone = try classifier(text)
            #expect(alone.map(\.label) == classes.map(\.label))
            #expect(zip(alone, classes).allSatisfy { abs($0.score - $1.score) < 1e-5 })
            #expect(abs(classes.reduce(0) { $0 + $1.score } - 1) < 1e-9)
            #expect(classes[0].score >= classes[1].score && classes[1].score >= classes[2].score)
        }
        // The scores are those of the model.
        let model = try EncoderModel.load(folder.path)
        let logits = noGrad { model(Tensor([[2, 6, 3]])).logits!.softmax(dim: 1).reshape([-1]).to(.float64) }
        let best = batch[2].first { $0.label == "good" }!
        #expect(abs(logits[1].item() - best.score) < 1e-5)
        // A text longer than the positions is cut.
        #expect(try classifier(Array(repeating: "king", count: 60).joined(separator: " ")).count == 3)
        #expect(throws: ModelError.self) { try MaskFiller.load(folder.path) }
        #expect(throws: ModelError.self) { try ZeroShotClassifier.load(folder.path) }
    }

    @Test func classesAreNamedByTheCaller() throws {
        let labels: JSON = ["id2label": ["0": "contradiction", "1": "neutral", "2": "entailment"]]
        let folder = try folder("BertForSequenceClassification", labels)
        let classifier = try ZeroShotClassifier.load(folder.path)
        let one = try classifier("the king sleeps", labels: ["sport", "war"])
        #expect(Set(one.map(\.label)) == ["sport", "war"] && abs(one[0].score + one[1].score - 1) < 1e-9)
        let several = try classifier("the king sleeps", labels: ["sport", "war"], multiLabel: true)
        let alone = try classifier("the king sleeps", labels: ["war"])
        #expect(abs(several.first { $0.label == "war" }!.score - alone[0].score) < 1e-5)
        #expect(throws: ModelError.self) { try classifier("x", labels: []) }
        #expect(throws: ModelError.self) { try classifier("x", labels: ["a"], template: "no place") }
    }

    @Test func partsOfATextAreFound() throws {
        let labels: JSON = ["id2label": ["0": "O", "1": "B-PER", "2": "I-PER", "3": "B-LOC"]]
        let folder = try folder("BertForTokenClassification", labels)
        let classifier = try TokenClassifier.load(folder.path)
        let text = "the kings sleeps in Rome sarah"
        let tokens = try classifier(text, joined: false)
        for token in tokens {
            let scalars = Array(text.unicodeScalars)[token.range]
            #expect(String(String.UnicodeScalarView(scalars)) == token.text)
            #expect(token.label != "O" && token.score > 0.25)
        }
        let joined = try classifier(text)
        #expect(joined.count <= tokens.count && joined.allSatisfy { !$0.label.contains("-") })
    }

    @Test func masksAreFilled() throws {
        let folder = try folder("BertForMaskedLM")
        let filler = try MaskFiller.load(folder.path)
        let fillings = try filler("the [MASK] sleeps in [MASK]", count: 3)
        #expect(fillings.count == 2 && fillings.allSatisfy { $0.count == 3 })
        #expect(fillings[0][0].score >= fillings[0][1].score)
        #expect(Self.words[fillings[0][0].id].hasSuffix(fillings[0][0].token))
        #expect(throws: ModelError.self) { try filler("the king") }
    }

    @Test func similarTextsAreFound() throws {
        let folder = try folder("BertModel")
        let embedder = try TextEmbedder.load(folder.path)
        let texts = ["the king sleeps", "sarah lives in rome", "war", "the king sleeps ."]
        let vectors = try embedder(texts)
        #expect(vectors.shape == [4, 16])
        let nearest = TextEmbedder.nearest(to: try embedder("the king sleeps"), among: vectors, count: 2)
        #expect(nearest[0].index == 0 && abs(nearest[0].similarity - 1) < 1e-5 && nearest.count == 2)
        #expect(try embedder([]).shape == [0, 16])
        #expect(throws: ModelError.self) { try embedder("x", prompt: "query") }
    }

    @Test func aDecoderEmbedsByItsLastToken() throws {
        let folder = try TinyModel.folder()
        let embedder = try TextEmbedder.load(folder.path)
        let texts = ["The king", "Who wakes the king at this hour"]
        let batch = try embedder(texts)
        for (index, text) in texts.enumerated() {
            #expect(try embedder(text).allclose(batch[index], rtol: 1e-3, atol: 1e-5), "\(text)")
        }
    }
}
