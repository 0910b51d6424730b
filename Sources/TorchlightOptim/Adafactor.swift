import Glibc
import TorchlightCore

/// Adafactor: divides the gradient by the root of a factored running mean of its square, without momentum (Shazeer and
/// Stern, 2018).
///
///     w = t^beta2Decay,   R ← R + w (rowMeans(g²) - R),   C ← C + w (columnMeans(g²) - C),   V = R C / max(mean(R), eps₁)
///     u = g / √max(V, eps₁²)
///     p ← p - min(lr, 1 / √t) · max(eps₂, rms(p)) · u / max(1, rms(u) / d)
///
/// `t` is the number of the step, from 1. The squared gradient of a parameter `[..., M, N]` is stored as the means of
/// its rows `[..., M, 1]` and columns `[..., 1, N]`. Parameters with fewer than 2 dimensions store V.
public final class Adafactor: GroupedOptimizer<Adafactor.Options> {
    /// The settings of a parameter group.
    public struct Options: OptimizerOptions {
        /// Upper bound of the relative learning rate. Default: 0.01.
        public var lr = 1e-2
        /// Exponent of the step in the weight of the running means, at most 0. Default: -0.8.
        public var beta2Decay = -0.8
        /// Lower bound of the gradient's scale. Default: nil, the machine epsilon of the parameter's dtype.
        public var eps1: Double?
        /// Lower bound of the parameter's root mean square. Default: 1e-3.
        public var eps2 = 1e-3
        /// Clipping threshold of the update's root mean square. Default: 1.
        public var d = 1.0
        /// Decoupled weight decay, as in ``AdamW``. Default: 0.
        public var weightDecay = 0.0
        /// Whether to maximise the objective instead of minimising it. Default: false.
        public var maximize = false

        /// Every setting with PyTorch's name for it, as `state()` saves it.
        public static var fields: [OptionField<Options>] {
            [
                .number("lr", \.lr), .number("beta2_decay", \.beta2Decay), .optional("eps1", \.eps1),
                .number("eps2", \.eps2), .number("d", \.d), .number("weight_decay", \.weightDecay),
                .flag("maximize", \.maximize),
            ]
        }

        /// The error text for the first setting that is out of range; nil if every setting is valid.
        public var problem: String? {
            if let problem = checkNotNegative([
                ("lr", lr), ("eps1", eps1 ?? 0), ("eps2", eps2), ("weightDecay", weightDecay),
            ]) {
                return problem
            }
            if let problem = checkFinite([("beta2Decay", beta2Decay), ("d", d)]) { return problem }
            if beta2Decay > 0 { return "beta2Decay is \(beta2Decay); expected at most 0" }
            return d >= 1 ? nil : "d is \(d); expected at least 1"
        }
    }

    /// Creates an optimiser for `parameters`, which form one parameter group.
    ///
    /// - Parameters:
    ///   - parameters: the parameters to train: leaf tensors of a floating-point dtype.
    ///   - lr: the upper bound of the relative learning rate. Default: 1e-2.
    ///   - beta2Decay: the exponent of the step in the weight of the running means, at most 0. Default: -0.8.
    ///   - eps: the lower bounds of the gradient's scale (nil: the machine epsilon of the dtype) and of the parameter's
    ///     root mean square. Default: (nil, 1e-3).
    ///   - d: the clipping threshold of the update's root mean square, at least 1. Default: 1.
    ///   - weightDecay: the decoupled weight decay. Default: 0.
    ///   - maximize: whether to maximise the objective instead of minimising it. Default: false.
    ///
    /// It is an error if a setting is negative or not finite, `beta2Decay` is above 0, or `d` is below 1.
    public convenience init(
        _ parameters: [Tensor], lr: Double = 1e-2, beta2Decay: Double = -0.8, eps: (Double?, Double) = (nil, 1e-3),
        d: Double = 1, weightDecay: Double = 0, maximize: Bool = false
    ) {
        self.init(
            [ParameterGroup(parameters)], lr: lr, beta2Decay: beta2Decay, eps: eps, d: d, weightDecay: weightDecay,
            maximize: maximize)
    }

    /// Creates an optimiser for parameter groups; the arguments are the settings of groups that do not set their own.
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

    override func takeStep() { forEachTrained(Self.change) }

    private static func change(_ trained: TrainedParameter, _ options: Options) {
        let parameter = trained.parameter
        if parameter.count == 0 { return }
        let (step, root) = (Double(trained.step), Double(parameter.count).squareRoot())
        let gradient = options.maximize ? -trained.gradient : trained.gradient
        let eps1 = options.eps1 ?? roundingUnit(parameter.dtype)
        let weight = pow(step, options.beta2Decay)
        // Norms are computed on the device of the parameter in float32, or float64 for float64 parameters.
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

    /// The machine epsilon: the distance from 1 to the next larger number.
    private static func roundingUnit(_ dtype: DType) -> Double {
        switch dtype {
        case .float64: Double.ulpOfOne
        case .float16: 0x1p-10
        case .bfloat16: 0x1p-7
        default: Double(Float.ulpOfOne)
        }
    }
}
