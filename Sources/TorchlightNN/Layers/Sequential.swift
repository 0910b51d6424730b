import TorchlightCore

/// Layers one after the other, each on the result of the last.
///
///     let model = Sequential {
///         Flatten()
///         Linear(784, 128)
///         ReLU()
///         Linear(128, 10)
///     }
///     let same = Sequential(Flatten(), Linear(784, 128), ReLU(), Linear(128, 10))
///
/// The layers are named by their positions, `1.weight`, or as they are listed:
///
///     let named = Sequential(["features": Conv2d(1, 6, kernelSize: 5), "act": ReLU()])  // features.weight
public final class Sequential: Module, Layer {
    /// The layers, in order.
    public private(set) var layers: [any Layer]
    private var names: [String]?

    /// These layers.
    public init(_ layers: [any Layer]) {
        self.layers = layers
        super.init()
    }

    /// These layers.
    public convenience init(_ layers: any Layer...) { self.init(layers) }

    /// Layers under names of their own, in the order of the list. Names are unique and hold no dot.
    public init(_ layers: KeyValuePairs<String, any Layer>) {
        var names: [String] = []
        for (name, _) in layers {
            if name.isEmpty || name.contains(".") || names.contains(name) {
                reportFailure(
                    TensorError(
                        .value, in: "Sequential", "a layer's name cannot be used", got: "\"\(name)\"",
                        expected: "names that differ, are not empty and hold no dot"))
            }
            names.append(name)
        }
        self.layers = layers.map(\.value)
        self.names = names
        super.init()
    }

    /// The layers that the closure lists; `if` and `for` may be used.
    public convenience init(@LayerBuilder _ layers: () -> [any Layer]) { self.init(layers()) }

    /// Runs the layers in order.
    public func forward(_ x: Tensor) -> Tensor {
        var x = x
        for layer in layers { x = layer(x) }
        return x
    }

    /// Adds a layer at the end.
    public func append(_ layer: any Layer) {
        layers.append(layer)
        names?.append(String(layers.count - 1))
    }

    /// The layer at a position; where there is none, an error.
    public subscript(index: Int) -> any Layer {
        if layers.indices.contains(index) { return layers[index] }
        reportFailure(
            TensorError(
                .index, in: "Sequential", "there is no such layer", got: "\(index)",
                expected: layers.isEmpty ? "no index: there are no layers" : "0 ..< \(layers.count)"))
        return Identity()
    }

    /// The number of layers.
    public var count: Int { layers.count }

    // The layers are elements of the module itself: "0", not "layers.0".
    override var inlinesItsList: Bool { true }
    override var elementNames: [String]? { names }
}

/// Collects layers from a closure.
@resultBuilder
public enum LayerBuilder {
    /// One layer.
    public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
    /// Several layers.
    public static func buildExpression(_ layers: [any Layer]) -> [any Layer] { layers }
    /// All of them in order.
    public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap { $0 } }
    /// `if` without `else`.
    public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
    /// `if`.
    public static func buildEither(first part: [any Layer]) -> [any Layer] { part }
    /// `else`.
    public static func buildEither(second part: [any Layer]) -> [any Layer] { part }
    /// `for`.
    public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap { $0 } }
    /// `#available`.
    public static func buildLimitedAvailability(_ part: [any Layer]) -> [any Layer] { part }
}
