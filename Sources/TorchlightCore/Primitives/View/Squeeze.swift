/// Removes dimensions of size 1.
package struct Squeeze: ViewPrimitive {
    package static let name = "squeeze"
    package var dims: Dims

    package func view(of input: TensorSpec) throws(TensorError) -> Layout {
        for dim in dims {
            try checkDimension(dim, of: input, in: Self.name)
            guard input.rank == 0 || input.layout.shape[dim] == 1 else {
                throw TensorError(
                    .shape, in: Self.name, "dimension \(dim) does not have size 1", expected: "size 1",
                    operands: [input])
            }
        }
        return input.layout.squeezed(dims)
    }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(context.gradient.reshape(Array(context.shape(0))))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.call(Squeeze(dims: dims.shifted), operands.tensors)
    }
}

/// Inserts a dimension of size 1.
package struct Unsqueeze: ViewPrimitive {
    package static let name = "unsqueeze"
    package var dim: Int

    package func view(of input: TensorSpec) throws(TensorError) -> Layout {
        guard dim >= 0, dim <= input.rank else { throw missingDimension("\(dim)", of: input, in: Self.name) }
        return input.layout.unsqueezed(dim)
    }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(context.gradient.squeeze(dim))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.call(Unsqueeze(dim: dim + 1), operands.tensors)
    }
}

extension Tensor {
    /// Removes all dimensions of size 1. A view.
    public func squeeze() -> Tensor {
        applyView(Squeeze(dims: Dims((0..<rank).filter { layout.shape[$0] == 1 })), self)
    }

    /// Removes dimension `dim` if its size is 1. A view.
    public func squeeze(_ dim: Int) -> Tensor { squeeze([dim]) }

    /// Removes the given dimensions whose size is 1. A view.
    public func squeeze(_ dims: [Int]) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            let resolved = try resolve(dims, in: "squeeze").filter { $0 < rank && layout.shape[$0] == 1 }
            return applyView(Squeeze(dims: Dims(resolved)), self)
        }
    }

    /// Inserts a dimension of size 1 before `dim`: `[3].unsqueeze(0) -> [1, 3]`, `[3].unsqueeze(-1) -> [3, 1]`. A view.
    public func unsqueeze(_ dim: Int) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            applyView(Unsqueeze(dim: try resolve(dim, in: "unsqueeze", extra: 1)), self)
        }
    }
}
