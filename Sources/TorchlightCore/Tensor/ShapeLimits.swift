import CKernels

/// The most dimensions that a tensor may have: kernels keep sizes and positions in arrays of this length.
package let maximumRank = Int(TL_MAX_RANK)

/// The most elements that a tensor may have, sizes of 0 counted as 1. Its size in bytes, the number of its elements times a
/// stride in bytes, and sums of a few sizes then fit in an Int, which code that works with tensors relies on.
package let maximumCount = Int.max / 16

/// Refuses a result with more dimensions than kernels take.
@inline(__always)
package func checkRank(_ rank: Int, in operation: String) throws(TensorError) {
    if rank > maximumRank { throw tooManyDimensions(rank, in: operation) }
}

/// Refuses a shape that no tensor has: every tensor that is made and every view goes through here.
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
        isNegative ? "a size is negative" : "the number of elements is too large to be counted",
        got: "a shape of \(shape)",
        expected: isNegative ? "sizes that are not negative" : "sizes whose product is below 2^59")
}

@inline(never)
private func tooManyDimensions(_ rank: Int, in operation: String) -> TensorError {
    TensorError(
        .shape, in: operation, "the result has too many dimensions", got: "\(rank)",
        expected: "at most \(maximumRank)", fix: "join dimensions with reshape or flatten")
}

/// Refuses a list of so many things of a size in bytes that the memory of the system cannot hold: for lists that an
/// operation builds outside of tensors, as many as an argument says.
package func checkListSize(_ count: Int, bytesEach: Int, in operation: String) throws(TensorError) {
    let bytes = Swift.max(count, 0) *| bytesEach
    let blockLimit = Int(threadState.pointee.block_limit)
    let limit = blockLimit > 0 ? Swift.min(blockLimit, Memory.limit) : Memory.limit
    guard bytes <= limit else {
        throw TensorError(
            .outOfMemory, in: operation, "the result does not fit into memory",
            got: "\(count) elements, \(Memory.text(bytes))", expected: "at most \(Memory.text(limit))")
    }
}
