import CKernels
import TorchlightCore

/// Base class of the optimisers: parameter groups with settings, and one kernel call per group in a step.
///
/// Subclasses define the state tensors of a parameter and call the kernel.
public class GroupedOptimizer<Options: OptimizerOptions>: Optimizer {
    /// The parameter groups. Their settings may be changed between steps.
    public private(set) final var groups: [ParameterGroup<Options>] = []
    /// The settings of groups that do not set their own.
    public final let defaults: Options
    /// The learning rates of the groups when the first scheduler was attached; nil before.
    public final var initialLearningRates: [Double]?
    private let name: String
    private var entries: UnsafeMutablePointer<tl_optim_entry>
    private var capacity = 0
    private var detector = ForgottenZeroGradDetector()
    /// Whether a step was recorded in the function that created this optimiser.
    private var hasRecordedStep = false

    init(name: String, groups: [ParameterGroup<Options>], defaults: Options) {
        self.name = name
        self.defaults = defaults
        entries = .allocate(capacity: 1)
        activeRecorder?.made(object: self)
        if let problem = defaults.problem { reportFailure(TensorError(.value, in: name, problem)) }
        for group in groups { addGroup(group) }
        if self.groups.allSatisfy({ $0.parameters.isEmpty }) {
            reportFailure(
                TensorError(
                    .value, in: name, "the list of parameters is empty",
                    fix: "pass model.parameters(), which contains the tensors in stored properties of the module"))
        }
    }

    deinit { entries.deallocate() }

    /// The state tensors of a parameter for the given settings, in the order of the kernel; nil for unused ones.
    func stateTensors(_ options: Options, for parameter: Tensor) -> [StateTensor?] { [] }

    /// The error text if this optimiser cannot train the parameter; nil if it can.
    func unsupportedReason(for parameter: Tensor) -> String? { nil }

    /// Runs the kernel for the parameters of a group.
    func run(_ entries: UnsafePointer<tl_optim_entry>, _ count: Int64, _ options: Options) {
        preconditionFailure("a subclass must override run or step")
    }

    /// Adds a parameter group, which is trained from the next step.
    ///
    /// - Parameters:
    ///   - parameters: the parameters: leaf tensors of a floating-point dtype that are not yet in a group. A view must
    ///     be contiguous.
    ///   - configure: changes the settings of this group, which are initially ``defaults``. Default: no changes.
    public func addGroup(_ parameters: [Tensor], _ configure: ((inout Options) -> Void)? = nil) {
        addGroup(ParameterGroup(parameters, configure))
    }

    private func addGroup(_ group: ParameterGroup<Options>) {
        if let recorder = activeRecorder, !recorder.hasMade(self) {
            recorder.hostWrite("the parameter groups of an optimiser", nil)
        }
        let options = group.adopt(defaults: defaults)
        do throws(TensorError) {
            if let problem = options.problem { throw TensorError(.value, in: name, problem) }
            try check(group.parameters)
        } catch {
            reportFailure(error)
            return
        }
        group.settings = options
        group.state.slots = group.parameters.map { Slot(parameter: $0) }
        groups.append(group)
        initialLearningRates?.append(options.lr)
        let count = group.parameters.count
        if count > capacity {
            entries.deallocate()
            entries = .allocate(capacity: count)
            capacity = count
        }
    }

    private func check(_ parameters: [Tensor]) throws(TensorError) {
        var seen = Set(self.parameters.map(ObjectIdentifier.init))
        for parameter in parameters where !parameter.isPlaceholder {
            guard seen.insert(ObjectIdentifier(parameter)).inserted else {
                throw TensorError(
                    .value, in: name, "a parameter is given twice", expected: "each parameter once, in one group",
                    operands: [parameter])
            }
            guard parameter.isLeaf else {
                throw TensorError(
                    .autograd, in: name,
                    "a parameter is not a leaf but the result of an operation (\(parameter.gradFnName ?? ""))",
                    expected: "leaf tensors, such as model.parameters()", operands: [parameter])
            }
            guard parameter.dtype.isFloatingPoint else {
                throw TensorError(.dtype, in: name, "only floating-point tensors can be trained", operands: [parameter])
            }
            if !parameter.isContiguous {
                guard !parameter.isView else {
                    throw TensorError(
                        .shape, in: name, "a parameter is a view that is not contiguous",
                        fix: "create the parameter from x.contiguous()", operands: [parameter])
                }
                // The kernel iterates over parameter, gradient and state together, which requires equal memory layouts.
                let gradient = parameter.grad
                parameter.adopt(parameter)
                parameter.grad = gradient
            }
            if let problem = unsupportedReason(for: parameter) {
                throw TensorError(.shape, in: name, problem, operands: [parameter])
            }
        }
    }

    /// All parameters, in the order of the groups.
    public var parameters: [Tensor] { groups.flatMap(\.parameters) }

    /// The learning rate of each group.
    public var learningRates: [Double] {
        get { groups.map { $0.options.lr } }
        set {
            guard hasOneValuePerGroup(newValue, "learningRates") else { return }
            for (group, lr) in zip(groups, newValue) { group.options.lr = lr }
        }
    }

    /// The momentum of each parameter group (`beta1` for Adam); nil if the optimiser has no momentum.
    public var momenta: [Double]? {
        get { Options.momentumPath.map { path in groups.map { $0.options[keyPath: path] } } }
        set {
            guard let path = Options.momentumPath, let newValue else { return }
            guard hasOneValuePerGroup(newValue, "momenta") else { return }
            for (group, momentum) in zip(groups, newValue) { group.options[keyPath: path] = momentum }
        }
    }

    private func hasOneValuePerGroup(_ values: [Double], _ setting: String) -> Bool {
        if values.count == groups.count { return true }
        reportFailure(
            TensorError(
                .value, in: name, "the number of \(setting) is not the number of parameter groups",
                got: "\(values.count)", expected: "\(groups.count), one for each group"))
        return false
    }

    /// Clears the gradients of all parameters: sets them to nil, or fills them with 0 in place.
    public func zeroGrad(setToNil: Bool) {
        for group in groups {
            for parameter in group.parameters { parameter.clearGrad(setToNil: setToNil) }
        }
    }

    /// Performs one optimisation step: updates every parameter with a gradient. In a compiled function, the step uses
    /// the settings and the state of the optimiser in each call.
    public func step() {
        guard let recorder = activeRecorder else { return takeStep() }
        let changed = parameters.filter { !$0.isPlaceholder && $0.grad != nil }
        performStep(
            "\(name).step", of: self, changing: changed, for: recorder,
            saving: {
                let saved = copiedState()
                return { try? self.load(saved) }
            }, recorder.hasMade(self) ? stepWithCurrentState() : { [self] in takeStep() })
    }

    /// A step with the current settings. If it is the first step in the function that creates this optimiser, it also
    /// starts with the current state, because each run of the function creates a new optimiser.
    private func stepWithCurrentState() -> () -> Void {
        let settings = groups.map(\.options)
        let state = hasRecordedStep ? nil : copiedState()
        hasRecordedStep = true
        return { [self] in
            if var state {
                noGrad { state.tensors = state.tensors.mapValues { $0.clone() } }
                // The state of this optimiser always matches.
                try? load(state)
            }
            for (group, settings) in zip(groups, settings) { group.options = settings }
            takeStep()
        }
    }

    /// Performs one step, with one kernel call per group.
    func takeStep() {
        for group in groups {
            let state = group.state
            let count = state.collect(into: entries, &detector, name)
            if !state.outdated.isEmpty { update(group, entries) }
            if count > 0, let device = state.device(in: name) {
                performUpdate(name, of: state.changed, on: device) { run(entries, Int64(count), group.options) }
            }
            state.changed.removeAll(keepingCapacity: true)
            state.copies.removeAll()
        }
    }

    /// Calls `body` for every parameter with a gradient and its state tensors, for optimisers whose step is not one
    /// element-wise kernel. Gradients are not recorded.
    final func forEachTrained(_ body: (_ trained: TrainedParameter, _ options: Options) -> Void) {
        var isFirst = true
        noGrad {
            for group in groups {
                for i in group.state.slots.indices {
                    let parameter = group.state.slots[i].parameter
                    guard let gradient = parameter.grad, !parameter.isPlaceholder, !gradient.isPlaceholder else {
                        continue
                    }
                    if isFirst { detector.observe(gradient) }
                    isFirst = false
                    group.state.slots[i].step += 1
                    let entry = group.state.slots[i].entry
                    if entry.parameter != parameter.data || entry.dtype != parameter.dtype.rawValue {
                        group.state.slots[i].rebuild(stateTensors(group.options, for: parameter))
                    }
                    let slot = group.state.slots[i]
                    body(
                        TrainedParameter(
                            parameter: parameter, gradient: gradient, states: slot.states.map { $0?.tensor },
                            step: slot.step), group.options)
                }
            }
        }
    }

    /// Calls the closure, which computes the loss and its gradients, performs one step, and returns the loss.
    @discardableResult
    public func step(_ closure: () -> Tensor) -> Tensor {
        let loss = enableGrad { closure() }
        step()
        return loss
    }

    /// Creates missing state, and converts the state of parameters whose dtype or device changed.
    private func update(_ group: ParameterGroup<Options>, _ entries: UnsafeMutablePointer<tl_optim_entry>) {
        for (slot, position) in group.state.outdated {
            let wanted = stateTensors(group.options, for: group.state.slots[slot].parameter)
            group.state.slots[slot].rebuild(wanted)
            let (gradient, step) = (entries[position].gradient, entries[position].step)
            entries[position] = group.state.slots[slot].entry
            entries[position].gradient = gradient
            entries[position].step = step
        }
        group.state.outdated = []
    }

    // MARK: State

    /// Returns the settings of the groups and the state tensors of all trained parameters.
    public func state() -> OptimizerState {
        var tensors: [String: Tensor] = [:]
        var metadata = ["optimizer": name, "groups": "\(groups.count)"]
        var number = 0
        for (g, group) in groups.enumerated() {
            metadata["group.\(g).parameters"] = "\(group.parameters.count)"
            if let initial = initialLearningRates { metadata["group.\(g).initial_lr"] = "\(initial[g])" }
            for field in Options.fields {
                metadata["group.\(g).\(field.name)"] = field.text(group.options)
            }
            for slot in group.state.slots {
                if slot.step > 0 {
                    tensors["\(number).step"] = Tensor([slot.step], shape: [])
                    for case .some(let (key, tensor)) in slot.states {
                        tensors["\(number).\(key)"] = tensor.detach()
                    }
                }
                number += 1
            }
        }
        return OptimizerState(tensors: tensors, metadata: metadata)
    }

    /// Returns the state with copies of its tensors.
    package func copiedState() -> OptimizerState {
        var state = state()
        noGrad { state.tensors = state.tensors.mapValues { $0.clone() } }
        return state
    }

    /// Restores a state returned by ``state()``.
    ///
    /// - Throws: ``OptimizerStateError`` if the state belongs to other parameters or to another class of optimiser;
    ///   nothing is then changed.
    public func load(_ state: OptimizerState) throws {
        let loaded = try groups.indices.map { try options(ofGroup: $0, in: state) }
        let kind = state.metadata["optimizer"] ?? "an unknown one"
        guard kind == name else {
            throw OptimizerStateError(problem: "it was saved by \(kind), but this optimiser is \(name)")
        }
        guard state.metadata["groups"] == "\(groups.count)" else {
            throw OptimizerStateError(
                problem:
                    "it has \(state.metadata["groups"] ?? "no") parameter groups, and this optimiser has \(groups.count)"
            )
        }
        var number = 0
        var slots: [[Slot]] = []
        for (g, group) in groups.enumerated() {
            let count = state.metadata["group.\(g).parameters"] ?? "no"
            guard count == "\(group.parameters.count)" else {
                throw OptimizerStateError(
                    problem:
                        "group \(g) has \(count) parameters, but in this optimiser it has \(group.parameters.count)")
            }
            slots.append(
                try group.parameters.map { parameter in
                    defer { number += 1 }
                    return try slot(of: parameter, number: number, loaded[g].options, in: state)
                })
        }
        for (g, group) in groups.enumerated() {
            group.options = loaded[g].options
            group.state.slots = slots[g]
        }
        let initial = loaded.compactMap(\.initialLR)
        if initial.count == groups.count { initialLearningRates = initial }
    }

    private func options(
        ofGroup g: Int, in state: OptimizerState
    ) throws(OptimizerStateError) -> (options: Options, initialLR: Double?) {
        var options = groups[g].options
        for field in Options.fields {
            guard let text = state.metadata["group.\(g).\(field.name)"] else {
                throw OptimizerStateError(problem: "group \(g) has no value for \(field.name)")
            }
            guard field.read(text, into: &options) else {
                throw OptimizerStateError(
                    problem: "group \(g) has the invalid value '\(text)' for \(field.name)")
            }
        }
        if let problem = options.problem { throw OptimizerStateError(problem: "group \(g): \(problem)") }
        return (options, state.metadata["group.\(g).initial_lr"].flatMap(Double.init))
    }

    private func slot(
        of parameter: Tensor, number: Int, _ options: Options, in state: OptimizerState
    ) throws(OptimizerStateError) -> Slot {
        var slot = Slot(parameter: parameter)
        guard let step = state.tensors["\(number).step"] else { return slot }
        guard step.count == 1, step.dtype == .int64, step.item(Int.self) > 0 else {
            throw OptimizerStateError(problem: "the step of parameter \(number) is not a positive integer")
        }
        slot.step = step.item(Int.self)
        slot.states = try stateTensors(options, for: parameter).map { wanted throws(OptimizerStateError) in
            guard let wanted else { return nil }
            guard let tensor = state.tensors["\(number).\(wanted.name)"] else {
                throw OptimizerStateError(problem: "\(wanted.name) of parameter \(number) is missing")
            }
            guard wanted.fits(tensor, parameter) else {
                throw OptimizerStateError(
                    problem: "\(wanted.name) of parameter \(number) is \(tensor.dtype) \(tensor.shape), and the "
                        + "parameter is \(parameter.dtype) \(parameter.shape)")
            }
            return (wanted.name, wanted.adapt(tensor, to: parameter).clone())
        }
        return slot
    }
}
