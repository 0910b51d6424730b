import TorchlightCore

extension SparseTensor {
    private func checkSameShape(_ other: SparseTensor, _ name: String) throws(TensorError) {
        guard shape == other.shape, sparseDim == other.sparseDim else {
            throw TensorError(
                .shape, in: name, "the operands have different shapes or numbers of sparse dimensions",
                got: "\(shape) with \(sparseDim) and \(other.shape) with \(other.sparseDim)", expected: "equal ones",
                operands: [values, other.values])
        }
    }

    /// The sum of two sparse tensors of the same shape, `self + alpha · other`.
    public func add(_ other: SparseTensor, alpha: Double = 1) -> SparseTensor {
        sparseOrFail("add") { () throws(TensorError) in
            if other.isPlaceholder { return other }
            try checkSameShape(other, "add")
            let dtype = DType.promote(dtype, other.dtype)
            let added = alpha == 1 ? other.values : other.values * alpha
            return SparseTensor(
                unchecked: cat([indices, other.indices], dim: 1), cat([values.to(dtype), added.to(dtype)]), shape,
                isCoalesced: false
            ).coalesce()
        }
    }

    /// The dense sum of a sparse and a dense tensor of the same shape.
    public func add(_ dense: Tensor) -> Tensor {
        if isPlaceholder { return values }
        return dense + toDense()
    }

    /// The element-wise product of two sparse tensors of the same shape: the elements that both specify.
    public func mul(_ other: SparseTensor) -> SparseTensor {
        sparseOrFail("mul") { () throws(TensorError) in
            if other.isPlaceholder { return other }
            try checkSameShape(other, "mul")
            let (a, b) = (coalesce(), other.coalesce())
            guard a.nnz > 0, b.nnz > 0 else {
                return SparseTensor.zeros(
                    shape, sparseDim: sparseDim, dtype: DType.promote(dtype, other.dtype), device: device)
            }
            let (inA, inB) = (a.flatIndices, b.flatIndices)
            let positions = inB.searchsorted(inA).clamp(max: b.nnz - 1)
            let both = (inB.indexSelect(0, positions) .== inA).nonzero().flatten()
            let product = a.values.indexSelect(0, both) * b.values.indexSelect(0, positions.indexSelect(0, both))
            if product.isPlaceholder { return SparseTensor(failed: product, shape: shape) }
            return SparseTensor(unchecked: a.indices.indexSelect(1, both), product, shape, isCoalesced: true)
        }
    }

    /// The element-wise product with a dense tensor, which broadcasts to the shape of this one. The result has the indices of
    /// this tensor.
    public func mul(_ dense: Tensor) -> SparseTensor {
        sparseOrFail("mul") { () throws(TensorError) in
            if dense.isPlaceholder { return SparseTensor(failed: dense, shape: shape) }
            let factors = dense.broadcast(to: shape).sparseMask(self)
            return factors.isPlaceholder ? factors : withValues(values * factors.values)
        }
    }

    /// The sum of two sparse tensors.
    public static func + (a: SparseTensor, b: SparseTensor) -> SparseTensor { a.add(b) }
    /// The difference of two sparse tensors.
    public static func - (a: SparseTensor, b: SparseTensor) -> SparseTensor { a.add(b, alpha: -1) }
    /// The tensor with all elements negated.
    public static prefix func - (a: SparseTensor) -> SparseTensor { a.withValues(-a.values) }
    /// The element-wise product of two sparse tensors.
    public static func * (a: SparseTensor, b: SparseTensor) -> SparseTensor { a.mul(b) }
    /// The tensor times a number.
    public static func * (a: SparseTensor, b: Double) -> SparseTensor { a.withValues(a.values * b) }
    /// A number times the tensor.
    public static func * (a: Double, b: SparseTensor) -> SparseTensor { b.withValues(b.values * a) }
    /// The tensor divided by a number.
    public static func / (a: SparseTensor, b: Double) -> SparseTensor { a.withValues(a.values / b) }

    // MARK: - Reductions

    /// The sum of all elements, 0-dimensional.
    public func sum() -> Tensor { values.sum() }

    /// The sum over dimensions, of which at least one sparse dimension must be left, as `torch.sparse.sum`.
    ///
    /// The sum over all sparse dimensions is dense: `values.sum(dim: 0)`.
    public func sum(dim: [Int]) -> SparseTensor {
        sparseOrFail("sum") { () throws(TensorError) in
            var dims: Set<Int> = []
            for d in dim {
                guard dims.insert(try resolve(d, "sum")).inserted else {
                    throw TensorError(.index, in: "sum", "a dimension is given twice", got: "\(dim)")
                }
            }
            let kept = (0..<sparseDim).filter { !dims.contains($0) }
            guard !kept.isEmpty else {
                throw TensorError(
                    .value, in: "sum", "no sparse dimension is left", got: "\(dim)",
                    expected: "at least one of the \(sparseDim) sparse dimensions to be kept",
                    fix: "use values.sum(dim: 0), which is dense")
            }
            let denseDims = dims.filter { $0 >= sparseDim }.map { $0 - sparseDim + 1 }.sorted()
            let sums = denseDims.isEmpty ? values : values.sum(dim: denseDims)
            let sizes = (0..<rank).filter { !dims.contains($0) }.map { shape[$0] }
            if kept.count == sparseDim {
                return SparseTensor(unchecked: indices, sums, sizes, isCoalesced: isCoalesced)
            }
            return SparseTensor(
                unchecked: stack(kept.map { indices.select(0, $0) }), sums, sizes, isCoalesced: false
            ).coalesce()
        }
    }

    /// The sum over one dimension; see ``sum(dim:)-([Int])``.
    public func sum(dim: Int) -> SparseTensor { sum(dim: [dim]) }

    /// The softmax along a dimension, of the specified elements alone, as `torch.sparse.softmax`: elements that are not
    /// specified count as minus infinity.
    public func softmax(dim: Int) -> SparseTensor { normalized("softmax", dim) { exps, sums, _, _ in exps / sums } }

    /// The logarithm of the softmax along a dimension; see ``softmax(dim:)``.
    public func logSoftmax(dim: Int) -> SparseTensor {
        normalized("logSoftmax", dim) { _, sums, shifted, _ in shifted - sums.log() }
    }

    /// Computes with the exponentials of the elements, their sums along a dimension, and the elements less the largest.
    private func normalized(
        _ name: String, _ dim: Int, _ result: (_ exps: Tensor, _ sums: Tensor, _ shifted: Tensor, Int) -> Tensor
    ) -> SparseTensor {
        sparseOrFail(name) { () throws(TensorError) in
            let d = try resolve(dim, name)
            guard dtype.isFloatingPoint else {
                throw TensorError(
                    .dtype, in: name, "the values are not floating point", expected: "a floating-point dtype",
                    operands: [values])
            }
            let x = coalesce()
            if x.nnz == 0 { return x }
            if d >= sparseDim {
                let inner = d - sparseDim + 1
                let shifted = x.values - x.values.detach().amax(dim: [inner], keepdim: true)
                let exps = shifted.exp()
                return x.withValues(result(exps, exps.sum(dim: inner, keepdim: true), shifted, inner))
            }
            let others = (0..<sparseDim).filter { $0 != d }
            let groups = Self.flattened(
                others.map { x.indices.select(0, $0) }, others.map { shape[$0] }, like: x.indices
            )
            .unique()
            let empty = [groups.values.count] + denseSizes
            let largest = Tensor.full(empty, -Double.infinity, dtype: dtype, device: device)
                .indexReduce(0, groups.inverse, x.values.detach(), reduce: .amax)
            let shifted = x.values - largest.indexSelect(0, groups.inverse)
            let exps = shifted.exp()
            let sums = Tensor.zeros(empty, dtype: dtype, device: device).indexAdd(0, groups.inverse, exps)
            return x.withValues(result(exps, sums.indexSelect(0, groups.inverse), shifted, 0))
        }
    }
}
