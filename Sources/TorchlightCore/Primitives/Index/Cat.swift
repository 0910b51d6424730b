/// Tensors one after the other along a dimension.
///
/// Shapes: `[*, n1, *], [*, n2, *], ... -> [*, n1 + n2 + ..., *]`; tensors of shape `[0]` are passed over. Dtypes are
/// promoted.
package struct Cat: Primitive {
    package static let name = "cat"
    package static let supportsComplex = true
    package var dim: Int

    private static func isSkipped(_ shape: Dims) -> Bool { shape.count == 1 && shape[0] == 0 }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        var result: Dims?
        for i in 0..<inputs.count {
            let shape = inputs[i].layout.shape
            if Self.isSkipped(shape) { continue }
            guard var sum = result else {
                try checkDimension(dim, of: inputs[i], in: Self.name, ofScalar: false)
                result = shape
                continue
            }
            guard sum.count == shape.count else {
                throw TensorError(
                    .shape, in: Self.name, "tensor \(i) has another number of dimensions than the first",
                    expected: "equal ranks", fix: "use stack to put tensors along a new dimension",
                    operands: [inputs[0], inputs[i]])
            }
            for d in 0..<sum.count where d != dim && sum[d] != shape[d] {
                throw TensorError(
                    .shape, in: Self.name, "tensor \(i) differs from the first in dimension \(d)",
                    expected: "equal sizes except in dimension \(dim)", operands: [inputs[0], inputs[i]])
            }
            try checkDimension(dim, of: inputs[i], in: Self.name, ofScalar: false)
            sum[dim] +|= shape[dim]
            result = sum
        }
        let dtype = ResultType.of(inputs)
        return Few(ResultSpec(result ?? inputs[0].layout.shape, dtype))
    }

    /// Channels-last if all operands are; otherwise row-major.
    package func resultLayout(of inputs: Specs, shape: Dims) -> Layout {
        let isChannelsLast = inputs.allSatisfy { Self.isSkipped($0.layout.shape) || $0.layout.isChannelsLast }
        return isChannelsLast && shape.count >= 4 ? .channelsLast(shape) : Layout(shape: shape)
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let out = outputs[0]
        var start = 0
        for i in 0..<inputs.count {
            let x = inputs[i]
            if x.count == 0 { continue }
            let size = x.layout.shape[dim]
            let part = out.layout.sliced(dim, start: start, count: size)
            copyElements(from: x, layout: x.layout, to: out, layout: part)
            start += size
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        var gradients = Few<Tensor?>()
        var start = 0
        for i in 0..<context.inputCount {
            let shape = context.shape(i)
            let size = Self.isSkipped(shape) ? 0 : shape[dim]
            if !context.needs[i] {
                gradients.append(nil)
            } else if Self.isSkipped(shape) {
                gradients.append(try .filled(0, shape: shape, dtype: context.dtype(i), device: context.gradient.device))
            } else {
                gradients.append(applyView(Slice(dim: dim, start: start, count: size, step: 1), context.gradient))
            }
            start += size
        }
        return gradients
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        let type = ResultType.of(operands.example)
        let rank = operands.tensors.indices.map { operands.rank($0) }.max() ?? 1
        var parts = Few<Tensor>()
        for i in operands.tensors.indices where operands.rank(i) == rank || !Self.isSkipped(operands.shape(i)) {
            parts.append(operands.leading(i).to(type))
        }
        return try operands.call(Cat(dim: dim + 1), parts)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear }
}

/// Concatenates tensors along a dimension: `[2, 3], [5, 3] -> [7, 3]`. The other sizes must be equal. Dtypes are
/// promoted.
///
///     cat([Tensor.zeros(2, 3), Tensor.ones(2, 1)], dim: 1)    // [2, 4]
///
/// - Parameters:
///   - tensors: at least one tensor. Tensors of shape `[0]` are ignored.
///   - dim: the dimension, negative from the end. Default: 0.
public func cat(_ tensors: [Tensor], dim: Int = 0) -> Tensor {
    orFail(like: tensors.first) { () throws(TensorError) in
        // Tensors of shape [0] affect only the dtype; the rank of the first other tensor is the range of `dim`.
        guard let first = tensors.first(where: { $0.layout.shape != [0] }) ?? tensors.first else {
            throw TensorError(.value, in: Cat.name, "there is no tensor to join", expected: "at least one tensor")
        }
        if let placeholder = tensors.first(where: \.isPlaceholder) { return placeholder }
        guard tensors.allSatisfy({ $0.rank > 0 }) else {
            throw TensorError(
                .shape, in: Cat.name, "0-dimensional tensors cannot be concatenated",
                expected: "at least one dimension each", fix: "use stack", operands: tensors)
        }
        return applyFirst(Cat(dim: try first.resolve(dim, in: Cat.name)), Few(tensors))
    }
}

/// Stacks tensors of the same shape along a new dimension: `[2, 3], [2, 3] -> [2, 2, 3]`.
public func stack(_ tensors: [Tensor], dim: Int = 0) -> Tensor {
    orFail(like: tensors.first) { () throws(TensorError) in
        guard let first = tensors.first else {
            throw TensorError(.value, in: "stack", "there is no tensor to join", expected: "at least one tensor")
        }
        if let placeholder = tensors.first(where: \.isPlaceholder) { return placeholder }
        let d = try first.resolve(dim, in: "stack", extra: 1)
        for (i, tensor) in tensors.enumerated() where tensor.layout.shape != first.layout.shape {
            throw TensorError(
                .shape, in: "stack", "tensor \(i) has another shape than the first", expected: "equal shapes",
                fix: "use cat to join along a dimension that is there", operands: [first, tensor])
        }
        return applyFirst(Cat(dim: d), Few(tensors.map { applyView(Unsqueeze(dim: d), $0) }))
    }
}
