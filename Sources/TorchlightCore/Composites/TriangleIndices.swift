// The coordinates of a matrix's triangles, and the matrix of powers.

extension Tensor {
    /// The coordinates of the elements on and below a diagonal of a `rows` by `columns` matrix, in row-major order: `[2, count]`,
    /// rows first. `offset` counts the diagonal from the main one, upwards.
    ///
    ///     let places = Tensor.trilIndices(3, 3)
    ///     x[places[0], places[1]]         // the lower triangle as a row
    public static func trilIndices(
        _ rows: Int, _ columns: Int, offset: Int = 0, dtype: DType = .int64
    ) -> Tensor {
        triangle("trilIndices", rows, columns, dtype) { $0 <= offset }
    }

    /// The coordinates of the elements on and above a diagonal of a `rows` by `columns` matrix, in row-major order: `[2, count]`,
    /// rows first. `offset` counts the diagonal from the main one, upwards.
    public static func triuIndices(
        _ rows: Int, _ columns: Int, offset: Int = 0, dtype: DType = .int64
    ) -> Tensor {
        triangle("triuIndices", rows, columns, dtype) { $0 >= offset }
    }

    /// The places of a matrix whose diagonal, counted from the main one, is picked.
    private static func triangle(
        _ operation: String, _ rows: Int, _ columns: Int, _ dtype: DType, _ pick: (Tensor) -> Tensor
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
            let diagonals = arange(columns).unsqueeze(0) - arange(rows).unsqueeze(1)
            return pick(diagonals).nonzero().t().contiguous().to(dtype)
        }
    }
}

/// Vandermonde's matrix of a row of numbers, whose columns are their powers: `[n] -> [n, N]`, where N is n if it is left out.
///
/// The powers fall from N - 1 to 0, or rise from 0. Integers and truth values give int64.
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
        let x = x.dtype.isFloatingPoint ? x : x.to(.int64)
        let ones = x.newOnes([x.count, Swift.min(powers, 1)])
        let factors = x.unsqueeze(1).expand([x.count, Swift.max(powers - 1, 0)])
        let rising = cat([ones, factors.cumprod(dim: 1)], dim: 1)
        return increasing ? rising : rising.flip([1])
    }
}
