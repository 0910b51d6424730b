import TorchlightCore

/// Layer normalisation over the last dimensions: `y = (x − mean) / √(var + eps) · weight + bias` (Ba et al., 2016).
///
/// Mean and biased variance are computed over the dimensions `normalizedShape`, separately for each index of the others, in
/// training and evaluation mode. Shapes: `[*, normalizedShape] -> [*, normalizedShape]`. Weight and bias have the shape
/// `normalizedShape` and are initialised to ones and zeros.
///
///     let norm = LayerNorm(512)
///     let y = norm(x)  // [N, T, 512] -> [N, T, 512]
public final class LayerNorm: Module, Layer {
    /// The sizes of the last dimensions, over which the input is normalised.
    public let normalizedShape: [Int]
    /// The number that is added to the variance. Default: 1e-5.
    public let eps: Double
    /// The learnable scale, of the shape `normalizedShape`; nil without affine parameters.
    public var weight: Tensor?
    /// The learnable shift, of the shape `normalizedShape`; nil without affine parameters or bias.
    public var bias: Tensor?

    /// Creates a layer normalisation over several last dimensions.
    ///
    /// - Parameters:
    ///   - normalizedShape: The sizes of the last dimensions.
    ///   - eps: Is added to the variance. Default: 1e-5.
    ///   - elementwiseAffine: Whether the layer has a learnable weight and bias. Default: true.
    ///   - bias: Whether the layer has a bias, if `elementwiseAffine`. Default: true.
    ///   - dtype: The dtype of the parameters.
    ///   - device: The device of the parameters.
    public init(
        _ normalizedShape: [Int], eps: Double = 1e-5, elementwiseAffine: Bool = true, bias: Bool = true,
        dtype: DType = .default, device: Device = .current
    ) {
        self.normalizedShape = normalizedShape
        self.eps = eps
        if elementwiseAffine {
            weight = Parameter(Tensor.ones(normalizedShape, dtype: dtype, device: device))
            if bias { self.bias = Parameter(Tensor.zeros(normalizedShape, dtype: dtype, device: device)) }
        }
        super.init()
    }

    /// Creates a layer normalisation over the last dimension, of this size.
    public convenience init(
        _ size: Int, eps: Double = 1e-5, elementwiseAffine: Bool = true, bias: Bool = true, dtype: DType = .default,
        device: Device = .current
    ) {
        self.init([size], eps: eps, elementwiseAffine: elementwiseAffine, bias: bias, dtype: dtype, device: device)
    }

    /// Returns `(x − mean) / √(var + eps) · weight + bias`.
    public func forward(_ x: Tensor) -> Tensor { layerNorm(x, normalizedShape, weight, bias, eps: eps) }

    public override var extraDescription: String {
        "\(Printed.tuple(normalizedShape)), eps=\(Printed.number(eps)), "
            + "elementwise_affine=\(Printed.bool(weight != nil)), bias=\(Printed.bool(bias != nil))"
    }
}
