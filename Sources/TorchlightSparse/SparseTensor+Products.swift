import TorchlightCore

extension SparseTensor {
    /// The product of a sparse matrix and a dense matrix or vector: `[m, k]` and `[k, n]`, `[k]`, or batches `[b, m, k]` and
    /// `[b, k, n]`. The result is dense. All dimensions of this tensor must be sparse.
    ///
    /// It takes `nnz · n` multiplications and as much memory. Gradients flow to the values and to the dense operand.
    public func matmul(_ dense: Tensor) -> Tensor {
        if isPlaceholder { return values }
        if dense.isPlaceholder { return dense }
        if dense.rank == 1 { return matmul(dense.unsqueeze(1)).squeeze(-1) }
        let last = rank - 1
        guard denseDim == 0, (2...3).contains(rank), dense.rank == rank, dense.size(-2) == shape[last],
            dense.dtype == dtype, rank == 2 || dense.size(0) == shape[0]
        else {
            return fail(
                TensorError(
                    .shape, in: "matmul", "the sparse and the dense operand do not fit",
                    got: "\(dtype) \(shape) with \(sparseDim) sparse dimensions",
                    expected: "one dtype, and [m, k] and [k, n], or [b, m, k] and [b, k, n], all sparse",
                    operands: [dense]))
        }
        let (batch, m, k, n) = (rank == 3 ? shape[0] : 1, shape[last - 1], shape[last], dense.size(-1))
        var (rows, columns) = (indices.select(0, last - 1), indices.select(0, last))
        if rank == 3 {
            let b = indices.select(0, 0)
            (rows, columns) = (b * m + rows, b * k + columns)
        }
        let products = values.unsqueeze(1) * dense.reshape([batch * k, n]).indexSelect(0, columns)
        return Tensor.zeros([batch * m, n], dtype: products.dtype, device: device).indexAdd(0, rows, products)
            .reshape(shape.dropLast() + [n])
    }

    /// The product of two sparse matrices, `[m, k]` and `[k, n]`. The result is sparse and coalesced.
    public func matmul(_ other: SparseTensor) -> SparseTensor {
        sparseOrFail("matmul") { () throws(TensorError) in
            if other.isPlaceholder { return other }
            guard rank == 2, other.rank == 2, denseDim == 0, other.denseDim == 0, shape[1] == other.shape[0],
                dtype == other.dtype
            else {
                throw TensorError(
                    .shape, in: "matmul", "the sparse operands do not fit",
                    got: "\(dtype) \(shape) and \(other.dtype) \(other.shape)",
                    expected: "[m, k] and [k, n] of one dtype, all dimensions sparse")
            }
            let b = other.coalesce()
            let columns = indices.select(0, 1)
            // The elements of each row of b are neighbours.
            let inRow = Tensor.zeros([shape[1]], dtype: .int64, device: device)
                .indexAdd(0, b.indices.select(0, 0), Tensor.ones([b.nnz], dtype: .int64, device: device))
            let starts = inRow.cumsum(dim: 0) - inRow
            let counts = inRow.indexSelect(0, columns)
            // Each element of this matrix is multiplied by all elements of one row of b.
            let mine = Tensor.arange(nnz, dtype: .int64, device: device).repeatInterleave(counts)
            if mine.isPlaceholder { return SparseTensor(failed: mine, shape: shape) }
            let before = (counts.cumsum(dim: 0) - counts).indexSelect(0, mine)
            let theirs =
                starts.indexSelect(0, columns.indexSelect(0, mine))
                + (Tensor.arange(mine.count, dtype: .int64, device: device) - before)
            let products = values.indexSelect(0, mine) * b.values.indexSelect(0, theirs)
            let coordinates = stack([
                indices.select(0, 0).indexSelect(0, mine), b.indices.select(0, 1).indexSelect(0, theirs),
            ])
            return SparseTensor(unchecked: coordinates, products, [shape[0], other.shape[1]], isCoalesced: false)
                .coalesce()
        }
    }

    /// The product of two dense matrices at the indices of this one, `beta · self + alpha · (a b)`, as `torch.sparse.sampled_addmm`:
    /// only these elements of `a b` are computed. Shapes: this tensor is `[m, n]`, `a` is `[m, k]` and `b` `[k, n]`.
    public func sampledAddmm(_ a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1) -> SparseTensor {
        sparseOrFail("sampledAddmm") { () throws(TensorError) in
            if let placeholder = [a, b].first(where: \.isPlaceholder) {
                return SparseTensor(failed: placeholder, shape: shape)
            }
            guard rank == 2, denseDim == 0, a.rank == 2, b.rank == 2, a.size(1) == b.size(0),
                shape == [a.size(0), b.size(1)], a.dtype == dtype, b.dtype == dtype
            else {
                throw TensorError(
                    .shape, in: "sampledAddmm", "the operands do not fit", got: "\(dtype) \(shape)",
                    expected: "[m, n], [m, k] and [k, n] of one dtype, with two sparse dimensions", operands: [a, b])
            }
            let x = coalesce()
            let sampled =
                (a.indexSelect(0, x.indices.select(0, 0)) * b.indexSelect(1, x.indices.select(0, 1)).mT).sum(dim: 1)
            let product = alpha == 1 ? sampled : sampled * alpha
            return x.withValues(beta == 0 ? product : x.values * beta + product)
        }
    }
}

extension Tensor {
    /// The product of a dense and a sparse matrix, `[m, k]` and `[k, n]`. The result is dense.
    public func matmul(_ other: SparseTensor) -> Tensor {
        rank == 2 && other.rank == 2
            ? other.t().matmul(mT).mT
            : fail(
                TensorError(
                    .shape, in: "matmul", "the operands are not matrices", got: "\(other.shape)",
                    expected: "[m, k] and a sparse [k, n]", operands: [self]))
    }

    /// Returns `beta · self + alpha · (sparse · dense)`, as `torch.sparse.addmm`.
    public func addmm(_ sparse: SparseTensor, _ dense: Tensor, beta: Double = 1, alpha: Double = 1) -> Tensor {
        let product = sparse.matmul(dense)
        let scaled = alpha == 1 ? product : product * alpha
        return beta == 0 ? scaled : (beta == 1 ? self : self * beta) + scaled
    }
}

/// The product of a sparse and a dense matrix; see ``SparseTensor/matmul(_:)-(Tensor)``.
public func matmul(_ a: SparseTensor, _ b: Tensor) -> Tensor { a.matmul(b) }
