/// A border of one number around a tensor; negative widths cut.
///
/// Shapes: each dimension becomes `before + size + after`. Dtypes: any that can represent the number. The border has no
/// gradient.
package struct ConstantPad: Primitive {
    package static let name = "pad"
    package static let supportsComplex = true
    /// Widths before and after each dimension.
    package var before: Dims
    package var after: Dims
    package var value: Scalar

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try value.check(fits: inputs[0].dtype, in: Self.name)
        var shape = inputs[0].layout.shape
        guard shape.count == before.count, shape.count == after.count else {
            throw TensorError(
                .shape, in: Self.name, "the number of padding sizes does not match the dimensions",
                got: "\(before) and \(after)", expected: "one before and one after each dimension",
                operands: [inputs[0]])
        }
        for d in 0..<shape.count {
            let size = shape[d] +| before[d] +| after[d]
            guard size >= 0, shape[d] +| Swift.min(before[d], 0) +| Swift.min(after[d], 0) >= 0 else {
                throw TensorError(
                    .shape, in: Self.name, "the negative padding removes more elements than dimension \(d) has",
                    got: "widths \(before[d]) and \(after[d])", expected: "a size that is not negative",
                    operands: [inputs[0]])
            }
            shape[d] = size
        }
        return Few(ResultSpec(shape, inputs[0].dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (x, out) = (inputs[0], outputs[0])
        fill(out, with: value)
        var (source, target) = (x.layout, out.layout)
        for d in 0..<x.rank {
            let size = x.layout.shape[d] + Swift.min(before[d], 0) + Swift.min(after[d], 0)
            source = source.sliced(d, start: Swift.max(-before[d], 0), count: size)
            target = target.sliced(d, start: Swift.max(before[d], 0), count: size)
        }
        copyElements(from: x, layout: source, to: Tensor(storage: out.storage, layout: target, dtype: out.dtype))
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        var (start, end) = (before, after)
        for d in 0..<before.count {
            start[d] = -before[d]
            end[d] = -after[d]
        }
        if before.allSatisfy({ $0 >= 0 }) && after.allSatisfy({ $0 >= 0 }) {
            var g = context.gradient
            for d in 0..<before.count where before[d] != 0 || after[d] != 0 {
                g = applyView(Slice(dim: d, start: before[d], count: context.shape(0)[d], step: 1), g)
            }
            return Few(g)
        }
        return Few(apply(ConstantPad(before: start, after: end, value: .int(0)), context.gradient))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.before = Dims([0] + Array(before))
        primitive.after = Dims([0] + Array(after))
        return try operands.run(primitive)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { value.asComplex == 0 ? .linear : .other }
}

/// The padding mode of `pad`.
public enum PadMode: Sendable {
    /// Pads with a constant.
    case constant
    /// Pads with the elements reflected at the edge, without repeating the edge.
    case reflect
    /// Pads with the element at the edge.
    case replicate
    /// Pads with the elements of the opposite side.
    case circular
}

extension Tensor {
    /// Pads the last dimensions.
    ///
    ///     x.pad([1, 2])              // one column before, two after the last dimension
    ///     x.pad([1, 1, 2, 2])        // and two rows on both sides of the one before
    ///
    /// - Parameters:
    ///   - widths: the padding before and after the last dimension, then before and after the second last one, and so
    ///     on. A negative padding removes elements.
    ///   - mode: the padding mode. Default: `.constant`.
    ///   - value: the constant of `.constant`. Default: 0.
    public func pad(_ widths: [Int], mode: PadMode = .constant, value: some TensorScalar = 0) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            guard widths.count % 2 == 0, widths.count <= 2 * rank else {
                throw TensorError(
                    .value, in: "pad", "the widths are no pairs for the last dimensions", got: "\(widths)",
                    expected: "before and after, at most \(quantity(rank, "pair"))", operands: [self])
            }
            // Sizes beyond the memory would overflow in the sums below.
            guard widths.allSatisfy({ $0.magnitude < 1 << 48 }) else {
                throw TensorError(
                    .value, in: "pad", "a width is out of range", got: "\(widths)",
                    expected: "a result that fits in memory", operands: [self])
            }
            var before = Dims(repeating: 0, count: rank)
            var after = before
            for pair in 0..<(widths.count / 2) {
                before[rank - 1 - pair] = widths[2 * pair]
                after[rank - 1 - pair] = widths[2 * pair + 1]
            }
            if mode == .constant {
                return apply(ConstantPad(before: before, after: after, value: value.scalar), self)
            }
            if isAutocasting, mode == .reflect && widths.count <= 4 || mode == .replicate && widths.count <= 6 {
                return inFloat32 { $0(self).pad(widths, mode: mode) }
            }
            var result = self
            for d in 0..<rank where before[d] != 0 || after[d] != 0 {
                let source = try paddingSource(d, before[d], after[d], mode)
                let size = layout.shape[d]
                let kept = Swift.max(-before[d], 0)..<Swift.max(-before[d], 0, size + Swift.min(after[d], 0))
                let unpadded = result
                func selected(_ positions: Range<Int>) -> Tensor {
                    unpadded.indexSelect(d, Tensor(positions.map(source), shape: [positions.count], device: device))
                }
                // For a long dimension, an index for each element would cost more than the copy.
                guard kept.count > 4096, kept.count > before[d] + after[d] else {
                    result = selected(-before[d]..<(size + after[d]))
                    continue
                }
                var parts = [unpadded.narrow(d, start: kept.lowerBound, length: kept.count)]
                if before[d] > 0 { parts.insert(selected(-before[d]..<0), at: 0) }
                if after[d] > 0 { parts.append(selected(size..<(size + after[d]))) }
                result = parts.count == 1 ? parts[0].clone() : cat(parts, dim: d)
            }
            return result === self ? clone() : result
        }
    }

    /// The source index of each index of a padded dimension, after a check of the widths; index 0 is the first element.
    private func paddingSource(
        _ d: Int, _ before: Int, _ after: Int, _ mode: PadMode
    ) throws(TensorError) -> (Int) -> Int {
        let size = layout.shape[d]
        // Elements that are removed on one side are not repeated on the other.
        let start = Swift.max(-before, 0)
        let kept = size - start - Swift.max(-after, 0)
        let limit =
            switch mode {
            case .reflect: size - 1
            case .circular: kept
            case .replicate, .constant: size > 0 ? Int.max : 0
            }
        guard before <= limit, after <= limit, size +| before +| after >= 0 else {
            throw TensorError(
                .value, in: "pad", "\(mode) padding cannot be this wide in dimension \(d)",
                got: "\(before) and \(after)", expected: "at most \(Swift.max(limit, 0))", operands: [self])
        }
        try checkListSize(size +| before +| after, bytesEach: MemoryLayout<Int>.stride, in: "pad")
        return { position in
            switch mode {
            case .reflect: position < 0 ? -position : position >= size ? 2 * (size - 1) - position : position
            case .replicate, .constant: Swift.min(Swift.max(position, 0), size - 1)
            case .circular: start + (position - start + kept) % kept
            }
        }
    }
}
