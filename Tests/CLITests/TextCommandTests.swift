import ArgumentParser
import TestSupport
import Testing
import Torchlight
import TorchlightIO
import TorchlightModels

@testable import TorchlightCLI

/// `torchlight generate`, `chat`, `embed` and `perplexity`, with models of the tests of the library.
@Suite struct TextCommandTests {
    private static let models = SourceTree.root.appending(path: "Tests/ModelTests/Models").path
    private let chatModel = "\(Self.models)/qwen3_chat"
    private let folder = TemporaryFolder()

    private func command<Command>(_ arguments: [String]) throws -> Command {
        try #require(try TorchlightCommand.parseAsRoot(arguments) as? Command)
    }

    private func generate(_ arguments: String...) throws -> GeneratedText {
        let command: Generate = try command(["generate", chatModel] + arguments)
        return try command.generated()
    }

    @Test func generateWritesWhatTheLibraryGenerates() throws {
        let generator = try TextGenerator.load(chatModel)
        let expected = try generator.generate("Good morrow, cousin", maxNewTokens: 12)
        var pieces: [String] = []
        let command: Generate = try command(
            ["generate", chatModel, "Good morrow, cousin", "--max-new-tokens", "12", "--greedy"])
        let result = try command.generated { pieces.append($0) }
        #expect(pieces.joined() == expected.text && result.text == expected.text)
        let json = try JSON.parse(Array(command.report(result).utf8), file: "json")
        #expect(json["text"]?.string == expected.text && json["finish_reason"]?.string == "length")
        #expect(json["tokens"]?.elements?.count == 12)
        #expect(speeds(result).hasPrefix("prompt: 12 tokens") && speeds(result).contains("generated: 12 tokens"))
        let stopped = try generate(
            "Good morrow, cousin", "--max-new-tokens", "12", "--stop", String(expected.text.suffix(3)))
        #expect(expected.text.hasPrefix(stopped.text) && stopped.sequence.finishReason == .stopString)
    }

    @Test func seedsAndOptionsAreThoseOfTheLibrary() throws {
        func sample(_ seed: String) throws -> String {
            try generate("Good", "--max-new-tokens", "10", "--temperature", "1.5", "--top-k", "0", "--seed", seed).text
        }
        #expect(try sample("1") == sample("1"))
        #expect(try sample("1") != sample("2"))
        let options =
            try command(
                [
                    "generate", chatModel, "x", "--top-k", "4", "--contrastive-penalty", "0.6", "--repetition-penalty",
                    "1.1",
                ]
            ) as Generate
        let resolved = options.generation.options(GenerationOptions())
        #expect(resolved.contrastivePenalty == 0.6 && resolved.topK == 4 && resolved.temperature == nil)
        #expect(resolved.maxNewTokens == 256)
        #expect(try generate("Good", "--beams", "3", "--max-new-tokens", "6").sequence.score != nil)
        #expect(throws: ModelError.self) { try generate("Good", "--temperature", "-1") }
        #expect(throws: (any Error).self) { try generate("Good", "--greedy", "--temperature", "1") }
        #expect(throws: Failure.self) { try (command(["generate", folder("none"), "x"]) as Generate).generated() }
        #expect(throws: Failure.self) { try (command(["generate", "unknown", "x"]) as Generate).generated() }
    }

    @Test func chatAnswersEachLine() throws {
        let command: ChatCommand = try command(
            ["chat", chatModel, "--system", "Be brief.", "--max-new-tokens", "8", "--greedy"])
        var lines = ["What is the hour?", "", "/reset", "What is the hour?", "Who?", "/exit", "not read"]
        var text = ""
        var reports: [String] = []
        try command.runConversation(
            read: { lines.isEmpty ? nil : lines.removeFirst() }, write: { text += $0 }, report: { reports.append($0) })
        #expect(reports.count == 3 && lines == ["not read"])
        let generator = try TextGenerator.load(chatModel)
        let chat = Chat(generator, system: "Be brief.")
        let first = try chat.answer("What is the hour?", maxNewTokens: 8).text
        let second = try chat.answer("Who?", maxNewTokens: 8).text
        #expect(text == first + "\n" + first + "\n" + second + "\n")
        let plain = try self.command(["chat", "\(Self.models)/bert_sentence_embeddings"]) as ChatCommand
        #expect(throws: ModelError.self) { try plain.runConversation(read: { nil }, write: { _ in }, report: { _ in }) }
    }

    @Test func embedPrintsVectorsAndCosines() throws {
        func report(_ arguments: String...) throws -> String {
            let command: Embed = try command(["embed", "\(Self.models)/bert_sentence_embeddings"] + arguments)
            return try command.report()
        }
        let lines = try report("The king sleeps.", "Le café").split(separator: "\n")
        #expect(lines.count == 2)
        #expect(try JSON.parse(Array(lines[0].utf8), file: "line").elements?.count == 32)
        let cosines = try report("The king sleeps.", "Le café", "the KING sleeps.", "--similarity")
        #expect(cosines.hasPrefix("1.0000 ") && cosines.split(separator: "\n").count == 3)
        try AtomicFile.write("The king sleeps.\nLe café\n", to: folder("texts"))
        let nearest = try report("--file", folder("texts"), "--query", "the king sleeps.", "--count", "1")
        #expect(nearest.hasSuffix("  The king sleeps."))
        #expect(try report("a", "b", "--output", folder("v.npy")) == "")
        #expect(try NumpyFile.load(folder("v.npy")).shape == [2, 32])
        #expect(throws: (any Error).self) { try report() }
        #expect(throws: (any Error).self) { try report("x", "--pooling", "none") }
    }

    @Test func perplexityPrintsTheNumbers() throws {
        let text = "Good morrow, cousin. Who is there? The hour is late."
        try AtomicFile.write(text, to: folder("text"))
        let command: PerplexityCommand = try command(
            ["perplexity", chatModel, folder("text"), "--window", "16", "--stride", "8"])
        let report = try command.report()
        let expected = try TextGenerator.load(chatModel).perplexity(text, window: 16, stride: 8)
        #expect(report.contains("tokens: \(expected.tokenCount)") && report.contains("perplexity: \(expected.value)"))
    }
}
