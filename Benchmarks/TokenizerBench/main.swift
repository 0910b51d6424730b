// Times encoding and decoding of a tokenizer: tokenizer-bench TOKENIZER TEXT THREADS REPETITIONS. Prints one line of JSON;
// Benchmarks/tokenizers.py runs it beside Hugging Face's tokenizers.
import Glibc
import TorchlightFiles
import TorchlightTokenizers

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    let duration = ContinuousClock.now - start
    return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}

guard CommandLine.arguments.count == 5, let threads = Int(CommandLine.arguments[3]),
    let repetitions = Int(CommandLine.arguments[4])
else {
    print("usage: tokenizer-bench TOKENIZER TEXT THREADS REPETITIONS")
    exit(2)
}
var tokenizer: Tokenizer?
let loading = try seconds { tokenizer = try Tokenizer(path: CommandLine.arguments[1]) }
let text = String(decoding: try FileSystem.read(CommandLine.arguments[2]), as: UTF8.self)
// Paragraphs of some hundred bytes are the texts of a batch.
let texts = text.split(separator: "\n\n").map(String.init)
var (encoding, decoding): ([Double], [Double]) = ([], [])
var ids: [[Int]] = []
for _ in 0..<repetitions {
    var encodings: [Encoding] = []
    encoding.append(try seconds { encodings = try tokenizer!.encodeBatch(texts, threads: threads) })
    ids = encodings.map(\.ids)
    decoding.append(try seconds { _ = try tokenizer!.decodeBatch(ids, threads: threads) })
}
let hash = ids.joined().reduce(UInt64(0)) { ($0 &* 1_000_003) ^ UInt64($1) }
print(
    JSON.object([
        ("load", .double(loading)), ("encode", .double(median(encoding))), ("decode", .double(median(decoding))),
        ("tokens", .int(ids.reduce(0) { $0 + $1.count })), ("hash", .string(String(hash))),
    ]).text())
