import CKernels

/// The same values in another dtype, or a dense copy in the same. Floating point to integer rounds towards zero, anything to
/// bool is `!= 0`, and complex numbers lose their imaginary part in a real dtype.
package struct Cast: Primitive {
    package static let name = "to"
    package static let supportsComplex = true
    package var dtype: DType
    /// Whether the copy is row-major; otherwise its dimensions have the order of those of the original.
    package var isRowMajor = false

    package func resultLayout(of inputs: Specs, shape: Dims) -> Layout {
        isRowMajor ? Layout(shape: shape) : .following(inputs, shape: shape)
    }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        Few(ResultSpec(inputs[0].layout.shape, dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        copyElements(from: inputs[0], layout: inputs[0].layout, to: outputs[0])
    }

    package var differentiability: Differentiability { dtype.isDifferentiable ? .differentiable : .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { Few(context.gradient) }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .pointwise(.convert) }
    package var algebra: Algebra { dtype.isDifferentiable ? .elementwise : .constant }
}

/// Copies elements with conversion; the layouts may be other views of the storages.
package func copyElements(from source: Tensor, layout: Layout, to target: Tensor, layout targetLayout: Layout) {
    if targetLayout.count == 0 { return }
    withKernelArguments {
        tl_copy($0(source, layout.expanded(to: targetLayout.shape)), $0(target, targetLayout))
    }
}

package func copyElements(from source: Tensor, layout: Layout, to target: Tensor) {
    copyElements(from: source, layout: layout, to: target, layout: target.layout)
}

extension Tensor {
    /// Converts the tensor to another dtype; returns the tensor itself if it has that dtype. Fractions are truncated
    /// for integer dtypes. Gradients flow through.
    public func to(_ dtype: DType) -> Tensor {
        dtype == self.dtype && !isWrappedScalar ? self : apply(Cast(dtype: dtype), self)
    }

    /// Returns a copy of the tensor. Gradients flow through. The memory order of the dimensions is kept, so the copy of
    /// a transposed matrix is transposed too; use `contiguous()` for row-major order.
    public func clone() -> Tensor { apply(Cast(dtype: dtype), self) }

    /// Returns the tensor if it is contiguous in row-major order, else a contiguous copy.
    public func contiguous() -> Tensor { layout.isContiguous ? self : rowMajorClone() }

    /// A row-major copy.
    package func rowMajorClone() -> Tensor { apply(Cast(dtype: dtype, isRowMajor: true), self) }

    /// The result of an operation that is no view: a copy where reshaping had nothing to move and left a view of the
    /// operand, which a change in place would write to.
    package func copiedIfShared(with operand: Tensor) -> Tensor {
        storage === operand.storage && !isPlaceholder ? rowMajorClone() : self
    }

    /// A copy with the strides of this tensor, gaps between elements included. If elements share memory, this is `clone()`.
    ///
    /// - Parameter isWhole: the memory around the elements is copied too, and the start stays where it was.
    package func cloneKeepingStrides(whole isWhole: Bool = false) throws(TensorError) -> Tensor {
        if isPlaceholder || layout.mayOverlap || device.isRecording { return clone() }
        let reach = isWhole ? 0..<(storage.byteCount / dtype.byteSize) : layout.extent
        let block = try Tensor.filled(0, shape: [reach.count], dtype: dtype, device: device)
        if isWhole && device.hasValues {
            WorkCounts.noteKernel()
            let all = Tensor(storage: storage, layout: Layout(shape: [reach.count]), dtype: dtype)
            copyElements(from: all, layout: all.layout, to: block)
            if threadState.pointee.recording > 0 { recordCall(Cast(dtype: dtype), Few(all), Few(block), .inPlace) }
        }
        let copy = Tensor(storage: block.storage, layout: layout.moved(by: -reach.lowerBound), dtype: dtype)
        if device.hasValues {
            WorkCounts.noteKernel()
            copyElements(from: self, layout: layout, to: copy)
            if threadState.pointee.recording > 0 { recordCall(Cast(dtype: dtype), Few(self), Few(copy), .inPlace) }
        }
        if requiresGrad && threadState.pointee.grad_disabled == 0 {
            record(Cast(dtype: dtype), Few(self), Few(copy), Needs(all: 1))
        }
        return copy
    }

    /// A dense copy without a history.
    package func copied() throws(TensorError) -> Tensor {
        let copy = try Tensor(empty: layout.shape, dtype: dtype, device: device)
        if device.hasValues {
            try execute(Cast(dtype: dtype), Few(self), into: Few(copy), on: device)
        }
        if threadState.pointee.recording > 0 { recordCall(Cast(dtype: dtype), Few(self), Few(copy), .newMemory) }
        return copy
    }

    /// Copies the elements of `source` to this tensor, in place; they are broadcast and converted. Returns the tensor.
    @discardableResult
    public func copy_(_ source: Tensor) -> Tensor {
        if isPlaceholder || source.isPlaceholder { return self }
        guard let shape = Layout.broadcast(layout.shape, source.layout.shape), shape == layout.shape else {
            return fail(
                TensorError(
                    .shape, in: "copy_", "the source does not broadcast to the target's shape",
                    expected: "\(self.shape)", operands: [source]), like: self)
        }
        let moved = source.device == device ? source : source.to(device)
        let expanded = moved.layout.shape == shape ? moved : moved.expand(self.shape)
        return applyInPlace(Cast(dtype: dtype), on: self, Few(expanded), name: "copy_")
    }
}
