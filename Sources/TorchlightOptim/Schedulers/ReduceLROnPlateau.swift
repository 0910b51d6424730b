import TorchlightCore

/// Multiplies the learning rates by `factor` when a metric has not improved for more than `patience` epochs.
///
///     let scheduler = ReduceLROnPlateau(optimizer, patience: 5)
///     for epoch in 0..<100 {
///         ...
///         scheduler.step(validationLoss)
///     }
public final class ReduceLROnPlateau: LRScheduler {
    /// Whether a lower (`min`) or a higher (`max`) metric is better.
    public enum Mode: String, Sendable { case min, max }
    /// Whether the threshold is relative to the best metric (`rel`) or an absolute difference (`abs`).
    public enum ThresholdMode: String, Sendable { case rel, abs }

    /// Whether a lower or a higher metric is better. Default: `.min`.
    public let mode: Mode
    /// Factor of the learning rates, at least 0 and below 1. Default: 0.1.
    public let factor: Double
    /// Number of epochs without improvement before the learning rates are reduced. Default: 10.
    public let patience: Int
    /// Minimum change of the metric that counts as an improvement. Default: 1e-4.
    public let threshold: Double
    /// Whether the threshold is relative or absolute. Default: `.rel`.
    ///
    /// With `.rel` a metric is better if it is below `best · (1 - threshold)` (`.min`) or above
    /// `best · (1 + threshold)` (`.max`); with `.abs`, if it is below `best - threshold` or above `best + threshold`.
    public let thresholdMode: ThresholdMode
    /// Number of epochs after a reduction in which bad epochs are not counted. Default: 0.
    public let cooldown: Int
    /// Lower bound of each group's learning rate. Default: 0.
    public var minLR: [Double] { minLRs.values }
    /// Minimum decrease of a learning rate; smaller changes are ignored. Default: 1e-8.
    public let eps: Double

    /// The best metric so far; infinity (`.min`) or -infinity (`.max`) before the first step.
    public private(set) var best: Double
    /// Number of epochs since the last improvement or reduction.
    public private(set) var badEpochs = 0
    private var cooling = 0
    private(set) var minLRs: GroupSetting

    /// Creates a scheduler for `optimizer`. It is an error if a number is negative or not finite, or if `factor` is 1 or
    /// more.
    ///
    /// - Parameters:
    ///   - optimizer: the optimiser whose learning rates are scheduled.
    ///   - mode: whether a lower or a higher metric is better. Default: `.min`.
    ///   - factor: the factor of the learning rates, at least 0 and below 1. Default: 0.1.
    ///   - patience: the number of epochs without improvement before the learning rates are reduced. Default: 10.
    ///   - threshold: the minimum change of the metric that counts as an improvement. Default: 1e-4.
    ///   - thresholdMode: whether the threshold is relative or absolute. Default: `.rel`.
    ///   - cooldown: the number of epochs after a reduction in which bad epochs are not counted. Default: 0.
    ///   - minLR: the lower bound of the learning rates, one value for all groups or one for each. Default: 0.
    ///   - eps: the minimum decrease of a learning rate; smaller changes are ignored. Default: 1e-8.
    public init(
        _ optimizer: any Optimizer, mode: Mode = .min, factor: Double = 0.1, patience: Int = 10,
        threshold: Double = 1e-4, thresholdMode: ThresholdMode = .rel, cooldown: Int = 0, minLR: [Double] = [0],
        eps: Double = 1e-8
    ) {
        requireSchedule(
            factor >= 0 && factor < 1, "ReduceLROnPlateau", "factor is \(factor); expected 0 <= factor < 1")
        requireNotNegative([("threshold", threshold), ("eps", eps)], "ReduceLROnPlateau")
        for (name, count) in [("patience", patience), ("cooldown", cooldown)] {
            requireSchedule(count >= 0, "ReduceLROnPlateau", "\(name) is \(count); expected at least 0")
        }
        self.mode = mode
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.thresholdMode = thresholdMode
        self.cooldown = cooldown
        minLRs = GroupSetting(minLR, optimizer, "ReduceLROnPlateau", "minLR")
        self.eps = eps
        best = mode == .min ? .infinity : -.infinity
        super.init(optimizer)
    }

    /// Reports an error: this scheduler needs `step(_:)` with a metric.
    public override func step() {
        requireSchedule(false, "ReduceLROnPlateau", "a step needs a metric: scheduler.step(validationLoss)")
    }

    /// Advances to the next epoch, given the metric at the end of the current one.
    ///
    /// In a function that is being recorded, call this in `hostCall`, or pass the metric as a tensor.
    public func step(_ metric: Double) {
        if let recorder = activeRecorder, !recorder.hasMade(optimizer) {
            recorder.hostWrite("the state of a ReduceLROnPlateau by a metric that is a Swift number", nil)
        }
        advance(metric)
    }

    /// Advances to the next epoch, given the metric as a tensor with one element. In a compiled function this happens
    /// in each call.
    ///
    /// - Parameter metric: a tensor with one element, of a real dtype.
    public func step(_ metric: Tensor) {
        if metric.isPlaceholder { return }
        guard metric.count == 1, !metric.dtype.isComplex else {
            return reportFailure(
                TensorError(
                    .shape, in: "ReduceLROnPlateau", "the metric is not a real number",
                    expected: "a tensor with one element",
                    operands: [metric]))
        }
        runStep(reading: metric.detach()) { [self] metric in
            if let metric { advance(metric.item()) }
        }
    }

    private func advance(_ metric: Double) {
        if adoptNewGroups() == nil { return }
        epoch += 1
        if isBetter(metric) {
            best = metric
            badEpochs = 0
        } else {
            badEpochs += 1
        }
        if cooling > 0 {
            cooling -= 1
            badEpochs = 0
        }
        if badEpochs > patience {
            optimizer.learningRates = zip(optimizer.learningRates, minLR).map { rate, lowest in
                let lower = Swift.max(rate * factor, lowest)
                return rate - lower > eps ? lower : rate
            }
            cooling = cooldown
            badEpochs = 0
        }
    }

    override func extendSettings(to count: Int) -> String? {
        minLRs.extend(to: count) ? nil : "minLR is given by group"
    }

    private func isBetter(_ metric: Double) -> Bool {
        switch (mode, thresholdMode) {
        case (.min, .rel): metric < best * (1 - threshold)
        case (.min, .abs): metric < best - threshold
        case (.max, .rel): metric > best * (1 + threshold)
        case (.max, .abs): metric > best + threshold
        }
    }

    public override func state() -> [String: String] {
        var state = super.state()
        state["best"] = "\(best)"
        state["num_bad_epochs"] = "\(badEpochs)"
        state["cooldown_counter"] = "\(cooling)"
        return state
    }

    public override func load(_ state: [String: String]) throws {
        guard let best = state["best"].flatMap({ Double($0) }),
            let badEpochs = state["num_bad_epochs"].flatMap({ Int($0) }),
            let cooling = state["cooldown_counter"].flatMap({ Int($0) }), (0...Self.epochLimit).contains(badEpochs),
            (0...Self.epochLimit).contains(cooling)
        else { throw OptimizerStateError(problem: "the scheduler's best metric or counters are missing") }
        try super.load(state)
        (self.best, self.badEpochs, self.cooling) = (best, badEpochs, cooling)
    }
}
