import Synchronization

/// A multi-dimensional array of elements of one dtype, with automatic differentiation.
///
/// Operations run eagerly. Those on tensors that require a gradient are recorded in the computation graph for
/// `backward()`.
///
/// A tensor is a reference type: two variables may refer to one tensor, views share the memory of their base, and an
/// in-place operation (its name ends in `_`) changes what all of them read. Concurrent reads and writes of one tensor
/// must be synchronised by the caller.
public final class Tensor: @unchecked Sendable {
    /// The memory of the elements, shared with all views.
    package private(set) var storage: Storage
    package private(set) var layout: Layout
    /// The dtype of the elements.
    public private(set) var dtype: DType

    /// Whether this is a 0-dimensional tensor made from a Swift number, which does not widen the dtype of a result.
    package let isWrappedScalar: Bool
    /// Whether this is the placeholder for the result of an operation that failed inside `checked`.
    package let isPlaceholder: Bool

    // Autograd. The flags precede the references, so that no padding is needed: a tensor is one object of 232 bytes.
    var requiresGradFlag = false
    /// Whether `backward` keeps the gradient of this tensor although it is not a leaf; see `retainGrad()`.
    var retainsGrad = false
    /// Whether `detach_()` removed the history of this tensor. Views of it may still have one.
    var wasDetached = false
    /// Whether this tensor is a parameter of a module, frozen ones included.
    package var isParameter = false
    /// The lock that a thread holds while it accumulates into `gradient`; see `lockGradient()`.
    let gradientLock = Atomic<UInt8>(0)
    private var resultNumber: Int32 = 0
    /// The node of the computation graph that made this tensor; nil for a leaf.
    var node: Node?
    var gradient: Tensor? {
        didSet { if threadState.pointee.recording > 0 { noteGradientSet() } }
    }
    /// Hooks on the gradient of a leaf. Hooks of other tensors are kept by their node.
    var gradientHooks: LeafHooks?

    /// The tensor of which this one is a view; nil if this tensor is not a view. It is itself not a view, with the exception
    /// that `ViewBase.swift` describes.
    var base: Tensor?
    /// On an owner of a history: the number of in-place operations that changed it. On a view: the owner's count when the
    /// node of the view was made; if they differ, the node is made again from the owner.
    var historyStamp = 0

    /// The index of this tensor among the outputs of its node.
    var outputIndex: Int {
        @inline(__always) get { Int(resultNumber) }
        @inline(__always) set { resultNumber = Int32(truncatingIfNeeded: newValue) }
    }

    package init(
        storage: Storage, layout: Layout, dtype: DType, base: Tensor? = nil, isWrappedScalar: Bool = false,
        isPlaceholder: Bool = false
    ) {
        self.storage = storage
        self.layout = layout
        self.dtype = dtype
        self.base = base
        self.isWrappedScalar = isWrappedScalar
        self.isPlaceholder = isPlaceholder
    }

    /// A tensor of uninitialised elements in row-major order.
    package convenience init(empty shape: Dims, dtype: DType, device: Device = .cpu) throws(TensorError) {
        try self.init(empty: Layout(shape: shape), dtype: dtype, device: device)
    }

    /// A tensor of uninitialised elements with a layout that is dense in some order of dimensions and has offset 0.
    package convenience init(empty layout: Layout, dtype: DType, device: Device = .cpu) throws(TensorError) {
        guard device.isAvailable else { throw .unavailable(device, in: "empty") }
        try checkRank(layout.rank, in: "empty")
        try checkShape(layout.shape, in: "allocate", .outOfMemory)
        self.init(
            storage: try Storage(byteCount: layout.count * dtype.byteSize, device: device), layout: layout, dtype: dtype
        )
    }
}

// MARK: - Properties

extension Tensor {
    /// The size of each dimension.
    public var shape: [Int] { Array(layout.shape) }
    /// The stride of each dimension: how many elements of the storage to skip to reach the next element along it.
    public var strides: [Int] { Array(layout.strides) }
    /// The number of dimensions; 0 for a scalar tensor.
    public var rank: Int {
        @inline(__always) get { layout.rank }
    }
    /// The number of dimensions; the same as `rank`.
    public var ndim: Int { layout.rank }
    /// The number of elements.
    public var count: Int {
        @inline(__always) get { layout.count }
    }
    /// The number of elements; the same as `count`.
    public var numel: Int { layout.count }
    /// The device that holds the elements.
    public var device: Device {
        @inline(__always) get { storage.device }
    }
    /// Whether the elements are contiguous in memory in row-major order.
    public var isContiguous: Bool { layout.isContiguous }
    /// The offset of the first element in the storage, in elements.
    public var storageOffset: Int { layout.offset }
    /// Whether this tensor is a view of another tensor.
    public var isView: Bool { base != nil }
    /// The number of in-place writes to the storage, counted for the tensor and all its views together.
    public var version: Int { storage.version }

    /// The size of dimension `dim`; a negative `dim` counts from the last dimension. Out of range is an error.
    public func size(_ dim: Int) -> Int {
        do { return layout.shape[try resolve(dim, in: "size")] } catch {
            reportFailure(error)
            return 0
        }
    }

    /// The address of the element with index `[0, 0, ...]`.
    package var data: UnsafeMutableRawPointer {
        @inline(__always) get { storage.bytes + layout.offset &* dtype.byteSize }
    }

    /// The index of a dimension, counted from the first; a negative one counts from the last. A 0-dimensional tensor is
    /// treated as if it had one dimension.
    package func resolve(_ dim: Int, in operation: String, extra: Int = 0) throws(TensorError) -> Int {
        let limit = Swift.max(rank + extra, 1)
        let resolved = dim < 0 ? dim + limit : dim
        guard resolved >= 0 && resolved < limit else {
            throw TensorError(
                .index, in: operation, "dimension out of range", got: "\(dim) for shape \(shape)",
                expected: "\(-limit) ... \(limit - 1)")
        }
        return resolved
    }

    /// The indices of several dimensions; an error if one is given twice. Empty for an empty list.
    package func resolve(_ dims: [Int], in operation: String) throws(TensorError) -> [Int] {
        var seen: [Int] = []
        for dim in dims {
            let resolved = try resolve(dim, in: operation)
            guard !seen.contains(resolved) else {
                throw TensorError(.index, in: operation, "a dimension is given twice", got: "\(dims)")
            }
            seen.append(resolved)
        }
        return seen
    }

    static func placeholder(shape: Dims) -> Tensor {
        // One element with stride 0 in all dimensions: the shape is known without memory for the elements.
        guard let storage = try? Storage(byteCount: 8, device: .cpu) else { fatalError("out of memory") }
        storage.bytes.storeBytes(of: 0, as: Int64.self)
        let layout = Layout(shape: shape, strides: Dims(repeating: 0, count: shape.count), offset: 0)
        return Tensor(storage: storage, layout: layout, dtype: .float32, isPlaceholder: true)
    }
}

extension Tensor {
    /// Replaces the elements of this leaf by those of another tensor of any dtype and device, made contiguous. The
    /// object stays the same, so that every reference to a parameter sees the converted one. The gradient is removed.
    /// Not for views.
    package func adopt(_ other: Tensor) {
        precondition(node == nil && base == nil, "only a leaf can take other elements")
        activeRecorder?.rearranged(self)
        let other = noGrad { other.contiguous() }
        storage = other.storage
        layout = other.layout
        dtype = other.dtype
        gradient = nil
    }
}

extension Tensor {
    /// Replaces the layout, and the storage if one is given: used by in-place operations that change the shape.
    func arrange(_ layout: Layout, in storage: Storage? = nil) {
        activeRecorder?.rearranged(self)
        self.layout = layout
        if let storage { self.storage = storage }
    }
}

extension TensorError {
    static func unavailable(_ device: Device, in operation: String) -> TensorError {
        TensorError(
            .device, in: operation, "the device is not available in this process", got: "\(device)", expected: "cpu")
    }
}

extension Tensor {
    /// Whether no other tensor uses the storage and it is not read-only.
    var ownsStorageUniquely: Bool { isKnownUniquelyReferenced(&storage) && !storage.isReadOnly }
}

extension Tensor: Hashable {
    /// Whether both are the same object, so that tensors can be dictionary keys; compare elements with `.==` or
    /// `equal(_:)`.
    public static func == (a: Tensor, b: Tensor) -> Bool { ObjectIdentifier(a) == ObjectIdentifier(b) }
    /// Hashes the identity of the object.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// Runs the body while the tensors have no memory, only a shape, strides and a dtype on `Device.meta`; afterwards their
/// memory is restored.
package func withoutData<R, E: Error>(_ tensors: [Tensor], _ body: () throws(E) -> R) throws(E) -> R {
    var kept: [(tensor: Tensor, storage: Storage)] = []
    for tensor in tensors {
        guard let storage = try? Storage(byteCount: tensor.storage.byteCount, device: .meta) else { continue }
        kept.append((tensor, tensor.storage))
        tensor.arrange(tensor.layout, in: storage)
    }
    defer { for (tensor, storage) in kept { tensor.arrange(tensor.layout, in: storage) } }
    return try body()
}
