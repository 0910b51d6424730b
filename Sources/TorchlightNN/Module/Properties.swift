import TorchlightCore

/// Returns a learnable parameter: a new leaf tensor that shares memory with `data` and requires a gradient.
///
///     final class Scale: Module, Layer {
///         var factor = Parameter(Tensor.ones(64))
///         func forward(_ x: Tensor) -> Tensor { x * factor }
///     }
///
/// A module also treats any other stored leaf tensor as a parameter if it requires a gradient when `parameters()` is first
/// called. A parameter that is frozen later stays a parameter.
///
/// - Parameters:
///   - data: The initial value. It is detached from its computation graph.
///   - requiresGrad: Whether the parameter requires a gradient. Default: true.
public func Parameter(_ data: Tensor, requiresGrad: Bool = true) -> Tensor {
    let tensor = data.detach()
    if tensor.isPlaceholder { return tensor }
    tensor.isParameter = true
    return requiresGrad ? tensor.requiresGrad_() : tensor
}

/// Marks a stored property of a module as a buffer: a tensor that is part of the module's state but not a parameter, such
/// as a running mean.
///
/// `to` moves and converts buffers with the module. Persistent buffers are part of the state dictionary.
///
///     @Buffer var mask: Tensor
///     @Buffer("running_mean") var runningMean: Tensor? = Tensor.zeros(64)
@propertyWrapper
public struct Buffer<Value> {
    /// The tensor.
    public var wrappedValue: Value
    let key: String?
    let persistent: Bool

    /// Creates a buffer.
    ///
    /// - Parameters:
    ///   - wrappedValue: The tensor.
    ///   - key: Its name in the state dictionary. Default: the name of the property.
    ///   - persistent: Whether the buffer is part of the state dictionary. Default: true.
    public init(wrappedValue: Value, _ key: String? = nil, persistent: Bool = true) {
        self.wrappedValue = wrappedValue
        self.key = key
        self.persistent = persistent
    }
}

/// Sets the name of a stored property of a module in its state dictionary.
///
///     @Key("in_proj_weight") var inProjWeight = Parameter(Tensor.zeros(192, 64))
@propertyWrapper
public struct Key<Value> {
    /// The value of the property.
    public var wrappedValue: Value
    let name: String

    /// Creates a property with this name in the state dictionary.
    public init(wrappedValue: Value, _ name: String) {
        self.wrappedValue = wrappedValue
        self.name = name
    }
}

/// The property wrappers that reflection recognises: ``Buffer`` and ``Key``.
protocol PropertyMark {
    var key: String? { get }
    var content: Any { get }
    /// The kind of buffer; nil where the content is not a buffer.
    var buffer: BufferKind? { get }
}

struct BufferKind {
    var persistent: Bool
}

extension Buffer: PropertyMark {
    var content: Any { wrappedValue }
    var buffer: BufferKind? { BufferKind(persistent: persistent) }
}

extension Key: PropertyMark {
    var key: String? { name }
    var content: Any { wrappedValue }
    var buffer: BufferKind? { nil }
}
