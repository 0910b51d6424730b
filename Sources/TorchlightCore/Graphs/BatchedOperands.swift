/// The operands of one call of a primitive for a batch of examples in `vmap`.
///
/// A mapped operand has the batch dimension as dimension 0; the other operands are equal for all examples. Batching
/// rules return results with the batch dimension 0.
package struct BatchedOperands {
    /// The operands; mapped ones include the batch dimension.
    package let tensors: Few<Tensor>
    private let mapped: Needs
    /// The number of examples.
    package let size: Int

    package init(_ tensors: Few<Tensor>, mapped: Needs, size: Int) {
        self.tensors = tensors
        self.mapped = mapped
        self.size = size
    }

    package var count: Int { tensors.count }
    package func isMapped(_ index: Int) -> Bool { mapped[index] }
    package subscript(index: Int) -> Tensor { tensors[index] }

    /// The number of dimensions of an operand of one example.
    package func rank(_ index: Int) -> Int { tensors[index].rank - (mapped[index] ? 1 : 0) }

    /// The shape of an operand of one example.
    package func shape(_ index: Int) -> Dims {
        var shape = tensors[index].layout.shape
        if mapped[index] { shape.remove(at: 0) }
        return shape
    }

    /// The descriptions of the operands of one example, contiguous.
    package var example: Specs {
        Specs(
            tensors.indices.map { i in
                let x = tensors[i]
                return TensorSpec(
                    Layout(shape: shape(i)), x.dtype, device: x.device, isWrappedScalar: x.isWrappedScalar)
            })
    }

    // MARK: Operands with a batch dimension

    /// An operand with the batch dimension 0; one that is not mapped is expanded.
    package func leading(_ index: Int) -> Tensor {
        let x = tensors[index]
        if mapped[index] { return x }
        let whole = x.isWrappedScalar ? x.withOwnDType : x
        return applyView(Expand(shape: Dims([size] + Array(x.layout.shape))), whole)
    }

    /// All operands with the batch dimension 0.
    package var allLeading: Few<Tensor> { Few(tensors.indices.map { leading($0) }) }

    /// A mapped operand with dimensions of size 1 inserted after the batch dimension, so that it broadcasts as an
    /// operand of `rank` dimensions of one example. Others are returned unchanged.
    package func aligned(_ index: Int, rank: Int) -> Tensor {
        var x = tensors[index]
        guard mapped[index] else { return x }
        for _ in 0..<Swift.max(rank - (x.rank - 1), 0) { x = applyView(Unsqueeze(dim: 1), x) }
        return x
    }

    /// An operand with the batch dimension 0, followed by dimensions of size 1 up to `rank` dimensions of one example.
    package func leading(_ index: Int, rank: Int) -> Tensor {
        var x = leading(index)
        while x.rank <= rank { x = applyView(Unsqueeze(dim: 1), x) }
        return x
    }

    /// The batch dimension merged into dimension `dim` of an example: `[B, *, n, *] -> [*, B n, *]`.
    package func merged(_ index: Int, into dim: Int = 0) -> Tensor {
        var x = leading(index)
        if dim > 0 { x = x.movedim(0, dim) }
        var shape = x.shape
        shape[dim] *= shape.remove(at: dim + 1)
        return x.reshape(shape)
    }

    /// The reverse of `merged` for a result: `[*, B n, *] -> [B, *, n, *]`.
    package func split(_ result: Tensor, at dim: Int = 0) -> Tensor {
        var shape = result.shape
        let merged = shape[dim]
        shape[dim] = size == 0 ? 0 : merged / size
        shape.insert(size, at: dim)
        let x = result.reshape(shape)
        return dim > 0 ? x.movedim(dim, 0) : x
    }

    // MARK: Batching rules of several primitives

    /// One call for all examples, for primitives that accept any leading dimensions.
    package func run(_ primitive: any Primitive) throws(TensorError) -> Few<Tensor> {
        try expandedResults(of: primitive, call(primitive, allLeading))
    }

    /// One call for all examples, for primitives with dimensions as attributes, which the caller has shifted by one. A
    /// 0-dimensional operand of an example gets a dimension of size 1.
    package func runShifted(_ primitive: any Primitive) throws(TensorError) -> Few<Tensor> {
        guard rank(0) == 0 else { return try run(primitive) }
        var operands = Few<Tensor>()
        for i in tensors.indices { operands.append(rank(i) == 0 ? leading(i).unsqueeze(1) : leading(i)) }
        var results = Few<Tensor>()
        for result in try call(primitive, operands) { results.append(result.rank == 2 ? result.squeeze(1) : result) }
        return results
    }

    /// One call for all examples, for element-wise primitives, whose operands broadcast.
    package func runElementwise(_ primitive: any Primitive) throws(TensorError) -> Few<Tensor> {
        let rank = tensors.indices.map { self.rank($0) }.max() ?? 0
        var operands = Few<Tensor>()
        for i in tensors.indices { operands.append(aligned(i, rank: rank)) }
        guard let type = promotedType, ResultType.of(operands.filter { $0.dtype != .bool }) != type else {
            return try call(primitive, operands)
        }
        // A 0-dimensional operand of an example has a dimension in the batch, and would take part in type promotion.
        for i in tensors.indices where self.rank(i) == 0 && operands[i].dtype != .bool {
            let x = operands[i].to(type)
            operands[i] = x.rank == 0 ? x.reshape([1]) : x
        }
        return try call(primitive, operands)
    }

    /// The dtype to which the operands of one example are promoted, without those of bool; nil without type promotion.
    private var promotedType: DType? {
        let numbers = example.filter { $0.dtype != .bool }
        guard let first = numbers.first, numbers.contains(where: { $0.dtype != first.dtype }) else { return nil }
        return ResultType.of(numbers)
    }

    /// One call for all examples, for primitives of batches `[N, *]`: the batch dimension is merged into dimension 0 of
    /// all operands.
    package func runMerged(
        _ primitive: any Primitive, into dim: Int = 0
    ) throws(TensorError) -> Few<Tensor> {
        var operands = Few<Tensor>()
        for i in tensors.indices { operands.append(merged(i, into: dim)) }
        return Few(try call(primitive, operands).map { split($0, at: dim) })
    }

    /// For primitives that are composed of others: records the decomposition for one example and runs it for all.
    package func runDecomposition(of primitive: any Primitive) throws(TensorError) -> Few<Tensor>? {
        var isComposed = true
        let results = try BatchedRun.map(tensors, mapped: mapped, size: size) { operands throws(TensorError) in
            guard let results = try primitive.decomposed(operands) else {
                isComposed = false
                return Few(operands[0])
            }
            return results
        }
        return isComposed ? results : nil
    }

    /// Runs the primitive once per example.
    package func runLoop(_ primitive: any Primitive) throws(TensorError) -> Few<Tensor> {
        let specs = try inferResults(of: primitive, example)
        var parts = [[Tensor]](repeating: [], count: specs.count)
        for b in 0..<size {
            var operands = Few<Tensor>()
            for i in tensors.indices {
                operands.append(mapped[i] ? applyView(Select(dim: 0, index: b), tensors[i]) : tensors[i])
            }
            for (i, result) in try call(primitive, operands).enumerated() { parts[i].append(result) }
        }
        var results = Few<Tensor>()
        for (spec, part) in zip(specs, parts) {
            if size > 0 {
                results.append(stack(part, dim: 0))
            } else {
                let shape = Dims([0] + Array(spec.layout.shape))
                results.append(try .filled(0, shape: shape, dtype: spec.dtype, device: tensors[0].device))
            }
        }
        return results
    }

    /// Calls a primitive. The result of a view primitive shares memory with the operand.
    package func call(_ primitive: any Primitive, _ operands: Few<Tensor>) throws(TensorError) -> Few<Tensor> {
        if let view = primitive as? any ViewPrimitive { return Few(applyView(view, operands[0])) }
        return try perform(primitive, operands)
    }

    /// Unused results have the shape `[0]` for any number of examples.
    private func expandedResults(
        of primitive: any Primitive, _ results: Few<Tensor>
    ) throws(TensorError) -> Few<Tensor> {
        guard results.contains(where: { $0.layout.shape == [0] && size != 0 }) else { return results }
        return Few(results.map { $0.layout.shape == [0] ? $0.unsqueeze(0).expand([size, 0]) : $0 })
    }
}

extension Dims {
    /// The dimensions of an example as dimensions of the batch: each plus 1.
    package var shifted: Dims { Dims(map { $0 + 1 }) }
    /// The shape of a batch of `size` examples of this shape.
    package func batch(of size: Int) -> Dims { Dims([size] + Array(self)) }
}
