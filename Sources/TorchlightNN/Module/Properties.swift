import TorchlightCore

/// A tensor that a module trains: the given elements as a new leaf that requires a gradient.
///
///     final class Scale: Module, Layer {
///         var factor = Parameter(Tensor.ones(64))
///         func forward(_ x: Tensor) -> Tensor { x * factor }
///     }
///
/// Any stored tensor that requires a gradient when the module is first asked for its parameters is one too; it stays
/// one when it is frozen later.
public func Parameter(_ data: Tensor, requiresGrad: Bool = true) -> Tensor {
    let tensor = data.detach()
    if tensor.isPlaceholder { return tensor }
    tensor.isParameter = true
    return requiresGrad ? tensor.requiresGrad_() : tensor
}

/// A tensor that belongs to a module's state and is not trained, such as a running mean: it moves with the module, and
/// it is saved unless `persistent` is false.
///
///     @Buffer var mask: Tensor
///     @Buffer("running_mean") var runningMean: Tensor? = Tensor.zeros(64)
@propertyWrapper
public struct Buffer<Value> {
    /// The tensor.
    public var wrappedValue: Value
    let key: String?
    let persistent: Bool

    /// A buffer, by another name than its property's where one is given.
    public init(wrappedValue: Value, _ key: String? = nil, persistent: Bool = true) {
        self.wrappedValue = wrappedValue
        self.key = key
        self.persistent = persistent
    }
}

/// Gives a stored property of a module another name in its state dict.
///
///     @Key("in_proj_weight") var inProjWeight = Parameter(Tensor.zeros(192, 64))
@propertyWrapper
public struct Key<Value> {
    /// What the property holds.
    public var wrappedValue: Value
    let name: String

    /// The value under another name.
    public init(wrappedValue: Value, _ name: String) {
        self.wrappedValue = wrappedValue
        self.name = name
    }
}

/// A property wrapper as the reflection sees it.
protocol PropertyMark {
    var key: String? { get }
    var content: Any { get }
    /// Whether the content is a buffer, and whether that is saved.
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
