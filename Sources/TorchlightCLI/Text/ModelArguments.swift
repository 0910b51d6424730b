import ArgumentParser
import Glibc
import Torchlight
import TorchlightIO
import TorchlightModels

/// Which model a command uses.
struct ModelArguments: ParsableArguments {
    @Argument(help: "The folder of the model, a GGUF file, or a name on the hub: owner/name.")
    var model: String
    @Option(help: "The branch, tag or commit of a model on the hub.")
    var revision = "main"
    @Flag(help: "Use only files of the hub's cache.")
    var offline = false
    @Option(help: "The dtype of the parameters.")
    var dtype = ParameterType.float32
    @Option(help: "Store the weights of linear layers in integers.")
    var quantize: IntegerWeights?
    @Option(parsing: .unconditional, help: "Number of threads.")
    var threads: Int?

    enum ParameterType: String, ExpressibleByArgument, CaseIterable {
        case float32, bfloat16, float16

        var dtype: DType {
            switch self {
            case .float32: .float32
            case .bfloat16: .bfloat16
            case .float16: .float16
            }
        }
    }

    enum IntegerWeights: String, ExpressibleByArgument, CaseIterable {
        case int8, int4

        var scheme: WeightQuantization {
            switch self {
            case .int8: .int8()
            case .int4: .int4()
            }
        }
    }

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, not \(threads).") }
    }

    /// The folder of the model, which is downloaded unless it is there.
    func folder() throws -> String { try folder(model) }

    /// The folder of a model by its path or name.
    func folder(_ name: String) throws -> String {
        if let threads { try useThreads(threads) }
        if FileSystem.isDirectory(name) || name.lowercased().hasSuffix(".gguf") && FileSystem.isFile(name) {
            return name
        }
        let isPath = name.hasPrefix("/") || name.hasPrefix(".") || name.hasPrefix("~")
        guard !isPath, name.split(separator: "/", omittingEmptySubsequences: false).count == 2 else {
            throw Failure(
                "there is no folder \(IOError.quoted(name)); expected a folder, a GGUF file, or a name on the hub: owner/name"
            )
        }
        var hub = Hub()
        if offline { hub.isOffline = true }
        let isTerminal = Terminal.isTerminal(STDERR_FILENO)
        var last = ""
        let path = try hub.snapshot(name, revision: revision) { file, done, total in
            if isTerminal {
                let percent = total.map { $0 > 0 ? ", \(done * 100 / $0) %" : "" } ?? ""
                Terminal.write(
                    "\r\u{1B}[K\(IOError.oneLine(file, limit: 60)): \(quantity(done, "byte"))\(percent)",
                    to: STDERR_FILENO)
            } else if file != last {
                Terminal.write("downloading \(IOError.oneLine(file, limit: 200))\n", to: STDERR_FILENO)
            }
            last = file
        }
        if isTerminal, !last.isEmpty { Terminal.write("\r\u{1B}[K", to: STDERR_FILENO) }
        return path
    }

    /// The model with its tokenizer.
    func generator() throws -> TextGenerator {
        let generator = try TextGenerator.load(folder(), dtype: dtype.dtype)
        quantizeIfAsked(generator.model)
        return generator
    }

    /// Quantises the weights if the option is set.
    func quantizeIfAsked(_ model: Module) {
        if let quantize { Torchlight.quantize(model, quantize.scheme) }
    }
}

/// How tokens are chosen: the options of the library.
struct GenerationArguments: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: "The maximum number of tokens to generate. Default: what the model's files say, or 256.")
    var maxNewTokens: Int?
    @Option(parsing: .unconditional, help: "The number of tokens before which the text does not end.")
    var minNewTokens: Int?
    @Flag(help: "Choose the most probable token, whatever the model's files say.")
    var greedy = false
    @Option(
        parsing: .unconditional,
        help: "Divides the scores before sampling; sampling is used where an option of sampling is given.")
    var temperature: Double?
    @Option(parsing: .unconditional, help: "The number of most probable tokens to sample from; 0 for all.")
    var topK: Int?
    @Option(parsing: .unconditional, help: "Samples from the most probable tokens whose probabilities add up to this.")
    var topP: Double?
    @Option(
        parsing: .unconditional, help: "Samples from tokens with at least this fraction of the highest probability.")
    var minP: Double?
    @Option(parsing: .unconditional, help: "Typical sampling: the sum of the probabilities of the most typical tokens.")
    var typicalP: Double?
    @Option(parsing: .unconditional, help: "Divides the scores of tokens that occurred.")
    var repetitionPenalty: Double?
    @Option(parsing: .unconditional, help: "Is subtracted from the scores of generated tokens.")
    var presencePenalty: Double?
    @Option(parsing: .unconditional, help: "Is subtracted from the scores of generated tokens for each occurrence.")
    var frequencyPenalty: Double?
    @Option(parsing: .unconditional, help: "The size of sequences of tokens that do not occur twice.")
    var noRepeatNgramSize: Int?
    @Option(parsing: .unconditional, help: "The number of beams of beam search.")
    var beams: Int?
    @Option(parsing: .unconditional, help: "The exponent of the length in the scores of beams.")
    var lengthPenalty: Double?
    @Option(
        parsing: .unconditional, help: "The weight of the similarity in contrastive search, with --top-k candidates.")
    var contrastivePenalty: Double?
    @Option(parsing: .unconditionalSingleValue, help: "A text that ends the generation. May be given several times.")
    var stop: [String] = []
    @Option(help: "The folder of a smaller model with the same tokenizer that proposes tokens.")
    var assistant: String?
    @Option(parsing: .unconditional, help: "The number of tokens proposed from earlier occurrences of the last tokens.")
    var promptLookup: Int?
    @Option(parsing: .unconditional, help: "Seed of the random numbers of sampling.")
    var seed: UInt64?

    func validate() throws {
        let samples = [temperature, topP, minP, typicalP].contains { $0 != nil }
        if greedy && samples { throw ValidationError("--greedy takes no option of sampling.") }
    }

    /// The options of the model with those of the command line.
    func options(_ base: GenerationOptions) -> GenerationOptions {
        var options = base
        if let maxNewTokens {
            options.maxNewTokens = maxNewTokens
        } else if base.maxLength == nil, base.maxNewTokens == 20 {
            // The library's default is too short for a text.
            options.maxNewTokens = 256
        }
        options.minNewTokens = minNewTokens ?? options.minNewTokens
        if greedy {
            (options.temperature, options.topK, options.topP, options.minP, options.typicalP) = (nil, nil, 1, 0, 1)
        }
        if [temperature, topP, minP, typicalP].contains(where: { $0 != nil })
            || (topK != nil && contrastivePenalty == nil)
        {
            options.temperature = temperature ?? options.temperature ?? 1
        }
        if let topK { options.topK = topK == 0 ? nil : topK }
        options.topP = topP ?? options.topP
        options.minP = minP ?? options.minP
        options.typicalP = typicalP ?? options.typicalP
        options.repetitionPenalty = repetitionPenalty ?? options.repetitionPenalty
        options.presencePenalty = presencePenalty ?? options.presencePenalty
        options.frequencyPenalty = frequencyPenalty ?? options.frequencyPenalty
        options.noRepeatNgramSize = noRepeatNgramSize ?? options.noRepeatNgramSize
        options.beamCount = beams ?? options.beamCount
        options.lengthPenalty = lengthPenalty ?? options.lengthPenalty
        options.contrastivePenalty = contrastivePenalty ?? options.contrastivePenalty
        options.promptLookupTokens = promptLookup ?? options.promptLookupTokens
        options.stopStrings += stop
        if let seed { options.generator = Generator(seed: seed) }
        return options
    }

    /// Sets the options and the assistant of a generator; the maximum length keeps within the positions of the model.
    func apply(to generator: TextGenerator, _ arguments: ModelArguments, promptLength: Int = 0) throws {
        generator.options = options(generator.options)
        if let assistant {
            generator.assistant = try AutoModel.load(arguments.folder(assistant), dtype: arguments.dtype.dtype)
        }
    }

    /// Whether the command line sets the number of tokens to generate.
    var saysLength: Bool { maxNewTokens != nil }
}

/// The numbers of tokens and their speeds, for the end of a text.
func speeds(_ text: GeneratedText) -> String {
    func rate(_ value: Double) -> String { value > 0 ? ", " + rounded(value) + " tokens/s" : "" }
    return "prompt: \(quantity(text.promptTokenCount, "token"))\(rate(text.promptTokensPerSecond)); "
        + "generated: \(quantity(text.sequence.tokens.count, "token"))\(rate(text.tokensPerSecond))"
}

/// A number with one digit after the point.
private func rounded(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
}

/// The bytes of standard input, or of a file, as text.
func readText(_ path: String) throws -> String {
    let bytes = try FileSystem.read(path == "-" ? "/dev/stdin" : path, limit: 1 << 30)
    guard let text = String(validating: bytes, as: UTF8.self) else {
        throw Failure("\(path == "-" ? "standard input" : IOError.oneLine(path, limit: 400)) is not UTF-8")
    }
    return text
}
