import ArgumentParser
import Torchlight
import TorchlightIO

/// The command `torchlight train`.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a network on a dataset.", subcommands: [TrainMNIST.self])
}

enum ModelKind: String, ExpressibleByArgument, CaseIterable, Sendable {
    case mlp, cnn
}

enum OptimizerKind: String, ExpressibleByArgument, CaseIterable, Sendable {
    case sgd, adam, adamw
}

/// The command `torchlight train mnist`.
struct TrainMNIST: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mnist",
        abstract: "Train a network to classify handwritten digits.",
        discussion: """
            The MNIST files are searched in --data, $TORCHLIGHT_DATA and the user's cache, then downloaded. If they \
            are not available, a small dataset of handwritten digits that ships with the program is used.

            The best weights are written to --save. After each epoch a checkpoint for --resume is written to the same \
            directory (.checkpoint.safetensors); a resumed run gives the same result. Ctrl-C finishes the \
            step, writes the checkpoint and prints how to resume.
            """)

    @Option(help: "The network: mlp (784-256-128-10, dropout 0.2) or cnn (two convolutions).")
    var model: ModelKind?
    @Option(
        parsing: .unconditional,
        help:
            "Number of epochs from the start of the first run; a resumed run that has completed them trains for as many more. (default: 9 for mlp, 5 for cnn)"
    )
    var epochs: Int?
    @Option(parsing: .unconditional, help: "Batch size. (default: 64)")
    var batchSize: Int?
    @Option(
        parsing: .unconditional,
        help:
            "Learning rate of the first epoch; it is multiplied by 0.8 after each epoch. (default: 0.001, for sgd 0.01)"
    )
    var lr: Double?
    @Option(help: "The optimiser: sgd (momentum 0.9), adam or adamw. (default: adam for mlp, sgd for cnn)")
    var optimizer: OptimizerKind?
    @Option(parsing: .unconditional, help: "Seed of the random number generators. (default: 0)")
    var seed: Int?
    @Option(parsing: .unconditional, help: "Number of CPU threads. (default: as many as this process may use)")
    var threads: Int?
    @Option(help: "A directory with the four files, directly or in a subdirectory mnist.")
    var data: String?
    @Option(
        help:
            "Output file of the best weights: .safetensors, .pth, .pt, .bin, .ckpt or .npz. (default: mnist-<model>.safetensors)"
    )
    var save: String?
    @Option(help: "A checkpoint to resume from. Its model and settings are used.")
    var resume: String?
    @Option(
        help: "Output file of the learning curve, as SVG and as PNG with the same name. (default: mnist-<model>.svg)")
    var curve: String?
    @Option(help: "Output file of the results, as JSON.")
    var json: String?
    @Flag(help: "Print only the result.")
    var quiet = false

    func validate() throws {
        if let epochs, epochs < 1 { throw ValidationError("--epochs must be at least 1, not \(epochs).") }
        if let batchSize, batchSize < 1 { throw ValidationError("--batch-size must be at least 1, not \(batchSize).") }
        if let lr, !(lr > 0 && lr.isFinite) { throw ValidationError("--lr must be greater than 0, not \(lr).") }
        if let seed, seed < 0 { throw ValidationError("--seed must not be negative, not \(seed).") }
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, not \(threads).") }
    }

    func run() throws {
        if let threads { try useThreads(threads) }
        let checkpoint = try resume.map { try Checkpoint(readFrom: $0) }
        let settings = try RunSettings(self, resuming: checkpoint)
        switch try OutputFormat(settings.save, command: "--save") {
        case .safetensors, .torch, .npz: break
        case .shards, .npy:
            throw Failure("--save: \(settings.save) cannot hold a model; expected .safetensors, .pth or .npz")
        }
        let outputs = [
            ("the weights", settings.save), ("the checkpoint", settings.checkpointPath),
            ("the curve as SVG", settings.curveSVG), ("the curve as PNG", settings.curvePNG),
        ]
        try AtomicFile.check(outputs + (json.map { [("the results", $0)] } ?? []))
        let data = try DigitData.find(root: data, quiet: quiet, required: checkpoint?.settings.dataset)
        Interrupt.watch()
        let run = try TrainingRun(settings: settings, data: data, checkpoint: checkpoint, quiet: quiet, json: json)
        try run.run()
    }
}

/// The settings of a run. They are saved in the checkpoint and used by a resumed run.
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
    /// The name of the dataset; empty until it is loaded.
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
        func resolved<Value: Equatable>(_ name: String, _ given: Value?, _ saved: Value?, _ standard: Value) throws
            -> Value
        {
            if let given, let saved, given != saved {
                throw Failure(
                    "resume: the checkpoint was made with --\(name) \(saved), not \(given); leave the option out to resume"
                )
            }
            return given ?? saved ?? standard
        }
        let model = try resolved("model", options.model, old?.model, .mlp)
        let optimizer = try resolved("optimizer", options.optimizer, old?.optimizer, model == .mlp ? .adam : .sgd)
        let name = "mnist-\(model.rawValue)"
        self.init(
            model: model, optimizer: optimizer, epochs: options.epochs ?? old?.epochs ?? (model == .mlp ? 9 : 5),
            batchSize: try resolved("batch-size", options.batchSize, old?.batchSize, 64),
            lr: try resolved("lr", options.lr, old?.lr, optimizer == .sgd ? 0.01 : 0.001),
            seed: try resolved("seed", options.seed, old?.seed, 0),
            save: options.save ?? old?.save ?? "\(name).safetensors",
            curve: options.curve ?? old?.curveSVG ?? "\(name).svg")
        if let checkpoint, let more = options.epochs, more <= checkpoint.progress.epochsDone {
            epochs = checkpoint.progress.epochsDone + more
        }
    }

    /// The path without its extension, if it is a known one.
    private static func stem(_ path: String) -> String {
        let endings = [".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".npz", ".svg", ".png"]
        for ending in endings where path.lowercased().hasSuffix(ending) { return String(path.dropLast(ending.count)) }
        return path
    }

    /// Changes paths relative to the working directory of the first run to paths relative to the checkpoint's
    /// directory.
    mutating func moveFiles(beside checkpoint: String) {
        // The checkpoint is in the directory of the weights, so the relative directory of the run is known.
        let name = FileSystem.name(of: checkpointPath)
        guard FileSystem.name(of: checkpoint) == name, !save.hasPrefix("/") else { return }
        let folder = FileSystem.directory(of: checkpoint)
        let old = FileSystem.directory(of: save)
        func moved(_ path: String) -> String {
            guard !path.hasPrefix("/"), FileSystem.directory(of: path) == old else { return path }
            return folder == "." ? FileSystem.name(of: path) : "\(folder)/\(FileSystem.name(of: path))"
        }
        (save, curveSVG, curvePNG) = (moved(save), moved(curveSVG), moved(curvePNG))
    }
}
