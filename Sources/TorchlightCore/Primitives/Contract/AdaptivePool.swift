import CKernels

// Pooling to a given size. Window `i` of `out` over `n` elements reaches from `i n / out`, rounded down, to `(i + 1) n /
// out`, rounded up, so neighbours may share elements.

/// The mean of each window; the number of windows gives the size of the result.
///
/// Shapes: `[N, C, *] -> [N, C, sizes]`. Dtypes: floating point.
package struct AdaptiveAvgPool: Primitive {
    package static let name = "adaptiveAvgPool"
    /// The sizes of the result over its spatial dimensions.
    package var sizes: Dims

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        try checkFloating(x, in: "adaptiveAvgPool\(sizes.count)d")
        return Few(ResultSpec(try adaptiveShape(x, sizes, in: "adaptiveAvgPool\(sizes.count)d"), x.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        withKernelArguments { tl_adaptive_avg_pool(Int32(sizes.count), $0(inputs[0]), $0(outputs[0])) }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(AdaptiveAvgPoolBackward(pool: self, shape: context.shape(0)), context.gradient))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.runMerged(self)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear }
}

/// The gradient of `AdaptiveAvgPool`.
package struct AdaptiveAvgPoolBackward: PoolingGradientPrimitive {
    package static let name = "adaptiveAvgPoolBackward"
    package var pool: AdaptiveAvgPool
    package var shape: Dims

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        if inputs[0].count == 0 {
            fill(outputs[0], with: 0)
            return
        }
        withKernelArguments {
            tl_adaptive_avg_pool_backward(Int32(pool.sizes.count), $0(inputs[0]), $0(outputs[0]))
        }
    }
}

/// The largest element of each window, and its index; the number of windows gives the size of the result.
///
/// Shapes: `[N, C, *] -> values [N, C, sizes], indices [N, C, sizes]`; an index counts row-major over the spatial
/// dimensions of the input. Dtypes: floating point; indices int64. NaN wins, the first of equals wins, and the gradient
/// goes to the winner.
package struct AdaptiveMaxPool: Primitive {
    package static let name = "adaptiveMaxPool"
    /// The sizes of the result over its spatial dimensions.
    package var sizes: Dims

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        try checkFloating(x, in: "adaptiveMaxPool\(sizes.count)d")
        let shape = try adaptiveShape(x, sizes, in: "adaptiveMaxPool\(sizes.count)d")
        return Few(ResultSpec(shape, x.dtype), ResultSpec(shape, .int64))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        withKernelArguments {
            tl_adaptive_max_pool(Int32(sizes.count), $0(inputs[0]), $0(outputs[0]), $0(outputs[1]))
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .output(1) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        guard let g = context.gradients[0] else { return Few(nil) }
        let backward = MaxPoolBackward(spatial: sizes.count, shape: context.shape(0))
        return Few(apply(backward, g, context.output(1).detach()))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.runMerged(self)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
}

private func adaptiveShape(_ x: TensorSpec, _ sizes: Dims, in operation: String) throws(TensorError) -> Dims {
    guard (1...3).contains(sizes.count), x.rank == sizes.count + 2 else {
        throw Window.rankError(sizes.count, in: operation, x)
    }
    var shape = x.layout.shape
    for i in 0..<sizes.count { shape[x.rank - sizes.count + i] = sizes[i] }
    return shape
}

/// Adaptive average pooling over the last `spatial` dimensions, one to three; see ``adaptiveAvgPool1d(_:_:)``.
package func adaptiveAvgPool(_ x: Tensor, _ size: AdaptiveSize, spatial: Int) -> Tensor {
    if spatial == 3 && isAutocasting { return inFloat32 { adaptiveAvgPool($0(x), size, spatial: spatial) } }
    return orFail(like: x) { () throws(TensorError) in
        if x.isPlaceholder { return x }
        let sizes = try size.dims(spatial, over: x, in: "adaptiveAvgPool\(spatial)d")
        let isSingle = x.rank == spatial + 1
        let out = apply(AdaptiveAvgPool(sizes: sizes), isSingle ? x.unsqueeze(0) : x)
        return isSingle && !out.isPlaceholder ? out.squeeze(0) : out
    }
}

/// Adaptive max pooling over the last `spatial` dimensions, one to three; see ``adaptiveMaxPool1dWithIndices(_:_:)``.
package func adaptiveMaxPoolWithIndices(
    _ x: Tensor, _ size: AdaptiveSize, spatial: Int
) -> (values: Tensor, indices: Tensor) {
    if spatial == 3 && isAutocasting { return inFloat32 { adaptiveMaxPoolWithIndices($0(x), size, spatial: spatial) } }
    if x.isPlaceholder { return (x, x) }
    let sizes: Dims
    do { sizes = try size.dims(spatial, over: x, in: "adaptiveMaxPool\(spatial)d") } catch {
        let placeholder = fail(error, like: x)
        return (placeholder, placeholder)
    }
    let isSingle = x.rank == spatial + 1
    let results = applyAll(AdaptiveMaxPool(sizes: sizes), Few(isSingle ? x.unsqueeze(0) : x), count: 2)
    if !isSingle || results[0].isPlaceholder { return (results[0], results[1]) }
    return (results[0].squeeze(0), results[1].squeeze(0))
}

/// Applies 1-D adaptive average pooling: `[N, C, L] -> [N, C, outputSize]`. The window `i` covers the indices from
/// `floor(i L / outputSize)` to `ceil((i + 1) L / outputSize)`, exclusive.
public func adaptiveAvgPool1d(_ x: Tensor, _ outputSize: AdaptiveSize) -> Tensor {
    adaptiveAvgPool(x, outputSize, spatial: 1)
}

/// Applies 2-D adaptive average pooling: `[N, C, H, W] -> [N, C, height, width]`. A nil in `outputSize` keeps the size
/// of the input.
public func adaptiveAvgPool2d(_ x: Tensor, _ outputSize: AdaptiveSize) -> Tensor {
    adaptiveAvgPool(x, outputSize, spatial: 2)
}

/// Applies 3-D adaptive average pooling: `[N, C, D, H, W] -> [N, C, depth, height, width]`. A nil in `outputSize` keeps
/// the size of the input.
public func adaptiveAvgPool3d(_ x: Tensor, _ outputSize: AdaptiveSize) -> Tensor {
    adaptiveAvgPool(x, outputSize, spatial: 3)
}

/// Applies 1-D adaptive max pooling: `[N, C, L] -> [N, C, outputSize]`. Returns the maxima and their indices in the
/// input, int64.
public func adaptiveMaxPool1dWithIndices(
    _ x: Tensor, _ outputSize: AdaptiveSize
) -> (values: Tensor, indices: Tensor) { adaptiveMaxPoolWithIndices(x, outputSize, spatial: 1) }

/// Applies 1-D adaptive max pooling: `[N, C, L] -> [N, C, outputSize]`.
public func adaptiveMaxPool1d(_ x: Tensor, _ outputSize: AdaptiveSize) -> Tensor {
    adaptiveMaxPoolWithIndices(x, outputSize, spatial: 1).values
}

/// Applies 2-D adaptive max pooling: `[N, C, H, W] -> [N, C, height, width]`. Returns the maxima and their row-major
/// indices in the input, int64. A nil in `outputSize` keeps the size of the input.
public func adaptiveMaxPool2dWithIndices(
    _ x: Tensor, _ outputSize: AdaptiveSize
) -> (values: Tensor, indices: Tensor) { adaptiveMaxPoolWithIndices(x, outputSize, spatial: 2) }

/// Applies 2-D adaptive max pooling: `[N, C, H, W] -> [N, C, height, width]`. A nil in `outputSize` keeps the size of
/// the input.
public func adaptiveMaxPool2d(_ x: Tensor, _ outputSize: AdaptiveSize) -> Tensor {
    adaptiveMaxPoolWithIndices(x, outputSize, spatial: 2).values
}

/// Applies 3-D adaptive max pooling: `[N, C, D, H, W] -> [N, C, depth, height, width]`. Returns the maxima and their
/// row-major indices in the input, int64. A nil in `outputSize` keeps the size of the input.
public func adaptiveMaxPool3dWithIndices(
    _ x: Tensor, _ outputSize: AdaptiveSize
) -> (values: Tensor, indices: Tensor) { adaptiveMaxPoolWithIndices(x, outputSize, spatial: 3) }

/// Applies 3-D adaptive max pooling: `[N, C, D, H, W] -> [N, C, depth, height, width]`. A nil in `outputSize` keeps the
/// size of the input.
public func adaptiveMaxPool3d(_ x: Tensor, _ outputSize: AdaptiveSize) -> Tensor {
    adaptiveMaxPoolWithIndices(x, outputSize, spatial: 3).values
}
