import CKernels

// Windows of an image as columns, and columns added back into an image.

/// The windows over two dimensions side by side: column `(i, j)` holds `x[n, c, i * stride + k * dilation, ...]`.
///
/// Shapes: `[N, C, H, W] -> [N, C kh kw, windows]`. Dtypes: any. Padding is a matter of the caller.
package struct UnfoldWindows: Primitive {
    package static let name = "unfoldWindows"
    package static let supportsComplex = true
    /// Without padding.
    package var window: Window

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        guard x.rank == 4, window.spatial == 2, (1..<4).allSatisfy({ x.layout.shape[$0] > 0 }) else {
            throw TensorError(
                .shape, in: "unfold", "the input is no batch of images",
                expected: "[N, C, height, width] of at least one element each, or the same without N", operands: [x])
        }
        try window.check(in: "unfold", x)
        let counts = try window.positions(over: x, in: "unfold")
        let sizes = [x.layout.shape[1], window.kernel[0], window.kernel[1], counts[0], counts[1]]
        guard sizes.reduce(1, { $0 * Double($1) }) < 0x1p62 else {
            throw TensorError(
                .value, in: "unfold", "there are too many windows", got: "\(counts)", expected: "less padding",
                operands: [x])
        }
        return Few(
            ResultSpec(
                Dims(x.layout.shape[0], x.layout.shape[1] * window.kernel.product, counts.product), x.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let out = outputs[0]
        if out.count == 0 { return }
        let x = inputs[0]
        let counts = try window.positions(over: x, in: "unfold")
        let (shape, strides) = (x.layout.shape, x.layout.strides)
        let windows = Layout(
            shape: [shape[0], shape[1], window.kernel[0], window.kernel[1], counts[0], counts[1]],
            strides: [
                strides[0], strides[1], strides[2] * window.dilation[0], strides[3] * window.dilation[1],
                strides[2] * window.stride[0], strides[3] * window.stride[1],
            ], offset: x.layout.offset)
        let target = Layout(shape: windows.shape, offset: out.layout.offset)
        copyElements(from: x, layout: windows, to: Tensor(storage: out.storage, layout: target, dtype: out.dtype))
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let shape = context.shape(0)
        return Few(folded(context.gradient, FoldWindows(window: window, size: Dims(shape[2], shape[3]))))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.runMerged(self)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear }
}

/// The windows added back into an image: the transpose of `UnfoldWindows`.
///
/// Shapes: `[N, C kh kw, windows] -> [N, C, H, W]`. Dtypes: all but bool.
package struct FoldWindows: Primitive {
    package static let name = "foldWindows"
    package var window: Window
    /// Height and width of the image.
    package var size: Dims

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        guard x.dtype != .bool else { throw .dtype("fold", [x], expected: "numbers") }
        try window.check(in: "fold", x)
        guard window.spatial == 2, size.count == 2 else {
            throw TensorError(
                .value, in: "fold", "the windows are not those of an image",
                got: "\(quantity(window.spatial, "dimension")), size \(size)", expected: "two dimensions", operands: [x]
            )
        }
        let taps = window.kernel.product
        guard x.rank == 3, x.layout.shape[1] > 0, x.layout.shape[1] % taps == 0 else {
            throw TensorError(
                .shape, in: "fold", "the columns are not those of windows",
                expected: "[N, C * \(taps), windows], or the same without N", operands: [x])
        }
        let counts = try counts(x)
        guard x.layout.shape[2] == counts.product else {
            throw TensorError(
                .shape, in: "fold",
                "the number of columns is \(x.layout.shape[2]) and that of windows of the image \(counts.product)",
                got: "\(counts[0]) by \(counts[1]) windows over [\(size[0]), \(size[1])]",
                expected: "a column for each window", operands: [x])
        }
        return Few(ResultSpec([x.layout.shape[0], x.layout.shape[1] / taps, size[0], size[1]], x.dtype))
    }

    /// The number of windows along height and width.
    private func counts(_ x: some Described) throws(TensorError) -> Dims {
        var counts = Dims()
        for i in 0..<2 {
            let reach = window.dilation[i] * (window.kernel[i] - 1) + 1
            guard size[i] > 0, size[i] <= Int(Int32.max) else {
                throw TensorError(
                    .value, in: "fold", "the size of the image is out of range", got: "\(size)",
                    expected: "1 ... \(Int32.max)", operands: [x])
            }
            let free = size[i] + 2 * window.padding[i] - reach
            guard free >= 0 else {
                throw TensorError(
                    .value, in: "fold", "the window is larger than the padded image",
                    got: "a window that reaches over \(reach) of \(size[i] + 2 * window.padding[i])",
                    expected: "a smaller kernel or a larger image", operands: [x])
            }
            counts.append(free / window.stride[i] + 1)
        }
        return counts
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let out = outputs[0]
        if out.count == 0 { return }
        let x = inputs[0]
        let counts = try counts(x)
        let shape = out.layout.shape
        let windows = Layout(
            shape: [shape[0], shape[1], window.kernel[0], window.kernel[1], counts[0], counts[1]],
            offset: x.layout.offset)
        var parameters = window.poolParameters()
        withKernelArguments { tl_fold(&parameters, $0(x, windows), $0(out)) }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(unfoldPadded(context.gradient, window))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.runMerged(self)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear }
}

/// The windows of images `[N, C, H, W]` with a border of zeros.
private func unfoldPadded(_ x: Tensor, _ window: Window) -> Tensor {
    guard window.padding.contains(where: { $0 != 0 }), x.rank == 4, window.padding.allSatisfy({ $0 >= 0 }) else {
        return apply(UnfoldWindows(window: window), x)
    }
    return orFail(like: x) { () throws(TensorError) in
        // The checks are those of the window over the padded image, before there is one.
        _ = try UnfoldWindows(window: window).infer(Specs(of: Few(x)))
        let (rows, columns) = (window.padding[0], window.padding[1])
        var inner = window
        inner.padding = Dims(0, 0)
        return apply(UnfoldWindows(window: inner), x.pad([columns, columns, rows, rows]))
    }
}

/// Complex columns are folded part by part.
private func folded(_ columns: Tensor, _ fold: FoldWindows) -> Tensor {
    guard columns.dtype.isComplex else { return apply(fold, columns) }
    return complex(apply(fold, columns.real), apply(fold, columns.imag))
}

private func batched(_ x: Tensor, _ rank: Int, _ body: (Tensor) -> Tensor) -> Tensor {
    if x.isPlaceholder || x.rank != rank - 1 { return body(x) }
    let out = body(x.unsqueeze(0))
    return out.isPlaceholder ? out : out.squeeze(0)
}

/// Extracts sliding windows of images as columns (im2col): `[N, C, H, W] -> [N, C kh kw, windows]`, with the windows in
/// row-major order. Any dtype.
///
/// A convolution is the matrix product of its weight, flattened to `[O, C kh kw]`, with these columns.
public func unfold(
    _ x: Tensor, _ kernelSize: Size2, dilation: Size2 = 1, padding: Size2 = 0, stride: Size2 = 1
) -> Tensor {
    let window = Window(
        kernel: kernelSize.dims, stride: stride.dims, padding: padding.dims, dilation: dilation.dims)
    return batched(x, 4) { unfoldPadded($0, window) }
}

/// Sums columns of sliding windows into images (col2im): `[N, C kh kw, windows] -> [N, C, H, W]`. Any dtype except
/// bool.
///
/// Overlapping elements are summed, so `fold(unfold(x))` multiplies each element by the number of windows that contain
/// it.
public func fold(
    _ x: Tensor, _ outputSize: Size2, _ kernelSize: Size2, dilation: Size2 = 1, padding: Size2 = 0, stride: Size2 = 1
) -> Tensor {
    let window = Window(
        kernel: kernelSize.dims, stride: stride.dims, padding: padding.dims, dilation: dilation.dims)
    return batched(x, 3) { folded($0, FoldWindows(window: window, size: outputSize.dims)) }
}
