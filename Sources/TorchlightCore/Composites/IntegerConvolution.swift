// Convolutions of integers: the windows, as views, times the weight. The sums are exact, except that they wrap around
// on overflow.

/// The convolution of an integer tensor `x [N, C, *]`.
func integerConvolution(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ convolution: Convolution
) throws(TensorError) -> Tensor {
    let operands = bias.map { [x, weight, $0] } ?? [x, weight]
    let spatial = convolution.spatial
    let operation = "conv\(spatial)d"
    guard x.rank == spatial + 2, weight.rank == spatial + 2, operands.allSatisfy({ $0.dtype == x.dtype }) else {
        throw TensorError(
            .dtype, in: operation, "the operands differ in dtype or number of dimensions",
            expected: "one dtype, input [N, C, \(Window.spatialNames(spatial))] and weight [out, C / groups, "
                + "\(Window.spatialNames(spatial))]", operands: operands)
    }
    let shape = Array(try convolution.shape(of: operands.map(TensorSpec.init)))
    let kernel = Array(weight.shape.dropFirst(2))
    var windows = x.pad((0..<spatial).reversed().flatMap { [convolution.padding[$0], convolution.padding[$0]] })
    for i in 0..<spatial {
        let reach = convolution.dilation[i] * (kernel[i] - 1) + 1
        windows = windows.unfold(2 + i, size: reach, step: convolution.stride[i])
        let dilated = Slice(dim: windows.rank - 1, start: 0, count: kernel[i], step: convolution.dilation[i])
        windows = applyView(dilated, windows)
    }
    // [N, G, C, positions..., kernel...] becomes [N, G, C kernel, positions]; the weight is [G, O, C kernel].
    let groups = convolution.groups
    let area = shape.dropFirst(2).reduce(1, *)
    let terms = weight.shape.dropFirst().reduce(1, *)
    let order = [0, 1, 2] + (0..<spatial).map { 3 + spatial + $0 } + (0..<spatial).map { 3 + $0 }
    let columns = windows.reshape([shape[0], groups, weight.shape[1]] + shape.dropFirst(2) + kernel)
        .permute(order).reshape([shape[0], groups, terms, area])
    let out = weight.reshape([groups, shape[1] / groups, terms]).matmul(columns).reshape(shape)
    return bias.map { out + $0.reshape([-1] + Array(repeating: 1, count: spatial)) } ?? out
}

/// The transposed convolution of an integer tensor `x [N, C, *]`: the convolution of the elements spaced by the stride
/// with the flipped kernels.
func integerTransposedConvolution(
    _ x: Tensor, _ weight: Tensor, _ convolution: Convolution, _ window: Window, _ shape: Dims
) throws(TensorError) -> Tensor {
    let spatial = convolution.spatial
    let groups = convolution.groups
    var apart = x
    var widths: [Int] = []
    for i in 0..<spatial {
        let dim = 2 + i
        let stride = window.stride[i]
        if stride > 1 {
            // `[.., n, ..]` becomes `[.., n, stride, ..]` with zeros, then the two dimensions are merged.
            let pairs = 2 * (apart.rank - dim - 1)
            apart = apart.unsqueeze(dim + 1).pad(Array(repeating: 0, count: pairs) + [0, stride - 1])
                .flatten(from: dim, to: dim + 1)
        }
        let reach = window.dilation[i] * (window.kernel[i] - 1)
        // The padding before is such that the first window contains only the first element; the padding after follows
        // from the size.
        widths = [reach - window.padding[i], shape[dim] + window.padding[i] - apart.shape[dim]] + widths
    }
    let turned = weight.flip(Array(2..<(spatial + 2)))
        .reshape([groups, weight.shape[0] / groups, weight.shape[1]] + weight.shape.dropFirst(2))
        .transpose(1, 2).flatten(from: 0, to: 1)
    let one = Dims(repeating: 1, count: spatial)
    let plain = Convolution(
        stride: one, padding: Dims(repeating: 0, count: spatial), dilation: window.dilation, groups: groups)
    return try integerConvolution(apart.pad(widths), turned, nil, plain)
}
