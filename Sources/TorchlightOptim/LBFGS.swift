import TorchlightCore

/// L-BFGS: a quasi-Newton method that approximates the inverse Hessian by the last `historySize` updates (Nocedal,
/// 1980). It needs the loss of the whole dataset, or of a large batch.
///
/// One step performs up to `maxIter` iterations. Each calls the closure, which clears the gradients, computes the loss,
/// calls `backward()` and returns the loss:
///
///     optimizer.step {
///         optimizer.zeroGrad()
///         let loss = F.mseLoss(model(x), y)
///         loss.backward()
///         return loss
///     }
public final class LBFGS: GroupedOptimizer<LBFGS.Options> {
    /// The choice of the step size of an iteration.
    public enum LineSearch: String, CaseIterable, Sendable {
        /// The learning rate is the step size.
        case fixedStep = "none"
        /// A line search for a step size that satisfies the strong Wolfe conditions. The learning rate is the first
        /// trial.
        case strongWolfe = "strong_wolfe"
    }

    /// The settings of the optimiser.
    public struct Options: OptimizerOptions {
        /// The learning rate. Default: 1.
        public var lr = 1.0
        /// Maximum number of iterations in a step. Default: 20.
        public var maxIter = 20
        /// Maximum number of closure calls in a step. Default: 25.
        public var maxEval = 25
        /// Termination tolerance on the largest magnitude of the gradient's elements. Default: 1e-7.
        public var toleranceGrad = 1e-7
        /// Termination tolerance on the largest change of an element and on the change of the loss. Default: 1e-9.
        public var toleranceChange = 1e-9
        /// The number of stored updates. Default: 100.
        public var historySize = 100
        /// The choice of the step size. Default: `.fixedStep`.
        public var lineSearch = LineSearch.fixedStep
        /// Whether to maximise the objective instead of minimising it. Default: false.
        public var maximize = false

        private var lineSearchIndex: Int {
            get { LineSearch.allCases.firstIndex(of: lineSearch) ?? 0 }
            set { lineSearch = LineSearch.allCases[newValue] }
        }

        /// Every setting with PyTorch's name for it, as `state()` saves it.
        public static var fields: [OptionField<Options>] {
            [
                .number("lr", \.lr), .whole("max_iter", \.maxIter), .whole("max_eval", \.maxEval),
                .number("tolerance_grad", \.toleranceGrad), .number("tolerance_change", \.toleranceChange),
                .whole("history_size", \.historySize),
                .choice("line_search_fn", \.lineSearchIndex, LineSearch.allCases.map(\.rawValue)),
                .flag("maximize", \.maximize),
            ]
        }

        /// The error text for the first setting that is out of range; nil if every setting is valid.
        public var problem: String? {
            if let problem = checkNotNegative([
                ("lr", lr), ("toleranceGrad", toleranceGrad), ("toleranceChange", toleranceChange),
            ]) {
                return problem
            }
            for (name, value) in [("maxIter", maxIter), ("maxEval", maxEval), ("historySize", historySize)]
            where value < 1 {
                return "\(name) is \(value); expected at least 1"
            }
            return nil
        }
    }

    private var history = LBFGSHistory()

    /// Creates an optimiser for `parameters`; there is only one parameter group.
    ///
    /// - Parameters:
    ///   - parameters: the parameters to train: leaf tensors of a floating-point dtype.
    ///   - lr: the learning rate. Default: 1.
    ///   - maxIter: the maximum number of iterations in a step. Default: 20.
    ///   - maxEval: the maximum number of closure calls in a step. Default: nil, `maxIter · 5 / 4`.
    ///   - toleranceGrad: the termination tolerance on the gradient. Default: 1e-7.
    ///   - toleranceChange: the termination tolerance on the change of the parameters and of the loss. Default: 1e-9.
    ///   - historySize: the number of stored updates. Default: 100.
    ///   - lineSearch: the choice of the step size. Default: `.fixedStep`.
    ///   - maximize: whether to maximise the objective instead of minimising it. Default: false.
    ///
    /// It is an error if a setting is negative or not finite, or a count is below 1.
    public init(
        _ parameters: [Tensor], lr: Double = 1, maxIter: Int = 20, maxEval: Int? = nil, toleranceGrad: Double = 1e-7,
        toleranceChange: Double = 1e-9, historySize: Int = 100, lineSearch: LineSearch = .fixedStep,
        maximize: Bool = false
    ) {
        super.init(
            name: "LBFGS", groups: [ParameterGroup(parameters)],
            defaults: Options(
                lr: lr, maxIter: maxIter, maxEval: maxEval ?? max(1, maxIter *| 5 / 4), toleranceGrad: toleranceGrad,
                toleranceChange: toleranceChange, historySize: historySize, lineSearch: lineSearch, maximize: maximize))
    }

    /// Reports an error: L-BFGS needs `step(_:)` with a closure.
    public override func step() {
        reportFailure(
            TensorError(
                .value, in: "LBFGS", "a step needs a closure that computes the loss",
                fix: "optimizer.step { optimizer.zeroGrad(); ...; loss.backward(); return loss }"))
    }

    /// Performs up to `maxIter` iterations; returns the loss before the first.
    @discardableResult
    public override func step(_ closure: () -> Tensor) -> Tensor {
        guard groups.count == 1 else {
            return fail(
                TensorError(
                    .value, in: "LBFGS", "there is more than one parameter group",
                    got: quantity(groups.count, "group"), expected: "one group"))
        }
        let loss = enableGrad { closure() }
        if loss.isPlaceholder || parameters.isEmpty { return loss }
        if let recorder = activeRecorder {
            recorder.refuse(
                TensorError(
                    .unsupported, in: "LBFGS.step",
                    "the number of closure calls of LBFGS depends on losses, which are unknown while a function is recorded",
                    expected: "a call outside compile and export",
                    fix: "compile the closure: let loss = compile { ... }; optimizer.step { loss(x, y) }"))
            return loss
        }
        withoutActuallyEscaping(closure) { closure in
            noGrad { moves(from: loss, groups[0].options, closure) }
        }
        return loss
    }

    private func moves(from loss: Tensor, _ options: Options, _ closure: @escaping () -> Tensor) {
        let sign = options.maximize ? -1.0 : 1.0
        func evaluate() -> (Double, Tensor) {
            let value = enableGrad { closure() }.item() * sign
            return (value, flatGradient(sign))
        }
        var (value, gradient) = (loss.item() * sign, flatGradient(sign))
        var (evaluations, iterations) = (1, 0)
        history.evaluations += 1
        if largest(gradient) <= options.toleranceGrad { return }
        history.adapt(to: gradient.dtype)

        while iterations < options.maxIter {
            iterations += 1
            let isFirst = history.moves == 0
            let direction = history.direction(for: gradient, limit: options.historySize)
            var t = isFirst ? min(1, 1 / gradient.abs().sum().item()) * options.lr : options.lr
            let slope = dot(gradient, direction)
            history.moves += 1
            history.store(direction: direction, gradient: gradient, t: t)
            let before = value
            if slope > -options.toleranceChange { return }

            var fresh = 0
            switch options.lineSearch {
            case .strongWolfe:
                let saved = parameters.map { $0.detach().clone() }
                let search = StrongWolfeSearch(
                    toleranceChange: options.toleranceChange, directionSize: largest(direction),
                    maxIterations: options.maxEval - evaluations
                ) { [self] t in
                    move(direction, t)
                    let (value, gradient) = evaluate()
                    for (parameter, savedValue) in zip(parameters, saved) { parameter.copy_(savedValue) }
                    return LinePoint(t: t, value: value, gradient: gradient, slope: dot(gradient, direction))
                }
                let start = LinePoint(t: 0, value: value, gradient: gradient, slope: slope)
                let found = search.run(from: start, first: t)
                (t, value, gradient, fresh) = (
                    found.point.t, found.point.value, found.point.gradient, found.evaluations
                )
                history.t = t
                move(direction, t)
            case .fixedStep:
                move(direction, t)
                // The closure is not called after the last iteration: the next step calls it, possibly for another
                // batch.
                if iterations < options.maxIter {
                    (value, gradient) = evaluate()
                    fresh = 1
                }
            }
            evaluations += fresh
            history.evaluations += fresh
            if iterations == options.maxIter || evaluations >= options.maxEval { return }
            if largest(gradient) <= options.toleranceGrad { return }
            if largest(direction) * abs(t) <= options.toleranceChange { return }
            if abs(value - before) < options.toleranceChange { return }
        }
    }

    private func flatGradient(_ sign: Double) -> Tensor {
        let flat = cat(
            parameters.map { parameter in
                (parameter.grad ?? Tensor.zeros(like: parameter)).reshape([parameter.count])
            })
        return sign < 0 ? -flat : flat
    }

    private func move(_ direction: Tensor, _ t: Double) {
        var offset = 0
        for parameter in parameters {
            let part = direction.narrow(0, start: offset, length: parameter.count).reshape(parameter.shape)
            parameter.add_(part.to(parameter.dtype), alpha: t)
            offset += parameter.count
        }
    }

    private func largest(_ x: Tensor) -> Double { x.count == 0 ? 0 : x.abs().max().item() }

    // MARK: State

    /// Returns the settings and the stored updates.
    public override func state() -> OptimizerState {
        var state = super.state()
        history.save(into: &state)
        return state
    }

    /// Restores a state returned by ``state()``.
    ///
    /// - Throws: ``OptimizerStateError`` if the state does not match; nothing is then changed.
    public override func load(_ state: OptimizerState) throws {
        let count = parameters.reduce(0) { $0 + $1.count }
        let loaded = try LBFGSHistory(state, count: count)
        try super.load(state)
        history = loaded
    }
}

/// The dot product of two vectors.
func dot(_ a: Tensor, _ b: Tensor) -> Double { a.dot(b).item() }
