import CKernels

/// The maximum number of dimensions of a tensor: kernels keep sizes and indices in arrays of this length.
package let maximumRank = Int(TL_MAX_RANK)

/// The maximum number of elements of a tensor, with sizes of 0 counted as 1. The size in bytes, the number of elements
/// times a stride in bytes, and sums of a few sizes then fit in an Int.
package let maximumCount = Int.max / 16

/// Throws if a result would have more than `maximumRank` dimensions.
@inline(__always)
package func checkRank(_ rank: Int, in operation: String) throws(TensorError) {
    if rank > maximumRank { throw tooManyDimensions(rank, in: operation) }
}

/// Throws unless the operand has the dimension. The public functions resolve dimensions before; primitives of recorded
/// graphs and of files meet operands of any rank.
///
/// - Parameter ofScalar: whether dimension 0 of a 0-dimensional operand counts as one. Default: true.
@inline(__always)
package func checkDimension(
    _ dim: Int, of x: some Described, in operation: String, ofScalar: Bool = true
) throws(TensorError) {
    if dim < 0 || dim >= (ofScalar ? Swift.max(x.rank, 1) : x.rank) {
        throw missingDimension("\(dim)", of: x, in: operation)
    }
}

/// Throws unless the operand has all of the dimensions.
package func checkDimensions(_ dims: Dims, of x: some Described, in operation: String) throws(TensorError) {
    for dim in dims { try checkDimension(dim, of: x, in: operation) }
}

@inline(never)
package func missingDimension(_ got: String, of x: some Described, in operation: String) -> TensorError {
    TensorError(
        .index, in: operation, "the tensor does not have the dimension", got: "dimension \(got)",
        expected: "a dimension below \(x.rank)", operands: [x])
}

/// Throws unless an operand has the shape that the forward pass gave it, and the dtype. Gradient rules pass matching
/// tensors; the operands of recorded graphs may not, and kernels trust the sizes.
@inline(__always)
package func checkOperand(
    _ operand: some Described, is shape: Dims, _ dtype: DType, in operation: String
) throws(TensorError) {
    if operand.layout.shape != shape || operand.dtype != dtype {
        throw mismatchedOperand(operand, shape, dtype, in: operation)
    }
}

@inline(never)
private func mismatchedOperand(
    _ operand: some Described, _ shape: Dims, _ dtype: DType, in operation: String
) -> TensorError {
    TensorError(
        .shape, in: operation, "an operand does not fit the forward pass", expected: "\(dtype) \(Array(shape))",
        operands: [operand])
}

/// Throws if a shape is invalid: a negative size, too many dimensions or too many elements. Every new tensor and every
/// view is checked.
@inline(__always)
package func checkShape(
    _ shape: Dims, in operation: @autoclosure () -> String, _ kind: TensorError.Kind = .shape
) throws(TensorError) {
    var count = 1
    var isValid = shape.count <= maximumRank
    for i in 0..<shape.count {
        let size = shape[i]
        isValid = isValid && size >= 0
        count *|= Swift.max(size, 1)
    }
    if !isValid || count > maximumCount { throw invalidShape(shape, in: operation(), kind) }
}

@inline(never)
private func invalidShape(_ shape: Dims, in operation: String, _ kind: TensorError.Kind) -> TensorError {
    if shape.count > maximumRank { return tooManyDimensions(shape.count, in: operation) }
    let isNegative = shape.contains { $0 < 0 }
    return TensorError(
        isNegative ? .shape : kind, in: operation,
        isNegative ? "a size is negative" : "the number of elements is too large",
        got: "a shape of \(shape)",
        expected: isNegative ? "sizes that are not negative" : "sizes whose product is below 2^59")
}

@inline(never)
private func tooManyDimensions(_ rank: Int, in operation: String) -> TensorError {
    TensorError(
        .shape, in: operation, "the result has too many dimensions", got: "\(rank)",
        expected: "at most \(maximumRank)", fix: "merge dimensions with reshape or flatten")
}

/// Throws if `count` elements of `bytesEach` bytes exceed the memory of the system: for lists outside of tensors whose
/// length an argument gives.
package func checkListSize(_ count: Int, bytesEach: Int, in operation: String) throws(TensorError) {
    let bytes = Swift.max(count, 0) *| bytesEach
    let blockLimit = Int(tl_kernel_thread().pointee.block_limit)
    let limit = blockLimit > 0 ? Swift.min(blockLimit, Memory.limit) : Memory.limit
    guard bytes <= limit else {
        throw TensorError(
            .outOfMemory, in: operation, "the result does not fit into memory",
            got: "\(quantity(count, "element")), \(Memory.text(bytes))", expected: "at most \(Memory.text(limit))")
    }
}
