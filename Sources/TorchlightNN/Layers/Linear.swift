import TorchlightCore

/// y = x Wᵀ + b.
///
/// Shapes: `[*, in] -> [*, out]`; the weight is `[out, in]`, the bias `[out]`. Both start uniform within ±1/√in.
public class Linear: Module, Layer {
    /// Elements in the last dimension of the input.
    public final let inFeatures: Int
    /// Elements in the last dimension of the output.
    public final let outFeatures: Int
    /// `[out, in]`.
    public final var weight: Tensor
    /// `[out]`, or nil.
    public final var bias: Tensor?

    /// A layer of this size.
    public init(
        _ inFeatures: Int, _ outFeatures: Int, bias: Bool = true, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        self.inFeatures = inFeatures
        self.outFeatures = outFeatures
        (weight, self.bias) = defaultWeightAndBias(
            weight: [outFeatures, inFeatures], bias: bias, dtype: dtype, device: device, generator: generator)
        super.init()
    }

    /// x Wᵀ + b.
    public final func forward(_ x: Tensor) -> Tensor { linear(x, weight, bias) }

    public override var extraDescription: String {
        "in_features=\(inFeatures), out_features=\(outFeatures), bias=\(Printed.bool(bias != nil))"
    }
}

/// The layer behind the heads of a ``MultiheadAttention``. It is a ``Linear`` that prints as PyTorch prints it there.
final class OutputProjection: Linear {
    override var printedName: String { "NonDynamicallyQuantizableLinear" }
}
