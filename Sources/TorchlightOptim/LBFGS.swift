import TorchlightCore

/// Limited-memory BFGS (Nocedal 1980): a quasi-Newton method that works the curvature out of the last steps, for smooth
/// losses of the whole data set.
///
/// One step makes up to `maxIter` moves and calls the closure for each, which clears the gradients, works out the loss
/// and calls `backward()`:
///
///     optimizer.step {
///         optimizer.zeroGrad()
///         let loss = F.mseLoss(model(x), y)
///         loss.backward()
///         return loss
///     }
public final class LBFGS: GroupedOptimizer<LBFGS.Options> {
    /// How far a move goes along its direction.
    public enum LineSearch: String, CaseIterable, Sendable {
        /// By the learning rate.
        case fixedStep = "none"
        /// To a point that satisfies the strong Wolfe conditions; the learning rate is the first guess.
        case strongWolfe = "strong_wolfe"
    }

    /// The settings.
    public struct Options: OptimizerOptions {
        /// The learning rate.
        public var lr = 1.0
        /// The most moves of a step.
        public var maxIter = 20
        /// The most calls of the closure in a step.
        public var maxEval = 25
        /// A step ends where no element of the gradient is larger.
        public var toleranceGrad = 1e-7
        /// A step ends where no element moves, or the loss does not change, by more.
        public var toleranceChange = 1e-9
        /// How many moves are remembered.
        public var historySize = 100
        /// How far a move goes.
        public var lineSearch = LineSearch.fixedStep
        /// Whether to climb instead of descend.
        public var maximize = false

        private var lineSearchIndex: Int {
            get { LineSearch.allCases.firstIndex(of: lineSearch) ?? 0 }
            set { lineSearch = LineSearch.allCases[newValue] }
        }

        /// The settings by their names.
        public static var fields: [OptionField<Options>] {
            [
                .number("lr", \.lr), .whole("max_iter", \.maxIter), .whole("max_eval", \.maxEval),
                .number("tolerance_grad", \.toleranceGrad), .number("tolerance_change", \.toleranceChange),
                .whole("history_size", \.historySize),
                .choice("line_search_fn", \.lineSearchIndex, LineSearch.allCases.map(\.rawValue)),
                .flag("maximize", \.maximize),
            ]
        }

        /// The first setting that is out of range.
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

    private var memory = CurvatureMemory()

    /// Trains the parameters, all with the same settings.
    ///
    /// `maxEval` is 5/4 of `maxIter` where it is not given. A negative or non-finite setting is an error.
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

    /// An error: this optimiser needs the closure.
    public override func step() {
        reportFailure(
            TensorError(
                .value, in: "LBFGS", "a step without a closure cannot work out the loss again",
                fix: "optimizer.step { optimizer.zeroGrad(); ...; loss.backward(); return loss }"))
    }

    /// Makes up to `maxIter` moves; gives back the loss before the first.
    @discardableResult
    public override func step(_ closure: () -> Tensor) -> Tensor {
        guard groups.count == 1 else {
            return fail(
                TensorError(
                    .value, in: "LBFGS", "the curvature belongs to all parameters together",
                    got: "\(groups.count) groups", expected: "one group"))
        }
        let loss = enableGrad { closure() }
        if loss.isPlaceholder || parameters.isEmpty { return loss }
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
        memory.evaluations += 1
        if largest(gradient) <= options.toleranceGrad { return }
        memory.adapt(to: gradient.dtype)

        while iterations < options.maxIter {
            iterations += 1
            let isFirst = memory.moves == 0
            let direction = memory.direction(for: gradient, limit: options.historySize)
            var t = isFirst ? min(1, 1 / gradient.abs().sum().item()) * options.lr : options.lr
            let slope = dot(gradient, direction)
            memory.moves += 1
            memory.remember(direction: direction, gradient: gradient, t: t)
            let before = value
            if slope > -options.toleranceChange { return }

            var fresh = 0
            switch options.lineSearch {
            case .strongWolfe:
                let places = parameters.map { $0.detach().clone() }
                let search = StrongWolfeSearch(
                    toleranceChange: options.toleranceChange, directionSize: largest(direction),
                    maxIterations: options.maxEval - evaluations
                ) { [self] t in
                    move(direction, t)
                    let (value, gradient) = evaluate()
                    for (parameter, place) in zip(parameters, places) { parameter.copy_(place) }
                    return LinePoint(t: t, value: value, gradient: gradient, slope: dot(gradient, direction))
                }
                let start = LinePoint(t: 0, value: value, gradient: gradient, slope: slope)
                let found = search.run(from: start, first: t)
                (t, value, gradient, fresh) = (
                    found.point.t, found.point.value, found.point.gradient, found.evaluations
                )
                memory.t = t
                move(direction, t)
            case .fixedStep:
                move(direction, t)
                // After the last move the closure is the next step's to call, which may see other data.
                if iterations < options.maxIter {
                    (value, gradient) = evaluate()
                    fresh = 1
                }
            }
            evaluations += fresh
            memory.evaluations += fresh
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

    /// The settings and what is remembered of the last moves.
    public override func state() -> OptimizerState {
        var state = super.state()
        memory.save(into: &state)
        return state
    }

    /// Takes over a state that ``state()`` gave, if it fits.
    public override func load(_ state: OptimizerState) throws {
        let count = parameters.reduce(0) { $0 + $1.count }
        let loaded = try CurvatureMemory(state, count: count)
        try super.load(state)
        memory = loaded
    }
}

/// The sum of products.
func dot(_ a: Tensor, _ b: Tensor) -> Double { a.dot(b).item() }
