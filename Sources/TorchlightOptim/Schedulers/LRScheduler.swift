import TorchlightCore

/// Changes the learning rates of an optimiser from epoch to epoch, or from step to step: whichever `step()` is called in.
///
/// A scheduler sets the rates of epoch 0 when it is made. The rates follow from those of the epoch before, so that
/// several schedulers may work on one optimiser, each doing its share.
///
/// A parameter group that is added to the optimiser later takes part from the next step on, with its own learning rate as
/// its base rate. Schedules that multiply the rates (``StepLR``, ``MultiStepLR``, ``ExponentialLR``, ``MultiplicativeLR``,
/// ``ReduceLROnPlateau``) multiply that of the group too. The others give the group the rate that the epoch has for its base
/// rate. A schedule with one setting a group reports an error, since it has none for the new group.
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
        guard let joining = adoptNewGroups() else { return }
        epoch += 1
        let rates = optimizer.learningRates
        var next = nextRates(rates)
        for group in joining where group < next.count { next[group] = joiningRate(rates[group]) ?? next[group] }
        setRates(next)
    }

    /// The rate in `epoch` of a group that joins with this rate; nil where the schedule treats it like the other groups.
    func joiningRate(_ rate: Double) -> Double? { nil }

    /// Extends settings by group to so many groups; gives what is wrong where the schedule has no setting for one.
    func extendSettings(to count: Int) -> String? { nil }

    /// Takes note of the parameter groups that were added to the optimiser since the last step, and gives their numbers; nil,
    /// and an error, where the schedule has no settings for them.
    final func adoptNewGroups() -> Range<Int>? {
        let (known, count) = (baseLearningRates.count, optimizer.learningRates.count)
        guard count > known else { return known..<known }
        if let problem = extendSettings(to: count) {
            reportFailure(
                TensorError(
                    .value, in: "\(type(of: self))",
                    "a parameter group was added after the schedule was made: \(problem)",
                    got: "\(count) groups", expected: "\(known), as when the schedule was made",
                    fix: "make the schedule anew after addGroup, or give it one setting for all groups"))
            return nil
        }
        baseLearningRates = initialRates(of: count)
        return known..<count
    }

    /// The rates that the groups of the optimiser were added with.
    private func initialRates(of count: Int) -> [Double] {
        let initial = optimizer.initialLearningRates ?? []
        let all = initial + optimizer.learningRates.dropFirst(initial.count)
        optimizer.initialLearningRates = all
        return baseLearningRates + all.prefix(count).dropFirst(baseLearningRates.count)
    }

    private func setRates(_ rates: [Double]) {
        guard rates.count == optimizer.learningRates.count else {
            reportFailure(
                TensorError(
                    .value, in: "\(type(of: self))", "the schedule gives another number of rates than there are groups",
                    got: "\(rates.count) rates", expected: "\(optimizer.learningRates.count), one a group"))
            return
        }
        optimizer.learningRates = rates
        if let momenta = nextMomenta() { optimizer.momenta = momenta }
    }

    /// Sets the rates of epoch 0 by those that the optimiser has, as a schedule does when it is made.
    func begin() {
        if adoptNewGroups() == nil { return }
        epoch = 0
        setRates(nextRates(optimizer.learningRates))
    }

    /// Starts at epoch 0 from the base rates, as ``SequentialLR`` has its schedules do in turn.
    func restart() {
        if adoptNewGroups() == nil { return }
        epoch = 0
        setRates(closedFormRates ?? nextRates(optimizer.learningRates))
    }

    /// Sets the base rates, for schedules made of others.
    final func resetRates() {
        optimizer.learningRates = optimizer.initialLearningRates ?? baseLearningRates
    }

    /// The learning rates now.
    public final var lastRates: [Double] { optimizer.learningRates }

    /// Everything that decides the next rates, as texts that read back exactly: what ``load(_:)`` takes.
    ///
    /// The rates themselves are in the optimiser's state. Closures are not saved.
    open func state() -> [String: String] {
        let (known, count) = (baseLearningRates.count, optimizer.learningRates.count)
        var state = [
            "epoch": "\(epoch)", "base_lrs": initialRates(of: count).map { "\($0)" }.joined(separator: ","),
        ]
        // Groups that were added after the last step join in the next one.
        if known < count { state["joined_groups"] = "\(known)" }
        return state
    }

    /// Goes on where the scheduler that gave this state was.
    open func load(_ state: [String: String]) throws {
        guard let epoch = state["epoch"].flatMap({ Int($0) }), epoch >= 0 else {
            throw OptimizerStateError(problem: "the scheduler's epoch is missing")
        }
        let rates = (state["base_lrs"] ?? "").split(separator: ",").compactMap { Double($0) }
        guard rates.count == optimizer.learningRates.count else {
            throw OptimizerStateError(
                problem: "the scheduler has \(rates.count) learning rates, and the optimiser "
                    + "\(optimizer.learningRates.count)")
        }
        let joined = state["joined_groups"].flatMap { Int($0) } ?? rates.count
        self.epoch = epoch
        baseLearningRates = Array(rates.prefix(Swift.max(joined, 0)))
    }
}

/// Reports a setting that makes no schedule.
func requireSchedule(_ holds: Bool, _ scheduler: String, _ problem: String) {
    if !holds { reportFailure(TensorError(.value, in: scheduler, problem)) }
}

/// A setting that is one number for all groups, or one for each.
struct GroupSetting {
    private(set) var values: [Double]
    private let isShared: Bool

    /// Reports settings of which there are not as many as groups; a single one is meant for all.
    init(_ values: [Double], _ optimizer: any Optimizer, _ scheduler: String, _ name: String) {
        let count = optimizer.learningRates.count
        isShared = values.count == 1
        if isShared {
            self.values = Array(repeating: values[0], count: count)
        } else {
            requireSchedule(
                values.count == count, scheduler,
                "\(name) has \(values.count) values; expected 1 or one a group, \(count)")
            self.values = (0..<count).map { $0 < values.count ? values[$0] : 0 }
        }
    }

    /// The values for more groups; false where each has its own.
    mutating func extend(to count: Int) -> Bool {
        // A single group that was given a single value leaves open which was meant; the value then holds for all.
        guard isShared else { return false }
        if let value = values.first { values += Array(repeating: value, count: Swift.max(count - values.count, 0)) }
        return true
    }
}

/// A function of the epoch for all groups, or one for each.
enum GroupFunction {
    case shared((Int) -> Double)
    case each([(Int) -> Double])

    init(each functions: [(Int) -> Double], _ optimizer: any Optimizer, _ scheduler: String) {
        let count = optimizer.learningRates.count
        requireSchedule(
            functions.count == count, scheduler,
            "there are \(functions.count) functions; expected one a group, \(count)")
        self = .each(functions)
    }

    /// The values of so many groups.
    func callAsFunction(_ epoch: Int, count: Int) -> [Double] {
        switch self {
        case .shared(let function): (0..<count).map { _ in function(epoch) }
        case .each(let functions): functions.prefix(count).map { $0(epoch) }
        }
    }

    /// What is wrong with more groups.
    var problemWithMoreGroups: String? {
        guard case .each(let functions) = self else { return nil }
        return "there are \(functions.count) functions, one a group"
    }
}
