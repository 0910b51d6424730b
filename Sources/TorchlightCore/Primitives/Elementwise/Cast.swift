import CKernels

/// The same values in another dtype, or a dense copy in the same. Floating point to integer rounds towards zero, anything to
/// bool is `!= 0`.
package struct Cast: Primitive {
    package static let name = "to"
    package var dtype: DType

    package func output(of inputs: Few<Tensor>) throws(TensorError) -> Few<TensorSpec> {
        Few(TensorSpec(inputs[0].layout.shape, dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        copyElements(from: inputs[0], layout: inputs[0].layout, to: outputs[0])
    }

    package var differentiability: Differentiability { dtype.isFloatingPoint ? .differentiable : .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { Few(context.gradient) }
    package var traits: Traits { [.elementwise, .cheap] }
}

extension Tensor {
    /// The values in another dtype; the tensor itself where it has that dtype already.
    public func to(_ dtype: DType) -> Tensor {
        dtype == self.dtype && !isWrappedScalar ? self : apply(Cast(dtype: dtype), self)
    }

    /// The tensor on another device; itself where it is there already.
    public func to(_ device: Device) -> Tensor {
        if device == self.device || isPlaceholder { return self }
        return fail(.unavailable(device, in: "to"), like: self)
    }

    /// A dense row-major copy, through which gradients flow.
    public func clone() -> Tensor { apply(Cast(dtype: dtype), self) }

    /// The tensor itself if its elements lie densely in row-major order, else such a copy.
    public func contiguous() -> Tensor { layout.isContiguous ? self : clone() }

    /// A dense copy without a history.
    package func copied() throws(TensorError) -> Tensor {
        let copy = try Tensor(empty: layout.shape, dtype: dtype, device: device)
        copyElements(from: self, layout: layout, to: copy)
        return copy
    }

    /// Overwrites the elements with those of `source`, broadcast and converted. Returns the tensor.
    @discardableResult
    public func copy_(_ source: Tensor) -> Tensor {
        if isPlaceholder || source.isPlaceholder { return self }
        guard let shape = Layout.broadcast(layout.shape, source.layout.shape), shape == layout.shape else {
            return fail(
                TensorError(
                    .shape, in: "copy_", "the source does not broadcast to the target's shape",
                    expected: "\(self.shape)", operands: [source]), like: self)
        }
        let expanded = source.layout.shape == shape ? source : source.expand(self.shape)
        return applyInPlace(Cast(dtype: dtype), on: self, Few(expanded), name: "copy_")
    }
}
