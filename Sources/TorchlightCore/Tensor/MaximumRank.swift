import CKernels

/// The most dimensions that a tensor may have: kernels keep sizes and positions in arrays of this length.
package let maximumRank = Int(TL_MAX_RANK)

/// Refuses a result with more dimensions than kernels take.
@inline(__always)
package func checkRank(_ rank: Int, in operation: String) throws(TensorError) {
    if rank > maximumRank { throw tooManyDimensions(rank, in: operation) }
}

@inline(never)
private func tooManyDimensions(_ rank: Int, in operation: String) -> TensorError {
    TensorError(
        .shape, in: operation, "the result has too many dimensions", got: "\(rank)",
        expected: "at most \(maximumRank)", fix: "join dimensions with reshape or flatten")
}
