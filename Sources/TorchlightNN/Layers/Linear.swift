import TorchlightCore

/// y = x Wᵀ + b.
///
/// Shapes: `[*, in] -> [*, out]`; the weight is `[out, in]`, the bias `[out]`. Both start uniform within ±1/√in.
public final class Linear: Module, Layer {
    /// Elements in the last dimension of the input.
    public let inFeatures: Int
    /// Elements in the last dimension of the output.
    public let outFeatures: Int
    /// `[out, in]`.
    public var weight: Tensor
    /// `[out]`, or nil.
    public var bias: Tensor?

    /// A layer of this size.
    public init(
        _ inFeatures: Int, _ outFeatures: Int, bias: Bool = true, dtype: DType = .default, device: Device = .cpu,
        generator: Generator = .default
    ) {
        self.inFeatures = inFeatures
        self.outFeatures = outFeatures
        (weight, self.bias) = defaultWeightAndBias(
            weight: [outFeatures, inFeatures], bias: bias, dtype: dtype, device: device, generator: generator)
        super.init()
    }

    /// x Wᵀ + b.
    public func forward(_ x: Tensor) -> Tensor { linear(x, weight, bias) }

    public override var extraDescription: String {
        "in_features=\(inFeatures), out_features=\(outFeatures), bias=\(Printed.bool(bias != nil))"
    }
}
