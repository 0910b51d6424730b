import CKernels

/// The discrete Fourier transform along dimensions, `y[k] = scale * sum over j of x[j] e^(-2 pi i j k / n)`, or with the positive
/// sign where it is inverse: complex `[*] -> [*]`.
///
/// Nothing is divided by n: that is what the scale is for. The gradient is the transform with the other sign.
package struct FourierTransform: Primitive {
    package static let name = "fft"
    package static let supportsComplex = true
    package var dims: Dims
    package var isInverse: Bool
    package var scale: Double

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        guard x.dtype.isComplex else { throw .dtype(Self.name, [x], expected: "complex numbers") }
        try checkTransformed(x, dims, in: Self.name)
        return Few(ResultSpec(x.layout.shape, x.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (x, out) = (inputs[0], outputs[0])
        if out.count == 0 { return }
        if !dims.isEmpty {
            withKernelArguments {
                tl_fft_complex(
                    $0(x, x.layout.moved(toLast: dims)), $0(out, out.layout.moved(toLast: dims)), Int32(dims.count),
                    isInverse, scale)
            }
            return
        }
        copyElements(from: x, layout: x.layout, to: out)
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(FourierTransform(dims: dims, isInverse: !isInverse, scale: scale), context.gradient))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.dims = dims.shifted
        return try operands.run(primitive)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear }
}

/// The first `n / 2 + 1` numbers of the Fourier transform of n real ones along a dimension; the others are conjugate to them.
///
/// Shapes: `[*, n, *] -> [*, n / 2 + 1, *]`. float32 gives complex64, float64 complex128.
package struct RealFourierTransform: Primitive {
    package static let name = "rfft"
    package static let supportsComplex = true
    package var dim: Int
    package var scale: Double

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        guard x.dtype == .float32 || x.dtype == .float64 else {
            throw .dtype(
                Self.name, [x], expected: "float32 or float64",
                fix: x.dtype.isComplex ? "use FFT.fft for complex numbers" : "convert it first, as in x.to(.float32)")
        }
        try checkTransformed(x, Dims(repeating: dim, count: 1), in: Self.name)
        var shape = x.layout.shape
        shape[dim] = shape[dim] / 2 + 1
        return Few(ResultSpec(shape, x.dtype.toComplex))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (x, out) = (inputs[0], outputs[0])
        if out.count == 0 { return }
        withKernelArguments {
            tl_fft_from_real($0(x, x.layout.moved(toLast: dim)), $0(out, out.layout.moved(toLast: dim)), scale)
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }

    /// The real part of the inverse transform, in which the frequencies that were left out count as 0.
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient.resized(dim, to: context.shape(0)[dim])
        let transform = FourierTransform(dims: Dims(repeating: dim, count: 1), isInverse: true, scale: scale)
        return Few(apply(transform, g).real)
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

/// The real numbers of which `x` has the first `n / 2 + 1` frequencies along a dimension, with the positive sign.
///
/// Shapes: `[*, n / 2 + 1, *] -> [*, n, *]`. complex64 gives float32, complex128 float64. The imaginary part of frequency 0,
/// and of frequency n / 2 where n is even, counts for nothing.
package struct InverseRealFourierTransform: Primitive {
    package static let name = "irfft"
    package static let supportsComplex = true
    package var dim: Int
    /// The size of the result.
    package var size: Int
    package var scale: Double

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        guard x.dtype.isComplex else { throw .dtype(Self.name, [x], expected: "complex numbers") }
        try checkTransformed(x, Dims(repeating: dim, count: 1), in: Self.name)
        guard size >= 1, x.layout.shape[dim] == size / 2 + 1 else {
            throw TensorError(
                .shape, in: Self.name, "the size does not fit the frequencies", got: "size \(size)",
                expected: "a size of at least 1 with size / 2 + 1 frequencies", operands: [x])
        }
        var shape = x.layout.shape
        shape[dim] = size
        return Few(ResultSpec(shape, x.dtype.toReal))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (x, out) = (inputs[0], outputs[0])
        if out.count == 0 { return }
        withKernelArguments {
            tl_fft_to_real($0(x, x.layout.moved(toLast: dim)), $0(out, out.layout.moved(toLast: dim)), scale)
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }

    /// The transform of the gradient. What stands for two conjugate frequencies gets the gradient of both.
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = apply(RealFourierTransform(dim: dim, scale: scale), context.gradient)
        let frequencies = size / 2 + 1
        let single = size % 2 == 0 ? 2 : 1
        if frequencies <= single { return Few(g) }
        let inner = g.narrow(dim, start: 1, length: frequencies - single) * 2
        var parts = [g.narrow(dim, start: 0, length: 1), inner]
        if single == 2 { parts.append(g.narrow(dim, start: frequencies - 1, length: 1)) }
        return Few(cat(parts, dim: dim))
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

private func checkTransformed(_ x: TensorSpec, _ dims: Dims, in operation: String) throws(TensorError) {
    for dim in dims where !(0..<x.rank).contains(dim) || x.layout.shape[dim] < 1 {
        throw TensorError(
            .shape, in: operation, "there is nothing to transform", got: "dimension \(dim) of shape \(x.sizes)",
            expected: "a dimension of at least one element", operands: [x])
    }
    if Set(dims).count != dims.count {
        throw TensorError(
            .shape, in: operation, "a dimension is given twice", got: "dimensions \(Array(dims))",
            expected: "different dimensions", operands: [x])
    }
}

extension Tensor {
    /// The first `size` elements of a dimension, with zeros at its end where it has fewer.
    func resized(_ dim: Int, to size: Int) -> Tensor {
        let present = layout.shape[dim]
        if size == present { return self }
        if size < present { return narrow(dim, start: 0, length: size) }
        var (before, after) = (Dims(repeating: 0, count: rank), Dims(repeating: 0, count: rank))
        before[dim] = 0
        after[dim] = size - present
        return apply(ConstantPad(before: before, after: after, value: .int(0)), self)
    }
}
