import Glibc
import Torchlight
import TorchlightIO

/// A run of `torchlight train mnist`: the training loop with evaluation, checkpoints, progress and results.
final class TrainingRun {
    private var settings: RunSettings
    private let data: DigitData
    private let quiet: Bool
    private let json: String?
    private let model: any Layer
    private let optimizer: any Optimizer
    /// Multiplies the learning rate by 0.8 in each epoch. The schedule does not depend on the number of epochs, so that
    /// a resumed run takes the same steps as an uninterrupted one.
    private let scheduler: ExponentialLR
    private let loader: DataLoader<(Tensor, Tensor)>
    private let testLoader: DataLoader<(Tensor, Tensor)>
    private var progress = RunProgress()
    /// The weights of the best epoch, and whether this run has written them.
    private var best: StateDict?
    private var isBestWritten = false

    init(
        settings: RunSettings, data: DigitData, checkpoint: Checkpoint?, quiet: Bool, json: String?
    ) throws {
        self.settings = settings
        self.settings.dataset = data.name
        self.data = data
        self.quiet = quiet
        self.json = json
        manualSeed(UInt64(settings.seed))
        model = DigitModels.make(settings.model, imageSize: data.imageSize)
        let parameters = model.parameters()
        switch settings.optimizer {
        case .sgd: optimizer = SGD(parameters, lr: settings.lr, momentum: 0.9)
        case .adam: optimizer = Adam(parameters, lr: settings.lr)
        case .adamw: optimizer = AdamW(parameters, lr: settings.lr)
        }
        scheduler = ExponentialLR(optimizer, gamma: 0.8)
        loader = data.train(settings.batchSize, true, UInt64(settings.seed))
        testLoader = data.test(1000, false, 0)
        if let checkpoint {
            guard checkpoint.state.loader.map({ $0.batch <= loader.count }) ?? true else {
                throw Failure("resume: the checkpoint was made with other data than \(data.name)")
            }
            do {
                try checkpoint.state.restore(
                    model: model, optimizer: optimizer, scheduler: scheduler, loader: loader)
            } catch { throw Failure("resume: \(error)") }
            progress = checkpoint.progress
            best = checkpoint.best
            if best == nil, let epoch = progress.best {
                // A checkpoint of an earlier version, which stored the best weights only in their own file.
                guard let file = try? TensorFile.open(checkpoint.settings.save),
                    file.metadata.contains(where: { $0.key == "epoch" && $0.value == "\(epoch.number)" })
                else {
                    throw Failure(
                        "resume: the checkpoint does not contain the best weights, of epoch \(epoch.number), and they are not in \(checkpoint.settings.save); restore that file"
                    )
                }
                best = try file.byName(checkpoint.settings.save)
            }
        }
    }

    func run() throws {
        let started = monotonicSeconds()
        if !quiet {
            let shape = "\(data.name), \(loader.sampleCount) training and \(testLoader.sampleCount) test samples"
            say(
                "\(settings.model.rawValue) with \(quantity(model.parameterCount(), "parameter")) on \(shape); \(settings.optimizer.rawValue) \(settings.lr), batch \(settings.batchSize), seed \(settings.seed), \(quantity(numThreads, "thread"))"
            )
            if progress.epochsDone > 0 || progress.samples > 0 {
                say(
                    "resuming after epoch \(progress.epochsDone) of \(settings.epochs)"
                        + (progress.samples > 0 ? " and \(quantity(progress.samples, "sample"))" : ""))
            }
        }
        while progress.epochsDone < settings.epochs {
            try trainEpoch(progress.epochsDone + 1)
            try finishEpoch()
        }
        // No epoch of this run was the best, and the weights may have been written to another file.
        if !isBestWritten { try writeBest() }
        try writeCurve()
        let best = progress.best!
        if let json { try writeJSON(to: json, seconds: monotonicSeconds() - started) }
        if !quiet {
            say(
                "best weights, of epoch \(best.number): \(settings.save); curve: \(settings.curveSVG) and \(settings.curvePNG)"
            )
        }
        say("test accuracy: \(Chart.decimal(best.accuracy * 100, digits: 2))%\(data.note)")
    }

    /// The training loop of an epoch, until its end or Ctrl-C.
    private func trainEpoch(_ number: Int) throws {
        var bar = ProgressBar(
            "epoch \(number)/\(settings.epochs)", total: loader.sampleCount, style: .current(quiet: quiet))
        let started = monotonicSeconds() - progress.seconds
        model.train()
        for (images, labels) in loader {
            optimizer.zeroGrad()
            let output = model(images)
            let loss = crossEntropy(output, labels)
            loss.backward()
            let value = loss.item()
            guard value.isFinite else {
                bar.clear()
                throw explain(value, images, labels, epoch: number, step: progress.samples / settings.batchSize + 1)
            }
            optimizer.step()

            progress.lossSum += value * Double(labels.count)
            progress.samples += labels.count
            progress.seconds = monotonicSeconds() - started
            bar.update(progress.samples, loss: progress.lossSum / Double(progress.samples))
            if Interrupt.isRequested { try stop(bar) }
        }
        bar.clear()
    }

    private func finishEpoch() throws {
        model.eval()
        let accuracy = noGrad {
            var right = 0.0
            for (images, labels) in testLoader {
                right += (model(images).argmax(dim: 1) .== labels).sum().item()
            }
            return right / Double(testLoader.sampleCount)
        }
        let epoch = RunProgress.Epoch(
            number: progress.epochsDone + 1, loss: progress.lossSum / Double(max(progress.samples, 1)),
            accuracy: accuracy,
            seconds: progress.seconds, samplesPerSecond: Double(progress.samples) / max(progress.seconds, 1e-9))
        scheduler.step()
        let isBest = progress.best.map { accuracy > $0.accuracy } ?? true
        progress.epochs.append(epoch)
        (progress.lossSum, progress.samples, progress.seconds) = (0, 0, 0)
        if isBest {
            best = noGrad { model.stateDict().mapValues { $0.clone() } }
            try writeBest()
        }
        try writeCheckpoint()
        if !quiet {
            let number = "\(epoch.number)/\(settings.epochs)"
            say(
                "epoch \(number): loss \(Chart.decimal(epoch.loss, digits: 4)), test accuracy \(Chart.decimal(accuracy * 100, digits: 2))%, \(Chart.decimal(epoch.seconds, digits: 1)) s, \(ProgressBar.rounded(epoch.samplesPerSecond)) samples/s"
            )
        }
    }

    /// Writes the weights of the best epoch in the format of the file name.
    private func writeBest() throws {
        let epoch = progress.best!
        let tensors = best!.map { StoredTensor($0.key, $0.value) }
        try OutputFormat(settings.save, command: "--save").write(
            tensors, to: settings.save,
            notes: [
                "model": settings.model.rawValue, "epoch": "\(epoch.number)", "test_accuracy": "\(epoch.accuracy)",
                "dataset": data.name,
            ])
        isBestWritten = true
    }

    private func writeCheckpoint() throws {
        let step = loader.state.epoch * loader.count + loader.state.batch
        let state = TrainingState(
            step: step, model: model, optimizer: optimizer, scheduler: scheduler, loader: loader,
            score: progress.epochs.last?.accuracy)
        let checkpoint = Checkpoint(settings: settings, progress: progress, state: state, best: best)
        try checkpoint.write(to: settings.checkpointPath)
    }

    /// Writes the checkpoint after Ctrl-C.
    private func stop(_ bar: ProgressBar) throws {
        bar.clear()
        try writeCheckpoint()
        throw Failure(
            "interrupted in epoch \(progress.epochsDone + 1) after \(quantity(progress.samples, "sample")); to resume: torchlight train mnist --resume \(settings.checkpointPath)",
            status: 130)
    }

    /// Finds the operation that made the loss NaN or infinite: the step is repeated with anomaly detection.
    private func explain(_ value: Double, _ images: Tensor, _ labels: Tensor, epoch: Int, step: Int) -> Failure {
        var cause = "no single operation of this step"
        if let spoilt = model.namedParameters().first(where: { !$0.tensor.isfinite().all().item(Bool.self) }) {
            cause = "the parameter \(spoilt.name), which the step before made infinite or NaN"
        } else {
            do {
                _ = try checked { detectAnomalies(includingInfinity: true) { crossEntropy(model(images), labels) } }
            } catch { cause = "\(error)" }
        }
        let kept =
            progress.epochs.isEmpty
            ? "no epoch was complete, so nothing was saved"
            : "the checkpoint of epoch \(progress.epochsDone) is kept in \(settings.checkpointPath)"
        return Failure(
            "the loss became \(value.isNaN ? "NaN" : "infinite") in epoch \(epoch), step \(step), made by \(cause); \(kept); try a smaller --lr"
        )
    }

    private func writeCurve() throws {
        let chart = Chart.training(
            title: "\(data.name), \(settings.model.rawValue)",
            epochs: progress.epochs.map { (epoch: $0.number, loss: $0.loss, accuracy: $0.accuracy) })
        let drawing = chart.drawing()
        try AtomicFile.write(drawing.svg(), to: settings.curveSVG)
        try AtomicFile.write(drawing.raster().png(), to: settings.curvePNG)
    }

    private func writeJSON(to path: String, seconds: Double) throws {
        let trained = progress.epochs.reduce(0) { $0 + $1.seconds }
        let samples = progress.epochs.reduce(0) { $0 + $1.seconds * $1.samplesPerSecond }
        let report = JSON.object([
            ("dataset", .string(data.name)), ("model", .string(settings.model.rawValue)),
            ("optimizer", .string(settings.optimizer.rawValue)), ("lr", .double(settings.lr)),
            ("batch_size", .int(settings.batchSize)), ("seed", .int(settings.seed)),
            ("threads", .int(numThreads)),
            (
                "epochs",
                .array(
                    progress.epochs.map { epoch in
                        .object([
                            ("epoch", .int(epoch.number)), ("train_loss", .double(epoch.loss)),
                            ("test_accuracy", .double(epoch.accuracy)), ("seconds", .double(epoch.seconds)),
                            ("samples_per_second", .double(epoch.samplesPerSecond)),
                        ])
                    })
            ),
            ("best_epoch", .int(progress.best!.number)), ("test_accuracy", .double(progress.best!.accuracy)),
            ("last_test_accuracy", .double(progress.epochs.last!.accuracy)), ("seconds", .double(seconds)),
            ("samples_per_second", .double(samples / max(trained, 1e-9))),
            ("peak_memory_bytes", .int(peakMemoryBytes())),
        ])
        try AtomicFile.write(report.text(indented: true) + "\n", to: path)
    }
}
