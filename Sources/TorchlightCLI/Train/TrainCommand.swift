import ArgumentParser
import Torchlight
import TorchlightIO

/// `torchlight train`
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a network on a data set.", subcommands: [TrainMNIST.self])
}

enum ModelKind: String, ExpressibleByArgument, CaseIterable, Sendable {
    case mlp, cnn
}

enum OptimizerKind: String, ExpressibleByArgument, CaseIterable, Sendable {
    case sgd, adam, adamw
}

/// `torchlight train mnist`
struct TrainMNIST: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mnist",
        abstract: "Train a network to read handwritten digits.",
        discussion: """
            The MNIST files are looked for in --data, $TORCHLIGHT_DATA and the user's cache, then downloaded. Where none \
            can be had, a small set of real digits that ships with the program takes their place.

            The best weights go to --save, and after each epoch everything that a later run needs to go on as if this \
            one had not stopped goes to a file beside it (.checkpoint.safetensors), for --resume. Ctrl-C finishes the \
            step, saves and says how to resume.
            """)

    @Option(help: "The network: mlp (784-256-128-10, dropout 0.2) or cnn (two convolutions).")
    var model: ModelKind?
    @Option(
        parsing: .unconditional,
        help:
            "Epochs, counted from the start of the first run; a resumed run that has them already goes on for as many more. (default: 9 for mlp, 5 for cnn)"
    )
    var epochs: Int?
    @Option(parsing: .unconditional, help: "Samples a step. (default: 64)")
    var batchSize: Int?
    @Option(
        parsing: .unconditional,
        help:
            "Learning rate of the first epoch; each takes four fifths of the last one's. (default: 0.001, for sgd 0.01)"
    )
    var lr: Double?
    @Option(help: "The optimiser: sgd (momentum 0.9), adam or adamw. (default: adam for mlp, sgd for cnn)")
    var optimizer: OptimizerKind?
    @Option(parsing: .unconditional, help: "What all random numbers depend on. (default: 0)")
    var seed: Int?
    @Option(parsing: .unconditional, help: "Processor threads. (default: as many as this process may use)")
    var threads: Int?
    @Option(help: "A folder that holds the four files, itself or in a folder mnist.")
    var data: String?
    @Option(
        help:
            "Where the best weights go: .safetensors, .pth, .pt, .bin, .ckpt or .npz. (default: mnist-<model>.safetensors)"
    )
    var save: String?
    @Option(help: "A checkpoint to go on from. What it says of the model and the run is taken over.")
    var resume: String?
    @Option(help: "Where the curve goes, as SVG and as PNG beside it. (default: mnist-<model>.svg)")
    var curve: String?
    @Option(help: "Where the figures of the run go, as JSON.")
    var json: String?
    @Flag(help: "Print the result only.")
    var quiet = false

    func validate() throws {
        if let epochs, epochs < 1 { throw ValidationError("--epochs must be at least 1, not \(epochs).") }
        if let batchSize, batchSize < 1 { throw ValidationError("--batch-size must be at least 1, not \(batchSize).") }
        if let lr, !(lr > 0 && lr.isFinite) { throw ValidationError("--lr must be greater than 0, not \(lr).") }
        if let seed, seed < 0 { throw ValidationError("--seed must not be negative, not \(seed).") }
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, not \(threads).") }
    }

    func run() throws {
        if let threads { numThreads = threads }
        let checkpoint = try resume.map { try Checkpoint(readFrom: $0) }
        let settings = try RunSettings(self, resuming: checkpoint)
        switch try OutputFormat(settings.save, command: "--save") {
        case .safetensors, .torch, .npz: break
        case .shards, .npy:
            throw Failure("--save: \(settings.save) cannot hold a model; expected .safetensors, .pth or .npz")
        }
        for path in [settings.save, settings.checkpointPath, settings.curveSVG, settings.curvePNG, json].compactMap({
            $0
        }) {
            try AtomicFile.check(path)
        }
        let data = try DigitData.find(root: data, quiet: quiet, required: checkpoint?.settings.dataset)
        Interrupt.watch()
        let run = try TrainingRun(settings: settings, data: data, checkpoint: checkpoint, quiet: quiet, json: json)
        try run.run()
    }
}

/// What decides the course of a run. Saved with it; a resumed run takes it over.
struct RunSettings: Equatable {
    var model: ModelKind
    var optimizer: OptimizerKind
    var epochs: Int
    var batchSize: Int
    var lr: Double
    var seed: Int
    var save: String
    var curveSVG: String
    var curvePNG: String
    /// The name of the data, known when they were found.
    var dataset = ""

    var checkpointPath: String { Self.stem(save) + ".checkpoint.safetensors" }

    init(
        model: ModelKind, optimizer: OptimizerKind, epochs: Int, batchSize: Int, lr: Double, seed: Int, save: String,
        curve: String
    ) {
        self.model = model
        self.optimizer = optimizer
        self.epochs = epochs
        self.batchSize = batchSize
        self.lr = lr
        self.seed = seed
        self.save = save
        curveSVG = Self.stem(curve) + ".svg"
        curvePNG = Self.stem(curve) + ".png"
    }

    init(_ options: TrainMNIST, resuming checkpoint: Checkpoint?) throws {
        let old = checkpoint?.settings
        func agreed<Value: Equatable>(_ name: String, _ given: Value?, _ saved: Value?, _ usual: Value) throws -> Value
        {
            if let given, let saved, given != saved {
                throw Failure(
                    "resume: the checkpoint was made with --\(name) \(saved), not \(given); leave the option out to go on"
                )
            }
            return given ?? saved ?? usual
        }
        let model = try agreed("model", options.model, old?.model, .mlp)
        let optimizer = try agreed("optimizer", options.optimizer, old?.optimizer, model == .mlp ? .adam : .sgd)
        let name = "mnist-\(model.rawValue)"
        self.init(
            model: model, optimizer: optimizer, epochs: options.epochs ?? old?.epochs ?? (model == .mlp ? 9 : 5),
            batchSize: try agreed("batch-size", options.batchSize, old?.batchSize, 64),
            lr: try agreed("lr", options.lr, old?.lr, optimizer == .sgd ? 0.01 : 0.001),
            seed: try agreed("seed", options.seed, old?.seed, 0),
            save: options.save ?? old?.save ?? "\(name).safetensors",
            curve: options.curve ?? old?.curveSVG ?? "\(name).svg")
        if let checkpoint, let more = options.epochs, more <= checkpoint.progress.epochsDone {
            epochs = checkpoint.progress.epochsDone + more
        }
    }

    /// The path without its extension, where it has one of ours.
    private static func stem(_ path: String) -> String {
        let endings = [".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".npz", ".svg", ".png"]
        for ending in endings where path.lowercased().hasSuffix(ending) { return String(path.dropLast(ending.count)) }
        return path
    }

    /// Takes relative paths, which counted from the folder of the first run, for paths from that of its checkpoint.
    mutating func moveFiles(beside checkpoint: String) {
        // The checkpoint lies beside the weights, so that the way from there to the folder of the run is known.
        let name = FileSystem.name(of: checkpointPath)
        guard FileSystem.name(of: checkpoint) == name, !save.hasPrefix("/") else { return }
        let place = FileSystem.directory(of: checkpoint)
        let old = FileSystem.directory(of: save)
        func moved(_ path: String) -> String {
            guard !path.hasPrefix("/"), FileSystem.directory(of: path) == old else { return path }
            return place == "." ? FileSystem.name(of: path) : "\(place)/\(FileSystem.name(of: path))"
        }
        (save, curveSVG, curvePNG) = (moved(save), moved(curveSVG), moved(curvePNG))
    }
}
