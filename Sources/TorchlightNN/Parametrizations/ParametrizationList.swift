import TorchlightCore

/// A layer for `registerParametrization(_:_:)` that can compute the original parameter from the value of the
/// parametrised parameter.
public protocol InvertibleParametrization: Layer {
    /// Returns an original parameter for a value of the parametrised parameter: `forward(rightInverse(value))` is
    /// `value`, or the nearest value that the layer can return.
    func rightInverse(_ value: Tensor) -> Tensor
}

/// The parametrisation of a parameter by a sequence of layers: the parameter is `fₙ(… f₂(f₁(original)))`.
///
/// `registerParametrization(_:_:)` creates it and adds layers. In the state dictionary the learnable
/// parameter is `parametrizations.<name>.original`, and the layers are `parametrizations.<name>.0`, `.1`, ...
public final class ParametrizationList: Parametrization {
    /// The learnable parameter, the input of the first layer.
    public private(set) var original: Tensor
    /// The layers, in the order of their application.
    public private(set) var layers: [any Layer]

    init(_ weight: Tensor, _ layer: any Layer, _ operation: String) throws(TensorError) {
        let value = noGrad { () -> Tensor in
            let value = weight.detach().clone()
            return (layer as? any InvertibleParametrization)?.rightInverse(value) ?? value
        }
        original = Parameter(value)
        layers = [layer]
        super.init()
        try Self.check(noGrad { layer(value) }, isLike: weight, operation)
    }

    override var inlinesItsList: Bool { true }

    /// Appends a layer.
    func append(_ layer: any Layer, _ operation: String) throws(TensorError) {
        let value = noGrad { compute() }
        try Self.check(noGrad { layer(value) }, isLike: value, operation)
        layers.append(layer)
    }

    private static func check(_ value: Tensor, isLike weight: Tensor, _ operation: String) throws(TensorError) {
        if value.isPlaceholder { return }
        guard value.shape == weight.shape, value.dtype == weight.dtype else {
            throw TensorError(
                .shape, in: operation, "the layer changes the shape or dtype of the parameter",
                got: "\(value.dtype) \(value.shape)", expected: "\(weight.dtype) \(weight.shape)")
        }
    }

    public override func compute() -> Tensor { layers.reduce(original) { $1($0) } }
}
