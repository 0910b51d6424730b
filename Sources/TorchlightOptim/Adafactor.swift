import Glibc
import TorchlightCore

/// Adafactor (Shazeer and Stern 2018): scales like ``Adam`` without momentum, and keeps of the squared gradients of a
/// matrix only the means of its rows and columns.
///
///     w = t^beta2Decay,   R ← R + w (rowMeans(g²) - R),   C ← C + w (columnMeans(g²) - C),   V = R C / max(mean(R), eps₁)
///     u = g / √max(V, eps₁²)
///     p ← p - min(lr, 1 / √t) · max(eps₂, rms(p)) · u / max(1, rms(u) / d)
///
/// Rows and columns are the last two dimensions. Parameters of fewer dimensions keep all of V.
public final class Adafactor: GroupedOptimizer<Adafactor.Options> {
    /// The settings of a parameter group.
    public struct Options: OptimizerOptions {
        /// The largest relative learning rate.
        public var lr = 1e-2
        /// The power of the step by which new squares count; negative.
        public var beta2Decay = -0.8
        /// The least scale of a gradient; nil for the parameter type's rounding unit.
        public var eps1: Double?
        /// The least scale of a parameter.
        public var eps2 = 1e-3
        /// The largest root mean square of an update.
        public var d = 1.0
        /// The strength of the decay of the parameter itself, as in ``AdamW``.
        public var weightDecay = 0.0
        /// Whether to climb instead of descend.
        public var maximize = false

        /// The settings by their names.
        public static var fields: [OptionField<Options>] {
            [
                .number("lr", \.lr), .number("beta2_decay", \.beta2Decay), .optional("eps1", \.eps1),
                .number("eps2", \.eps2), .number("d", \.d), .number("weight_decay", \.weightDecay),
                .flag("maximize", \.maximize),
            ]
        }

        /// The first setting that is out of range.
        public var problem: String? {
            if let problem = checkNotNegative([
                ("lr", lr), ("eps1", eps1 ?? 0), ("eps2", eps2), ("weightDecay", weightDecay),
            ]) {
                return problem
            }
            if !(beta2Decay <= 0) { return "beta2Decay is \(beta2Decay); expected at most 0" }
            return d >= 1 ? nil : "d is \(d); expected at least 1"
        }
    }

    /// Trains the parameters.
    ///
    /// A negative or non-finite setting, a positive beta2Decay, or a d below 1 is an error.
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1e-2, beta2Decay: Double = -0.8, eps: (Double?, Double) = (nil, 1e-3),
        d: Double = 1, weightDecay: Double = 0, maximize: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, beta2Decay: beta2Decay, eps: eps, d: d, weightDecay: weightDecay,
            maximize: maximize)
    }

    /// Trains groups of parameters, which may have settings of their own.
    public init(
        _ groups: [ParameterGroup<Options>], lr: Double = 1e-2, beta2Decay: Double = -0.8,
        eps: (Double?, Double) = (nil, 1e-3), d: Double = 1, weightDecay: Double = 0, maximize: Bool = false
    ) {
        super.init(
            name: "Adafactor", groups: groups,
            defaults: Options(
                lr: lr, beta2Decay: beta2Decay, eps1: eps.0, eps2: eps.1, d: d, weightDecay: weightDecay,
                maximize: maximize))
    }

    override func stateTensors(_ options: Options, for parameter: Tensor) -> [StateTensor?] {
        let shape = parameter.shape
        guard shape.count > 1 else { return [StateTensor(name: "variance")] }
        return [
            StateTensor(name: "row_var", shape: shape.dropLast() + [1]),
            StateTensor(name: "col_var", shape: shape.dropLast(2) + [1, shape[shape.count - 1]]),
        ]
    }

    public override func step() { forEachTrained(Self.change) }

    private static func change(_ trained: TrainedParameter, _ options: Options) {
        let parameter = trained.parameter
        if parameter.count == 0 { return }
        let (step, root) = (Double(trained.step), Double(parameter.count).squareRoot())
        let gradient = options.maximize ? -trained.gradient : trained.gradient
        let eps1 = options.eps1 ?? roundingUnit(parameter.dtype)
        let weight = pow(step, options.beta2Decay)
        // Norms stay on the device of the parameter, in the dtype that computes.
        let wide = parameter.dtype == .float64 ? DType.float64 : .float32
        let scale = (parameter.to(wide).norm() / root).clamp(min: options.eps2)
        let rate = scale * min(options.lr, 1 / step.squareRoot())
        if options.weightDecay != 0 { parameter.mul_(1 - options.lr * options.weightDecay) }

        let squares = gradient.square()
        var variance: Tensor
        if parameter.rank > 1, let rows = trained.states[0], let columns = trained.states[1] {
            rows.lerp_(squares.mean(dim: -1, keepdim: true), weight: weight)
            columns.lerp_(squares.mean(dim: -2, keepdim: true), weight: weight)
            variance = rows * columns / rows.mean(dim: -2, keepdim: true).clamp(min: eps1)
        } else {
            guard let kept = trained.states[0] else { return }
            kept.lerp_(squares, weight: weight)
            variance = kept
        }
        let update = variance.clamp(min: eps1 * eps1).rsqrt() * gradient
        let length = (update.to(wide).norm() / (root * options.d)).clamp(min: 1)
        parameter.addcmul_(update, rate / length, value: -1)
    }

    /// The distance from 1 to the next larger number.
    private static func roundingUnit(_ dtype: DType) -> Double {
        switch dtype {
        case .float64: Double.ulpOfOne
        case .float16: 0x1p-10
        case .bfloat16: 0x1p-7
        default: Double(Float.ulpOfOne)
        }
    }
}
