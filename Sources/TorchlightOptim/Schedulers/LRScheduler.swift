import TorchlightCore

/// Base class of the learning rate schedulers. `step()` sets the learning rates of the next epoch, or of the next batch
/// if it is called after every batch.
///
///     let scheduler = StepLR(optimizer, stepSize: 30)
///     for epoch in 0..<90 {
///         for (x, y) in loader { ... }
///         scheduler.step()
///     }
///
/// Creating a scheduler sets the learning rates of epoch 0. Most schedulers compute the rates of an epoch from those of
/// the epoch before, so several can be attached to one optimiser and their factors are multiplied.
///
/// A parameter group that is added to the optimiser later is scheduled from the next step, with its own learning rate
/// as base rate. Schedulers that multiply the rates (``StepLR``, ``MultiStepLR``, ``ExponentialLR``,
/// ``MultiplicativeLR``, ``ReduceLROnPlateau``) also multiply the rate of the new group. The others set it to the rate
/// of the epoch for its base rate. A scheduler with separate settings for each group reports an error, because it has
/// none for the new group.
open class LRScheduler {
    /// The optimiser whose learning rates are changed.
    public final let optimizer: any Optimizer
    /// The base learning rate of each group: the rate at epoch 0.
    public private(set) final var baseLearningRates: [Double]
    /// The number of calls of `step()`.
    public internal(set) final var epoch = 0

    /// Attaches the scheduler to an optimiser and sets the learning rates of epoch 0.
    ///
    /// It calls ``nextRates(_:)``, so that a subclass must initialise its properties before `super.init`.
    public init(_ optimizer: any Optimizer) {
        self.optimizer = optimizer
        let initial = optimizer.initialLearningRates ?? optimizer.learningRates
        optimizer.initialLearningRates = initial
        baseLearningRates = initial
        setRates(nextRates(optimizer.learningRates))
    }

    /// Returns the learning rates of ``epoch``, given those of the previous epoch. Subclasses override it.
    open func nextRates(_ rates: [Double]) -> [Double] { rates }

    /// The learning rates of ``epoch``, computed from the base rates; nil without a closed form.
    open var closedFormRates: [Double]? { nil }

    /// Returns the momentum of each group in ``epoch``; nil if the scheduler does not change the momentum.
    open func nextMomenta() -> [Double]? { nil }

    /// Advances to the next epoch and sets its learning rates. In a compiled function this happens in each call.
    open func step() { runStep { [self] _ in advance() } }

    /// Runs the body of a step, and runs it again in each run of a function that is being recorded. If the function
    /// itself creates the optimiser, the rates are the same in each run and are constants of the recording.
    ///
    /// - Parameter metric: a tensor that the step reads.
    final func runStep(reading metric: Tensor? = nil, _ body: @escaping (_ metric: Tensor?) -> Void) {
        guard let recorder = activeRecorder, !recorder.hasMade(optimizer) else { return body(metric) }
        withoutRecording {
            recorder.willRun {
                let (state, rates, momenta) = (self.state(), optimizer.learningRates, optimizer.momenta)
                return { [self] in
                    // The state of this scheduler always matches.
                    try? load(state)
                    (optimizer.learningRates, optimizer.momenta) = (rates, momenta)
                }
            }
            body(metric)
            let effect = GraphEffect("\(type(of: self)).step", .call, .step(of: self)) { tensors in body(tensors.first)
            }
            recorder.performed(effect, changing: [], reading: metric.map { [$0] } ?? [])
        }
    }

    /// The largest epoch in a saved state, so that the next ones are exact as `Double`.
    static let epochLimit = 1 << 52

    private func advance() {
        guard let joining = adoptNewGroups() else { return }
        epoch += 1
        let rates = optimizer.learningRates
        var next = nextRates(rates)
        for group in joining where group < next.count { next[group] = joiningRate(rates[group]) ?? next[group] }
        setRates(next)
    }

    /// The rate of a new group with this base rate in ``epoch``; nil if it is multiplied like those of the other
    /// groups.
    func joiningRate(_ rate: Double) -> Double? { nil }

    /// Extends the settings to `count` groups; returns the problem if there are no settings for a new group.
    func extendSettings(to count: Int) -> String? { nil }

    /// Includes the parameter groups that were added to the optimiser since the last step, and returns their indices;
    /// nil, after reporting an error, if the scheduler has no settings for them.
    final func adoptNewGroups() -> Range<Int>? {
        let (known, count) = (baseLearningRates.count, optimizer.learningRates.count)
        guard count > known else { return known..<known }
        if let problem = extendSettings(to: count) {
            reportFailure(
                TensorError(
                    .value, in: "\(type(of: self))",
                    "a parameter group was added after the scheduler was created: \(problem)",
                    got: quantity(count, "group"),
                    expected: "\(quantity(known, "group")), as when the scheduler was created",
                    fix: "create the scheduler again after addGroup, or pass one value for all groups"))
            return nil
        }
        baseLearningRates = initialRates(of: count)
        return known..<count
    }

    /// The initial learning rates of the added groups.
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
                    .value, in: "\(type(of: self))",
                    "the number of learning rates differs from that of parameter groups",
                    got: quantity(rates.count, "rate"),
                    expected: "\(optimizer.learningRates.count), one for each group"))
            return
        }
        optimizer.learningRates = rates
        if let momenta = nextMomenta() { optimizer.momenta = momenta }
    }

    /// Sets the rates of epoch 0 from the current rates, as creating the scheduler does.
    func begin() {
        if adoptNewGroups() == nil { return }
        epoch = 0
        setRates(nextRates(optimizer.learningRates))
    }

    /// Restarts at epoch 0 from the base rates; called by ``SequentialLR`` at a milestone.
    func restart() {
        if adoptNewGroups() == nil { return }
        epoch = 0
        setRates(closedFormRates ?? nextRates(optimizer.learningRates))
    }

    /// Resets the learning rates to the base rates, for schedulers that combine others.
    final func resetRates() {
        optimizer.learningRates = optimizer.initialLearningRates ?? baseLearningRates
    }

    /// The current learning rate of each group.
    public final var lastRates: [Double] { optimizer.learningRates }

    /// Returns the state of the scheduler as strings, from which numbers are read back exactly. ``load(_:)`` restores
    /// it.
    ///
    /// The learning rates are part of the optimiser's state. Closures are not saved.
    open func state() -> [String: String] {
        let (known, count) = (baseLearningRates.count, optimizer.learningRates.count)
        var state = [
            "epoch": "\(epoch)", "base_lrs": initialRates(of: count).map { "\($0)" }.joined(separator: ","),
        ]
        // Groups that were added after the last step are not yet included.
        if known < count { state["joined_groups"] = "\(known)" }
        return state
    }

    /// Restores a state returned by ``state()``.
    ///
    /// - Throws: ``OptimizerStateError`` if a value is missing or the number of groups differs.
    open func load(_ state: [String: String]) throws {
        guard let epoch = state["epoch"].flatMap({ Int($0) }), epoch >= 0, epoch <= Self.epochLimit else {
            throw OptimizerStateError(problem: "the scheduler's epoch is missing or not a number from 0 to 2^52")
        }
        let rates = (state["base_lrs"] ?? "").split(separator: ",").compactMap { Double($0) }
        guard rates.count == optimizer.learningRates.count else {
            throw OptimizerStateError(
                problem: "the scheduler has \(rates.count) learning rates, and the optimiser has "
                    + "\(optimizer.learningRates.count)")
        }
        let joined = state["joined_groups"].flatMap { Int($0) } ?? rates.count
        self.epoch = epoch
        baseLearningRates = Array(rates.prefix(Swift.max(joined, 0)))
    }
}

/// Reports an invalid setting of a scheduler.
func requireSchedule(_ holds: Bool, _ scheduler: String, _ problem: String) {
    if !holds { reportFailure(TensorError(.value, in: scheduler, problem)) }
}

/// Reports the first setting of a scheduler that is negative, infinite or NaN.
func requireNotNegative(_ settings: [(name: String, value: Double)], _ scheduler: String) {
    if let problem = checkNotNegative(settings) { requireSchedule(false, scheduler, problem) }
}

/// A setting with one value for all groups, or one for each group.
struct GroupSetting {
    private(set) var values: [Double]
    private let isShared: Bool

    /// The values from which the setting was created.
    var given: [Double] { isShared ? Array(values.prefix(1)) : values }

    /// Reports an error unless there is one value, or one per group, all finite and at least 0.
    init(_ values: [Double], _ optimizer: any Optimizer, _ scheduler: String, _ name: String) {
        requireNotNegative(values.map { (name, $0) }, scheduler)
        let count = optimizer.learningRates.count
        isShared = values.count == 1
        if isShared {
            self.values = Array(repeating: values[0], count: count)
        } else {
            requireSchedule(
                values.count == count, scheduler,
                "\(name) has \(quantity(values.count, "value")); expected 1 value or one for each group, \(count)")
            self.values = (0..<count).map { $0 < values.count ? values[$0] : 0 }
        }
    }

    /// Extends the values to `count` groups; returns false if each group has its own value.
    mutating func extend(to count: Int) -> Bool {
        // One value for a single group is taken as a value for all groups.
        guard isShared else { return false }
        if let value = values.first { values += Array(repeating: value, count: Swift.max(count - values.count, 0)) }
        return true
    }
}

/// A function of the epoch for all groups, or one for each group.
enum GroupFunction {
    case shared((Int) -> Double)
    case each([(Int) -> Double])

    init(each functions: [(Int) -> Double], _ optimizer: any Optimizer, _ scheduler: String) {
        let count = optimizer.learningRates.count
        requireSchedule(
            functions.count == count, scheduler,
            "the number of functions is \(functions.count); expected one for each group, \(count)")
        self = .each(functions)
    }

    /// The values of `count` groups.
    func callAsFunction(_ epoch: Int, count: Int) -> [Double] {
        switch self {
        case .shared(let function): (0..<count).map { _ in function(epoch) }
        case .each(let functions): functions.prefix(count).map { $0(epoch) }
        }
    }

    /// The reason that no group can be added; nil if one can.
    var problemWithMoreGroups: String? {
        guard case .each(let functions) = self else { return nil }
        return "it has \(quantity(functions.count, "function")), one for each group"
    }
}
