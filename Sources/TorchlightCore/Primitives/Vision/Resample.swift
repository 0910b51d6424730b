import CKernels

/// Resizes one dimension by interpolation: each result is a weighted sum of a few elements,
/// `out[.., i, ..] = sum over t of weight[i, t] x[.., index[i, t], ..]`.
///
/// All interpolation modes apply this to one dimension after the other. Shapes: `[*, n, *] -> [*, count, *]`. Dtypes:
/// floating point; the indices and weights are computed in float32, in float64 for float64, as PyTorch does.
package struct Resample: Primitive {
    package static let name = "resample"
    package var dim: Int
    package var rule: ResamplingRule

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try checkFloating(inputs[0], in: "interpolate")
        try checkDimension(dim, of: inputs[0], in: "interpolate", ofScalar: false)
        var shape = inputs[0].layout.shape
        shape[dim] = rule.size
        try checkOperand(inputs[0], is: shape, inputs[0].dtype, in: "interpolate")
        shape[dim] = rule.count
        return Few(ResultSpec(shape, inputs[0].dtype))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let out = outputs[0]
        if out.count == 0 { return }
        let x = inputs[0]
        rule.withTaps(x.dtype) { taps in
            withKernelArguments {
                tl_resample($0(x, x.layout.around(dim)!), taps, $0(out, out.layout.around(dim)!))
            }
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(ResampleBackward(resample: self), context.gradient))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.dim += 1
        return try operands.runShifted(primitive)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear }
}

/// The gradient of `Resample`, its transpose. Its own gradient is the resampling itself.
package struct ResampleBackward: Primitive {
    package static let name = "resampleBackward"
    package var resample: Resample

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try checkFloating(inputs[0], in: Self.name)
        try checkDimension(resample.dim, of: inputs[0], in: Self.name, ofScalar: false)
        var shape = inputs[0].layout.shape
        shape[resample.dim] = resample.rule.count
        try checkOperand(inputs[0], is: shape, inputs[0].dtype, in: Self.name)
        shape[resample.dim] = resample.rule.size
        return Few(ResultSpec(shape, inputs[0].dtype))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let out = outputs[0]
        if out.count == 0 { return }
        let gradient = inputs[0]
        let dim = resample.dim
        resample.rule.withTaps(gradient.dtype) { taps in
            withKernelArguments {
                tl_resample_backward($0(gradient, gradient.layout.around(dim)!), taps, $0(out, out.layout.around(dim)!))
            }
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(resample, context.gradient))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.resample.dim += 1
        return try operands.runShifted(primitive)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear }
}

/// Which elements a result along one dimension takes, and how much of each.
package struct ResamplingRule: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Hashable, Codable {
        /// The element at the coordinate of the start of the result, or of its centre, rounded down.
        case nearest, nearestExact
        /// The two or four elements around the coordinate of the centre of the result; Keys's cubic with a = -3/4.
        case linear, cubic
        /// All elements under a triangle, or a cubic with a = -1/2, whose width is the distance of two results.
        case antialiasedLinear, antialiasedCubic
    }

    package var kind: Kind
    /// The number of elements of the input, and that of the result.
    package var size: Int
    package var count: Int
    /// Whether the centres of the first and last elements are aligned with those of the result; otherwise their edges are.
    package var alignCorners: Bool
    /// The scale factor that coordinates are computed with; nil for the ratio of the sizes.
    package var factor: Double?

    package init(kind: Kind, size: Int, count: Int, alignCorners: Bool = false, factor: Double? = nil) {
        self.kind = kind
        self.size = size
        self.count = count
        self.alignCorners = alignCorners
        self.factor = factor
    }

    /// The taps of every result one after the other; those of result i are `starts[i] ..< starts[i + 1]`.
    struct Taps {
        var starts: [Int64] = [0]
        var indices: [Int64] = []
        var weights: [Double] = []
    }

    /// The element of every result, for the kinds that take one.
    var nearestIndices: [Int] { taps(Float.self).indices.map { Int($0) } }

    fileprivate func withTaps<R>(_ dtype: DType, _ body: (UnsafePointer<tl_taps>) -> R) -> R {
        let taps = dtype == .float64 ? taps(Double.self) : taps(Float.self)
        return taps.starts.withUnsafeBufferPointer { starts in
            taps.indices.withUnsafeBufferPointer { indices in
                taps.weights.withUnsafeBufferPointer { weights in
                    var argument = tl_taps(
                        starts: starts.baseAddress, indices: indices.baseAddress, weights: weights.baseAddress)
                    return body(&argument)
                }
            }
        }
    }

    /// The taps, with indices computed in `Real`.
    private func taps<Real: BinaryFloatingPoint>(_: Real.Type) -> Taps {
        var taps = Taps()
        taps.indices.reserveCapacity(4 * count)
        taps.weights.reserveCapacity(4 * count)
        for i in 0..<count {
            switch kind {
            case .nearest, .nearestExact: addNearest(i, &taps)
            case .linear: addLinear(i, Real.self, &taps)
            case .cubic: addCubic(i, Real.self, &taps)
            case .antialiasedLinear, .antialiasedCubic: addAntialiased(i, Real.self, &taps)
            }
            taps.starts.append(Int64(taps.indices.count))
        }
        return taps
    }

    /// How far neighbouring results are apart, in elements.
    private func step<Real: BinaryFloatingPoint>(_: Real.Type) -> Real {
        if alignCorners { return count > 1 ? Real(size - 1) / Real(count - 1) : 0 }
        if let factor, factor > 0 { return Real(1 / factor) }
        return Real(size) / Real(count)
    }

    /// The coordinate of the centre of a result.
    private func middle<Real: BinaryFloatingPoint>(_ i: Int, _: Real.Type) -> Real {
        alignCorners ? step(Real.self) * Real(i) : step(Real.self) * (Real(i) + 0.5) - 0.5
    }

    private func addNearest(_ i: Int, _ taps: inout Taps) {
        // In float32 whatever the dtype, so that all dtypes take the same element.
        let offset: Float = kind == .nearestExact ? 0.5 : 0
        let position = count == size ? i : Int(((Float(i) + offset) * step(Float.self)).rounded(.down))
        taps.indices.append(Int64(Swift.min(Swift.max(position, 0), size - 1)))
        taps.weights.append(1)
    }

    private func addLinear<Real: BinaryFloatingPoint>(_ i: Int, _: Real.Type, _ taps: inout Taps) {
        let position: Real = count == size ? Real(i) : Swift.max(middle(i, Real.self), 0)
        let first = Swift.min(Int(position.rounded(.down)), size - 1)
        let share = Swift.min(Swift.max(position - Real(first), 0), 1)
        taps.indices += [Int64(first), Int64(Swift.min(first + 1, size - 1))]
        taps.weights += [Double(1 - share), Double(share)]
    }

    private func addCubic<Real: BinaryFloatingPoint>(_ i: Int, _: Real.Type, _ taps: inout Taps) {
        let position = middle(i, Real.self)
        let first = Swift.min(Int(position.rounded(.down)), size - 1)
        let t = Swift.min(Swift.max(position - Real(first), 0), 1)
        let distances: [Real] = [t + 1, t, 1 - t, 2 - t]
        for (k, distance) in distances.enumerated() {
            taps.indices.append(Int64(Swift.min(Swift.max(first - 1 + k, 0), size - 1)))
            taps.weights.append(Double(Self.cubic(distance, -0.75)))
        }
    }

    private func addAntialiased<Real: BinaryFloatingPoint>(_ i: Int, _: Real.Type, _ taps: inout Taps) {
        let step: Real = step(Real.self)
        let stretch = Swift.max(step, 1)
        let reach: Real = (kind == .antialiasedLinear ? 1 : 2) * stretch
        let center = step * (Real(i) + 0.5)
        let first = Swift.max(Int(center - reach + 0.5), 0)
        let last = Swift.min(Int(center + reach + 0.5), size)
        var weights: [Real] = []
        for position in first..<Swift.max(last, first) {
            let distance = Swift.abs((Real(position) - center + 0.5) / stretch)
            weights.append(kind == .antialiasedLinear ? Swift.max(1 - distance, 0) : Self.cubic(distance, -0.5))
        }
        let total = weights.reduce(0, +)
        for (k, weight) in weights.enumerated() {
            taps.indices.append(Int64(first + k))
            taps.weights.append(Double(total == 0 ? weight : weight / total))
        }
    }

    /// Keys's convolution kernel (1981) at a distance that is not negative.
    private static func cubic<Real: BinaryFloatingPoint>(_ x: Real, _ a: Real) -> Real {
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        if x < 2 { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
        return 0
    }
}
