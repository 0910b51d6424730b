import TorchlightCore

/// Fully connected layer: `y = x Wᵀ + b`.
///
///     let layer = Linear(784, 10)
///     let y = layer(Tensor.randn(32, 784))  // [32, 10]
///
/// Shapes: `[*, in] -> [*, out]`. The weight W is `[out, in]`, the bias b `[out]`; both are initialised uniformly from
/// −1/√in to 1/√in.
public class Linear: Module, Layer, QuantizableLayer {
    /// The number of input features: the size of the last dimension of the input.
    public internal(set) final var inFeatures: Int
    /// The number of output features: the size of the last dimension of the output.
    public final let outFeatures: Int
    /// The learnable weight, `[out, in]`; on `Device.meta` while the layer has a ``quantizedWeight``.
    public final var weight: Tensor
    /// The weight in integers; nil unless ``quantize(_:_:matching:excluding:embeddings:)`` changed the layer.
    @Key("weight") public package(set) final var quantizedWeight: QuantizedWeight? = nil
    /// The learnable bias, `[out]`; nil if the layer has none.
    public final var bias: Tensor?

    /// Creates a linear layer.
    ///
    /// - Parameters:
    ///   - inFeatures: The number of input features.
    ///   - outFeatures: The number of output features.
    ///   - bias: Whether the layer has a bias. Default: true.
    ///   - dtype: The dtype of the parameters. Default: the default dtype.
    ///   - device: The device of the parameters. Default: the current device.
    ///   - generator: The generator of the initial parameters.
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

    /// Returns `x Wᵀ + b`.
    public final func forward(_ x: Tensor) -> Tensor {
        initializeParameters(for: x)
        if let quantizedWeight { return quantizedOutput(x, quantizedWeight, bias) }
        return linear(x, weight, bias)
    }

    /// Called with each input; ``LazyLinear`` takes the number of input features from the first.
    func initializeParameters(for x: Tensor) {}

    /// Why the layer cannot be quantised.
    package var quantizationObstacle: String? {
        weight.count == 0 && inFeatures == 0 ? "the number of its input features is not known" : nil
    }

    override var printedName: String { quantizedWeight == nil ? super.printedName : "QuantizedLinear" }

    public override var extraDescription: String {
        "in_features=\(inFeatures), out_features=\(outFeatures), bias=\(Printed.bool(bias != nil))"
            + (quantizedWeight.map { ", \($0.scheme)" } ?? "")
    }
}

/// The output projection of ``MultiheadAttention``: a ``Linear`` that is printed as PyTorch prints it there.
final class OutputProjection: Linear {
    override var printedName: String {
        quantizedWeight == nil ? "NonDynamicallyQuantizableLinear" : super.printedName
    }
}
