/// Dimensions of size 1, and new leading ones, repeated without memory.
package struct Expand: ViewPrimitive {
    package static let name = "expand"
    package var shape: Dims

    package func view(of input: TensorSpec) throws(TensorError) -> Layout {
        guard shape.count >= input.rank, Layout.broadcast(input.layout.shape, shape) == shape else {
            throw TensorError(
                .shape, in: Self.name, "the tensor does not broadcast to the shape", got: "target \(Array(shape))",
                expected: "equal sizes, or 1 in the tensor, counted from the last dimension", operands: [input])
        }
        return input.layout.expanded(to: shape)
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { Few(context.gradient) }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        let x = operands.aligned(0, rank: shape.count)
        return try operands.call(Expand(shape: shape.batch(of: operands.size)), Few(x))
    }
}

extension Tensor {
    /// Expands dimensions of size 1 to larger sizes without using memory; -1 keeps a size. `[1, 3].expand([2, -1]) ->
    /// [2, 3]`. A view.
    public func expand(_ shape: [Int]) -> Tensor {
        var target = Dims(shape)
        let lead = shape.count - rank
        for i in 0..<shape.count where shape[i] == -1 {
            guard i >= lead else {
                return fail(
                    TensorError(
                        .shape, in: "expand", "-1 is the size of a dimension that the tensor does not have",
                        got: "\(shape)",
                        operands: [self]), like: self)
            }
            target[i] = layout.shape[i - lead]
        }
        return applyView(Expand(shape: target), self)
    }

    /// Expands dimensions of size 1 to larger sizes without using memory. A view.
    public func expand(_ shape: Int...) -> Tensor { expand(shape) }
    /// Expands dimensions of size 1 to the shape of another tensor. A view.
    public func expand(as other: Tensor) -> Tensor { expand(other.shape) }
    /// Broadcasts the tensor to a shape. A view.
    public func broadcast(to shape: [Int]) -> Tensor { expand(shape) }

    /// Sums over the dimensions that broadcasting from `shape` repeated: the gradient of a broadcast.
    package func summed(to shape: Dims) -> Tensor {
        let lead = rank - shape.count
        var dims = Dims()
        for i in 0..<rank where i < lead || (shape[i - lead] == 1 && layout.shape[i] != 1) { dims.append(i) }
        if dims.isEmpty { return layout.shape == shape ? self : reshape(Array(shape)) }
        let folded = apply(Sum(dims: dims, keepdim: true), self)
        return folded.layout.shape == shape ? folded : folded.reshape(Array(shape))
    }
}
