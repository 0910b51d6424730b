import TorchlightCore

/// Runs several schedulers in sequence; the next one starts at each milestone.
///
///     let schedule = SequentialLR(optimizer, milestones: [5]) {
///         [LinearLR($0, startFactor: 0.1, totalIters: 5), CosineAnnealingLR($0, tMax: 95)]
///     }
///
/// Each scheduler starts at its own epoch 0 from the base learning rates; a ``ChainedScheduler`` restarts all its
/// schedulers. If two milestones are equal, the scheduler between them is not used; neither is the first one if the
/// first milestone is 0.
public final class SequentialLR: LRScheduler {
    let schedulers: [LRScheduler]
    /// The epochs at which the next scheduler starts.
    public let milestones: [Int]

    /// Creates a scheduler for `optimizer`.
    ///
    /// - Parameters:
    ///   - optimizer: the optimiser.
    ///   - milestones: the epochs at which the next scheduler starts, in ascending order; one fewer than schedulers.
    ///   - schedulers: called with an optimiser; returns its schedulers.
    public init(
        _ optimizer: any Optimizer, milestones: [Int], _ schedulers: (any Optimizer) -> [LRScheduler]
    ) {
        let momenta = optimizer.momenta
        let made = schedulers(optimizer)
        requireSchedule(
            !made.isEmpty && milestones.count == made.count - 1 && milestones == milestones.sorted()
                && milestones.allSatisfy { $0 >= 0 }, "SequentialLR",
            "the number of schedulers is \(made.count), with the milestones \(milestones); expected one milestone less than "
                + "schedulers, each at least 0, in ascending order")
        requireParts(made, of: optimizer, "SequentialLR")
        self.schedulers = made
        self.milestones = milestones
        super.init(optimizer)
        // Creating a scheduler sets the rates and momenta of its epoch 0; those of the first one are restored.
        if let momenta { optimizer.momenta = momenta }
        begin()
    }

    /// The scheduler of the current epoch, and whether this is its first epoch.
    private var current: (scheduler: LRScheduler, isFirstEpoch: Bool)? {
        let index = milestones.prefix { $0 <= epoch }.count
        guard index < schedulers.count else { return nil }
        return (schedulers[index], epoch == (index > 0 ? milestones[index - 1] : 0))
    }

    public override func step() {
        runStep { [self] _ in
            if adoptNewGroups() == nil { return }
            epoch += 1
            guard let (scheduler, isFirstEpoch) = current else { return }
            if isFirstEpoch { scheduler.restart() } else { scheduler.step() }
        }
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

/// Combines several schedulers: each step multiplies the rates by the factors of all of them, in order.
///
///     let schedule = ChainedScheduler(optimizer) {
///         [ConstantLR($0, factor: 0.1, totalIters: 5), ExponentialLR($0, gamma: 0.9)]
///     }
///
/// A scheduler that computes its rates from the base rates (``LambdaLR``, ``CyclicLR``, ``OneCycleLR``,
/// ``CosineAnnealingWarmRestarts``, and ``SequentialLR`` at its start and its milestones) replaces the rates of the
/// previous ones, as in PyTorch. It should be the first.
public final class ChainedScheduler: LRScheduler {
    let schedulers: [LRScheduler]

    /// Creates a scheduler for `optimizer`; the closure is called with an optimiser and returns its schedulers.
    public init(_ optimizer: any Optimizer, _ schedulers: (any Optimizer) -> [LRScheduler]) {
        let made = schedulers(optimizer)
        requireSchedule(!made.isEmpty, "ChainedScheduler", "there are no schedulers; expected at least one")
        requireParts(made, of: optimizer, "ChainedScheduler")
        self.schedulers = made
        super.init(optimizer)
    }

    public override func step() {
        runStep { [self] _ in
            if adoptNewGroups() == nil { return }
            epoch += 1
            for scheduler in schedulers { scheduler.step() }
        }
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

/// Reports schedulers of another optimiser, and schedulers whose step requires a metric.
private func requireParts(_ parts: [LRScheduler], of optimizer: any Optimizer, _ scheduler: String) {
    requireSchedule(
        parts.allSatisfy { $0.optimizer === optimizer }, scheduler, "a scheduler was created for another optimiser")
    requireSchedule(
        !parts.contains { $0 is ReduceLROnPlateau }, scheduler,
        "a ReduceLROnPlateau needs a metric, which step() does not pass; call its step(_:) separately")
}

/// The states of several schedulers, with their indices as prefixes of the keys.
private func states(of schedulers: [LRScheduler]) -> [String: String] {
    var states: [String: String] = [:]
    for (i, scheduler) in schedulers.enumerated() {
        for (key, value) in scheduler.state() { states["\(i).\(key)"] = value }
    }
    return states
}

/// Restores each scheduler from the result of ``states(of:)``.
private func load(_ state: [String: String], into schedulers: [LRScheduler]) throws {
    for (i, scheduler) in schedulers.enumerated() {
        let prefix = "\(i)."
        let own = state.filter { $0.key.hasPrefix(prefix) }
        try scheduler.load(
            Dictionary(uniqueKeysWithValues: own.map { (String($0.key.dropFirst(prefix.count)), $0.value) }))
    }
}
