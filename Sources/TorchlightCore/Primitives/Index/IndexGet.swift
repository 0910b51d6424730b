import CKernels

/// Elements by index tensors for the first dimensions: `out[i..., r...] = x[a[i...], b[i...], ..., r...]`.
///
/// Shapes: `x [n1, ..., nk, *]` and `k` index tensors that broadcast to one shape `I -> [I, *]`. Dtypes: any `x`, int64
/// indices; negative ones count from the end. The gradient of an element is the sum over all indices that select it.
package struct IndexGet: Primitive {
    package static let name = "indexGet"
    package static let supportsComplex = true

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        try checkIndexCount(x, inputs.count - 1, in: Self.name)
        var shape = try indexShape(x, inputs, from: 1, in: Self.name)
        for d in (inputs.count - 1)..<x.rank { shape.append(x.layout.shape[d]) }
        return Few(ResultSpec(shape, x.dtype))
    }

    package func validate(_ inputs: Few<Tensor>) throws(TensorError) {
        try checkIndexTensors(inputs[0], inputs, from: 1)
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (x, out) = (inputs[0], outputs[0])
        if out.count == 0 { return }
        let shape = try indexShape(x, inputs, from: 1, in: Self.name)
        withKernelArguments {
            let indices = indexArguments(&$0, inputs, from: 1, shape)
            tl_index_get($0(x), indices, Int32(indices.count), $0(out))
        }
    }

    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved { .allIndices(from: 1) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        var operands = Few(try Tensor.zeroView(context.shape(0), g.dtype, g.device), g)
        for i in 1..<context.inputCount { operands.append(context.input(i)) }
        return Few(applyFirst(IndexPut(accumulates: true), operands))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        let (indices, numbers, isAnyMapped) = operands.indices(from: 1)
        if !operands.isMapped(0) && isAnyMapped { return try operands.call(self, Few([operands[0]] + indices)) }
        return try operands.call(self, Few([operands[0], numbers] + indices))
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([0]) }
}

/// A tensor in which the elements that index tensors select are set to values, or increased by them: the inverse of
/// `IndexGet`.
///
/// Operands: `x [n1, ..., nk, *]`, `values [I, *]` and `k` index tensors that broadcast to `I`. Result: `x`'s shape.
/// Dtypes: `x` and the values the same, int64 indices. If an element is selected several times, it is set to the last
/// value, or all values are added in order.
package struct IndexPut: Primitive {
    package static let name = "indexPut"
    package static let supportsComplex = true
    package var accumulates: Bool

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (x, values) = (inputs[0], inputs[1])
        try checkIndexCount(x, inputs.count - 2, in: Self.name)
        var shape = try indexShape(x, inputs, from: 2, in: Self.name)
        for d in (inputs.count - 2)..<x.rank { shape.append(x.layout.shape[d]) }
        guard values.layout.shape == shape else {
            throw TensorError(
                .shape, in: Self.name, "the values do not have the shape of the selected elements",
                expected: "values of shape \(shape)",
                operands: [x, values])
        }
        try checkSourceType(x, values, in: Self.name)
        return Few(ResultSpec(x.layout.shape, x.dtype))
    }

    package func validate(_ inputs: Few<Tensor>) throws(TensorError) {
        try checkIndexTensors(inputs[0], inputs, from: 2)
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (x, values, out) = (inputs[0], inputs[1], outputs[0])
        x.copyForUpdate(to: out)
        if values.count == 0 { return }
        let shape = try indexShape(x, inputs, from: 2, in: Self.name)
        withKernelArguments {
            let indices = indexArguments(&$0, inputs, from: 2, shape)
            tl_index_put($0(out), indices, Int32(indices.count), $0(values), accumulates)
        }
    }

    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved { accumulates && !needs[1] ? .none : .allIndices(from: 2) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        var indices = Few<Tensor>()
        if !accumulates || context.needs[1] {
            for i in 2..<context.inputCount { indices.append(context.input(i)) }
        }
        var gradients = Few<Tensor?>(repeating: nil, count: context.inputCount)
        if context.needs[1] {
            var operands = Few(g)
            for index in indices { operands.append(index) }
            gradients[1] = applyFirst(IndexGet(), operands)
        }
        guard context.needs[0] else { return gradients }
        if accumulates {
            gradients[0] = g
        } else {
            var operands = Few(g, try Tensor.zeroView(context.shape(1), g.dtype, g.device))
            for index in indices { operands.append(index) }
            gradients[0] = applyFirst(IndexPut(accumulates: false), operands)
        }
        return gradients
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        let (indices, numbers, _) = operands.indices(from: 2)
        return try operands.call(self, Few([operands.leading(0), operands.leading(1), numbers] + indices))
    }

    package var effects: Effects { .updates(0) }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([0, 1]) }
}

extension Saved {
    /// All operands from one on.
    fileprivate static func allIndices(from first: Int) -> Saved {
        Saved(rawValue: (UInt64(1) << 32 - 1) & ~(UInt64(1) << UInt64(first) - 1))
    }
}

/// The shape that the index tensors have together, after the checks that need no memory.
private func indexShape<Operands: RandomAccessCollection>(
    _ x: some Described, _ inputs: Operands, from first: Int, in operation: String
) throws(TensorError) -> Dims where Operands.Element: Described, Operands.Index == Int {
    let count = inputs.count - first
    guard count >= 1 && count <= x.rank else {
        throw TensorError(
            .index, in: operation, "the number of index tensors does not fit",
            got: "\(quantity(count, "index tensor")) for \(quantity(x.rank, "dimension"))",
            expected: "at least one, and at most one a dimension", operands: [x])
    }
    var shape = inputs[first].layout.shape
    for i in first..<inputs.count {
        guard inputs[i].dtype == .int64 else {
            throw TensorError(
                .dtype, in: operation, "the dtype of an index tensor is not int64", expected: "int64",
                operands: [x, inputs[i]])
        }
        guard let both = Layout.broadcast(shape, inputs[i].layout.shape) else {
            throw broadcastError(operation, Array(inputs[first...]))
        }
        shape = both
    }
    return shape
}

/// There is at most one index tensor for each dimension.
private func checkIndexCount(_ x: TensorSpec, _ count: Int, in operation: String) throws(TensorError) {
    guard count > x.rank else { return }
    throw TensorError(
        .index, in: operation, "there are more indices than dimensions", got: "\(count)",
        expected: "at most \(x.rank)", operands: [x])
}

private func checkIndexTensors(_ x: Tensor, _ inputs: Few<Tensor>, from first: Int) throws(TensorError) {
    for i in first..<inputs.count {
        let size = x.layout.shape[i - first]
        try checkIndices(inputs[i], low: -size, size: size, dim: i - first, in: "index", of: [x])
    }
}

/// The index tensors as arguments of a kernel, broadcast to one shape.
private func indexArguments(
    _ arguments: inout KernelArguments, _ inputs: Few<Tensor>, from first: Int, _ shape: Dims
) -> [UnsafePointer<tl_tensor>?] {
    var indices: [UnsafePointer<tl_tensor>?] = []
    for index in inputs[first...] { indices.append(arguments(index, index.layout.expanded(to: shape))) }
    return indices
}

extension Tensor {
    /// Elements by index tensors for the first dimensions, which broadcast to one shape `I`: `[I, rest...]`.
    package func indexGet(_ indices: [Tensor]) -> Tensor { applyFirst(IndexGet(), Few([self] + indices)) }

    /// Writes values at the indices given by index tensors for the first dimensions, in place.
    ///
    ///     x.indexPut_([rows, columns], values)        // x[rows, columns] = values
    ///
    /// The index tensors are integers, where negative ones count from the end, and broadcast to a shape `I`. A bool
    /// mask is equivalent to the indices of its true elements, in as many dimensions as it has. The values broadcast to
    /// `[I, rest...]` and are converted to the dtype of this tensor.
    ///
    /// - Parameter accumulate: whether to add the values instead of replacing; values for a repeated index are summed.
    ///   Default: false.
    @discardableResult
    public func indexPut_(_ indices: [Tensor], _ values: Tensor, accumulate: Bool = false) -> Tensor {
        put(indices, values, accumulate, inPlace: true)
    }

    /// Returns a copy with values written, or added, at the indices given by index tensors for the first dimensions;
    /// see `indexPut_(_:_:accumulate:)`.
    public func indexPut(_ indices: [Tensor], _ values: Tensor, accumulate: Bool = false) -> Tensor {
        put(indices, values, accumulate, inPlace: false)
    }

    private func put(_ indices: [Tensor], _ values: Tensor, _ accumulate: Bool, inPlace: Bool) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || values.isPlaceholder { return self }
            var operands = Few(self, values.to(dtype))
            for index in try positions(indices) { operands.append(index) }
            var shape = try indexShape(self, operands, from: 2, in: IndexPut.name)
            for d in (operands.count - 2)..<rank { shape.append(layout.shape[d]) }
            guard Layout.broadcast(values.layout.shape, shape) == shape else {
                throw TensorError(
                    .shape, in: IndexPut.name, "the values do not broadcast to the shape of the selected elements",
                    expected: "a shape that broadcasts to \(shape)", operands: [self, values])
            }
            operands[1] = operands[1].expand(Array(shape))
            let primitive = IndexPut(accumulates: accumulate)
            return inPlace
                ? applyInPlace(primitive, on: self, operands, name: "indexPut_") : applyFirst(primitive, operands)
        }
    }

    /// Index tensors in the form of the kernels: int64, and a mask as the coordinates of its true elements.
    private func positions(_ indices: [Tensor]) throws(TensorError) -> [Tensor] {
        var results: [Tensor] = []
        for index in indices {
            guard index.dtype == .bool else {
                results.append(try indexOperand(index, in: IndexPut.name))
                continue
            }
            let reached = layout.shape.dropFirst(results.count).prefix(index.rank)
            guard index.rank > 0, index.layout.shape.elementsEqual(reached) else {
                throw TensorError(
                    .index, in: IndexPut.name, "a mask does not fit the dimensions that it indexes",
                    expected: "sizes \(Array(reached)) from dimension \(results.count)", operands: [self, index])
            }
            results += Tensor.where(index)
        }
        return results
    }
}
