import ArgumentParser
import Glibc
import Torchlight
import TorchlightIO
import TorchlightModels

/// The command `torchlight generate`.
struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Continue a text with a language model, or rewrite it with an encoder-decoder model.",
        discussion: """
            Options that are not given are those of the model's files. The text is written as it is generated; the last line, on \
            standard error, has the numbers of tokens and tokens per second.
            """)

    @OptionGroup var arguments: ModelArguments
    @Argument(help: "The prompt; - reads it from standard input.")
    var prompt: String
    @OptionGroup var generation: GenerationArguments
    @Option(help: "A task of the model's files, whose prefix and options are used: summarization, for example.")
    var task: String?
    @Flag(help: "Do not add the special tokens of the tokenizer to the prompt.")
    var noSpecialTokens = false
    @Flag(help: "Print JSON: text, tokens, why the text ended, and speeds.")
    var json = false
    @Flag(help: "Print the text alone.")
    var quiet = false

    func run() throws {
        let result = try generated { writeText($0) }
        if json { return say(report(result)) }
        say("")
        if !quiet { Terminal.write(speeds(result) + "\n", to: STDERR_FILENO) }
    }

    /// Generates the text.
    ///
    /// - Parameter write: Is called with each piece of the text.
    func generated(_ write: (String) -> Void = { _ in }) throws -> GeneratedText {
        let text = prompt == "-" ? try readText("-") : prompt
        let generator = try arguments.generator()
        if let task { generator.options = try generator.model.generationOptions(task: task) }
        try generation.apply(to: generator, arguments)
        let input = try task.map { try generator.model.prefix(ofTask: $0) + text } ?? text
        let tokens = try generator.tokenizer.ids(input, addSpecialTokens: !noSpecialTokens)
        fit(generator, promptLength: tokens.count, isGiven: generation.saysLength)
        return try withoutActuallyEscaping(write) { write in
            try generator.generate(tokens: tokens) { piece in
                if !json { write(piece) }
                return true
            }
        }
    }

    /// The result as JSON.
    func report(_ result: GeneratedText) -> String {
        JSON.object([
            ("text", .string(result.text)), ("tokens", .array(result.sequence.tokens.map { .int($0) })),
            ("finish_reason", .string(result.sequence.finishReason.rawValue)),
            ("score", result.sequence.score.map { .double($0) } ?? nil),
            ("prompt_tokens", .int(result.promptTokenCount)),
            ("prompt_tokens_per_second", .double(result.promptTokensPerSecond)),
            ("tokens_per_second", .double(result.tokensPerSecond)),
        ]).text(indented: false)
    }
}

/// Shortens the maximum length to the positions of a decoder, unless the user said it.
func fit(_ generator: TextGenerator, promptLength: Int, isGiven: Bool) {
    let positions =
        (generator.model as? CausalModel)?.maxLength.map { $0 - promptLength }
        ?? (generator.model as? EncoderDecoderModel)?.maxDecoderLength.map { $0 - 1 }
    guard let positions, !isGiven, positions > 0, generator.options.maxLength == nil else { return }
    generator.options.maxNewTokens = min(generator.options.maxNewTokens, positions)
}
