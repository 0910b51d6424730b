// Indices of triangles of a matrix, and the Vandermonde matrix.

extension Tensor {
    /// The row and column indices of the elements on and below a diagonal of a `rows` by `columns` matrix, in row-major
    /// order: `[2, count]`. `offset` is the diagonal: 0 the main one, positive above it. Default: 0.
    ///
    ///     let indices = Tensor.trilIndices(3, 3)
    ///     x[indices[0], indices[1]]       // the lower triangle as a row
    public static func trilIndices(
        _ rows: Int, _ columns: Int, offset: Int = 0, dtype: DType = .int64, device: Device = .current
    ) -> Tensor {
        triangle("trilIndices", rows, columns, dtype, device) { $0 <= offset }
    }

    /// The row and column indices of the elements on and above a diagonal of a `rows` by `columns` matrix, in row-major
    /// order: `[2, count]`. `offset` is the diagonal: 0 the main one, positive above it. Default: 0.
    public static func triuIndices(
        _ rows: Int, _ columns: Int, offset: Int = 0, dtype: DType = .int64, device: Device = .current
    ) -> Tensor {
        triangle("triuIndices", rows, columns, dtype, device) { $0 >= offset }
    }

    /// The indices of a matrix for whose diagonals, counted from the main one, `pick` is true.
    private static func triangle(
        _ operation: String, _ rows: Int, _ columns: Int, _ dtype: DType, _ device: Device,
        _ pick: (Tensor) -> Tensor
    ) -> Tensor {
        orFail { () throws(TensorError) in
            guard rows >= 0, columns >= 0 else {
                throw TensorError(
                    .shape, in: operation, "a size is negative", got: "\(rows) by \(columns)",
                    expected: "sizes of at least 0")
            }
            guard dtype.isInteger else {
                throw TensorError(
                    .dtype, in: operation, "the dtype is not an integer dtype", got: "\(dtype)",
                    expected: "an integer dtype")
            }
            let diagonals = arange(columns, device: device).unsqueeze(0) - arange(rows, device: device).unsqueeze(1)
            return pick(diagonals).nonzero().t().contiguous().to(dtype)
        }
    }
}

/// The Vandermonde matrix of a vector, whose columns are the powers of its elements: `[n] -> [n, N]`. Default for N: n.
///
/// The powers decrease from N - 1 to 0, or increase from 0 if `increasing` is true. Integers and bool give int64.
public func vander(_ x: Tensor, N: Int? = nil, increasing: Bool = false) -> Tensor {
    orFail(like: x) { () throws(TensorError) in
        if x.isPlaceholder { return x }
        let powers = N ?? x.count
        guard x.rank == 1, powers >= 0 else {
            throw TensorError(
                .shape, in: "vander", x.rank == 1 ? "the number of powers is negative" : "the tensor is not a vector",
                got: x.rank == 1 ? "N \(powers)" : nil, expected: "a tensor of shape [n] and N of at least 0",
                operands: [x])
        }
        let x = x.dtype.isDifferentiable ? x : x.to(.int64)
        let ones = x.newOnes([x.count, Swift.min(powers, 1)])
        let factors = x.unsqueeze(1).expand([x.count, Swift.max(powers - 1, 0)])
        let rising = cat([ones, factors.cumprod(dim: 1)], dim: 1)
        return increasing ? rising : rising.flip([1])
    }
}
