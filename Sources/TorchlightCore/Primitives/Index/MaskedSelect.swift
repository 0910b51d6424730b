import CKernels

/// The elements where a mask is true, in row-major order.
///
/// Shapes: `x [*]`, `mask [*]` alike `-> [count]`; the count is read off the mask. Dtypes: any `x`, bool mask.
package struct MaskedSelect: Primitive {
    package static let name = "maskedSelect"

    package func output(of inputs: Few<Tensor>) throws(TensorError) -> Few<TensorSpec> {
        let (x, mask) = (inputs[0], inputs[1])
        try checkMask(x, mask, in: Self.name)
        let count = mask.count == 0 ? 0 : Int(withKernel(mask) { tl_count_nonzero($0) })
        return Few(TensorSpec(Dims(repeating: count, count: 1), x.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        withKernels(inputs[0], inputs[1], outputs[0]) { x, mask, out in tl_masked_select(x, mask, out) }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .input(1) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        let zeros = try Tensor.zeroView(context.shape(0), g.dtype, g.device)
        return Few(apply(MaskedScatter(), zeros, context.input(1), g), nil)
    }

    package var traits: Traits { [] }
}

/// A tensor with the elements of a source, in row-major order, where a mask is true: the inverse of `MaskedSelect`.
///
/// Shapes: `x [*]`, `mask [*]` alike, `source` of any shape with at least as many elements as the mask has true ones
/// `-> [*]`. Dtypes: `x` and the source the same, bool mask.
package struct MaskedScatter: Primitive {
    package static let name = "maskedScatter"

    package func output(of inputs: Few<Tensor>) throws(TensorError) -> Few<TensorSpec> {
        let (x, mask, source) = (inputs[0], inputs[1], inputs[2])
        try checkMask(x, mask, in: Self.name)
        guard x.dtype == source.dtype else {
            throw TensorError(
                .dtype, in: Self.name, "the source has another dtype than the tensor", expected: "one dtype",
                fix: "convert it, as in source.to(.\(x.dtype))", operands: [x, source])
        }
        let count = mask.count == 0 ? 0 : Int(withKernel(mask) { tl_count_nonzero($0) })
        guard source.count >= count else {
            throw TensorError(
                .shape, in: Self.name, "the source has fewer elements than the mask has true ones",
                got: "\(source.count) for \(count)", expected: "at least \(count)", operands: [x, source])
        }
        return Few(TensorSpec(x.layout.shape, x.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        inputs[0].copyForUpdate(to: outputs[0])
        if outputs[0].count == 0 || inputs[2].count == 0 { return }
        let source = try inputs[2].asDense()
        withKernels(outputs[0], inputs[1]) { out, mask in
            withRow(source) { source in tl_masked_scatter(out, mask, source) }
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .input(1) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        let mask = context.input(1)
        var rest: Tensor?
        if context.needs[0] {
            rest = apply(
                MaskedScatter(), g, mask, try Tensor.zeroView(context.shape(0), g.dtype, g.device))
        }
        var source: Tensor?
        if context.needs[2] {
            // Elements of the source that were not needed have none.
            let used = apply(MaskedSelect(), g, mask)
            let spare = context.shape(2).product - used.count
            source = (spare > 0 ? used.pad([0, spare]) : used).reshape(Array(context.shape(2)))
        }
        return Few(rest, nil, source)
    }

    package var traits: Traits { [.updates] }
}

private func checkMask(_ x: Tensor, _ mask: Tensor, in operation: String) throws(TensorError) {
    guard mask.dtype == .bool else {
        throw TensorError(
            .dtype, in: operation, "the mask is not bool", expected: "a bool mask",
            fix: "compare it, as in mask .!= 0", operands: [x, mask])
    }
    guard mask.layout.shape == x.layout.shape else { throw broadcastError(operation, [x, mask]) }
}

extension Tensor {
    /// The elements where a mask is true, in row-major order; tensor and mask broadcast: `[*], [*] -> [count]`.
    public func maskedSelect(_ mask: Tensor) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || mask.isPlaceholder { return self }
            guard let shape = Layout.broadcast(layout.shape, mask.layout.shape) else {
                throw broadcastError("maskedSelect", [self, mask])
            }
            return apply(MaskedSelect(), expanded(to: shape), mask.expanded(to: shape))
        }
    }

    /// The tensor with elements of a source, in row-major order, where a mask is true; the mask broadcasts.
    public func maskedScatter(_ mask: Tensor, _ source: Tensor) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || mask.isPlaceholder { return self }
            guard let shape = Layout.broadcast(layout.shape, mask.layout.shape) else {
                throw broadcastError("maskedScatter", [self, mask])
            }
            return apply(MaskedScatter(), expanded(to: shape), mask.expanded(to: shape), source)
        }
    }

    /// Puts elements of a source, in row-major order, where a mask is true, in place.
    @discardableResult
    public func maskedScatter_(_ mask: Tensor, _ source: Tensor) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || mask.isPlaceholder { return self }
            guard Layout.broadcast(layout.shape, mask.layout.shape) == layout.shape else {
                throw broadcastError("maskedScatter_", [self, mask])
            }
            let operands = Few(self, mask.expanded(to: layout.shape), source)
            return applyInPlace(MaskedScatter(), on: self, operands, name: "maskedScatter_")
        }
    }

    /// The tensor itself where it has the shape, else expanded to it.
    private func expanded(to shape: Dims) -> Tensor {
        layout.shape == shape ? self : applyView(Expand(shape: shape), self)
    }
}
