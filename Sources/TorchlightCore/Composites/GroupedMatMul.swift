extension Tensor {
    /// The products of groups of matrices, as `torch.nn.functional.grouped_mm`, for mixtures of experts. `offs` are the ends of the
    /// groups along the dimension that the groups share: group g covers `offs[g - 1] ..< offs[g]`, from 0 for the first.
    ///
    /// | shapes | result | groups along |
    /// |---|---|---|
    /// | `[g, m, k]` and `[g, k, n]` | `[g, m, n]` | no dimension; `offs` must be nil |
    /// | `[m, k]` and `[g, k, n]` | `[m, n]` | rows m: each group of rows has its own matrix |
    /// | `[g, m, k]` and `[k, n]` | `[m, n]` | columns n: each matrix has its own group of columns |
    /// | `[m, k]` and `[k, n]` | `[g, m, n]` | the inner dimension k |
    ///
    /// Rows and columns after the last group are 0 in the result; inner elements after it are ignored.
    ///
    /// - Parameters:
    ///   - other: the second matrix or batch of matrices.
    ///   - offs: the end of each group: not negative, not decreasing, and at most the size of the dimension.
    public func groupedMM(_ other: Tensor, offs: [Int]? = nil) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || other.isPlaceholder { return self }
            let name = "groupedMM"
            guard (2...3).contains(rank), (2...3).contains(other.rank) else {
                throw TensorError(
                    .shape, in: name, "the operands have the wrong number of dimensions",
                    expected: "2 or 3 dimensions each", operands: [self, other])
            }
            if rank == 3, other.rank == 3 {
                guard offs == nil else {
                    throw TensorError(
                        .value, in: name, "two batches of matrices have no groups", expected: "no offs",
                        operands: [self, other])
                }
                return bmm(other)
            }
            guard let offs else {
                throw TensorError(
                    .value, in: name, "the groups are missing", expected: "offs, the ends of the groups",
                    operands: [self, other])
            }
            let size = other.rank == 3 ? shape[0] : other.shape[other.rank - 1 - (rank == 2 ? 1 : 0)]
            let groups = other.rank == 3 ? other.shape[0] : rank == 3 ? shape[0] : offs.count
            let isValid =
                offs.count == groups && (offs.first ?? 0) >= 0 && (offs.last ?? 0) <= size
                && zip(offs, offs.dropFirst()).allSatisfy { $0 <= $1 }
            guard isValid else {
                throw TensorError(
                    .index, in: name, "the ends of the groups are out of order or range", got: "\(offs)",
                    expected: "\(quantity(groups, "number")) that do not decrease, from 0 to \(size)",
                    operands: [self, other])
            }
            let starts = [0] + offs.dropLast()
            let parts = zip(starts, offs).enumerated().map { group, range in
                let length = range.1 - range.0
                if other.rank == 3 { return narrow(0, start: range.0, length: length).mm(other.select(0, group)) }
                if rank == 3 { return select(0, group).mm(other.narrow(1, start: range.0, length: length)) }
                return narrow(1, start: range.0, length: length).mm(other.narrow(0, start: range.0, length: length))
            }
            guard let first = parts.first else {
                return Tensor.zeros(
                    rank == 2 && other.rank == 2
                        ? [0, shape[0], other.shape[1]] : [shape[rank - 2], other.shape.last ?? 0],
                    dtype: dtype, device: device)
            }
            if let failed = parts.first(where: \.isPlaceholder) { return failed }
            if rank == 2, other.rank == 2 { return stack(parts) }
            let dim = other.rank == 3 ? 0 : 1
            let joined = parts.count == 1 ? first : cat(parts, dim: dim)
            let rest = size - joined.shape[dim]
            return rest == 0 ? joined : joined.pad(dim == 0 ? [0, 0, 0, rest] : [0, rest])
        }
    }

    /// The products of groups of matrices with the ends of the groups in an integer tensor, whose values are read; see
    /// ``groupedMM(_:offs:)-(_,[Int]?)``.
    public func groupedMM(_ other: Tensor, offs: Tensor) -> Tensor {
        if isPlaceholder || offs.isPlaceholder { return self }
        guard offs.rank == 1, offs.dtype.isInteger else {
            return fail(
                TensorError(
                    .dtype, in: "groupedMM", "the ends of the groups are not a vector of integers",
                    expected: "int32 or int64 [groups]", operands: [offs]), like: self)
        }
        return groupedMM(other, offs: offs.toArray(Int.self))
    }

    /// The product of two scaled matrices, as `torch.nn.functional.scaled_mm`: `(a · scaleA) (b · scaleB) + bias`, computed in
    /// float32 and converted to `outDType`.
    ///
    /// It is for matrices that were quantised with one scale, or with one for each row of the first and each column of the second.
    ///
    /// - Parameters:
    ///   - other: the second matrix, `[k, n]`; this one is `[m, k]`.
    ///   - scaleA: the scale of this matrix, of one element or `[m, 1]`.
    ///   - scaleB: the scale of the other matrix, of one element or `[1, n]`.
    ///   - bias: is added to each row, `[n]`.
    ///   - outDType: the dtype of the result. Default: bfloat16.
    public func scaledMM(
        _ other: Tensor, scaleA: Tensor, scaleB: Tensor, bias: Tensor? = nil, outDType: DType = .bfloat16
    ) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || other.isPlaceholder { return self }
            let name = "scaledMM"
            guard rank == 2, other.rank == 2, !dtype.isComplex, !other.dtype.isComplex else {
                throw TensorError(
                    .shape, in: name, "the operands are not real matrices", expected: "[m, k] and [k, n]",
                    operands: [self, other])
            }
            guard scaleA.count == 1 || scaleA.shape == [shape[0], 1],
                scaleB.count == 1 || scaleB.shape == [1, other.shape[1]]
            else {
                throw TensorError(
                    .shape, in: name, "a scale fits neither the matrix nor its rows or columns",
                    expected: "one element, or [\(shape[0]), 1] and [1, \(other.shape[1])]", operands: [scaleA, scaleB])
            }
            guard outDType.isFloatingPoint else {
                throw TensorError(
                    .dtype, in: name, "the result cannot have this dtype", got: "\(outDType)",
                    expected: "a floating-point dtype")
            }
            func single(_ scale: Tensor) -> Tensor {
                (scale.count == 1 ? scale.reshape([]) : scale).to(.float32)
            }
            var product = to(.float32).mm(other.to(.float32)) * single(scaleA) * single(scaleB)
            if let bias { product = product + bias.to(.float32) }
            return product.to(outDType)
        }
    }
}

/// The products of groups of matrices; see ``Tensor/groupedMM(_:offs:)-(_,[Int]?)``.
public func groupedMM(_ a: Tensor, _ b: Tensor, offs: [Int]? = nil) -> Tensor { a.groupedMM(b, offs: offs) }

/// The products of groups of matrices; see ``Tensor/groupedMM(_:offs:)-(_,Tensor)``.
public func groupedMM(_ a: Tensor, _ b: Tensor, offs: Tensor) -> Tensor { a.groupedMM(b, offs: offs) }

/// The product of two scaled matrices; see ``Tensor/scaledMM(_:scaleA:scaleB:bias:outDType:)``.
public func scaledMM(
    _ a: Tensor, _ b: Tensor, scaleA: Tensor, scaleB: Tensor, bias: Tensor? = nil, outDType: DType = .bfloat16
) -> Tensor {
    a.scaledMM(b, scaleA: scaleA, scaleB: scaleB, bias: bias, outDType: outDType)
}
