// Conversions of tensors by the names of PyTorch: dtypes, devices, Swift numbers.

extension Tensor {
    /// Returns `to(.float32)`.
    public func float() -> Tensor { to(.float32) }
    /// Returns `to(.float64)`.
    public func double() -> Tensor { to(.float64) }
    /// Returns `to(.float16)`.
    public func half() -> Tensor { to(.float16) }
    /// Returns `to(.bfloat16)`.
    public func bfloat16() -> Tensor { to(.bfloat16) }
    /// Returns `to(.int64)`.
    public func long() -> Tensor { to(.int64) }
    /// Returns `to(.int32)`.
    public func int() -> Tensor { to(.int32) }
    /// Returns `to(.int16)`.
    public func short() -> Tensor { to(.int16) }
    /// Returns `to(.int8)`.
    public func char() -> Tensor { to(.int8) }
    /// Returns `to(.uint8)`.
    public func byte() -> Tensor { to(.uint8) }
    /// Returns `to(.bool)`.
    public func bool() -> Tensor { to(.bool) }
    /// Returns `to(.cpu)`.
    public func cpu() -> Tensor { to(.cpu) }
    /// Returns `to(.cuda)`.
    public func cuda() -> Tensor { to(.cuda) }
    /// Returns `to(dtype)`.
    public func type(_ dtype: DType) -> Tensor { to(dtype) }
    /// Returns `to(device).to(dtype)`.
    public func to(_ device: Device, _ dtype: DType) -> Tensor { to(device).to(dtype) }
    /// Returns `to(dtype)`.
    public func to(dtype: DType) -> Tensor { to(dtype) }
    /// Returns `to(device)`.
    public func to(device: Device) -> Tensor { to(device) }
    /// Returns `to(device).to(dtype)`.
    public func to(dtype: DType, device: Device) -> Tensor { to(device).to(dtype) }

    /// A tensor that shares memory with this one and is detached from the computation graph: `detach()`.
    ///
    /// Values are written through it, as in `p.data.fill_(0)`. Unlike in PyTorch it cannot be assigned.
    public var data: Tensor { detach() }

    /// The number of elements; the same as `count`.
    @_disfavoredOverload
    public func numel() -> Int { count }
    /// The number of elements; the same as `count`.
    public func nelement() -> Int { count }
    /// The number of dimensions; the same as `ndim`.
    public func dim() -> Int { rank }
    /// The size of each dimension; the same as `shape`.
    public func size() -> [Int] { shape }

    /// The sizes of a 2-dimensional tensor: `let (n, d) = x.size()`.
    @_disfavoredOverload
    public func size() -> (Int, Int) {
        let sizes = sizes(2)
        return (sizes[0], sizes[1])
    }
    /// The sizes of a 3-dimensional tensor: `let (b, t, c) = x.size()`.
    @_disfavoredOverload
    public func size() -> (Int, Int, Int) {
        let sizes = sizes(3)
        return (sizes[0], sizes[1], sizes[2])
    }
    /// The sizes of a 4-dimensional tensor: `let (n, c, h, w) = x.size()`.
    @_disfavoredOverload
    public func size() -> (Int, Int, Int, Int) {
        let sizes = sizes(4)
        return (sizes[0], sizes[1], sizes[2], sizes[3])
    }

    private func sizes(_ count: Int) -> [Int] {
        if rank == count { return shape }
        reportFailure(
            TensorError(
                .shape, in: "size", "the number of names is not the number of dimensions",
                got: quantity(count, "name"), expected: quantity(rank, "name"), operands: [self]))
        return Array(repeating: 0, count: count)
    }

    /// The element of a one-element tensor as an `Int`, where the context expects one: `let n: Int = x.argmax().item()`.
    @_disfavoredOverload
    public func item() -> Int { item(Int.self) }
    /// The element of a one-element tensor as a `Float`, where the context expects one.
    @_disfavoredOverload
    public func item() -> Float { item(Float.self) }
    /// The element of a one-element tensor as a `Bool`, where the context expects one.
    @_disfavoredOverload
    public func item() -> Bool { item(Bool.self) }

    /// Whether any element is not 0: the condition `if x.any() { ... }`. Elsewhere `any()` is a tensor.
    @_disfavoredOverload
    public func any() -> Bool { any(dim: []).item(Bool.self) }

    /// Whether no element is 0: the condition `if x.all() { ... }`. Elsewhere `all()` is a tensor.
    @_disfavoredOverload
    public func all() -> Bool { all(dim: []).item(Bool.self) }

    /// The elements of a 1-dimensional tensor, where the context expects an array: `let ids: [Int] = x.tolist()`.
    @_disfavoredOverload
    public func tolist<Element: TensorElement>() -> [Element] { hasDimensions(1) ? toArray(Element.self) : [] }
    /// The rows of a 2-dimensional tensor, where the context expects arrays: `let rows: [[Double]] = x.tolist()`.
    @_disfavoredOverload
    public func tolist<Element: TensorElement>() -> [[Element]] {
        guard hasDimensions(2) else { return [] }
        let elements = toArray(Element.self)
        return (0..<size(0)).map { Array(elements[$0 * size(1)..<($0 + 1) * size(1)]) }
    }
    private func hasDimensions(_ count: Int) -> Bool {
        if rank == count { return true }
        reportFailure(
            TensorError(
                .shape, in: "tolist", "the tensor is not \(count)-dimensional",
                fix: "use toArray for all elements, or tolist() without a type", operands: [self]))
        return false
    }

    /// Computes the gradients of this tensor, given the gradient of the result: `backward(gradient: gradient)`.
    public func backward(_ gradient: Tensor, retainGraph: Bool = false, createGraph: Bool = false) {
        backward(gradient: gradient, retainGraph: retainGraph, createGraph: createGraph)
    }
}

extension Int {
    /// The element of a one-element tensor, as `tensor.item(Int.self)`: fractions are truncated.
    public init(_ tensor: Tensor) { self = tensor.item(Int.self) }
}

extension Double {
    /// The element of a one-element tensor, as `tensor.item()`.
    public init(_ tensor: Tensor) { self = tensor.item(Double.self) }
}

extension Float {
    /// The element of a one-element tensor, as `tensor.item(Float.self)`.
    public init(_ tensor: Tensor) { self = tensor.item(Float.self) }
}

extension Bool {
    /// Whether the element of a one-element tensor is not 0, as `tensor.isNonzero()`.
    public init(_ tensor: Tensor) { self = tensor.isNonzero() }
}

extension DType {
    /// The dtype `.float32`.
    public static let float = DType.float32
    /// The dtype `.float64`.
    public static let double = DType.float64
    /// The dtype `.float16`.
    public static let half = DType.float16
    /// The dtype `.int64`.
    public static let long = DType.int64
    /// The dtype `.int32`.
    public static let int = DType.int32
    /// The dtype `.int16`.
    public static let short = DType.int16
    /// The dtype `.uint8`.
    public static let byte = DType.uint8
}

/// Not available: the elements of a tensor as a Swift array are `toArray`.
@available(*, unavailable, message: "elements as an array are 'x.toArray(Int.self)', rows are 'for row in x'")
extension NestedList: Sequence {
    /// Not available.
    public func makeIterator() -> IndexingIterator<[NestedList]> { parts.makeIterator() }
}

extension Array where Element: TensorElement {
    /// The elements of a tensor in row-major order: `[Float](x)` is `x.toArray(Float.self)`.
    public init(_ tensor: Tensor) { self = tensor.toArray(Element.self) }
}
