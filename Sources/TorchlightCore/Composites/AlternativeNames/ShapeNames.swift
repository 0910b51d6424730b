// Further names of functions of shapes, joins and products, as in PyTorch.

extension Tensor {
    /// The conjugate transpose of matrices; the same as ``mH``, but for a 0-dimensional tensor, which is conjugated.
    public func adjoint() -> Tensor { rank == 0 ? conj() : mH }
    /// The indices of the elements other than 0, `[count, rank]`, int64; the same as ``nonzero()``.
    public func argwhere() -> Tensor { nonzero() }
    /// A view with this shape, in which dimensions of size 1 are repeated; the same as ``expand(_:)-([Int])``.
    public func broadcastTo(_ shape: [Int]) -> Tensor { expand(shape) }
    /// A view with the shape of another tensor, in which dimensions of size 1 are repeated.
    public func expandAs(_ other: Tensor) -> Tensor { expand(as: other) }
    /// This tensor with the shape of another; a view where the memory layout allows it.
    public func reshapeAs(_ other: Tensor) -> Tensor { reshape(as: other) }
    /// A view with the shape of another tensor.
    public func viewAs(_ other: Tensor) -> Tensor { view(other.shape) }
    /// This tensor in the dtype and on the device of another.
    public func typeAs(_ other: Tensor) -> Tensor { to(other.dtype).to(other.device) }
    /// The same as ``movedim(_:_:)-(Int,_)``.
    public func moveaxis(_ source: Int, _ destination: Int) -> Tensor { movedim(source, destination) }
    /// The same as ``movedim(_:_:)-([Int],_)``.
    public func moveaxis(_ source: [Int], _ destination: [Int]) -> Tensor { movedim(source, destination) }
    /// The same as ``transpose(_:_:)``.
    public func swapaxes(_ a: Int, _ b: Int) -> Tensor { transpose(a, b) }
    /// The same as ``transpose(_:_:)``.
    public func swapdims(_ a: Int, _ b: Int) -> Tensor { transpose(a, b) }
    /// Views of consecutive parts of these sizes; the same as `split(_:dim:)`.
    public func splitWithSizes(_ sizes: [Int], dim: Int = 0) -> [Tensor] { split(sizes, dim: dim) }
    /// The outer product of two vectors; the same as ``outer(_:)``.
    public func ger(_ other: Tensor) -> Tensor { outer(other) }

    /// Whether both tensors have the same shape.
    public func isSameSize(_ other: Tensor) -> Bool { layout.shape == other.layout.shape }
    /// The size of an element in bytes.
    public func elementSize() -> Int { dtype.byteSize }
    /// The size of all elements in bytes, without gaps in the memory layout.
    public var nbytes: Int { count *| dtype.byteSize }
}

/// The conjugate transpose of matrices: ``Tensor/adjoint()``.
public func adjoint(_ x: Tensor) -> Tensor { x.adjoint() }
/// The indices of the elements other than 0: ``Tensor/argwhere()``.
public func argwhere(_ x: Tensor) -> Tensor { x.nonzero() }
/// A view with this shape: ``Tensor/broadcastTo(_:)``.
public func broadcastTo(_ x: Tensor, _ shape: [Int]) -> Tensor { x.expand(shape) }
/// The same as ``Tensor/movedim(_:_:)-(Int,_)``.
public func moveaxis(_ x: Tensor, _ source: Int, _ destination: Int) -> Tensor { x.movedim(source, destination) }
/// The same as ``Tensor/movedim(_:_:)-([Int],_)``.
public func moveaxis(_ x: Tensor, _ source: [Int], _ destination: [Int]) -> Tensor { x.movedim(source, destination) }
/// The same as ``Tensor/transpose(_:_:)``.
public func swapaxes(_ x: Tensor, _ a: Int, _ b: Int) -> Tensor { x.transpose(a, b) }
/// The same as ``Tensor/transpose(_:_:)``.
public func swapdims(_ x: Tensor, _ a: Int, _ b: Int) -> Tensor { x.transpose(a, b) }
/// Views of consecutive parts of these sizes: ``Tensor/splitWithSizes(_:dim:)``.
public func splitWithSizes(_ x: Tensor, _ sizes: [Int], dim: Int = 0) -> [Tensor] { x.split(sizes, dim: dim) }
/// Whether both tensors have the same shape.
public func isSameSize(_ a: Tensor, _ b: Tensor) -> Bool { a.isSameSize(b) }

/// The same as ``cat(_:dim:)``.
public func concat(_ tensors: [Tensor], dim: Int = 0) -> Tensor { cat(tensors, dim: dim) }
/// The same as ``cat(_:dim:)``.
public func concatenate(_ tensors: [Tensor], dim: Int = 0) -> Tensor { cat(tensors, dim: dim) }
/// The same as ``vstack(_:)``.
public func rowStack(_ tensors: [Tensor]) -> Tensor { vstack(tensors) }
/// The outer product of two vectors: ``Tensor/outer(_:)``.
public func ger(_ a: Tensor, _ b: Tensor) -> Tensor { a.outer(b) }
/// The dot product of two vectors, the first one conjugated: ``Tensor/vdot(_:)``.
public func vdot(_ a: Tensor, _ b: Tensor) -> Tensor { a.vdot(b) }

/// The integral by the trapezoidal rule; the same as ``Tensor/trapezoid(dx:dim:)``.
public func trapz(_ y: Tensor, dx: Double = 1, dim: Int = -1) -> Tensor { y.trapezoid(dx: dx, dim: dim) }
/// The integral by the trapezoidal rule at these points; the same as ``Tensor/trapezoid(x:dim:)``.
public func trapz(_ y: Tensor, x: Tensor, dim: Int = -1) -> Tensor { y.trapezoid(x: x, dim: dim) }

/// The columns of a product of Householder reflections: ``LinAlg/householderProduct(_:_:)``.
public func orgqr(_ a: Tensor, _ tau: Tensor) -> Tensor { LinAlg.householderProduct(a, tau) }
/// The QR decomposition as LAPACK keeps it: ``Tensor/geqrf()``.
public func geqrf(_ a: Tensor) -> (a: Tensor, tau: Tensor) { a.geqrf() }
/// The product of a matrix with the Q of Householder's reflections: ``Tensor/ormqr(_:_:left:transpose:)``.
public func ormqr(
    _ a: Tensor, _ tau: Tensor, _ other: Tensor, left: Bool = true, transpose: Bool = false
) -> Tensor {
    a.ormqr(tau, other, left: left, transpose: transpose)
}

/// The square root of the sum of squares over one or two dimensions, or of all elements.
///
/// - Parameters:
///   - dim: the dimensions. Default: all.
///   - keepdim: whether to keep the dimensions with size 1. Default: false.
public func frobeniusNorm(_ x: Tensor, dim: [Int] = [], keepdim: Bool = false) -> Tensor {
    guard dim.count <= 2 else {
        return fail(
            TensorError(
                .value, in: "frobeniusNorm", "there are too many dimensions", got: "\(dim)",
                expected: "at most two", operands: [x]), like: x)
    }
    return x.norm(p: 2, dim: dim, keepdim: keepdim)
}
/// The sum of the singular values of matrices in two dimensions.
///
/// - Parameters:
///   - dim: the two dimensions. Default: those of a tensor with two dimensions; other tensors are then an error.
///   - keepdim: whether to keep the dimensions with size 1. Default: false.
public func nuclearNorm(_ x: Tensor, dim: [Int]? = nil, keepdim: Bool = false) -> Tensor {
    if x.isPlaceholder { return x }
    let dims = dim ?? (x.rank == 2 ? [0, 1] : [])
    guard dims.count == 2 else {
        return fail(
            TensorError(
                .shape, in: "nuclearNorm", "the norm is defined for two dimensions", got: "\(dims) of shape \(x.shape)",
                expected: "a matrix, or two dimensions", operands: [x]), like: x)
    }
    return LinAlg.matrixNorm(x, ord: .nuc, dim: (dims[0], dims[1]), keepdim: keepdim)
}
