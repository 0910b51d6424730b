import CKernels
import Synchronization

/// An n-dimensional array of numbers that computes at once and remembers how it came about.
///
/// A tensor is a reference: two variables may name one tensor, views share their elements, and in-place operations
/// (names that end in `_`) are seen by all of them. What reads and writes from several threads at once must be
/// ordered by the caller, as with any shared memory.
public final class Tensor: @unchecked Sendable {
    /// The bytes; views share them.
    package private(set) var storage: Storage
    package private(set) var layout: Layout
    /// The type of the elements.
    public private(set) var dtype: DType

    /// A 0-dimensional tensor that stands for a Swift number: it does not widen the dtype of a result.
    package let isWrappedScalar: Bool
    /// Stands for the result of an operation that failed inside `checked`.
    package let isPlaceholder: Bool

    // Autograd. The flags come before the references, where they fill gaps: a tensor is one object of 232 bytes.
    var requiresGradFlag = false
    /// Whether `backward` keeps the gradient of this tensor although it is not a leaf.
    var retainsGrad = false
    /// Whether `detach_()` cut the history, so that views may have one that this tensor lacks.
    var wasDetached = false
    /// Whether a module trains this tensor, or did before it was frozen.
    package var isParameter = false
    /// Held by a thread that adds to `gradient`; see `lockGradient()`.
    let gradientLock = Atomic<UInt8>(0)
    private var resultNumber: Int32 = 0
    /// A leaf has no node; what an operation made has one if it needs a gradient.
    var node: Node?
    var gradient: Tensor?
    /// Hooks on a leaf's gradient; those of other tensors are kept by the node.
    var gradientHooks: LeafHooks?

    /// The tensor of which this one is a view; never itself a view.
    let base: Tensor?
    /// On a base: how often its history was rewritten by an in-place operation. On a view: the base's count when the
    /// view's own node was made; where they differ the node is made anew from the base.
    var historyStamp = 0

    /// Which result of the node this is.
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

    /// Uninitialised memory for the shape.
    package convenience init(empty shape: Dims, dtype: DType, device: Device = .cpu) throws(TensorError) {
        try self.init(empty: Layout(shape: shape), dtype: dtype, device: device)
    }

    /// Uninitialised memory for a layout that is dense in some order and starts at 0.
    package convenience init(empty layout: Layout, dtype: DType, device: Device = .cpu) throws(TensorError) {
        guard device.isAvailable else { throw .unavailable(device, in: "empty") }
        try checkRank(layout.rank, in: "empty")
        try checkShape(layout.shape, in: "allocate", .outOfMemory)
        self.init(
            storage: try Storage(byteCount: layout.count * dtype.byteSize, device: device), layout: layout, dtype: dtype
        )
    }
}

// MARK: - What it is

extension Tensor {
    /// The sizes of the dimensions.
    public var shape: [Int] { Array(layout.shape) }
    /// The distances between neighbours along each dimension, in elements.
    public var strides: [Int] { Array(layout.strides) }
    /// The number of dimensions; 0 for a single number.
    public var rank: Int {
        @inline(__always) get { layout.rank }
    }
    /// The number of dimensions, by the name it has elsewhere.
    public var ndim: Int { layout.rank }
    /// The number of elements.
    public var count: Int {
        @inline(__always) get { layout.count }
    }
    /// The number of elements, by the name it has elsewhere.
    public var numel: Int { layout.count }
    /// Where the elements lie.
    public var device: Device {
        @inline(__always) get { storage.device }
    }
    /// Whether the elements lie densely in row-major order.
    public var isContiguous: Bool { layout.isContiguous }
    /// The position of the first element in the storage, in elements.
    public var storageOffset: Int { layout.offset }
    /// Whether this tensor is a view of another one.
    public var isView: Bool { base != nil }
    /// Counts the writes to the storage that this tensor shares with its views.
    public var version: Int { storage.version }

    /// The size of one dimension; negative ones count from the back.
    public func size(_ dim: Int) -> Int {
        do { return layout.shape[try resolve(dim, in: "size")] } catch {
            reportFailure(error)
            return 0
        }
    }

    /// The address of element [0, 0, ...].
    package var data: UnsafeMutableRawPointer {
        @inline(__always) get { storage.bytes + layout.offset &* dtype.byteSize }
    }

    /// A dimension number counted from the front; negative ones count from the back. A single number is taken to have
    /// one dimension, as elsewhere.
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

    /// Several dimensions, each at most once; none for all.
    package func resolve(_ dims: [Int], in operation: String) throws(TensorError) -> [Int] {
        var seen: [Int] = []
        for dim in dims {
            let resolved = try resolve(dim, in: operation)
            guard !seen.contains(resolved) else {
                throw TensorError(.index, in: operation, "a dimension is named twice", got: "\(dims)")
            }
            seen.append(resolved)
        }
        return seen
    }

    static func placeholder(shape: Dims) -> Tensor {
        // One zero with stride 0 everywhere: sizes can be asked for without memory for the elements.
        guard let storage = try? Storage(byteCount: 8, device: .cpu) else { fatalError("out of memory") }
        storage.bytes.storeBytes(of: 0, as: Int64.self)
        let layout = Layout(shape: shape, strides: Dims(repeating: 0, count: shape.count), offset: 0)
        return Tensor(storage: storage, layout: layout, dtype: .float32, isPlaceholder: true)
    }
}

extension Tensor {
    /// Takes the elements of another tensor, of any dtype and device, and stays the same object: whoever holds a
    /// parameter sees it converted. They come to lie row by row. For leaves that are no view; the gradient is dropped.
    package func adopt(_ other: Tensor) {
        precondition(node == nil && base == nil, "only a leaf can take other elements")
        let other = noGrad { other.contiguous() }
        storage = other.storage
        layout = other.layout
        dtype = other.dtype
        gradient = nil
    }
}

extension Tensor {
    /// Another arrangement of the elements, in the same storage or in one that takes its place: what the in-place
    /// changes of shape do.
    func arrange(_ layout: Layout, in storage: Storage? = nil) {
        self.layout = layout
        if let storage { self.storage = storage }
    }
}

extension TensorError {
    static func unavailable(_ device: Device, in operation: String) -> TensorError {
        TensorError(
            .device, in: operation, "this device cannot be used here", got: "\(device)", expected: "cpu")
    }
}

extension Tensor {
    /// Whether no other tensor shares the memory and it may be written.
    var ownsStorageAlone: Bool { isKnownUniquelyReferenced(&storage) && !storage.isReadOnly }
}

extension Tensor: Hashable {
    /// Identity, so that tensors can be keys; compare elements with `.==` or `equal(_:)`.
    public static func == (a: Tensor, b: Tensor) -> Bool { ObjectIdentifier(a) == ObjectIdentifier(b) }
    /// Hashes the identity.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// Runs the body while tensors keep their descriptions alone, on `Device.meta`; afterwards they have their memory again.
package func describingOnly<R, E: Error>(_ tensors: [Tensor], _ body: () throws(E) -> R) throws(E) -> R {
    var kept: [(tensor: Tensor, storage: Storage)] = []
    for tensor in tensors {
        guard let storage = try? Storage(byteCount: tensor.storage.byteCount, device: .meta) else { continue }
        kept.append((tensor, tensor.storage))
        tensor.arrange(tensor.layout, in: storage)
    }
    defer { for (tensor, storage) in kept { tensor.arrange(tensor.layout, in: storage) } }
    return try body()
}
