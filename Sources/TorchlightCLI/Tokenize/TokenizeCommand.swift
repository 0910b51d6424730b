import ArgumentParser
import Torchlight
import TorchlightIO
import TorchlightTokenizers

/// The command `torchlight tokenize`.
struct Tokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the tokens of a text.",
        discussion: """
            Reads tokenizer.json, vocab.json with merges.txt, vocab.txt or a .model file of SentencePiece, or a folder with one of \
            them. Prints each token with its id and its range in the text, counted in characters (Unicode scalars).
            """)

    @Argument(help: "The folder or file of the tokenizer.")
    var path: String
    @Argument(help: "The text; - reads it from standard input.")
    var text: String
    @Option(help: "A second text, which is encoded with the first one as a pair.")
    var pair: String?
    @Flag(help: "Print only the ids.")
    var ids = false
    @Flag(help: "Print JSON.")
    var json = false
    @Flag(help: "Do not add special tokens.")
    var noSpecialTokens = false

    func run() throws { say(try report()) }

    /// What the command prints.
    func report() throws -> String {
        var text = text
        if text == "-" {
            let bytes = try FileSystem.read("/dev/stdin", limit: 1 << 30)
            guard let input = String(validating: bytes, as: UTF8.self) else {
                throw Failure("standard input is not UTF-8")
            }
            text = input
        }
        let tokenizer = try Tokenizer(path: path)
        do {
            let encoding = try tokenizer.encode(
                .text(text), pair: pair.map { .text($0) }, addSpecialTokens: !noSpecialTokens)
            return try report(encoding, tokenizer)
        } catch let error as TokenizerError {
            throw Failure("\(error)")
        }
    }

    private func report(_ encoding: Encoding, _ tokenizer: Tokenizer) throws -> String {
        if json {
            return JSON.object([
                ("ids", .array(encoding.ids.map { .int($0) })),
                ("tokens", .array(encoding.tokens.map { .string($0) })),
                ("offsets", .array(encoding.offsets.map { [.int($0.lowerBound), .int($0.upperBound)] })),
                ("type_ids", .array(encoding.typeIDs.map { .int($0) })),
                ("decoded", .string(try tokenizer.decode(encoding.ids))),
            ]).text(indented: false)
        }
        if ids { return encoding.ids.map(String.init).joined(separator: " ") }
        var table = TextTable(header: ["token", "id", "range"], rows: [], numbers: [1])
        for (index, token) in encoding.tokens.enumerated() {
            let offsets = encoding.offsets[index]
            table.rows.append([
                IOError.oneLine(token, limit: 80), "\(encoding.ids[index])",
                offsets.isEmpty ? "" : "\(offsets.lowerBound)..<\(offsets.upperBound)",
            ])
        }
        return table.description + "\n\(quantity(encoding.count, "token"))"
    }
}
