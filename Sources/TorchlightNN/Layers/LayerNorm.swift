import TorchlightCore

/// Normalises over the last dimensions: (x − mean) / √(variance + eps) · weight + bias (Ba et al. 2016).
///
/// Shapes: `[*, normalizedShape] -> [*, normalizedShape]`; weight and bias have the normalised shape and start as ones
/// and zeros.
public final class LayerNorm: Module, Layer {
    /// The sizes of the dimensions that are normalised together.
    public let normalizedShape: [Int]
    /// Added to the variance.
    public let eps: Double
    /// The scale, or nil.
    public var weight: Tensor?
    /// The shift, or nil.
    public var bias: Tensor?

    /// A layer over these last dimensions.
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

    /// A layer over the last dimension.
    public convenience init(
        _ size: Int, eps: Double = 1e-5, elementwiseAffine: Bool = true, bias: Bool = true, dtype: DType = .default,
        device: Device = .current
    ) {
        self.init([size], eps: eps, elementwiseAffine: elementwiseAffine, bias: bias, dtype: dtype, device: device)
    }

    /// The normalised input, scaled and shifted.
    public func forward(_ x: Tensor) -> Tensor { layerNorm(x, normalizedShape, weight, bias, eps: eps) }

    public override var extraDescription: String {
        "\(Printed.tuple(normalizedShape)), eps=\(Printed.number(eps)), "
            + "elementwise_affine=\(Printed.bool(weight != nil)), bias=\(Printed.bool(bias != nil))"
    }
}
