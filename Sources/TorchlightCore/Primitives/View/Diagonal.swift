/// The diagonal of two dimensions as a new last dimension, without a copy.
///
/// Shapes: `[*]` with dimensions `n` and `m -> [*, length]` without them; a positive offset starts to the right of the first
/// element, a negative one below.
package struct Diagonal: ViewPrimitive {
    package static let name = "diagonal"
    package var offset: Int
    package var dim1: Int
    package var dim2: Int

    package func view(of input: TensorSpec) throws(TensorError) -> Layout {
        try checkDimension(dim1, of: input, in: Self.name, ofScalar: false)
        try checkDimension(dim2, of: input, in: Self.name, ofScalar: false)
        guard dim1 != dim2 else { throw missingDimension("\(dim1) twice", of: input, in: Self.name) }
        return placed(in: input.layout)
    }

    /// The layout of the diagonal of another one.
    func placed(in layout: Layout) -> Layout {
        let rows = layout.shape[dim1] -| Swift.max(0 -| offset, 0)
        let columns = layout.shape[dim2] -| Swift.max(offset, 0)
        let length = Swift.max(Swift.min(rows, columns), 0)
        var shape = Dims()
        var strides = Dims()
        for d in 0..<layout.rank where d != dim1 && d != dim2 {
            shape.append(layout.shape[d])
            strides.append(layout.strides[d])
        }
        shape.append(length)
        strides.append(layout.strides[dim1] +| layout.strides[dim2])
        if length == 0 { return Layout(shape: shape, strides: strides, offset: layout.offset) }
        let skipped = offset >= 0 ? offset *| layout.strides[dim2] : -offset *| layout.strides[dim1]
        return Layout(shape: shape, strides: strides, offset: layout.offset +| skipped)
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(DiagonalBackward(diagonal: self, shape: context.shape(0)), context.gradient))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        let view = Diagonal(offset: offset, dim1: dim1 + 1, dim2: dim2 + 1)
        return try operands.call(view, operands.tensors)
    }
}

/// The gradient of `Diagonal`, and the diagonal matrix of a vector: zeros with the operand on the diagonal.
package struct DiagonalBackward: Primitive {
    package static let name = "diagonalBackward"
    package static let supportsComplex = true
    package var diagonal: Diagonal
    package var shape: Dims

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let dims = [diagonal.dim1, diagonal.dim2]
        guard dims[0] != dims[1], dims.allSatisfy({ (0..<shape.count).contains($0) }) else {
            throw TensorError(
                .index, in: Self.name, "the dimensions of the diagonal are not those of a matrix", got: "\(dims)",
                expected: "two different dimensions of \(Array(shape))")
        }
        // A size beyond Int has no diagonal to compare; its memory is refused.
        if !shape.contains(.max) {
            try checkOperand(
                inputs[0], is: diagonal.placed(in: Layout(shape: shape)).shape, inputs[0].dtype, in: Self.name)
        }
        return Few(ResultSpec(shape, inputs[0].dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let out = outputs[0]
        fill(out, with: 0)
        let layout = diagonal.placed(in: out.layout)
        copyElements(
            from: inputs[0], layout: inputs[0].layout,
            to: Tensor(storage: out.storage, layout: layout, dtype: out.dtype))
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(applyView(diagonal, context.gradient))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.diagonal.dim1 += 1
        primitive.diagonal.dim2 += 1
        primitive.shape = shape.batch(of: operands.size)
        return try operands.run(primitive)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear }
}

extension Tensor {
    /// The diagonal of two dimensions, as the last dimension: `[3, 4].diagonal() -> [3]`. A view.
    ///
    /// - Parameter offset: the diagonal: 0 the main one, positive above it, negative below. Default: 0.
    public func diagonal(offset: Int = 0, dim1: Int = 0, dim2: Int = 1) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            guard rank >= 2 else {
                throw TensorError(
                    .shape, in: Diagonal.name, "the tensor has no two dimensions", expected: "at least two dimensions",
                    fix: "use diag() to make a matrix of a vector", operands: [self])
            }
            let dims = try resolve([dim1, dim2], in: Diagonal.name)
            return applyView(Diagonal(offset: offset, dim1: dims[0], dim2: dims[1]), self)
        }
    }

    /// Matrices with the elements of the last dimension on a diagonal and zeros elsewhere: `[*, n] -> [*, n, n]`.
    ///
    /// - Parameters:
    ///   - offset: the diagonal; the size of the matrices is `n + |offset|`. Default: 0.
    ///   - dim1: the dimension of the rows in the result. Default: -2.
    ///   - dim2: the dimension of the columns in the result. Default: -1.
    public func diagEmbed(offset: Int = 0, dim1: Int = -2, dim2: Int = -1) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            guard rank > 0 else {
                throw TensorError(
                    .shape, in: "diagEmbed", "a 0-dimensional tensor has no elements along a dimension",
                    expected: "at least one dimension",
                    operands: [self])
            }
            let first = try resolve(dim1, in: "diagEmbed", extra: 1)
            let second = try resolve(dim2, in: "diagEmbed", extra: 1)
            guard first != second else {
                throw TensorError(.index, in: "diagEmbed", "a dimension is named twice", got: "\(dim1) and \(dim2)")
            }
            let size = layout.shape[rank - 1] +| offset.saturatingMagnitude
            var target = layout.shape
            target.remove(at: rank - 1)
            target.insert(size, at: Swift.min(first, second))
            target.insert(size, at: Swift.max(first, second))
            let diagonal = Diagonal(offset: offset, dim1: first, dim2: second)
            return apply(DiagonalBackward(diagonal: diagonal, shape: target), self)
        }
    }

    /// The diagonal of a matrix, as a copy: `[n, m] -> [k]`; or a matrix with a vector on its diagonal: `[n] -> [n,
    /// n]`.
    public func diag(_ offset: Int = 0) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            switch rank {
            case 1: return diagEmbed(offset: offset)
            case 2: return diagonal(offset: offset).clone()
            default:
                throw TensorError(
                    .shape, in: "diag", "the tensor is neither a vector nor a matrix",
                    expected: "one or two dimensions",
                    fix: "use diagonal(dim1:dim2:) or diagEmbed()", operands: [self])
            }
        }
    }

    /// The trace of a matrix, the sum of its diagonal: `[n, m] -> []`.
    public func trace() -> Tensor {
        if isAutocasting { return inFloat32 { $0(self).trace() } }
        guard isPlaceholder || rank == 2 else {
            return fail(
                TensorError(
                    .shape, in: "trace", "the tensor is no matrix", expected: "two dimensions",
                    fix: "use diagonal(dim1:dim2:).sum(dim: -1) for a batch of matrices", operands: [self]), like: self)
        }
        return diagonal().sum()
    }
}
