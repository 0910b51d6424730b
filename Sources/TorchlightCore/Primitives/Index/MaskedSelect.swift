import CKernels

/// The elements where a mask is true, in row-major order.
///
/// Shapes: `x [*]`, `mask [*]` alike `-> [count]`. Dtypes: any `x`, bool mask. The size of the result depends on
/// values: the caller counts first.
package struct MaskedSelect: Primitive {
    package static let name = "maskedSelect"
    package static let supportsComplex = true
    /// The number of true elements in the mask.
    package var count: Int
    package var hasSizeOfValues: Bool { true }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (x, mask) = (inputs[0], inputs[1])
        try checkMask(x, mask, in: Self.name)
        return Few(ResultSpec(Dims(repeating: count, count: 1), x.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        withKernelArguments { tl_masked_select($0(inputs[0]), $0(inputs[1]), $0(outputs[0])) }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .input(1) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        let zeros = try Tensor.zeroView(context.shape(0), g.dtype, g.device)
        return Few(apply(MaskedScatter(), zeros, context.input(1), g), nil)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { nil }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([0]) }
}

/// A tensor with the elements of a source, in row-major order, where a mask is true: the inverse of `MaskedSelect`.
///
/// Shapes: `x [*]`, `mask [*]` alike, `source` of any shape with at least as many elements as the mask has true ones
/// `-> [*]`. Dtypes: `x` and the source the same, bool mask.
package struct MaskedScatter: Primitive {
    package static let name = "maskedScatter"
    package static let supportsComplex = true

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (x, mask, source) = (inputs[0], inputs[1], inputs[2])
        try checkMask(x, mask, in: Self.name)
        try checkSourceType(x, source, in: Self.name)
        return Few(ResultSpec(x.layout.shape, x.dtype))
    }

    package func validate(_ inputs: Few<Tensor>) throws(TensorError) {
        let (x, mask, source) = (inputs[0], inputs[1], inputs[2])
        let count = try mask.countTrue(in: Self.name)
        guard source.count >= count else {
            throw TensorError(
                .shape, in: Self.name, "the source has fewer elements than the mask has true ones",
                got: "\(source.count) for \(count)", expected: "at least \(count)", operands: [x, source])
        }
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { index != 2 }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        inputs[0].copyForUpdate(to: outputs[0])
        if outputs[0].count == 0 || inputs[2].count == 0 { return }
        withKernelArguments { tl_masked_scatter($0(outputs[0]), $0(inputs[1]), $0(flat: inputs[2])) }
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
            // Element k of the source was written to the k-th true element of the mask; other gradients are added to
            // one additional element, which is dropped.
            let size = context.shape(2).product
            let flat = mask.reshape([-1])
            let order = noGrad { Tensor.where(flat, flat.cumsum(dim: 0) - 1, size) }
            let sums = Tensor.zeros([size + 1], dtype: g.dtype, device: g.device).scatterAdd(0, order, g.reshape([-1]))
            source = sums.narrow(0, start: 0, length: size).reshape(Array(context.shape(2)))
        }
        return Few(rest, nil, source)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { nil }

    package var effects: Effects { .updates(0) }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([0, 2]) }
}

private func checkMask(_ x: some Described, _ mask: some Described, in operation: String) throws(TensorError) {
    guard mask.dtype == .bool else {
        throw TensorError(
            .dtype, in: operation, "the mask is not bool", expected: "a bool mask",
            fix: "compare it, as in mask .!= 0", operands: [x, mask])
    }
    guard mask.layout.shape == x.layout.shape else { throw broadcastError(operation, [x, mask]) }
}

extension Tensor {
    /// The elements where a mask is true, as a vector in row-major order. Tensor and mask broadcast: `[*], [*] ->
    /// [count]`.
    public func maskedSelect(_ mask: Tensor) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || mask.isPlaceholder { return self }
            guard let shape = Layout.broadcast(layout.shape, mask.layout.shape) else {
                throw broadcastError("maskedSelect", [self, mask])
            }
            let expandedMask = mask.expanded(to: shape)
            try checkMask(expanded(to: shape), expandedMask, in: MaskedSelect.name)
            let count = try expandedMask.countTrue(in: MaskedSelect.name)
            return apply(MaskedSelect(count: count), expanded(to: shape), expandedMask)
        }
    }

    /// Returns a copy in which the elements where a mask is true are replaced by those of a source, in row-major order.
    /// The mask broadcasts.
    public func maskedScatter(_ mask: Tensor, _ source: Tensor) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || mask.isPlaceholder { return self }
            guard let shape = Layout.broadcast(layout.shape, mask.layout.shape) else {
                throw broadcastError("maskedScatter", [self, mask])
            }
            return apply(MaskedScatter(), expanded(to: shape), mask.expanded(to: shape), source)
        }
    }

    /// Replaces the elements where a mask is true by those of a source, in row-major order, in place.
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

    /// The number of elements that are not 0, read from the device: an operation whose size depends on values waits for
    /// it.
    func countTrue(in operation: String) throws(TensorError) -> Int {
        guard device.hasValues else {
            if device.isRecording { throw .hostRead(of: self, in: operation) }
            throw TensorError(
                .device, in: operation,
                "a tensor on the device meta has no values, on which the size of the result depends",
                expected: "a tensor with values", operands: [self])
        }
        if count == 0 { return 0 }
        let failures = tl_scratch_failures()
        let found = Int(withKernelArguments { tl_count_nonzero($0(self)) })
        if device != .cpu, let missing = takeMissingKernel(in: operation, operands: Few(self)) { throw missing }
        try checkScratch(since: failures, in: operation, operands: Few(self))
        return found
    }

    /// The tensor itself if it has the shape, otherwise expanded to it.
    private func expanded(to shape: Dims) -> Tensor {
        layout.shape == shape ? self : applyView(Expand(shape: shape), self)
    }
}
