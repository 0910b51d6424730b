// Names of modules of PyTorch as prefixes. `LinAlg`, `FFT`, `Special`, `Masked` and `Signal` exist under PyTorch's names too; the others
// are unavailable, with the form to write.

/// Linear algebra under the name of PyTorch: `linalg.inv(x)` is `LinAlg.inv(x)`.
public typealias linalg = LinAlg
/// Fourier transforms under the name of PyTorch: `fft.rfft(x)` is `FFT.rfft(x)`.
public typealias fft = FFT
/// Special functions under the name of PyTorch: `special.erf(x)` is `Special.erf(x)`.
public typealias special = Special
/// Reductions under a mask under the name of PyTorch: `masked.sum(x, mask: m)` is `Masked.sum(x, mask: m)`.
public typealias masked = Masked

/// Not available: functions of autograd have no prefix.
@available(
    *, unavailable,
    message:
        "functions of autograd have no prefix: 'grad(y, x)', 'jacrev(f)(x)', 'hessian(f)(x)'; a function with its own gradient is a 'CustomFunction'"
)
@dynamicMemberLookup
public enum autograd {
    /// Not available: the protocol is `CustomFunction`.
    public typealias Function = CustomFunction
    /// Not available.
    public static subscript(dynamicMember name: String) -> UnavailableName { fatalError() }
}
/// Not available: a device is a `Device`.
@available(*, unavailable, message: "a device is a 'Device': 'Device.cuda.isAvailable', 'x.to(.cuda)'")
@dynamicMemberLookup
public enum cuda {
    /// Not available: the property is `Device.cuda.isAvailable`.
    public static func isAvailable() -> Bool { Device.cuda.isAvailable }
    /// Not available.
    public static subscript(dynamicMember name: String) -> UnavailableName { fatalError() }
}
/// Not available: distributions have no prefix.
@available(*, unavailable, message: "distributions have no prefix: 'Normal(0, 1)', 'Categorical(logits: x)'")
@dynamicMemberLookup
public enum distributions {
    /// Not available.
    public static subscript(dynamicMember name: String) -> UnavailableName { fatalError() }
}
/// Not available: transforms and datasets have no prefix.
@available(
    *, unavailable, message: "transforms and datasets have no prefix: 'Compose([ToTensor()])', 'MNIST(split: .train)'"
)
@dynamicMemberLookup
public enum torchvision {
    /// Not available.
    public static subscript(dynamicMember name: String) -> UnavailableName { fatalError() }
}

/// Not available: a dictionary of modules is a Swift dictionary.
@available(*, unavailable, message: "declare a dictionary: 'let heads: [String: Linear] = [\"a\": Linear(4, 2)]'")
public typealias ModuleDict = [String: Module]
/// Not available: a dictionary of parameters is a Swift dictionary.
@available(*, unavailable, message: "declare a dictionary: 'var scales = [\"a\": Parameter(ones(4))]'")
public typealias ParameterDict = [String: Tensor]
/// Not available: `Parameter` is a function that returns a `Tensor`.
@available(*, unavailable, message: "a parameter is a 'Tensor': 'let scale: Tensor', 'scale = Parameter(ones(1))'")
public typealias Parameter = Tensor
/// Not available: `autocast` computes in bfloat16, whose range is that of float32, so losses are not scaled.
@available(
    *, unavailable,
    message: "bfloat16 needs no scaling of the loss: 'autocast { ... }', 'loss.backward()', 'optimizer.step()'"
)
@dynamicMemberLookup
public struct GradScaler {
    /// Not available.
    public init(_ device: String = "cpu", enabled: Bool = true) {}
    /// Not available.
    public subscript(dynamicMember name: String) -> UnavailableName { fatalError() }
}

/// Not available: a type is tested with `is`.
@available(*, unavailable, message: "write 'x is Linear', or 'if let x = x as? Linear { ... }'")
public func isinstance<T>(_ x: Any, _ type: T.Type) -> Bool { fatalError() }
/// Not available: the first batch of a loader is `first`.
@available(
    *, unavailable, message: "write 'loader.first!' for the first batch, or 'var batches = loader.makeIterator()'"
)
public func iter<S: Sequence>(_ sequence: S) -> S.Iterator { fatalError() }
/// Not available: the first batch of a loader is `first`.
@available(*, unavailable, message: "write 'loader.first!' for the first batch, or 'batches.next()'")
public func next<Iterator: IteratorProtocol>(_ iterator: Iterator) -> Iterator.Element { fatalError() }
/// Not available: layers with names are a dictionary literal.
@available(*, unavailable, message: "layers with names are 'Sequential([\"fc1\": Linear(4, 8), \"relu\": ReLU()])'")
public func OrderedDict(_ pairs: [(String, any Layer)]) -> [any Layer] { fatalError() }
/// Not available: the conversion is `Int(x)`.
@available(*, unavailable, message: "write 'Int(x)'; the dtype of a tensor is converted by 'x.int()'")
public func int(_ x: Any) -> Int { fatalError() }
/// Not available: the conversion is `Double(x)` or `Float(x)`.
@available(
    *, unavailable, message: "write 'Double(x)' or 'Float(x)'; the dtype of a tensor is converted by 'x.float()'"
)
public func float(_ x: Any) -> Double { fatalError() }
/// Not available: the conversion is `String(x)`.
@available(*, unavailable, message: "write 'String(x)', or '\"\\(x)\"'")
public func str(_ x: Any) -> String { fatalError() }

extension Sequential {
    /// Not available: layers with names are a dictionary literal.
    @available(*, unavailable, message: "layers with names are 'Sequential([\"fc1\": Linear(4, 8), \"relu\": ReLU()])'")
    public convenience init<each Named: Layer>(_ layers: repeat (String, each Named)) { fatalError() }
}
