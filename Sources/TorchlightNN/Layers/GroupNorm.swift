import TorchlightCore

/// Normalises each group of channels of each sample, then scales and shifts each channel (Wu and He 2018).
///
/// Shapes: `[N, C, *] -> [N, C, *]`; weight and bias are `[C]`, ones and zeros at the start.
public final class GroupNorm: Module, Layer {
    /// The number of groups, which divides the channels.
    public let numGroups: Int
    /// The number of channels.
    public let numChannels: Int
    /// Added to the variance.
    public let eps: Double
    /// The scale of each channel, or nil.
    public var weight: Tensor?
    /// The shift of each channel, or nil.
    public var bias: Tensor?

    /// A layer for this many channels.
    public init(
        _ numGroups: Int, _ numChannels: Int, eps: Double = 1e-5, affine: Bool = true, bias: Bool = true,
        dtype: DType = .default, device: Device = .current
    ) {
        if numGroups < 1 || numChannels % max(numGroups, 1) != 0 {
            reportFailure(
                TensorError(
                    .value, in: "GroupNorm", "the groups do not divide the channels",
                    got: "\(numGroups) groups of \(numChannels) channels", expected: "a divisor"))
        }
        self.numGroups = numGroups
        self.numChannels = numChannels
        self.eps = eps
        if affine {
            weight = Parameter(Tensor.ones([numChannels], dtype: dtype, device: device))
            if bias { self.bias = Parameter(Tensor.zeros([numChannels], dtype: dtype, device: device)) }
        }
        super.init()
    }

    /// The normalised input, scaled and shifted.
    public func forward(_ x: Tensor) -> Tensor { groupNorm(x, numGroups, weight, bias, eps: eps) }

    public override var extraDescription: String {
        "\(numGroups), \(numChannels), eps=\(Printed.number(eps)), affine=\(Printed.bool(weight != nil)), "
            + "bias=\(Printed.bool(bias != nil))"
    }
}

/// Divides the last dimensions by the root of their mean square: x / √(mean(x²) + eps) · weight (Zhang and Sennrich
/// 2019).
///
/// Shapes: `[*, normalizedShape] -> [*, normalizedShape]`; the weight starts as ones.
public final class RMSNorm: Module, Layer {
    /// The sizes of the dimensions that are normalised together.
    public let normalizedShape: [Int]
    /// Added to the mean square; the dtype's own precision where it is nil.
    public let eps: Double?
    /// The scale, or nil.
    public var weight: Tensor?

    /// A layer over these last dimensions.
    public init(
        _ normalizedShape: [Int], eps: Double? = nil, elementwiseAffine: Bool = true, dtype: DType = .default,
        device: Device = .current
    ) {
        self.normalizedShape = normalizedShape
        self.eps = eps
        if elementwiseAffine { weight = Parameter(Tensor.ones(normalizedShape, dtype: dtype, device: device)) }
        super.init()
    }

    /// A layer over the last dimension.
    public convenience init(
        _ size: Int, eps: Double? = nil, elementwiseAffine: Bool = true, dtype: DType = .default,
        device: Device = .current
    ) {
        self.init([size], eps: eps, elementwiseAffine: elementwiseAffine, dtype: dtype, device: device)
    }

    /// The normalised input, scaled.
    public func forward(_ x: Tensor) -> Tensor { rmsNorm(x, normalizedShape, weight, eps: eps) }

    public override var extraDescription: String {
        "\(Printed.tuple(normalizedShape)), eps=\(Printed.optional(eps, Printed.number)), "
            + "elementwise_affine=\(Printed.bool(weight != nil))"
    }
}

/// Divides each element by what its neighbours in other channels sum to (Krizhevsky et al. 2012).
///
/// Shapes: `[N, C, *] -> [N, C, *]`.
public final class LocalResponseNorm: Module, Layer {
    /// The number of neighbouring channels.
    public let size: Int
    /// The factor of their mean square.
    public let alpha: Double
    /// The exponent.
    public let beta: Double
    /// Added before the exponent.
    public let k: Double

    /// A layer with these settings.
    public init(_ size: Int, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1) {
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k
        super.init()
    }

    /// x / (k + α mean(x²))^β.
    public func forward(_ x: Tensor) -> Tensor { localResponseNorm(x, size: size, alpha: alpha, beta: beta, k: k) }

    public override var extraDescription: String {
        "\(size), alpha=\(Printed.number(alpha)), beta=\(Printed.number(beta)), k=\(Printed.number(k))"
    }
}
