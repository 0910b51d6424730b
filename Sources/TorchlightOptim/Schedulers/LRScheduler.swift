import TorchlightCore

/// Changes the learning rates of an optimiser from epoch to epoch, or from step to step: whichever `step()` is called in.
///
/// A scheduler sets the rates of epoch 0 when it is made. The rates follow from those of the epoch before, so that
/// several schedulers may work on one optimiser, each doing its share.
open class LRScheduler {
    /// The optimiser whose learning rates are changed.
    public final let optimizer: any Optimizer
    /// The learning rates that the schedule starts from, by group.
    public private(set) final var baseLearningRates: [Double]
    /// The number of calls of `step()`.
    public internal(set) final var epoch = 0

    /// Attaches to an optimiser and sets the rates of epoch 0.
    ///
    /// Calls the subclass's `nextRates`, so its settings must be there already.
    public init(_ optimizer: any Optimizer) {
        self.optimizer = optimizer
        let initial = optimizer.initialLearningRates ?? optimizer.learningRates
        optimizer.initialLearningRates = initial
        baseLearningRates = initial
        setRates(nextRates(optimizer.learningRates))
    }

    /// The learning rates of `epoch`, given those of the epoch before.
    open func nextRates(_ rates: [Double]) -> [Double] { rates }

    /// The learning rates of `epoch` from the base rates alone; nil where there is no such formula.
    open var closedFormRates: [Double]? { nil }

    /// The momentum of each group in `epoch`; nil for schedules that leave it alone.
    open func nextMomenta() -> [Double]? { nil }

    /// Goes to the next epoch.
    open func step() {
        epoch += 1
        setRates(nextRates(optimizer.learningRates))
    }

    private func setRates(_ rates: [Double]) {
        optimizer.learningRates = rates
        if let momenta = nextMomenta() { optimizer.momenta = momenta }
    }

    /// Starts at epoch 0 from the base rates, as ``SequentialLR`` has its schedules do in turn.
    func restart() {
        epoch = 0
        setRates(closedFormRates ?? nextRates(optimizer.learningRates))
    }

    /// The learning rates now.
    public final var lastRates: [Double] { optimizer.learningRates }

    /// Everything that decides the next rates, as texts that read back exactly: what ``load(_:)`` takes.
    ///
    /// The rates themselves are in the optimiser's state. Closures are not saved.
    open func state() -> [String: String] {
        ["epoch": "\(epoch)", "base_lrs": baseLearningRates.map { "\($0)" }.joined(separator: ",")]
    }

    /// Goes on where the scheduler that gave this state was.
    open func load(_ state: [String: String]) throws {
        guard let epoch = state["epoch"].flatMap({ Int($0) }), epoch >= 0 else {
            throw OptimizerStateError(problem: "the scheduler's epoch is missing")
        }
        let rates = (state["base_lrs"] ?? "").split(separator: ",").compactMap { Double($0) }
        guard rates.count == baseLearningRates.count else {
            throw OptimizerStateError(
                problem: "the scheduler has \(rates.count) learning rates, and the optimiser \(baseLearningRates.count)"
            )
        }
        self.epoch = epoch
        baseLearningRates = rates
    }
}

/// Reports a setting that makes no schedule.
func requireSchedule(_ holds: Bool, _ scheduler: String, _ problem: String) {
    if !holds { reportFailure(TensorError(.value, in: scheduler, problem)) }
}

/// Reports settings of which there are not as many as groups; a single one is meant for all.
func oneEach(_ values: [Double], _ optimizer: any Optimizer, _ scheduler: String, _ name: String) -> [Double] {
    let count = optimizer.learningRates.count
    if values.count == 1 { return Array(repeating: values[0], count: count) }
    requireSchedule(
        values.count == count, scheduler, "\(name) has \(values.count) values; expected 1 or one a group, \(count)")
    return (0..<count).map { $0 < values.count ? values[$0] : 0 }
}
