import TorchlightCore

/// Lowers the learning rates when a measure has not become better for some epochs.
///
///     schedule.step(validationLoss)
public final class ReduceLROnPlateau: LRScheduler {
    /// Which way a measure is better.
    public enum Mode: String, Sendable { case min, max }
    /// Whether the threshold is a part of the best measure or a distance from it.
    public enum ThresholdMode: String, Sendable { case rel, abs }

    /// Which way a measure is better.
    public let mode: Mode
    /// What the learning rates are multiplied by.
    public let factor: Double
    /// The epochs without improvement that are let pass.
    public let patience: Int
    /// How much better than the best a measure has to be to count.
    public let threshold: Double
    /// What the threshold is measured by.
    public let thresholdMode: ThresholdMode
    /// The epochs after a change that do not count as bad.
    public let cooldown: Int
    /// The lowest learning rate of each group.
    public var minLR: [Double] { minLRs.values }
    /// Changes of a learning rate that are not larger are left out.
    public let eps: Double

    /// The best measure so far; infinite before the first.
    public private(set) var best: Double
    /// The epochs since the last improvement or change.
    public private(set) var badEpochs = 0
    private var cooling = 0
    private var minLRs: GroupSetting

    /// A schedule for this optimiser. `minLR` is a number for all groups or one for each.
    public init(
        _ optimizer: any Optimizer, mode: Mode = .min, factor: Double = 0.1, patience: Int = 10,
        threshold: Double = 1e-4, thresholdMode: ThresholdMode = .rel, cooldown: Int = 0, minLR: [Double] = [0],
        eps: Double = 1e-8
    ) {
        requireSchedule(factor < 1, "ReduceLROnPlateau", "factor is \(factor); expected below 1")
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

    /// An error: this schedule follows a measure.
    public override func step() {
        requireSchedule(false, "ReduceLROnPlateau", "a step needs a measure: schedule.step(validationLoss)")
    }

    /// Goes to the next epoch, at the end of which the measure was this.
    public func step(_ metric: Double) {
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
            let cooling = state["cooldown_counter"].flatMap({ Int($0) })
        else { throw OptimizerStateError(problem: "the scheduler's best measure or counters are missing") }
        try super.load(state)
        (self.best, self.badEpochs, self.cooling) = (best, badEpochs, cooling)
    }
}
