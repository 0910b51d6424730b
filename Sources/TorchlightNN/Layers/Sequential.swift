import TorchlightCore

/// A container that applies layers in order: the output of each layer is the input of the next.
///
///     let model = Sequential {
///         Flatten()
///         Linear(784, 128)
///         ReLU()
///         Linear(128, 10)
///     }
///     let same = Sequential(Flatten(), Linear(784, 128), ReLU(), Linear(128, 10))
///
/// The layers are named by their indices, as in `1.weight`, or by given names:
///
///     let named = Sequential(["features": Conv2d(1, 6, kernelSize: 5), "act": ReLU()])  // features.weight
public final class Sequential: Module, Layer {
    /// The layers, in order.
    public private(set) var layers: [any Layer]
    private var names: [String]?

    /// Creates a container of these layers.
    public init(_ layers: [any Layer]) {
        self.layers = layers
        super.init()
    }

    /// Creates a container of these layers.
    public convenience init(_ layers: any Layer...) { self.init(layers) }

    /// Creates a container of named layers, in the given order. Names must be unique, not empty and without dots.
    public init(_ layers: KeyValuePairs<String, any Layer>) {
        var names: [String] = []
        for (name, _) in layers {
            if name.isEmpty || name.contains(".") || names.contains(name) {
                reportFailure(
                    TensorError(
                        .value, in: "Sequential", "a layer name is empty, contains a dot or occurs twice",
                        got: "\"\(name)\"", expected: "unique names that are not empty and contain no dot"))
            }
            names.append(name)
        }
        self.layers = layers.map(\.value)
        self.names = names
        super.init()
    }

    /// Creates a container of the layers that a closure lists; the closure may contain `if` and `for`.
    public convenience init(@LayerBuilder _ layers: () -> [any Layer]) { self.init(layers()) }

    /// Applies the layers in order.
    public func forward(_ x: Tensor) -> Tensor {
        var x = x
        for layer in layers { x = layer(x) }
        return x
    }

    /// Appends a layer. Its name is its index.
    public func append(_ layer: any Layer) {
        layers.append(layer)
        names?.append(String(layers.count - 1))
    }

    /// The layer at an index; a negative index counts from the end: `model[-1]`. An index out of range is an error.
    public subscript(index: Int) -> any Layer {
        let position = index < 0 ? index + layers.count : index
        if layers.indices.contains(position) { return layers[position] }
        reportFailure(
            TensorError(
                .index, in: "Sequential", "the layer index is out of range", got: "\(index)",
                expected: layers.isEmpty ? "no index: there are no layers" : "\(-layers.count) ..< \(layers.count)"))
        return Identity()
    }

    /// The number of layers.
    public var count: Int { layers.count }

    // The layers are named "0", not "layers.0".
    override var inlinesItsList: Bool { true }
    override var elementNames: [String]? { names }
}

/// The result builder of the closure of ``Sequential``.
@resultBuilder
public enum LayerBuilder {
    /// One layer.
    public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
    /// Several layers.
    public static func buildExpression(_ layers: [any Layer]) -> [any Layer] { layers }
    /// All statements in order.
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
