import CKernels

/// The largest element of each window, and its index.
///
/// Shapes: `[N, C, *] -> values [N, C, *], indices [N, C, *]`; an index counts row-major over the spatial dimensions of the
/// input. Dtypes: all but bool; indices int64. Padding is never the largest element. NaN counts as the largest; of equal
/// elements the first is used. The gradient of a window is that of its largest element.
package struct MaxPool: Primitive {
    package static let name = "maxPool"
    package var window: Window
    package var ceilMode: Bool

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        let shape = try poolShape(x, window, ceilMode, in: "maxPool\(window.spatial)d")
        return Few(ResultSpec(shape, x.dtype), ResultSpec(shape, .int64))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { layout.hasChannelsFirstOrLast }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        var parameters = window.poolParameters()
        withKernelArguments { tl_max_pool(&parameters, $0(inputs[0]), $0(outputs[0]), $0(outputs[1])) }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .output(1) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        guard let g = context.gradients[0] else { return Few(nil) }
        let backward = MaxPoolBackward(spatial: window.spatial, shape: context.shape(0))
        return Few(apply(backward, g, context.output(1).detach()))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.runMerged(self)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
}

/// The gradient of `MaxPool`: zeros, to which the gradients are added at the indices of the largest elements. Its own
/// gradient gathers the elements at these indices.
package struct MaxPoolBackward: Primitive {
    package static let name = "maxPoolBackward"
    package var spatial: Int
    /// The shape of the pooled input.
    package var shape: Dims

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let gradient = inputs[0]
        try checkFloating(gradient, in: Self.name)
        let g = gradient.layout.shape
        guard (1...3).contains(spatial), g.count == spatial + 2, shape.count == g.count, g[0] == shape[0],
            g[1] == shape[1]
        else {
            throw TensorError(
                .shape, in: Self.name, "the gradient is none of a pooled result",
                expected: "[N, C, \(Window.spatialNames(spatial))] for an input \(Array(shape))", operands: [gradient])
        }
        try checkOperand(inputs[1], is: g, .int64, in: Self.name)
        return Few(ResultSpec(shape, gradient.dtype))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool {
        index > 0 || layout.hasChannelsFirstOrLast
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        if inputs[0].count == 0 {
            fill(outputs[0], with: 0)
            return
        }
        withKernelArguments { tl_max_pool_backward($0(inputs[0]), $0(inputs[1]), Int32(spatial), $0(outputs[0])) }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .input(1) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let indices = context.input(1)
        let lead = indices.rank - spatial
        let picked = context.gradient.flatten(from: lead).gather(lead, indices.flatten(from: lead))
        return Few(picked.reshape(indices.shape), nil)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.shape[0] *= operands.size
        return try operands.runMerged(primitive)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([0]) }
}

/// The shape of a pooled tensor, after the checks.
func poolShape(
    _ x: TensorSpec, _ window: Window, _ ceilMode: Bool, in operation: String
) throws(TensorError) -> Dims {
    guard x.rank == window.spatial + 2 else {
        throw Window.rankError(window.spatial, in: operation, x)
    }
    guard x.dtype != .bool else { throw .dtype(operation, [x], expected: "numbers") }
    try window.check(in: operation, x)
    for i in 0..<window.spatial where 2 * window.padding[i] > window.dilation[i] * (window.kernel[i] - 1) + 1 {
        throw TensorError(
            .value, in: operation, "the padding is more than half the window",
            got: "padding \(window.padding) for kernel \(window.kernel) with dilation \(window.dilation)",
            expected: "at most half", operands: [x])
    }
    guard x.layout.shape[1] > 0 else {
        throw TensorError(
            .shape, in: operation, "the number of channels is 0",
            expected: "sizes of at least 1 except in the batch dimension",
            operands: [x])
    }
    var shape = Dims(x.layout.shape[0], x.layout.shape[1])
    for size in try window.positions(over: x, ceilMode: ceilMode, in: operation) { shape.append(size) }
    return shape
}

extension Window {
    func poolParameters(countIncludesPadding: Bool = true, divisor: Int = 0) -> tl_pool_params {
        tl_pool_params(
            spatial: Int32(spatial), kernel: triple(kernel), stride: triple(stride), padding: triple(padding),
            dilation: triple(dilation), count_include_pad: countIncludesPadding, divisor: Int64(divisor))
    }
}

/// Max pooling over one to three dimensions; see
/// ``maxPool1dWithIndices(_:_:stride:padding:dilation:ceilMode:)``.
package func maxPoolWithIndices<Size: SpatialSize>(
    _ x: Tensor, _ kernelSize: Size, stride: Size?, padding: Size, dilation: Size, ceilMode: Bool
) -> (values: Tensor, indices: Tensor) {
    if x.isPlaceholder { return (x, x) }
    let window = Window(kernelSize, stride: stride, padding: padding, dilation: dilation)
    let isSingle = x.rank == window.spatial + 1
    let results = applyAll(
        MaxPool(window: window, ceilMode: ceilMode), Few(isSingle ? x.unsqueeze(0) : x), count: 2)
    if !isSingle || results[0].isPlaceholder { return (results[0], results[1]) }
    return (results[0].squeeze(0), results[1].squeeze(0))
}

/// Max pooling over one to three dimensions; see ``maxPool1d(_:_:stride:padding:dilation:ceilMode:)``.
package func maxPool<Size: SpatialSize>(
    _ x: Tensor, _ kernelSize: Size, stride: Size?, padding: Size, dilation: Size, ceilMode: Bool
) -> Tensor {
    // Autocast computes this in float32 over three dimensions only, as in PyTorch.
    if isAutocasting && Size.spatialDimensions == 3 {
        return inFloat32 {
            maxPool($0(x), kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
        }
    }
    return maxPoolWithIndices(
        x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode
    ).values
}

/// Applies 1-D max pooling: `[N, C, L] -> [N, C, L']`, with `L' = floor((L + 2 padding - dilation (kernelSize - 1) - 1)
/// / stride) + 1`. Returns the maxima and their indices in the input, int64.
///
/// - Parameters:
///   - kernelSize: the size of the window.
///   - stride: the stride of the window. Default: `kernelSize`.
///   - padding: the padding of both sides with -infinity. Default: 0.
///   - dilation: the spacing of the elements of a window. Default: 1.
///   - ceilMode: whether to round the output size up instead of down. Default: false.
public func maxPool1dWithIndices(
    _ x: Tensor, _ kernelSize: Int, stride: Int? = nil, padding: Int = 0, dilation: Int = 1, ceilMode: Bool = false
) -> (values: Tensor, indices: Tensor) {
    maxPoolWithIndices(x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
}

/// Applies 1-D max pooling: `[N, C, L] -> [N, C, L']`. The parameters are those of `maxPool1dWithIndices`.
public func maxPool1d(
    _ x: Tensor, _ kernelSize: Int, stride: Int? = nil, padding: Int = 0, dilation: Int = 1, ceilMode: Bool = false
) -> Tensor {
    maxPool(x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
}

/// Applies 2-D max pooling: `[N, C, H, W] -> [N, C, H', W']`. Returns the maxima and their row-major indices in the
/// input, int64. The parameters are those of `maxPool2d`.
public func maxPool2dWithIndices(
    _ x: Tensor, _ kernelSize: Size2, stride: Size2? = nil, padding: Size2 = 0, dilation: Size2 = 1,
    ceilMode: Bool = false
) -> (values: Tensor, indices: Tensor) {
    maxPoolWithIndices(x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
}

/// Applies 2-D max pooling: `[N, C, H, W] -> [N, C, H', W']`, with `H' = floor((H + 2 padding - dilation (kernelSize -
/// 1) - 1) / stride) + 1`. A window that contains NaN gives NaN.
///
///     maxPool2d(Tensor.randn(8, 16, 32, 32), 2)      // [8, 16, 16, 16]
///
/// - Parameters:
///   - kernelSize: the size of the window.
///   - stride: the stride of the window. Default: `kernelSize`.
///   - padding: the padding of both sides with -infinity. Default: 0.
///   - dilation: the spacing of the elements of a window. Default: 1.
///   - ceilMode: whether to round the output size up instead of down. Default: false.
public func maxPool2d(
    _ x: Tensor, _ kernelSize: Size2, stride: Size2? = nil, padding: Size2 = 0, dilation: Size2 = 1,
    ceilMode: Bool = false
) -> Tensor {
    maxPool(x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
}

/// Applies 3-D max pooling: `[N, C, D, H, W] -> [N, C, D', H', W']`. Returns the maxima and their row-major indices in
/// the input, int64. The parameters are those of `maxPool2d`.
public func maxPool3dWithIndices(
    _ x: Tensor, _ kernelSize: Size3, stride: Size3? = nil, padding: Size3 = 0, dilation: Size3 = 1,
    ceilMode: Bool = false
) -> (values: Tensor, indices: Tensor) {
    maxPoolWithIndices(x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
}

/// Applies 3-D max pooling: `[N, C, D, H, W] -> [N, C, D', H', W']`. The parameters are those of `maxPool2d`.
public func maxPool3d(
    _ x: Tensor, _ kernelSize: Size3, stride: Size3? = nil, padding: Size3 = 0, dilation: Size3 = 1,
    ceilMode: Bool = false
) -> Tensor {
    maxPool(x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
}
