import Torchlight
import TorchlightIO

/// Where a run stands.
struct RunProgress: Equatable {
    /// The figures of one complete epoch.
    struct Epoch: Equatable {
        var number: Int
        var loss: Double
        var accuracy: Double
        var seconds: Double
        var samplesPerSecond: Double
    }

    var epochs: [Epoch] = []
    /// Of the epoch under way: the sum of the losses, weighted by samples, the samples and the seconds.
    var lossSum = 0.0
    var samples = 0
    var seconds = 0.0

    var epochsDone: Int { epochs.last?.number ?? 0 }
    var best: Epoch? { epochs.max { ($0.accuracy, $1.number) < ($1.accuracy, $0.number) } }
}

/// Everything that a run needs to go on as if it had not stopped, in one safetensors file.
struct Checkpoint {
    private static let kind = "torchlight training checkpoint 1"

    var settings: RunSettings
    var progress: RunProgress
    var loader: DataLoader<(Tensor, Tensor)>.State
    var generator: Generator.State
    var model: [String: Tensor]
    var optimizer: OptimizerState
    var scheduler: [String: String]

    /// Writes the file, which appears complete or not at all.
    func write(to path: String) throws {
        var tensors: [String: Tensor] = [:]
        for (name, tensor) in model { tensors["model.\(name)"] = tensor }
        for (name, tensor) in optimizer.tensors { tensors["optimizer.\(name)"] = tensor }
        var notes = [
            "format": Self.kind, "model": settings.model.rawValue, "optimizer": settings.optimizer.rawValue,
            "epochs": "\(settings.epochs)", "batch_size": "\(settings.batchSize)", "lr": "\(settings.lr)",
            "seed": "\(settings.seed)", "save": settings.save, "curve": settings.curveSVG,
            "dataset": settings.dataset, "loader.seed": "\(loader.seed)", "loader.epoch": "\(loader.epoch)",
            "loader.batch": "\(loader.batch)", "generator.seed": "\(generator.seed)",
            "generator.call": "\(generator.call)", "loss_sum": "\(progress.lossSum)",
            "samples": "\(progress.samples)", "seconds": "\(progress.seconds)",
        ]
        notes["history"] = progress.epochs.map {
            "\($0.number) \($0.loss) \($0.accuracy) \($0.seconds) \($0.samplesPerSecond)"
        }.joined(separator: ";")
        for (name, value) in optimizer.metadata { notes["optimizer.\(name)"] = value }
        for (name, value) in scheduler { notes["scheduler.\(name)"] = value }
        try Safetensors.save(tensors, to: path, metadata: notes)
    }

    init(
        settings: RunSettings, progress: RunProgress, loader: DataLoader<(Tensor, Tensor)>.State,
        generator: Generator.State, model: [String: Tensor], optimizer: OptimizerState, scheduler: [String: String]
    ) {
        self.settings = settings
        self.progress = progress
        self.loader = loader
        self.generator = generator
        self.model = model
        self.optimizer = optimizer
        self.scheduler = scheduler
    }

    /// Reads the file that `write(to:)` made.
    init(readFrom path: String) throws {
        let file = try Safetensors.open(path)
        guard file.note("format") == Self.kind else {
            throw Failure(
                "resume: \(path) is no checkpoint of this program (weights alone cannot be resumed); the checkpoint lies beside the weights as <name>.checkpoint.safetensors"
            )
        }
        func note<Value: LosslessStringConvertible>(_ key: String, _ type: Value.Type = Value.self) throws -> Value {
            guard let text = file.note(key), let value = Value(text) else {
                throw Failure("resume: \(path) says nothing readable of \(key)")
            }
            return value
        }
        guard let model = ModelKind(rawValue: try note("model")),
            let optimizer = OptimizerKind(rawValue: try note("optimizer"))
        else { throw Failure("resume: \(path) names a model or an optimiser that is not known here") }
        settings = RunSettings(
            model: model, optimizer: optimizer, epochs: try note("epochs"), batchSize: try note("batch_size"),
            lr: try note("lr"), seed: try note("seed"), save: try note("save"), curve: try note("curve"))
        settings.dataset = try note("dataset")
        progress = RunProgress()
        progress.lossSum = try note("loss_sum")
        progress.samples = try note("samples")
        progress.seconds = try note("seconds")
        for line in try note("history", String.self).split(separator: ";") {
            let fields = line.split(separator: " ").compactMap { Double($0) }
            guard fields.count == 5 else { throw Failure("resume: \(path) has an unreadable history") }
            progress.epochs.append(
                RunProgress.Epoch(
                    number: Int(fields[0]), loss: fields[1], accuracy: fields[2], seconds: fields[3],
                    samplesPerSecond: fields[4]))
        }
        loader = .init(seed: try note("loader.seed"), epoch: try note("loader.epoch"), batch: try note("loader.batch"))
        generator = Generator.State(seed: try note("generator.seed"), call: try note("generator.call"))
        self.model = [:]
        var state = OptimizerState(tensors: [:], metadata: [:])
        for (name, tensor) in file.tensors {
            if name.hasPrefix("model.") { self.model[String(name.dropFirst(6))] = tensor }
            if name.hasPrefix("optimizer.") { state.tensors[String(name.dropFirst(10))] = tensor }
        }
        scheduler = [:]
        for (key, value) in file.metadata where key.hasPrefix("scheduler.") {
            scheduler[String(key.dropFirst(10))] = value
        }
        for (key, value) in file.metadata where key.hasPrefix("optimizer.") {
            state.metadata[String(key.dropFirst(10))] = value
        }
        self.optimizer = state
    }
}
