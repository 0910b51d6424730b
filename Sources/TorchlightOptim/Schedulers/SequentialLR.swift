import TorchlightCore

/// Runs schedules one after the other: each from one milestone to the next.
///
///     let schedule = SequentialLR(optimizer, milestones: [5]) {
///         [LinearLR($0, startFactor: 0.1, totalIters: 5), CosineAnnealingLR($0, tMax: 95)]
///     }
public final class SequentialLR: LRScheduler {
    private let schedulers: [LRScheduler]
    /// The epochs in which the next schedule begins.
    public let milestones: [Int]

    /// Schedules for this optimiser, made by the closure; there is one milestone less than schedules.
    public init(
        _ optimizer: any Optimizer, milestones: [Int], _ schedulers: (any Optimizer) -> [LRScheduler]
    ) {
        let start = optimizer.initialLearningRates ?? optimizer.learningRates
        let made = schedulers(optimizer)
        requireSchedule(
            !made.isEmpty && milestones.count == made.count - 1 && milestones == milestones.sorted(), "SequentialLR",
            "there are \(made.count) schedules and the milestones \(milestones); expected one milestone less than "
                + "schedules, in rising order")
        requireSchedule(
            made.allSatisfy { $0.optimizer === optimizer }, "SequentialLR", "a schedule is for another optimiser")
        self.schedulers = made
        self.milestones = milestones
        // Each schedule set the rates of its own first epoch when it was made; only the first one's count.
        optimizer.learningRates = start
        super.init(optimizer)
        if let first = made.first {
            first.epoch = 0
            optimizer.learningRates = first.nextRates(optimizer.learningRates)
        }
    }

    public override func step() {
        epoch += 1
        let index = milestones.prefix { $0 <= epoch }.count
        guard index < schedulers.count else { return }
        if index > 0 && milestones[index - 1] == epoch {
            schedulers[index].restart()
        } else {
            schedulers[index].step()
        }
    }

    public override func state() -> [String: String] {
        super.state().merging(states(of: schedulers)) { own, _ in own }
    }

    public override func load(_ state: [String: String]) throws {
        try super.load(state)
        try TorchlightOptim.load(state, into: schedulers)
    }
}

/// Runs several schedules at once: each multiplies what the ones before it left.
///
///     let schedule = ChainedScheduler(optimizer) {
///         [ConstantLR($0, factor: 0.1, totalIters: 5), ExponentialLR($0, gamma: 0.9)]
///     }
public final class ChainedScheduler: LRScheduler {
    private let schedulers: [LRScheduler]

    /// Schedules for this optimiser, made by the closure.
    public init(_ optimizer: any Optimizer, _ schedulers: (any Optimizer) -> [LRScheduler]) {
        let made = schedulers(optimizer)
        requireSchedule(!made.isEmpty, "ChainedScheduler", "there are no schedules; expected at least one")
        requireSchedule(
            made.allSatisfy { $0.optimizer === optimizer }, "ChainedScheduler", "a schedule is for another optimiser")
        self.schedulers = made
        super.init(optimizer)
    }

    public override func step() {
        epoch += 1
        for scheduler in schedulers { scheduler.step() }
    }

    public override func state() -> [String: String] {
        super.state().merging(states(of: schedulers)) { own, _ in own }
    }

    public override func load(_ state: [String: String]) throws {
        try super.load(state)
        try TorchlightOptim.load(state, into: schedulers)
    }
}

/// The states of several schedules, the names preceded by their numbers.
private func states(of schedulers: [LRScheduler]) -> [String: String] {
    var states: [String: String] = [:]
    for (i, scheduler) in schedulers.enumerated() {
        for (key, value) in scheduler.state() { states["\(i).\(key)"] = value }
    }
    return states
}

/// Gives each schedule its part of what ``states(of:)`` made.
private func load(_ state: [String: String], into schedulers: [LRScheduler]) throws {
    for (i, scheduler) in schedulers.enumerated() {
        let prefix = "\(i)."
        let own = state.filter { $0.key.hasPrefix(prefix) }
        try scheduler.load(
            Dictionary(uniqueKeysWithValues: own.map { (String($0.key.dropFirst(prefix.count)), $0.value) }))
    }
}
