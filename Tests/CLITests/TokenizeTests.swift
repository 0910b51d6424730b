import TestSupport
import Testing
import TorchlightIO

@testable import TorchlightCLI

@Suite struct TokenizeTests {
    private let folder = TemporaryFolder()

    private func report(_ arguments: String...) throws -> String {
        let command = try #require(try TorchlightCommand.parseAsRoot(["tokenize"] + arguments) as? Tokenize)
        return try command.report()
    }

    @Test func tokensAreShownWithIdsAndRanges() throws {
        let path = folder("vocab.txt")
        try AtomicFile.write("[PAD]\n[UNK]\n[CLS]\n[SEP]\nhello\nwor\n##ld\n!\n", to: path)
        let text = try report(path, "Hello world!")
        #expect(text.split(separator: "\n").contains { $0.contains("##ld") && $0.contains("9..<11") }, "\(text)")
        #expect(text.hasSuffix("6 tokens"))
        #expect(try report(folder.path, "Hello world!", "--ids") == "2 4 5 6 7 3")
        #expect(try report(path, "Hello", "--ids", "--no-special-tokens") == "4")
        #expect(try report(path, "Hello", "--pair", "world", "--ids") == "2 4 3 5 6 3")
        let json = try JSON.parse(Array(report(path, "Hello", "--json").utf8), file: "json")
        #expect(json["ids"]?.elements?.count == 3 && json["decoded"]?.string == "[CLS] hello [SEP]")
        #expect(throws: IOError.self) { _ = try report(folder("none.json"), "x") }
    }
}
