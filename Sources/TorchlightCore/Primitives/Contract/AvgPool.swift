import CKernels

/// The mean of each window.
///
/// Shapes: `[N, C, *] -> [N, C, *]`. Dtypes: all but bool; a mean of integers is rounded towards zero. A window counts
/// its zeros of padding if `countsPadding` is true; `divisor` replaces the count where it is not 0.
package struct AvgPool: Primitive {
    package static let name = "avgPool"
    package var window: Window
    package var ceilMode: Bool
    package var countsPadding: Bool
    package var divisor: Int

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        return Few(ResultSpec(try poolShape(x, window, ceilMode, in: operation), x.dtype))
    }

    private var operation: String { "avgPool\(window.spatial)d" }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { layout.hasChannelsFirstOrLast }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        var parameters = window.poolParameters(countIncludesPadding: countsPadding, divisor: divisor)
        withKernelArguments { tl_avg_pool(&parameters, $0(inputs[0]), $0(outputs[0])) }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(AvgPoolBackward(pool: self, shape: context.shape(0)), context.gradient))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.runMerged(self)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear }
}

/// The gradient of `AvgPool`.
package struct AvgPoolBackward: PoolingGradientPrimitive {
    package static let name = "avgPoolBackward"
    package var pool: AvgPool
    package var shape: Dims

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { layout.hasChannelsFirstOrLast }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        var parameters = pool.window.poolParameters(countIncludesPadding: pool.countsPadding, divisor: pool.divisor)
        withKernelArguments { tl_avg_pool_backward(&parameters, $0(inputs[0]), $0(outputs[0])) }
    }
}

/// Average pooling over one to three dimensions; see
/// ``avgPool2d(_:_:stride:padding:ceilMode:countIncludePad:divisorOverride:)``.
package func avgPool<Size: SpatialSize>(
    _ x: Tensor, _ kernelSize: Size, stride: Size?, padding: Size, ceilMode: Bool, countIncludePad: Bool,
    divisorOverride: Int?
) -> Tensor {
    // Autocast computes this in float32 over three dimensions only, as in PyTorch.
    if isAutocasting && Size.spatialDimensions == 3 {
        return inFloat32 {
            avgPool(
                $0(x), kernelSize, stride: stride, padding: padding, ceilMode: ceilMode,
                countIncludePad: countIncludePad, divisorOverride: divisorOverride)
        }
    }
    if divisorOverride == 0 && !x.isPlaceholder {
        let error = TensorError(
            .value, in: "avgPool\(Size.spatialDimensions)d", "the divisor is zero", expected: "another number",
            operands: [x])
        return fail(error, like: x)
    }
    let primitive = AvgPool(
        window: Window(kernelSize, stride: stride, padding: padding), ceilMode: ceilMode,
        countsPadding: countIncludePad, divisor: divisorOverride ?? 0)
    if x.isPlaceholder || x.rank != Size.spatialDimensions + 1 { return apply(primitive, x) }
    let out = apply(primitive, x.unsqueeze(0))
    return out.isPlaceholder ? out : out.squeeze(0)
}

/// Applies 1-D average pooling: `[N, C, L] -> [N, C, L']`, with `L' = floor((L + 2 padding - kernelSize) / stride) +
/// 1`.
///
/// - Parameters:
///   - kernelSize: the size of the window.
///   - stride: the stride of the window. Default: `kernelSize`.
///   - padding: the number of zeros added to both sides. Default: 0.
///   - ceilMode: whether to round the output size up instead of down. Default: false.
///   - countIncludePad: whether zeros of the padding count in the mean. Default: true.
public func avgPool1d(
    _ x: Tensor, _ kernelSize: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false,
    countIncludePad: Bool = true
) -> Tensor {
    avgPool(
        x, kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad,
        divisorOverride: nil)
}

/// Applies 2-D average pooling: `[N, C, H, W] -> [N, C, H', W']`, with `H' = floor((H + 2 padding - kernelSize) /
/// stride) + 1`.
///
/// - Parameters:
///   - kernelSize: the size of the window.
///   - stride: the stride of the window. Default: `kernelSize`.
///   - padding: the number of zeros added to both sides. Default: 0.
///   - ceilMode: whether to round the output size up instead of down. Default: false.
///   - countIncludePad: whether zeros of the padding count in the mean. Default: true.
///   - divisorOverride: the divisor of the sum. Default: the number of elements of the window.
public func avgPool2d(
    _ x: Tensor, _ kernelSize: Size2, stride: Size2? = nil, padding: Size2 = 0, ceilMode: Bool = false,
    countIncludePad: Bool = true, divisorOverride: Int? = nil
) -> Tensor {
    avgPool(
        x, kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad,
        divisorOverride: divisorOverride)
}

/// Applies 3-D average pooling: `[N, C, D, H, W] -> [N, C, D', H', W']`, with `D' = floor((D + 2 padding - kernelSize)
/// / stride) + 1`.
///
/// - Parameters:
///   - kernelSize: the size of the window.
///   - stride: the stride of the window. Default: `kernelSize`.
///   - padding: the number of zeros added to both sides. Default: 0.
///   - ceilMode: whether to round the output size up instead of down. Default: false.
///   - countIncludePad: whether zeros of the padding count in the mean. Default: true.
///   - divisorOverride: the divisor of the sum. Default: the number of elements of the window.
public func avgPool3d(
    _ x: Tensor, _ kernelSize: Size3, stride: Size3? = nil, padding: Size3 = 0, ceilMode: Bool = false,
    countIncludePad: Bool = true, divisorOverride: Int? = nil
) -> Tensor {
    avgPool(
        x, kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad,
        divisorOverride: divisorOverride)
}
