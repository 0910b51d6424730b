import TestSupport
import Testing
import TorchlightIO

/// The programs of Examples/LanguageModels on small models.
@Suite("Programs with language models")
struct LanguageModelExampleTests {
    private static let models = SourceTree.root.appending(path: "Tests/ModelTests/Models").path
    private let folder = TemporaryFolder()

    private func output(_ arguments: String...) throws -> String {
        try run(program("LanguageModels"), arguments, in: folder.path)
    }

    private func lastNumber(_ output: String) throws -> Double {
        let line = try #require(output.split(separator: "\n").last, "it prints nothing")
        return try #require(line.split(separator: " ").last.flatMap { Double($0) }, "\(output)")
    }

    @Test("The Annotated Transformer copies its input")
    func copies() throws {
        let output = try output("annotated_transformer", "--small")
        #expect(try lastNumber(output) == 1, "\(output)")
    }

    @Test("A model that is trained on Shakespeare is saved, and continues a text")
    func trains() throws {
        let output = try output("shakespeare", folder("model"), "--small")
        // Equal probabilities of 320 tokens have a perplexity of 320.
        #expect(try lastNumber(output) < 60, "\(output)")
        let text = try self.output("generate", folder("model"), "Shall I compare")
        #expect(text.count > 20, "\(text)")
    }

    @Test("A chat answers each line")
    func chats() throws {
        let command = "printf 'What is the hour?\\nWho is there?\\n' | \"$0\" chat \"$1\""
        let output = try run(
            "/bin/sh", ["-c", command, program("LanguageModels"), "\(Self.models)/qwen3_chat"], in: folder.path)
        #expect(output.split(separator: "\n", omittingEmptySubsequences: false).count >= 3, "\(output)")
    }

    @Test("Sentences are found by their meaning")
    func searches() throws {
        let output = try output("search", "\(Self.models)/bert_sentence_embeddings", "The king sleeps.")
        let lines = output.split(separator: "\n")
        #expect(lines.count == 3 && lines[0] == "1.0000 The king sleeps.", "\(output)")
    }

    @Test("T5 reads a text and writes one")
    func summarizes() throws {
        try copy("t5_gated_head", words: 120, special: [:])
        let output = try output("summarize", folder.path, "word7 word9 word30 word8")
        #expect(try lastNumber(output) == 60, "\(output)")
    }

    @Test("CLIP assigns images to classes")
    func classifies() throws {
        // The end token of the model.
        try copy("clip_pair", words: 160, special: [150: "[SEP]"])
        let output = try output("classify_images", folder.path, "word7", "word9 word11")
        let lines = output.split(separator: "\n")
        #expect(lines.count == 2 && lines.allSatisfy { $0.contains("word7 0.") }, "\(output)")
    }

    @Test("Each is listed; an unknown one is an error")
    func isComplete() throws {
        let names = try output().split(separator: "\n").map { $0.split(separator: " ")[0] }
        #expect(
            names == [
                "annotated_transformer", "shakespeare", "generate", "chat", "search", "summarize", "classify_images",
            ])
        #expect(try runAny(program("LanguageModels"), ["none"], in: folder.path).status == 2)
    }

    /// Copies a model to the folder and gives it a tokenizer of words.
    private func copy(_ model: String, words: Int, special: [Int: String]) throws {
        for name in ["config.json", "model.safetensors", "generation_config.json"]
        where FileSystem.isFile("\(Self.models)/\(model)/\(name)") {
            try AtomicFile.write(FileSystem.read("\(Self.models)/\(model)/\(name)"), to: folder(name))
        }
        let names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        var lines = (0..<words).map { $0 < names.count ? names[$0] : "word\($0)" }
        for (index, token) in special {
            lines = lines.map { $0 == token ? "old\($0.count)" : $0 }
            lines[index] = token
        }
        try AtomicFile.write(lines.joined(separator: "\n") + "\n", to: folder("vocab.txt"))
    }
}
