/// One number in every place; no gradient reaches what was there before.
package struct FillWith: Primitive {
    package static let name = "fill"
    package var value: Scalar

    package func output(of inputs: Few<Tensor>) throws(TensorError) -> Few<TensorSpec> {
        Few(TensorSpec(inputs[0].layout.shape, inputs[0].dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        fill(outputs[0], with: value)
    }

    package var differentiability: Differentiability { .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil] }
    package var traits: Traits { [.elementwise, .cheap] }
}

extension Tensor {
    /// Sets every element to a number, in place.
    @discardableResult
    public func fill_(_ value: some TensorScalar) -> Tensor {
        applyInPlace(FillWith(value: value.scalar), on: self, Few(self), name: "fill_")
    }

    /// Sets every element to 0, in place.
    @discardableResult
    public func zero_() -> Tensor {
        applyInPlace(FillWith(value: .int(0)), on: self, Few(self), name: "zero_")
    }
}
