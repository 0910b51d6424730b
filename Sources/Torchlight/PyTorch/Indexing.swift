// Forms of indexing and iteration that PyTorch users write: `x[..., 0]`, `x[i] = k`, `for row in x`.

/// A number that can be assigned to a part of a tensor: `x[i] = k`.
///
/// The subscript has this type, which has no operators, and not that of the number: as `Double` it would be preferred to
/// the tensor in `x[i] / 2.0`.
public protocol AssignableNumber: TensorScalar {}
extension Int: AssignableNumber {}
extension Int32: AssignableNumber {}
extension Double: AssignableNumber {}
extension Float: AssignableNumber {}
extension Bool: AssignableNumber {}

extension Tensor {
    /// The part at an index of the last dimension: `x[..., 0]` is `x[.ellipsis, 0]`.
    public subscript(dots: UnboundedRange, a: some TensorIndex) -> Tensor {
        get { self[[.openDimensions, a.index]] }
        _modify { yield &self[[.openDimensions, a.index]] }
    }

    /// The part at indices of the last two dimensions: `x[..., 0, 1]` is `x[.ellipsis, 0, 1]`.
    public subscript(dots: UnboundedRange, a: some TensorIndex, b: some TensorIndex) -> Tensor {
        get { self[[.openDimensions, a.index, b.index]] }
        _modify { yield &self[[.openDimensions, a.index, b.index]] }
    }

    /// The part at an index of the first dimension: `x[0, ...]` is `x[0]`.
    public subscript(a: some TensorIndex, dots: UnboundedRange) -> Tensor {
        get { self[[a.index, .openDimensions]] }
        _modify { yield &self[[a.index, .openDimensions]] }
    }

    /// The part at indices of the first and the last dimension: `x[0, ..., 1]` is `x[0, .ellipsis, 1]`.
    public subscript(a: some TensorIndex, dots: UnboundedRange, b: some TensorIndex) -> Tensor {
        get { self[[a.index, .openDimensions, b.index]] }
        _modify { yield &self[[a.index, .openDimensions, b.index]] }
    }

    /// A view of the whole tensor: `x[...] = 0`.
    public subscript(dots: UnboundedRange) -> Tensor {
        get { self[[.openDimensions]] }
        _modify { yield &self[[.openDimensions]] }
    }

    /// Sets the part at indices of the last dimensions to a number: `x[..., 0] = 1`.
    @_disfavoredOverload
    public subscript(dots: UnboundedRange, indices: any TensorIndex...) -> any AssignableNumber {
        get { self[[.openDimensions] + indices.map(\.index)].item() }
        set { self[[.openDimensions] + indices.map(\.index)] = .wrap(newValue.scalar) }
    }

    /// Sets the part at the given indices to the value of a variable: `x[i] = k`.
    @_disfavoredOverload
    public subscript(indices: any TensorIndex...) -> any AssignableNumber {
        get { self[indices.map(\.index)].item() }
        set { self[indices.map(\.index)] = .wrap(newValue.scalar) }
    }

    /// Not available: a new dimension is `.newAxis`.
    @available(*, unavailable, message: "a new dimension is '.newAxis': 'x[.newAxis]'")
    public subscript(_ none: Never?) -> Tensor { unsqueeze(0) }

    /// The tensor at index 0 of the first dimension; nil if there is none.
    public var first: Tensor? { rank > 0 && size(0) > 0 ? self[0] : nil }
    /// The tensor at the last index of the first dimension; nil if there is none.
    public var last: Tensor? { rank > 0 && size(0) > 0 ? self[-1] : nil }
}

/// The tensors along the first dimension: `for row in x`, `zip(x, y)`, `x.enumerated()`. A 0-dimensional tensor is an
/// error.
extension Tensor: Sequence {
    /// Iterates over the tensors along the first dimension.
    public func makeIterator() -> IndexingIterator<[Tensor]> { unbind(dim: 0).makeIterator() }
}

extension TensorIndex where Self == TensorIndexItem {
    /// A new dimension of size 1; the same as `.newAxis`.
    public static var newaxis: TensorIndexItem { .insertedDimension }
    /// Not available: a new dimension is `.newAxis`.
    @available(*, unavailable, renamed: "newAxis")
    public static var none: TensorIndexItem { .insertedDimension }
}
