import Torchlight
import TorchlightIO

/// The progress of a training run.
struct RunProgress: Equatable {
    /// The results of one epoch.
    struct Epoch: Equatable {
        var number: Int
        var loss: Double
        var accuracy: Double
        var seconds: Double
        var samplesPerSecond: Double
    }

    var epochs: [Epoch] = []
    /// Of the current epoch: the sum of the losses weighted by batch size, the number of samples, and the seconds.
    var lossSum = 0.0
    var samples = 0
    var seconds = 0.0

    var epochsDone: Int { epochs.last?.number ?? 0 }
    var best: Epoch? { epochs.max { ($0.accuracy, $1.number) < ($1.accuracy, $0.number) } }
}

/// A training state with the settings and the progress of the run.
struct Checkpoint {
    private static let program = "torchlight train mnist"

    /// The prefix of the best weights among the tensors of the state.
    private static let bestPrefix = "best."

    var settings: RunSettings
    var progress: RunProgress
    var state: TrainingState
    /// The weights of the best epoch, so that a resumed run does not depend on their file; nil before the first epoch.
    var best: StateDict?

    init(settings: RunSettings, progress: RunProgress, state: TrainingState, best: StateDict?) {
        self.settings = settings
        self.progress = progress
        self.state = state
        self.best = best
    }

    /// Writes the file, complete or not at all.
    func write(to path: String) throws {
        var state = state
        for (name, tensor) in best ?? [:] { state.tensors[Self.bestPrefix + name] = tensor }
        state.metadata = [
            "program": Self.program, "model": settings.model.rawValue, "optimizer": settings.optimizer.rawValue,
            "epochs": "\(settings.epochs)", "batch_size": "\(settings.batchSize)", "lr": "\(settings.lr)",
            "seed": "\(settings.seed)", "save": settings.save, "curve": settings.curveSVG,
            "dataset": settings.dataset, "loss_sum": "\(progress.lossSum)", "samples": "\(progress.samples)",
            "seconds": "\(progress.seconds)",
        ]
        state.metadata["history"] = progress.epochs.map {
            "\($0.number) \($0.loss) \($0.accuracy) \($0.seconds) \($0.samplesPerSecond)"
        }.joined(separator: ";")
        try state.save(path)
    }

    /// Reads a file that `write(to:)` wrote.
    init(readFrom path: String) throws {
        do throws(IOError) { state = try TrainingState(contentsOf: path) } catch {
            guard error.kind == .unsupported else { throw error }
            throw Self.wrongFile(path)
        }
        let notes = state.metadata
        guard notes["program"] == Self.program else { throw Self.wrongFile(path) }
        func note<Value: LosslessStringConvertible>(_ key: String, _ type: Value.Type = Value.self) throws -> Value {
            guard let text = notes[key], let value = Value(text) else {
                throw Failure("resume: in \(path), \(key) is missing or unreadable")
            }
            return value
        }
        guard let model = ModelKind(rawValue: try note("model")),
            let optimizer = OptimizerKind(rawValue: try note("optimizer"))
        else { throw Failure("resume: \(path) has an unknown model or optimiser") }
        settings = RunSettings(
            model: model, optimizer: optimizer, epochs: try note("epochs"), batchSize: try note("batch_size"),
            lr: try note("lr"), seed: try note("seed"), save: try note("save"), curve: try note("curve"))
        settings.moveFiles(beside: path)
        settings.dataset = try note("dataset")
        var best: StateDict = [:]
        for (name, tensor) in state.tensors where name.hasPrefix(Self.bestPrefix) {
            best[String(name.dropFirst(Self.bestPrefix.count))] = tensor
        }
        self.best = best.isEmpty ? nil : best
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
    }

    private static func wrongFile(_ path: String) -> Failure {
        Failure(
            "resume: \(path) is no checkpoint of this program (weights alone cannot be resumed); the checkpoint is in the directory of the weights, as <name>.checkpoint.safetensors"
        )
    }
}
