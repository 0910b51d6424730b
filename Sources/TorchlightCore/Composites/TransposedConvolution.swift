// A transposed convolution is the gradient of a convolution with respect to its input.

/// Applies a 1-D transposed convolution over an input of several channels.
///
/// Shapes: `x [N, C, L]` or `[C, L]`, `weight [C, O / groups, k]`, `bias [O] -> [N, O, L']` or `[O, L']`, with `L' = (L
/// - 1) stride - 2 padding + dilation (k - 1) + outputPadding + 1`. Floating point or integers.
///
/// - Parameters:
///   - bias: a bias for each output channel. Default: none.
///   - stride: the stride of the convolution. Default: 1.
///   - padding: `dilation (k - 1) - padding` zeros are added to both sides of the input. Default: 0.
///   - outputPadding: the additional size of one side of the output. Default: 0.
///   - groups: the number of groups of channels. Default: 1.
///   - dilation: the spacing of kernel elements. Default: 1.
///   - outputSize: L', or all sizes of the output, instead of `outputPadding`: with a stride above 1, several output
///     sizes are possible.
public func convTranspose1d(
    _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, outputPadding: Int = 0,
    groups: Int = 1, dilation: Int = 1, outputSize: [Int]? = nil
) -> Tensor {
    transposedConvolution(
        x, weight, bias: bias, stride: stride, padding: padding, outputPadding: outputPadding, groups: groups,
        dilation: dilation, outputSize: outputSize)
}

/// Applies a 2-D transposed convolution over an input of several channels.
///
/// Shapes: `x [N, C, H, W]` or `[C, H, W]`, `weight [C, O / groups, kh, kw]`, `bias [O] -> [N, O, H', W']` or `[O, H',
/// W']`, with `H' = (H - 1) stride - 2 padding + dilation (kh - 1) + outputPadding + 1`. Floating point or integers.
/// The parameters are those of `convTranspose1d`.
///
/// - Parameter outputSize: `[H', W']`, or all sizes of the output, instead of `outputPadding`.
public func convTranspose2d(
    _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: Size2 = 1, padding: Size2 = 0,
    outputPadding: Size2 = 0, groups: Int = 1, dilation: Size2 = 1, outputSize: [Int]? = nil
) -> Tensor {
    transposedConvolution(
        x, weight, bias: bias, stride: stride, padding: padding, outputPadding: outputPadding, groups: groups,
        dilation: dilation, outputSize: outputSize)
}

/// Applies a 3-D transposed convolution over an input of several channels.
///
/// Shapes: `x [N, C, D, H, W]` or `[C, D, H, W]`, `weight [C, O / groups, kd, kh, kw]`, `bias [O] -> [N, O, D', H',
/// W']` or `[O, D', H', W']`, with `D' = (D - 1) stride - 2 padding + dilation (kd - 1) + outputPadding + 1`. Floating
/// point or integers. The parameters are those of `convTranspose1d`.
///
/// - Parameter outputSize: `[D', H', W']`, or all sizes of the output, instead of `outputPadding`.
public func convTranspose3d(
    _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: Size3 = 1, padding: Size3 = 0,
    outputPadding: Size3 = 0, groups: Int = 1, dilation: Size3 = 1, outputSize: [Int]? = nil
) -> Tensor {
    transposedConvolution(
        x, weight, bias: bias, stride: stride, padding: padding, outputPadding: outputPadding, groups: groups,
        dilation: dilation, outputSize: outputSize)
}

/// Transposed convolution over one to three dimensions; see
/// ``convTranspose1d(_:_:bias:stride:padding:outputPadding:groups:dilation:outputSize:)``.
package func transposedConvolution<Size: SpatialSize>(
    _ x: Tensor, _ weight: Tensor, bias: Tensor?, stride: Size, padding: Size, outputPadding: Size, groups: Int,
    dilation: Size, outputSize: [Int]?
) -> Tensor {
    if isAutocasting {
        return inLowPrecision {
            transposedConvolution(
                $0(x), $0(weight), bias: bias.map($0), stride: stride, padding: padding, outputPadding: outputPadding,
                groups: groups, dilation: dilation, outputSize: outputSize)
        }
    }
    return orFail(like: x) { () throws(TensorError) in
        if x.isPlaceholder || weight.isPlaceholder { return x.isPlaceholder ? x : weight }
        let spatial = Size.spatialDimensions
        let operation = "convTranspose\(spatial)d"
        let convolution = Convolution(
            stride: stride.dims, padding: padding.dims, dilation: dilation.dims, groups: groups)
        guard weight.rank == spatial + 2, x.rank == spatial + 2 || x.rank == spatial + 1 else {
            throw TensorError(
                .shape, in: operation,
                "the operands have the wrong number of dimensions for a \(spatial)-d convolution",
                expected: "input [N, C, *] and weight [C, out / groups, *]", operands: [x, weight])
        }
        if x.dtype == .bool { try checkFloating(x, in: operation) }
        try MatrixProduct.checkDTypes(x, weight, in: operation)
        let window = convolution.window(of: weight.layout.shape)
        try window.check(in: operation, x)
        let isSingle = x.rank == spatial + 1
        let batch = isSingle ? x.unsqueeze(0) : x
        guard groups > 0, batch.layout.shape[1] == weight.layout.shape[0], weight.layout.shape[0] % groups == 0 else {
            throw TensorError(
                .shape, in: operation,
                "the input has \(quantity(batch.layout.shape[1], "channel")) and the weight takes \(weight.layout.shape[0])",
                expected: "the number of channels of the weight, divisible by the \(quantity(groups, "group"))",
                operands: [x, weight])
        }
        var extra = outputPadding.dims
        if let outputSize {
            extra = try extraSizes(reaching: outputSize, batch.layout.shape, window, extra, operation, x)
        }
        var shape = Dims(batch.layout.shape[0], weight.layout.shape[1] *| groups)
        for i in 0..<spatial {
            guard extra[i] >= 0, extra[i] < Swift.max(window.stride[i], window.dilation[i]) else {
                throw TensorError(
                    .value, in: operation, "the output padding is out of range", got: "\(extra)",
                    expected: "less than the stride or the dilation", operands: [x])
            }
            let reach = window.dilation[i] * (window.kernel[i] - 1) + 1
            let size =
                (batch.layout.shape[i + 2] - 1) *| window.stride[i] -| 2 * window.padding[i] +| reach +| extra[i]
            guard size > 0, batch.layout.shape[i + 2] > 0 else {
                throw TensorError(
                    .shape, in: operation, "the result is empty in dimension \(i + 2)", got: "a size of \(size)",
                    expected: "less padding", operands: [x, weight])
            }
            shape.append(size)
        }
        if let bias, bias.layout.shape != Dims(repeating: shape[1], count: 1) || bias.dtype != x.dtype {
            throw TensorError(
                .shape, in: operation, "the bias does not fit the weight", expected: "\(x.dtype) [\(shape[1])]",
                operands: [weight, bias])
        }
        var out = try fullOrCut(batch, weight, convolution, shape, extra)
        if let bias { out = out + bias.reshape([-1] + Array(repeating: 1, count: spatial)) }
        return isSingle ? out.squeeze(0) : out
    }
}

/// The output padding of each dimension for a result of these sizes.
private func extraSizes(
    reaching size: [Int], _ shape: Dims, _ window: Window, _ given: Dims, _ operation: String, _ x: Tensor
) throws(TensorError) -> Dims {
    let spatial = shape.count - 2
    func refuse(_ problem: String, expected: String) -> TensorError {
        TensorError(.value, in: operation, problem, got: "\(size)", expected: expected, operands: [x])
    }
    guard size.count == spatial || size.count == spatial + 2 || size.count == x.rank else {
        throw refuse(
            "outputSize does not have one size for each dimension",
            expected: "\(quantity(spatial, "size")), or \(x.rank) with the channels")
    }
    guard given.allSatisfy({ $0 == 0 }) else {
        throw refuse("both outputSize and outputPadding are given", expected: "one of the two")
    }
    var padding = Dims()
    for i in 0..<spatial {
        let reach = window.dilation[i] * (window.kernel[i] - 1) + 1
        let least = (shape[i + 2] - 1) * window.stride[i] - 2 * window.padding[i] + reach
        let wanted = size[size.count - spatial + i]
        guard wanted >= least, wanted < least + window.stride[i] else {
            throw refuse(
                "outputSize cannot be reached with this input, stride and padding",
                expected: "\(least) to \(least + window.stride[i] - 1) in dimension \(i + 2)")
        }
        padding.append(wanted - least)
    }
    return padding
}

/// The transposed convolution without a bias; `shape` is the shape of the result.
///
/// With an output padding of at least the stride, the result is not the gradient of a convolution, which would have
/// more windows. Along such a dimension the full result is computed without padding, then cropped or padded with zeros.
private func fullOrCut(
    _ x: Tensor, _ weight: Tensor, _ convolution: Convolution, _ shape: Dims, _ extra: Dims
) throws(TensorError) -> Tensor {
    var (whole, full) = (convolution, shape)
    var widths: [Int] = []
    for i in 0..<convolution.spatial {
        let (padding, isCut) = (convolution.padding[i], extra[i] >= convolution.stride[i])
        if isCut {
            whole.padding[i] = 0
            full[i + 2] = shape[i + 2] + 2 * padding - extra[i]
        }
        widths = (isCut ? [-padding, extra[i] - padding] : [0, 0]) + widths
    }
    let out: Tensor
    if x.dtype.isFloatingPoint {
        out = apply(ConvolutionBackwardData(convolution: whole, shape: full), x, weight)
    } else if x.dtype.isComplex {
        out = try complexBilinear(x, weight) {
            apply(ConvolutionBackwardData(convolution: whole, shape: full), $0, $1)
        }
    } else {
        out = try integerTransposedConvolution(x, weight, whole, whole.window(of: weight.layout.shape), full)
    }
    return widths.allSatisfy { $0 == 0 } ? out : out.pad(widths)
}
