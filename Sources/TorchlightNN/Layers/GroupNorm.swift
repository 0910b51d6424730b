import TorchlightCore

/// Group normalisation: `y = (x − mean) / √(var + eps) · weight + bias`, with mean and biased variance of each group of
/// channels of each sample (Wu and He, 2018).
///
/// Shapes: `[N, C, *] -> [N, C, *]`. Weight and bias are `[C]`, initialised to ones and zeros. One group normalises all
/// channels together, C groups each channel alone.
public final class GroupNorm: Module, Layer {
    /// The number of groups; it must divide the number of channels.
    public let numGroups: Int
    /// The number of channels C.
    public let numChannels: Int
    /// The number that is added to the variance. Default: 1e-5.
    public let eps: Double
    /// The learnable scale of each channel, `[C]`; nil without affine parameters.
    public var weight: Tensor?
    /// The learnable shift of each channel, `[C]`; nil without affine parameters or bias.
    public var bias: Tensor?

    /// Creates a group normalisation.
    ///
    /// - Parameters:
    ///   - numGroups: The number of groups; it must divide the number of channels.
    ///   - numChannels: The number of channels C.
    ///   - eps: Is added to the variance. Default: 1e-5.
    ///   - affine: Whether the layer has a learnable weight and bias. Default: true.
    ///   - bias: Whether the layer has a bias, if `affine`. Default: true.
    ///   - dtype: The dtype of the parameters.
    ///   - device: The device of the parameters.
    public init(
        _ numGroups: Int, _ numChannels: Int, eps: Double = 1e-5, affine: Bool = true, bias: Bool = true,
        dtype: DType = .default, device: Device = .current
    ) {
        if numGroups < 1 || numChannels % max(numGroups, 1) != 0 {
            reportFailure(
                TensorError(
                    .value, in: "GroupNorm", "the number of groups must divide the number of channels",
                    got: "\(quantity(numGroups, "group")) and \(quantity(numChannels, "channel"))",
                    expected: "a divisor of the number of channels"))
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

    /// Returns `(x − mean) / √(var + eps) · weight + bias`.
    public func forward(_ x: Tensor) -> Tensor { groupNorm(x, numGroups, weight, bias, eps: eps) }

    public override var extraDescription: String {
        "\(numGroups), \(numChannels), eps=\(Printed.number(eps)), affine=\(Printed.bool(weight != nil)), "
            + "bias=\(Printed.bool(bias != nil))"
    }
}

/// Root mean square normalisation over the last dimensions: `y = x / √(mean(x²) + eps) · weight` (Zhang and Sennrich, 2019).
///
/// Shapes: `[*, normalizedShape] -> [*, normalizedShape]`. The weight has the shape `normalizedShape` and is initialised to
/// ones.
public final class RMSNorm: Module, Layer {
    /// The sizes of the last dimensions, over which the input is normalised.
    public let normalizedShape: [Int]
    /// The number that is added to the mean square; nil (the default) for the machine epsilon of the input's dtype.
    public let eps: Double?
    /// The learnable scale, of the shape `normalizedShape`; nil without affine parameters.
    public var weight: Tensor?

    /// Creates a root mean square normalisation over several last dimensions.
    ///
    /// - Parameters:
    ///   - normalizedShape: The sizes of the last dimensions.
    ///   - eps: Is added to the mean square. Default: the machine epsilon of the input's dtype.
    ///   - elementwiseAffine: Whether the layer has a learnable weight. Default: true.
    ///   - dtype: The dtype of the weight.
    ///   - device: The device of the weight.
    public init(
        _ normalizedShape: [Int], eps: Double? = nil, elementwiseAffine: Bool = true, dtype: DType = .default,
        device: Device = .current
    ) {
        self.normalizedShape = normalizedShape
        self.eps = eps
        if elementwiseAffine { weight = Parameter(Tensor.ones(normalizedShape, dtype: dtype, device: device)) }
        super.init()
    }

    /// Creates a root mean square normalisation over the last dimension, of this size.
    public convenience init(
        _ size: Int, eps: Double? = nil, elementwiseAffine: Bool = true, dtype: DType = .default,
        device: Device = .current
    ) {
        self.init([size], eps: eps, elementwiseAffine: elementwiseAffine, dtype: dtype, device: device)
    }

    /// Returns `x / √(mean(x²) + eps) · weight`.
    public func forward(_ x: Tensor) -> Tensor { rmsNorm(x, normalizedShape, weight, eps: eps) }

    public override var extraDescription: String {
        "\(Printed.tuple(normalizedShape)), eps=\(Printed.optional(eps, Printed.number)), "
            + "elementwise_affine=\(Printed.bool(weight != nil))"
    }
}

/// Local response normalisation over neighbouring channels: `y = x / (k + α mean(x²))^β`, where the mean is over `size`
/// channels around the channel of x (Krizhevsky et al., 2012).
///
/// Channels outside the input count as 0. Shapes: `[N, C, *] -> [N, C, *]`, with at least 3 dimensions.
public final class LocalResponseNorm: Module, Layer {
    /// The number of neighbouring channels.
    public let size: Int
    /// The factor α of the mean square. Default: 1e-4.
    public let alpha: Double
    /// The exponent β. Default: 0.75.
    public let beta: Double
    /// The additive constant k. Default: 1.
    public let k: Double

    /// Creates a local response normalisation.
    ///
    /// - Parameters:
    ///   - size: The number of neighbouring channels.
    ///   - alpha: The factor α of the mean square. Default: 1e-4.
    ///   - beta: The exponent β. Default: 0.75.
    ///   - k: The additive constant k. Default: 1.
    public init(_ size: Int, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1) {
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k
        super.init()
    }

    /// Returns `x / (k + α mean(x²))^β`.
    public func forward(_ x: Tensor) -> Tensor { localResponseNorm(x, size: size, alpha: alpha, beta: beta, k: k) }

    public override var extraDescription: String {
        "\(size), alpha=\(Printed.number(alpha)), beta=\(Printed.number(beta)), k=\(Printed.number(k))"
    }
}

/// Local response normalisation over neighbouring channels, as `CrossMapLRN2d` in PyTorch: `y = x / (k + α / size · Σ x²)^β`, where
/// the sum is over the channels at most `(size − 1) / 2` away from the channel of x (Krizhevsky et al., 2012).
///
/// For odd sizes it is ``LocalResponseNorm``; for even sizes the sum is over `size − 1` channels. Channels outside the input count
/// as 0. Shapes: `[N, C, H, W] -> [N, C, H, W]`.
public final class CrossMapLRN2d: Module, Layer {
    /// The number of neighbouring channels.
    public let size: Int
    /// The factor α of the mean square. Default: 1e-4.
    public let alpha: Double
    /// The exponent β. Default: 0.75.
    public let beta: Double
    /// The additive constant k. Default: 1.
    public let k: Double

    /// Creates a local response normalisation.
    ///
    /// - Parameters:
    ///   - size: The number of neighbouring channels, at least 1.
    ///   - alpha: The factor α of the mean square. Default: 1e-4.
    ///   - beta: The exponent β. Default: 0.75.
    ///   - k: The additive constant k. Default: 1.
    public init(_ size: Int, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1) {
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k
        super.init()
    }

    /// Returns `x / (k + α / size · Σ x²)^β`.
    public func forward(_ x: Tensor) -> Tensor {
        if x.isPlaceholder { return x }
        guard x.rank == 4, size > 0 else {
            return fail(
                TensorError(
                    .shape, in: "CrossMapLRN2d", "the input does not have 4 dimensions, or size is not positive",
                    got: "size \(size)", expected: "[N, C, H, W] and a positive size", operands: [x]), like: x)
        }
        let width = 2 * ((size - 1) / 2) + 1
        return localResponseNorm(
            x, size: width, alpha: alpha * Double(width) / Double(size), beta: beta, k: k)
    }

    public override var extraDescription: String {
        "\(size), alpha=\(Printed.number(alpha)), beta=\(Printed.number(beta)), k=\(Printed.number(k))"
    }
}
