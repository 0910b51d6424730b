// Names and forms of Python and PyTorch that Swift cannot have. Each is unavailable: the compiler refuses it with a
// message that contains the form to write.

/// Stands for a name of a module of PyTorch, so that `F.relu(x)` is answered.
@dynamicMemberLookup
@dynamicCallable
public struct UnavailableName {
    /// Not available.
    public subscript(dynamicMember name: String) -> UnavailableName { self }
    /// Not available.
    @discardableResult
    public func dynamicallyCall(withArguments arguments: [Any]) -> Tensor { fatalError() }
    /// Not available.
    @discardableResult
    public func dynamicallyCall(withKeywordArguments arguments: KeyValuePairs<String, Any>) -> Tensor { fatalError() }
}

/// Not available: layers have no prefix.
@available(*, unavailable, message: "layers have no prefix: 'Linear(4, 8)'; initialisers are 'Initializers.zeros_(w)'")
@dynamicMemberLookup
public enum nn {
    /// Not available: the class is `Module`.
    public typealias Module = TorchlightNN.Module
    /// Not available.
    public static subscript(dynamicMember name: String) -> UnavailableName { fatalError() }
}
/// Not available: functions have no prefix.
@available(*, unavailable, message: "functions have no prefix: 'relu(x)', 'crossEntropy(output, target)'")
@dynamicMemberLookup
public enum F {
    /// Not available.
    public static subscript(dynamicMember name: String) -> UnavailableName { fatalError() }
}
/// Not available: functions have no prefix.
@available(*, unavailable, message: "functions have no prefix: 'zeros(2, 3)', 'cat([a, b], dim: 1)', 'noGrad { }'")
@dynamicMemberLookup
public enum torch {
    /// Not available.
    public static subscript(dynamicMember name: String) -> UnavailableName { fatalError() }
}
/// Not available: optimisers have no prefix.
@available(*, unavailable, message: "optimisers have no prefix: 'Adam(model.parameters(), lr: 1e-3)'")
@dynamicMemberLookup
public enum optim {
    /// Not available.
    public static subscript(dynamicMember name: String) -> UnavailableName { fatalError() }
}
/// Not available: transforms have no prefix.
@available(
    *, unavailable, message: "transforms have no prefix: 'Compose([ToTensor(), Normalize(mean: 0.5, std: 0.5)])'"
)
@dynamicMemberLookup
public enum transforms {
    /// Not available.
    public static subscript(dynamicMember name: String) -> UnavailableName { fatalError() }
}
/// Not available: datasets have no prefix.
@available(*, unavailable, message: "datasets have no prefix: 'MNIST(split: .train)'")
@dynamicMemberLookup
public enum datasets {
    /// Not available.
    public static subscript(dynamicMember name: String) -> UnavailableName { fatalError() }
}
/// Not available: use tensors or arrays of Swift.
@available(
    *, unavailable, message: "there is no NumPy: use tensors, 'Tensor([1, 2])', or arrays, 'x.toArray(Float.self)'"
)
@dynamicMemberLookup
public enum np {
    /// Not available.
    public static subscript(dynamicMember name: String) -> UnavailableName { fatalError() }
}

/// Not available: in Swift this is `nil`, and a new dimension is `.newAxis`.
@available(*, unavailable, message: "write 'nil', and in a subscript '.newAxis'")
public var None: TensorIndexItem { fatalError() }
/// Not available: in Swift this is `true`.
@available(*, unavailable, renamed: "true")
public var True: Bool { true }
/// Not available: in Swift this is `false`.
@available(*, unavailable, renamed: "false")
public var False: Bool { false }

/// Not available: the number of elements of a collection is `count`.
@available(*, unavailable, message: "write 'x.count' for a collection and a dataset, 'x.size(0)' for a tensor")
public func len(_ x: Any) -> Int { fatalError() }
/// Not available: a range is `0..<n`.
@available(*, unavailable, message: "write '0..<n'")
public func range(_ end: Int) -> Range<Int> { fatalError() }
/// Not available: a range is `a..<b`.
@available(*, unavailable, message: "write 'start..<end', with a step 'stride(from: start, to: end, by: step)'")
public func range(_ start: Int, _ end: Int, _ step: Int = 1) -> Range<Int> { fatalError() }
/// Not available: write `x.enumerated()`.
@available(*, unavailable, message: "write 'for (i, batch) in loader.enumerated()'")
public func enumerate<S: Sequence>(_ sequence: S) -> EnumeratedSequence<S> { fatalError() }

extension Module {
    /// Not available: a module is callable if it conforms to a protocol that declares the arguments of its forward
    /// pass.
    @available(
        *, unavailable,
        message:
            "declare what forward takes: 'Layer' for one tensor to one tensor, 'Forward1', 'Forward2' or 'Forward3' for others"
    )
    @_disfavoredOverload
    public func callAsFunction<Result>(_ inputs: Any...) -> Result { fatalError() }
    /// Not available: a module is callable if it conforms to a protocol that declares the arguments of its forward
    /// pass.
    @available(
        *, unavailable,
        message:
            "declare what forward takes: 'Layer' for one tensor to one tensor, 'Forward1', 'Forward2' or 'Forward3' for others"
    )
    @_disfavoredOverload
    public func callAsFunction(_ inputs: Any...) -> Tensor { fatalError() }

    /// Not available: a buffer is a stored property.
    @available(*, unavailable, message: "declare a stored property: '@Buffer var mask = Tensor.ones(4)'")
    public func registerBuffer(_ name: String, _ tensor: Tensor?, persistent: Bool = true) {}
    /// Not available: a parameter is a stored property.
    @available(*, unavailable, message: "declare a stored property: 'var weight = Parameter(Tensor.zeros(4))'")
    public func registerParameter(_ name: String, _ tensor: Tensor?) {}
    /// Not available: a child is a stored property.
    @available(*, unavailable, message: "declare a stored property: 'let name = Linear(4, 8)'")
    public func addModule(_ name: String, _ module: Module) {}
    /// Not available: the device is a `Device`.
    @available(*, unavailable, message: "write '.to(.cuda)' or '.to(.cpu)'")
    public func to(_ device: String) -> Self { self }
}

extension Tensor {
    /// Not available: the device is a `Device`.
    @available(*, unavailable, message: "write '.to(.cuda)' or '.to(.cpu)'")
    public func to(_ device: String) -> Tensor { self }
    /// Not available: elements as a Swift array are `toArray`.
    @available(*, unavailable, message: "write 'x.toArray(Float.self)', or 'NumpyFile.save(x, to: path)' for a file")
    public func numpy() -> [Float] { [] }
    /// Not available: a dtype is converted by `to`.
    @available(*, unavailable, renamed: "to(_:)")
    public func astype(_ dtype: DType) -> Tensor { to(dtype) }
    /// Not available: a copy is `clone()`.
    @available(*, unavailable, renamed: "clone()")
    public func copy() -> Tensor { clone() }
    /// Not available: the dimension has the label `dim`.
    @available(*, unavailable, renamed: "sum(dim:)")
    public func sum(axis: Int) -> Tensor { sum(dim: axis) }
    /// Not available: the dimension has the label `dim`.
    @available(*, unavailable, renamed: "mean(dim:)")
    public func mean(axis: Int) -> Tensor { mean(dim: axis) }
    /// Not available: the dimension has the label `dim`.
    @available(*, unavailable, renamed: "argmax(dim:)")
    public func argmax(axis: Int) -> Tensor { argmax(dim: axis) }
    /// Not available: the dimension has the label `dim`.
    @available(*, unavailable, renamed: "max(dim:)")
    public func max(axis: Int) -> (values: Tensor, indices: Tensor) { max(dim: axis) }
    /// Not available: a shape is an array.
    @available(*, unavailable, message: "a shape is an array: 'x.reshape([2, 3])', or numbers: 'x.reshape(2, 3)'")
    public func reshape(_ shape: (Int, Int)) -> Tensor { self }
    /// Not available: a shape is an array.
    @available(*, unavailable, message: "a shape is an array: 'x.view([2, 3])', or numbers: 'x.view(2, 3)'")
    public func view(_ shape: (Int, Int)) -> Tensor { self }
}

/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'zeros([2, 3])', or numbers: 'zeros(2, 3)'")
public func zeros(_ shape: (Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'ones([2, 3])', or numbers: 'ones(2, 3)'")
public func ones(_ shape: (Int, Int)) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'full([2, 3], 1)'")
public func full(_ shape: (Int, Int), _ value: some TensorScalar) -> Tensor { fatalError() }
/// Not available: a shape is an array.
@available(*, unavailable, message: "a shape is an array: 'randint(0, 10, [2, 3])'")
public func randint(_ low: Int, _ high: Int, _ shape: (Int, Int)) -> Tensor { fatalError() }

extension SpatialConvolution {
    /// Not available: a size for each dimension is an array.
    @available(*, unavailable, message: "a size for each dimension is an array: 'kernelSize: [3, 5]'")
    public convenience init(_ inChannels: Int, _ outChannels: Int, kernelSize: (Int, Int)) { fatalError() }
    /// Not available: a size for each dimension is an array.
    @available(*, unavailable, message: "a size for each dimension is an array: 'kernelSize: [3, 5]'")
    public convenience init(_ inChannels: Int, _ outChannels: Int, _ kernelSize: (Int, Int)) { fatalError() }
}
extension AdaptivePoolLayer {
    /// Not available: a size for each dimension is an array.
    @available(*, unavailable, message: "a size for each dimension is an array: 'AdaptiveAvgPool2d([1, 1])'")
    public convenience init(_ outputSize: (Int, Int)) { fatalError() }
}
