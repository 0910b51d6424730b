import CKernels

/// Samples an image at given coordinates, as in spatial transformers (Jaderberg et al. 2015).
///
/// Shapes: `x [N, C, H, W], grid [N, H', W', 2] -> [N, C, H', W']`, or `x [N, C, D, H, W], grid [N, D', H', W', 3] ->
/// [N, C, D', H', W']`. The last dimension of the grid has the coordinate along W first; -1 and 1 are the ends. Dtypes:
/// floating point, both the same.
package struct GridSample: Primitive {
    package static let name = "gridSample"
    package var mode: GridSampleMode
    package var border: GridSampleBorder
    package var alignCorners: Bool

    var parameters: tl_grid_params {
        tl_grid_params(mode: mode.code, border: border.code, align_corners: alignCorners)
    }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (x, grid) = (inputs[0], inputs[1])
        try checkFloating(x, in: Self.name)
        guard x.dtype == grid.dtype else {
            throw .dtype(Self.name, [x, grid], expected: "one dtype", fix: "convert one, as in grid.to(.\(x.dtype))")
        }
        let (image, gridShape) = (x.layout.shape, grid.layout.shape)
        let spatial = x.rank - 2
        guard spatial == 2 || spatial == 3, gridShape.count == x.rank, gridShape[0] == image[0],
            gridShape[gridShape.count - 1] == spatial
        else {
            throw TensorError(
                .shape, in: Self.name, "the grid does not match the input",
                expected: "input [N, C, H, W] and grid [N, H', W', 2], or [N, C, D, H, W] and [N, D', H', W', 3]",
                operands: [x, grid])
        }
        guard (1..<x.rank).allSatisfy({ image[$0] > 0 }) else {
            throw TensorError(
                .shape, in: Self.name, "the input has a dimension of size 0",
                expected: "sizes of at least 1, except that of the batch",
                operands: [x, grid])
        }
        var shape = Dims(image[0], image[1])
        for i in 0..<spatial { shape.append(gridShape[1 + i]) }
        return Few(ResultSpec(shape, x.dtype))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        var parameters = parameters
        withKernelArguments { tl_grid_sample(&parameters, $0(inputs[0]), $0(inputs[1]), $0(outputs[0])) }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let results = applyAll(
            GridSampleBackward(sample: self), Few(context.gradient, context.input(0), context.input(1)), count: 2)
        return Few(context.needs[0] ? results[0] : nil, context.needs[1] ? results[1] : nil)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.runMerged(self)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([0]) }
    package var autocast: AutocastClass { .float32 }
}

/// The gradients of `GridSample`, `(gradient of the result, x, grid) -> gradients of x and grid`.
package struct GridSampleBackward: Primitive {
    package static let name = "gridSampleBackward"
    package var sample: GridSample

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try checkFloating(inputs[0], in: Self.name)
        let result = try sample.infer(Specs([inputs[1], inputs[2]]))[0]
        try checkOperand(inputs[0], is: result.shape, result.dtype, in: Self.name)
        return Few(
            ResultSpec(inputs[1].layout.shape, inputs[1].dtype), ResultSpec(inputs[2].layout.shape, inputs[2].dtype))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if inputs[0].count == 0 {
            fill(outputs[0], with: 0)
            fill(outputs[1], with: 0)
            return
        }
        var parameters = sample.parameters
        let (gradient, x, grid) = (inputs[0], inputs[1], inputs[2])
        withKernelArguments {
            tl_grid_sample_backward(&parameters, $0(gradient), $0(x), $0(grid), $0(outputs[0]), $0(outputs[1]))
        }
    }

    package func decomposed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor>? {
        let gradients = try gradientsThroughComposition(of: Few(inputs[1], inputs[2]), seeds: [inputs[0]]) {
            operands throws(TensorError) in (Array(try sample.decomposed(operands)!), [])
        }
        return Few(gradients[0], gradients[1])
    }

    package var differentiability: Differentiability { .throughDecomposition }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(repeating: nil, count: 3)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.runMerged(self)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([0]) }
}

/// The interpolation mode of `gridSample`.
public enum GridSampleMode: String, Sendable, Hashable, Codable {
    /// Bilinear interpolation, or trilinear for volumes.
    case bilinear
    /// The nearest element; ties round to even.
    case nearest
    /// Bicubic interpolation, for images.
    case bicubic

    var code: Int32 {
        switch self {
        case .bilinear: Int32(TL_SAMPLE_BILINEAR)
        case .nearest: Int32(TL_SAMPLE_NEAREST)
        case .bicubic: Int32(TL_SAMPLE_BICUBIC)
        }
    }
}

/// The padding mode of `gridSample` for positions outside of the image.
public enum GridSampleBorder: String, Sendable, Hashable, Codable {
    /// Zeros.
    case zeros
    /// The element at the edge.
    case border
    /// The image reflected at its edges.
    case reflection

    var code: Int32 {
        switch self {
        case .zeros: Int32(TL_BORDER_ZEROS)
        case .border: Int32(TL_BORDER_EDGE)
        case .reflection: Int32(TL_BORDER_REFLECTION)
        }
    }
}

/// Samples an image at the positions of a grid: `x [N, C, H, W]`, `grid [N, H', W', 2] -> [N, C, H', W']`; or a volume:
/// `x [N, C, D, H, W]`, `grid [N, D', H', W', 3] -> [N, C, D', H', W']`.
///
/// - Parameters:
///   - grid: the positions `(x, y)` or `(x, y, z)`, where -1 and 1 are the edges of the image.
///   - mode: the interpolation mode. Default: `.bilinear`.
///   - paddingMode: the values outside of the image. Default: `.zeros`.
///   - alignCorners: whether -1 and 1 are the centres of the first and last elements instead of their outer edges.
///     Default: false.
public func gridSample(
    _ x: Tensor, _ grid: Tensor, mode: GridSampleMode = .bilinear, paddingMode: GridSampleBorder = .zeros,
    alignCorners: Bool = false
) -> Tensor {
    apply(GridSample(mode: mode, border: paddingMode, alignCorners: alignCorners), x, grid)
}
