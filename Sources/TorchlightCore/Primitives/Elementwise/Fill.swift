/// Sets every element to one number, which the dtype must be able to represent. The gradient of the previous values is 0.
package struct FillWith: Primitive {
    package static let name = "fill"
    package static let supportsComplex = true
    package var value: Scalar

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try value.check(fits: inputs[0].dtype, in: Self.name)
        return Few(ResultSpec(inputs[0].layout.shape, inputs[0].dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        fill(outputs[0], with: value)
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(Tensor.zeros(like: context.gradient))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .pointwise(.constant) }
    package var algebra: Algebra { .elementwise }
}

extension Tensor {
    /// A tensor filled with a number, with the shape and dtype of this tensor, whose gradient is 0.
    public func fill(_ value: some TensorScalar) -> Tensor { apply(FillWith(value: value.scalar), self) }

    /// A tensor filled with the 0-dimensional `value`, with the shape and dtype of this tensor.
    public func fill(_ value: Tensor) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            try Self.checkFill(value, "fill")
            return value.to(dtype).expand(shape).clone()
        }
    }

    /// Fills the tensor with the 0-dimensional `value`, in place.
    @discardableResult
    public func fill_(_ value: Tensor) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            try Self.checkFill(value, "fill_")
            return copy_(value)
        }
    }

    private static func checkFill(_ value: Tensor, _ operation: String) throws(TensorError) {
        guard value.rank == 0 else {
            throw TensorError(
                .shape, in: operation, "the value is not 0-dimensional", expected: "a number or a 0-dimensional tensor",
                fix: "use copy_(_:) to broadcast", operands: [value])
        }
    }

    /// Fills the tensor with a number, in place. A number outside the range of the dtype is an error.
    @discardableResult
    public func fill_(_ value: some TensorScalar) -> Tensor {
        applyInPlace(FillWith(value: value.scalar), on: self, Few(self), name: "fill_")
    }

    /// Fills the tensor with 0, in place.
    @discardableResult
    public func zero_() -> Tensor {
        applyInPlace(FillWith(value: .int(0)), on: self, Few(self), name: "zero_")
    }
}
