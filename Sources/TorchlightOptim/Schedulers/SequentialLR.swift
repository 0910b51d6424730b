import TorchlightCore

/// Runs schedules one after the other: each from one milestone to the next.
///
///     let schedule = SequentialLR(optimizer, milestones: [5]) {
///         [LinearLR($0, startFactor: 0.1, totalIters: 5), CosineAnnealingLR($0, tMax: 95)]
///     }
///
/// Each schedule starts at its own epoch 0 from the base rates, a ``ChainedScheduler`` with all of its parts. A schedule
/// whose milestone is that of the next one takes no part, and one before a milestone of 0 neither.
public final class SequentialLR: LRScheduler {
    private let schedulers: [LRScheduler]
    /// The epochs in which the next schedule begins.
    public let milestones: [Int]

    /// Schedules for this optimiser, made by the closure; there is one milestone less than schedules.
    public init(
        _ optimizer: any Optimizer, milestones: [Int], _ schedulers: (any Optimizer) -> [LRScheduler]
    ) {
        let momenta = optimizer.momenta
        let made = schedulers(optimizer)
        requireSchedule(
            !made.isEmpty && milestones.count == made.count - 1 && milestones == milestones.sorted()
                && milestones.allSatisfy { $0 >= 0 }, "SequentialLR",
            "there are \(made.count) schedules and the milestones \(milestones); expected one milestone less than "
                + "schedules, from 0 on in rising order")
        requireParts(made, of: optimizer, "SequentialLR")
        self.schedulers = made
        self.milestones = milestones
        super.init(optimizer)
        // Each schedule set the rates and momenta of its own first epoch when it was made; only the first one's count.
        if let momenta { optimizer.momenta = momenta }
        begin()
    }

    /// The schedule of the epoch, and whether it is its first.
    private var current: (scheduler: LRScheduler, isFirstEpoch: Bool)? {
        let index = milestones.prefix { $0 <= epoch }.count
        guard index < schedulers.count else { return nil }
        return (schedulers[index], epoch == (index > 0 ? milestones[index - 1] : 0))
    }

    public override func step() {
        if adoptNewGroups() == nil { return }
        epoch += 1
        guard let (scheduler, isFirstEpoch) = current else { return }
        if isFirstEpoch { scheduler.restart() } else { scheduler.step() }
    }

    override func begin() {
        if adoptNewGroups() == nil { return }
        epoch = 0
        resetRates()
        current?.scheduler.begin()
    }

    override func restart() { begin() }

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
///
/// A part that computes its rates from the base rates (``LambdaLR``, ``CyclicLR``, ``OneCycleLR``,
/// ``CosineAnnealingWarmRestarts``, and ``SequentialLR`` at its start and its milestones) replaces what the parts before it
/// left, as in PyTorch; put it first.
public final class ChainedScheduler: LRScheduler {
    private let schedulers: [LRScheduler]

    /// Schedules for this optimiser, made by the closure.
    public init(_ optimizer: any Optimizer, _ schedulers: (any Optimizer) -> [LRScheduler]) {
        let made = schedulers(optimizer)
        requireSchedule(!made.isEmpty, "ChainedScheduler", "there are no schedules; expected at least one")
        requireParts(made, of: optimizer, "ChainedScheduler")
        self.schedulers = made
        super.init(optimizer)
    }

    public override func step() {
        if adoptNewGroups() == nil { return }
        epoch += 1
        for scheduler in schedulers { scheduler.step() }
    }

    override func begin() {
        if adoptNewGroups() == nil { return }
        epoch = 0
        for scheduler in schedulers { scheduler.begin() }
    }

    override func restart() {
        resetRates()
        begin()
    }

    public override func state() -> [String: String] {
        super.state().merging(states(of: schedulers)) { own, _ in own }
    }

    public override func load(_ state: [String: String]) throws {
        try super.load(state)
        try TorchlightOptim.load(state, into: schedulers)
    }
}

/// Reports parts of a schedule that cannot follow its steps.
private func requireParts(_ parts: [LRScheduler], of optimizer: any Optimizer, _ scheduler: String) {
    requireSchedule(
        parts.allSatisfy { $0.optimizer === optimizer }, scheduler, "a schedule is for another optimiser")
    requireSchedule(
        !parts.contains { $0 is ReduceLROnPlateau }, scheduler,
        "a ReduceLROnPlateau follows a measure, which step() here does not have; step it yourself")
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
