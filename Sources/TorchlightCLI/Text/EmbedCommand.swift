import ArgumentParser
import Glibc
import Torchlight
import TorchlightIO
import TorchlightModels

extension Pooling: ExpressibleByArgument {}

/// The command `torchlight embed`.
struct Embed: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed", abstract: "Embed texts as vectors, and compare them.",
        discussion: """
            Prints a JSON array for each text, or with --similarity the cosines of all pairs, or with --query the texts that are most \
            similar to it.
            """)

    @OptionGroup var arguments: ModelArguments
    @Argument(help: "The texts.")
    var texts: [String] = []
    @Option(help: "A file with a text on each line; - is standard input.")
    var file: String?
    @Option(help: "How hidden states become a vector. Default: what the model's files say.")
    var pooling: Pooling?
    @Flag(inversion: .prefixedNo, help: "Divide vectors by their norms. Default: what the model's files say.")
    var normalize: Bool?
    @Option(help: "The name of a prompt of the model's files that is put before each text.")
    var prompt: String?
    @Flag(help: "Print the cosines of all pairs of texts.")
    var similarity = false
    @Option(help: "Print the texts that are most similar to this text.")
    var query: String?
    @Option(parsing: .unconditional, help: "Number of results of --query.")
    var count = 10
    @Option(help: "Write the vectors to this .npy, .npz or .safetensors file.")
    var output: String?

    func validate() throws {
        if texts.isEmpty && file == nil { throw ValidationError("embed takes texts, or --file.") }
        if count < 1 { throw ValidationError("--count must be at least 1, not \(count).") }
    }

    func run() throws {
        let text = try report()
        if !text.isEmpty { say(text) }
    }

    /// What the command prints.
    func report() throws -> String {
        var texts = texts
        if let file { texts += try readText(file).split(whereSeparator: \.isNewline).map(String.init) }
        guard !texts.isEmpty else { throw Failure("embed: there are no texts") }
        let embedder = try TextEmbedder.load(arguments.folder(), dtype: arguments.dtype.dtype)
        arguments.quantizeIfAsked(embedder.model)
        if let pooling { embedder.pooling = pooling }
        if let normalize { embedder.normalizes = normalize }
        let vectors = try embedder(texts, prompt: prompt)
        if let output {
            if output.hasSuffix(".npy") {
                try NumpyFile.save(vectors, to: output)
            } else {
                try OutputFormat(output, command: "embed").write(
                    [StoredTensor("embeddings", vectors)], to: output, notes: [:], shardSize: .max)
            }
        }
        if let query {
            let nearest = TextEmbedder.nearest(to: try embedder(query), among: vectors, count: count)
            return nearest.map { "\(decimal($0.similarity))  \(IOError.oneLine(texts[$0.index], limit: 1000))" }
                .joined(separator: "\n")
        }
        if similarity {
            let norms = vectors.square().sum(dim: 1, keepdim: true).sqrt().clamp(min: 1e-12)
            let unit = vectors / norms
            let cosines = unit.matmul(unit.transpose(0, 1))
            return (0..<texts.count).map { row in
                cosines.select(0, row).to(.float64).toArray(Double.self).map(decimal).joined(separator: " ")
            }.joined(separator: "\n")
        }
        if output != nil { return "" }
        return (0..<texts.count).map { row in
            JSON.array(vectors.select(0, row).toArray(Float.self).map { JSON(.number("\($0)")) }).text(indented: false)
        }.joined(separator: "\n")
    }

    /// A number with four digits after the point.
    private func decimal(_ value: Double) -> String {
        let scaled = Int((abs(value) * 10_000).rounded())
        let digits = String(scaled % 10_000)
        let sign = value < 0 && scaled > 0 ? "-" : ""
        return "\(sign)\(scaled / 10_000)." + String(repeating: "0", count: 4 - digits.count) + digits
    }
}

/// The command `torchlight perplexity`.
struct PerplexityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "perplexity", abstract: "Measure how well a language model predicts a text.",
        discussion: "The perplexity is exp of the mean negative log probability of each token after those before it.")

    @OptionGroup var arguments: ModelArguments
    @Argument(help: "The file with the text; - is standard input.")
    var file: String
    @Option(
        parsing: .unconditional,
        help: "The largest number of tokens of a forward pass. Default: that of the model, at most 1024.")
    var window: Int?
    @Option(parsing: .unconditional, help: "The distance of the windows. Default: half of the window.")
    var stride: Int?

    func run() throws { say(try report()) }

    /// What the command prints.
    func report() throws -> String {
        let text = try readText(file)
        let result = try arguments.generator().perplexity(text, window: window, stride: stride)
        let bits = result.totalLoss / log(2) / Double(max(text.utf8.count, 1))
        return """
            tokens: \(result.tokenCount)
            loss: \(result.meanLoss)
            perplexity: \(result.value)
            bits per byte: \(bits)
            """
    }
}
