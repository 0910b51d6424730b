import CKernels

/// Convolution, computed as cross-correlation: with channels `c` of a group and kernel positions `k`,
/// `out[n, o, p] = bias[o] + sum over c, k of x[n, c, p * stride + k * dilation - padding] * weight[o, c, k]`.
///
/// Shapes: `x [N, C, *]`, `weight [O, C / groups, *]`, `bias [O]` or none `-> [N, O, *]`, one to three spatial
/// dimensions of `(size + 2 padding - dilation (kernel - 1) - 1) / stride + 1`. Dtypes: floating point, all the same.
///
/// The gradients are separate primitives. Each is linear in both operands, so that the gradient of each is another of
/// them.
package struct Convolution: Primitive {
    package static let name = "conv"
    package var stride: Dims
    package var padding: Dims
    package var dilation: Dims
    package var groups: Int

    package var spatial: Int { stride.count }

    var parameters: tl_conv_params {
        tl_conv_params(
            spatial: Int32(spatial), stride: triple(stride), padding: triple(padding), dilation: triple(dilation),
            groups: Int64(groups))
    }

    func window(of weight: Dims) -> Window {
        var kernel = Dims()
        for i in 2..<weight.count { kernel.append(weight[i]) }
        return Window(kernel: kernel, stride: stride, padding: padding, dilation: dilation)
    }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (x, weight) = (inputs[0], inputs[1])
        let operation = "conv\(spatial)d"
        let operands = inputs.count > 2 ? [x, weight, inputs[2]] : [x, weight]
        guard x.rank == spatial + 2, weight.rank == spatial + 2 else {
            throw TensorError(
                .shape, in: operation, "the operands have the wrong number of dimensions for a \(spatial)d convolution",
                expected: "input [N, C, \(Window.spatialNames(spatial))] and weight [out, C / groups, "
                    + "\(Window.spatialNames(spatial))]",
                fix: x.rank == spatial + 1 ? "add the channels, as in x.unsqueeze(1)" : nil, operands: operands)
        }
        guard x.dtype.isFloatingPoint, operands.allSatisfy({ $0.dtype == x.dtype }) else {
            throw TensorError(
                .dtype, in: operation, "the operands are not of one floating-point dtype",
                expected: "one floating-point dtype",
                fix: "convert one, as in x.to(.\(weight.dtype.isFloatingPoint ? weight.dtype : .float32))",
                operands: operands)
        }
        return Few(ResultSpec(try shape(of: operands), x.dtype))
    }

    /// Throws unless the gradient is one of the result of this convolution. A transposed convolution has one of fewer
    /// windows, where its result is padded by more than a step.
    func checkGradient(
        _ gradient: TensorSpec, input: Dims, weight: Dims, in operation: String
    ) throws(TensorError) {
        let g = gradient.layout.shape
        var fits =
            g.count == spatial + 2 && input.count == g.count && weight.count == g.count && groups > 0
            && !input.contains { $0 < 0 } && !weight.contains { $0 < 0 }
            && g[0] == input[0] && g[1] == weight[0] && weight[0] % groups == 0 && input[1] == weight[1] *| groups
        if fits {
            for i in 0..<spatial where fits {
                let reach = dilation[i] *| (weight[2 + i] - 1) +| 1
                let free = input[2 + i] +| 2 *| padding[i] -| reach
                fits = stride[i] > 0 && g[2 + i] <= (free < 0 ? 0 : free / stride[i] +| 1)
            }
        }
        if fits { return }
        throw TensorError(
            .shape, in: operation, "the gradient is none of a result of the convolution",
            expected: "a gradient of the result of an input \(Array(input)) and a weight \(Array(weight))",
            operands: [gradient])
    }

    /// The shape of the result, after all checks but those of dtypes and ranks.
    func shape(of operands: [TensorSpec]) throws(TensorError) -> Dims {
        let (x, weight) = (operands[0], operands[1])
        let operation = "conv\(spatial)d"
        let (channels, filters) = (x.layout.shape[1], weight.layout.shape[0])
        guard groups > 0, channels % groups == 0, filters % groups == 0 else {
            throw TensorError(
                .shape, in: operation, "the channels do not divide into the groups",
                got: "\(channels) input and \(filters) output channels in \(quantity(groups, "group"))",
                expected: "groups that divide both", operands: operands)
        }
        guard weight.layout.shape[1] *| groups == channels else {
            throw TensorError(
                .shape, in: operation,
                "the input has \(quantity(channels, "channel")) and the weight takes \(weight.layout.shape[1] *| groups)"
                    + (groups > 1 ? " (\(weight.layout.shape[1]) in each of \(quantity(groups, "group")))" : ""),
                expected: "the number of channels of the weight",
                fix: x.layout.shape[x.rank - 1] == weight.layout.shape[1] *| groups
                    ? "move the channels to dimension 1, as in x.movedim(-1, 1)" : nil, operands: operands)
        }
        if operands.count > 2, operands[2].layout.shape != Dims(repeating: filters, count: 1) {
            throw TensorError(
                .shape, in: operation, "the bias does not fit the weight", expected: "a bias of shape [\(filters)]",
                operands: operands)
        }
        let window = window(of: weight.layout.shape)
        try window.check(in: operation, x)
        var shape = Dims(x.layout.shape[0], filters)
        for size in try window.positions(over: x, in: operation) { shape.append(size) }
        return shape
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { layout.hasChannelsFirstOrLast }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let out = outputs[0]
        if out.count == 0 { return }
        let bias = inputs.count > 2 ? inputs[2] : nil
        if inputs[1].count == 0 {
            // No channel to sum over: the result is the bias.
            if let bias {
                var column = Layout(shape: Dims(1, bias.count), offset: bias.layout.offset)
                for _ in 0..<spatial { column = column.unsqueezed(column.rank) }
                copyElements(from: bias, layout: column, to: out)
            } else {
                fill(out, with: 0)
            }
            return
        }
        var parameters = parameters
        let status = withKernelArguments {
            tl_conv_forward(&parameters, $0(inputs[0]), $0(inputs[1]), $0(bias), $0(out))
        }
        try checkStatus(status, in: "conv\(spatial)d", Array(inputs))
    }

    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved {
        (needs[0] ? Saved.input(1) : []).union(needs[1] ? Saved.input(0) : [])
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        let needsBias = context.inputCount > 2 && context.needs[2]
        let data =
            context.needs[0]
            ? apply(ConvolutionBackwardData(convolution: self, shape: context.shape(0)), g, context.input(1)) : nil
        guard context.needs[1] else {
            return Few(data, nil, needsBias ? apply(Sum(dims: .allBut(1, of: g.rank), keepdim: false), g) : nil)
        }
        let weights = ConvolutionBackwardWeights(convolution: self, shape: context.shape(1), hasBias: needsBias)
        let results = applyAll(weights, Few(context.input(0), g), count: needsBias ? 2 : 1)
        return Few(data, results[0], needsBias ? results[1] : nil)
    }

    package func multiplyAdds(_ inputs: Specs) -> Int {
        let positions = (try? infer(inputs))?.first?.shape.dropFirst(2).reduce(1, *|) ?? 0
        return inputs[0].layout.shape[0] *| positions *| inputs[1].count
    }

    /// The convolution of a batch in which each sample has its own weights, as groups of channels.
    func grouped(_ examples: Int) -> Convolution {
        var convolution = self
        convolution.groups *= examples
        return convolution
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        let hasBias = operands.count > 2
        guard operands.isMapped(1) || (hasBias && operands.isMapped(2)) else {
            var merged = Few(operands.merged(0), operands[1])
            if hasBias { merged.append(operands[2]) }
            return Few(operands.split(try operands.call(self, merged)[0]))
        }
        // A weight for each example: the examples are groups of channels.
        var merged = Few(operands.merged(0, into: 1), operands.merged(1))
        if hasBias { merged.append(operands.merged(2)) }
        return Few(operands.split(try operands.call(grouped(operands.size), merged)[0], at: 1))
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .multilinear([0, 1], added: [2]) }
    package var autocast: AutocastClass { .lowPrecision }
}

extension Convolution {
    private enum CodingKeys: CodingKey { case stride, padding, dilation, groups }

    /// Decodes a convolution, which has each number for each of its one to three dimensions.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            stride: try container.decode(Dims.self, forKey: .stride),
            padding: try container.decode(Dims.self, forKey: .padding),
            dilation: try container.decode(Dims.self, forKey: .dilation),
            groups: try container.decode(Int.self, forKey: .groups))
        try checkOneForEachDimension([stride, padding, dilation], .stride, in: container)
    }
}

/// The gradient of a convolution's input, `(gradient of the result, weight) -> gradient of the input`: a transposed
/// convolution.
package struct ConvolutionBackwardData: Primitive {
    package static let name = "convBackwardData"
    package var convolution: Convolution
    /// The shape of the convolution's input, which its result does not determine.
    package var shape: Dims

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (gradient, weight) = (inputs[0], inputs[1])
        try checkFloating(gradient, in: Self.name)
        try convolution.checkGradient(gradient, input: shape, weight: weight.layout.shape, in: Self.name)
        try checkOperand(weight, is: weight.layout.shape, gradient.dtype, in: Self.name)
        return Few(ResultSpec(shape, gradient.dtype))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { layout.hasChannelsFirstOrLast }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let out = outputs[0]
        if out.count == 0 { return }
        if inputs[0].count == 0 || inputs[1].count == 0 {
            fill(out, with: 0)
            return
        }
        var parameters = convolution.parameters
        let status = withKernelArguments {
            tl_conv_backward_data(&parameters, $0(inputs[0]), $0(inputs[1]), $0(out))
        }
        try checkStatus(status, in: Self.name, Array(inputs))
    }

    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved {
        (needs[0] ? Saved.input(1) : []).union(needs[1] ? Saved.input(0) : [])
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        let weights = ConvolutionBackwardWeights(convolution: convolution, shape: context.shape(1), hasBias: false)
        var data: Tensor?
        if context.needs[0] {
            var forward = apply(convolution, g, context.input(1))
            // A transposed convolution may be padded by more than a step; the windows there have no operand.
            for d in 2..<forward.rank where forward.layout.shape[d] > context.shape(0)[d] {
                forward = applyView(Slice(dim: d, start: 0, count: context.shape(0)[d], step: 1), forward)
            }
            data = forward
        }
        return Few(data, context.needs[1] ? apply(weights, g, context.input(0)) : nil)
    }

    package func multiplyAdds(_ inputs: Specs) -> Int {
        let g = inputs[0].layout.shape
        return g[0] *| g.dropFirst(2).reduce(1, *|) *| inputs[1].count
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        if !operands.isMapped(1) {
            primitive.shape[0] *= operands.size
            return Few(operands.split(try operands.call(primitive, Few(operands.merged(0), operands[1]))[0]))
        }
        primitive.convolution = convolution.grouped(operands.size)
        primitive.shape[1] *= operands.size
        let merged = Few(operands.merged(0, into: 1), operands.merged(1))
        return Few(operands.split(try operands.call(primitive, merged)[0], at: 1))
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .multilinear([0, 1]) }
}

/// The gradients of a convolution's weight and bias, `(input, gradient of the result) -> gradients`.
package struct ConvolutionBackwardWeights: Primitive {
    package static let name = "convBackwardWeights"
    package var convolution: Convolution
    /// The shape of the weight.
    package var shape: Dims
    /// Whether the bias's gradient is wanted as a second result.
    package var hasBias: Bool

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (x, gradient) = (inputs[0], inputs[1])
        try checkFloating(gradient, in: Self.name)
        try convolution.checkGradient(gradient, input: x.layout.shape, weight: shape, in: Self.name)
        try checkOperand(x, is: x.layout.shape, gradient.dtype, in: Self.name)
        let weight = ResultSpec(shape, gradient.dtype)
        guard hasBias else { return Few(weight) }
        return Few(weight, ResultSpec(Dims(repeating: shape[0], count: 1), gradient.dtype))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { layout.hasChannelsFirstOrLast }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if inputs[0].count == 0 || inputs[1].count == 0 || shape.product == 0 {
            fill(outputs[0], with: 0)
            if hasBias {
                runFold(TL_REDUCE_SUM, .allBut(1, of: inputs[1].rank), false, inputs[1], outputs[1])
            }
            return
        }
        var parameters = convolution.parameters
        let bias = hasBias ? outputs[1] : nil
        let status = withKernelArguments {
            tl_conv_backward_weights(&parameters, $0(inputs[0]), $0(inputs[1]), $0(outputs[0]), $0(bias))
        }
        try checkStatus(status, in: Self.name, Array(inputs))
    }

    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved {
        (needs[0] ? Saved.input(1) : []).union(needs[1] ? Saved.input(0) : [])
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        var data: Tensor?
        var result: Tensor?
        if let g = context.gradients[0] {
            if context.needs[0] {
                let backward = ConvolutionBackwardData(convolution: convolution, shape: context.shape(0))
                data = apply(backward, context.input(1), g)
            }
            if context.needs[1] { result = apply(convolution, context.input(0), g) }
        }
        if hasBias, context.needs[1], let bias = context.gradients[1] {
            let column = bias.reshape([1, -1] + Array(repeating: 1, count: convolution.spatial))
            result = result.map { $0 + column } ?? column.expand(Array(context.shape(1)))
        }
        return Few(data, result)
    }

    package func multiplyAdds(_ inputs: Specs) -> Int {
        let g = inputs[1].layout.shape
        return g[0] *| g.dropFirst(2).reduce(1, *|) *| shape.product
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.convolution = convolution.grouped(operands.size)
        primitive.shape[0] *= operands.size
        return Few(
            try operands.call(primitive, Few(operands.merged(0, into: 1), operands.merged(1, into: 1)))
                .map { operands.split($0) })
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { hasBias ? .linear([1]) : .multilinear([0, 1]) }
}

extension Layout {
    /// Whether images lie as the kernels of convolution and pooling read them: dense, with the channels first or last.
    var hasChannelsFirstOrLast: Bool {
        if isContiguous { return true }
        guard rank > 2 else { return false }
        var last = Dims()
        for i in 0..<rank where i != 1 { last.append(i) }
        last.append(1)
        return permuted(last).isContiguous
    }
}

/// Convolution over one to three dimensions; see ``conv1d(_:_:bias:stride:padding:dilation:groups:)``.
package func convolution<Size: SpatialSize>(
    _ x: Tensor, _ weight: Tensor, bias: Tensor?, stride: Size, padding: ConvPadding, dilation: Size, groups: Int
) -> Tensor {
    orFail(like: x) { () throws(TensorError) in
        if x.isPlaceholder || weight.isPlaceholder { return x.isPlaceholder ? x : weight }
        let spatial = Size.spatialDimensions
        let operation = "conv\(spatial)d"
        let (stride, dilation) = (stride.dims, dilation.dims)
        var x = x
        // One sample without a batch dimension, as [C, *].
        let isSingle =
            x.rank == spatial + 1 && weight.rank == spatial + 2 && groups > 0
            && weight.layout.shape[1] *| groups == x.layout.shape[0]
        if isSingle { x = x.unsqueeze(0) }
        var sides = Dims(repeating: 0, count: spatial)
        if let widths = try padding.each(spatial, in: operation) {
            sides = Dims(widths)
        } else if weight.rank == spatial + 2 {
            guard stride.allSatisfy({ $0 == 1 }) else {
                throw TensorError(
                    .value, in: operation, "padding .same keeps the size only at stride 1", got: "stride \(stride)",
                    expected: "stride 1", fix: "pass the padding as a number", operands: [x, weight])
            }
            var kernel = Dims()
            for i in 0..<spatial { kernel.append(weight.layout.shape[i + 2]) }
            try Window(kernel: kernel, stride: stride, padding: sides, dilation: dilation).check(in: operation, x)
            var extra = [Int](repeating: 0, count: 2 * spatial)
            for i in 0..<spatial {
                let total = dilation[i] * (kernel[i] - 1)
                sides[i] = total / 2
                extra[2 * (spatial - 1 - i) + 1] = total % 2
            }
            if extra.contains(1) && x.rank == spatial + 2 { x = x.pad(extra) }
        }
        let primitive = Convolution(stride: stride, padding: sides, dilation: dilation, groups: groups)
        let out: Tensor
        if x.dtype.isInteger {
            out = try integerConvolution(x, weight, bias, primitive)
        } else if x.dtype.isComplex && weight.rank > 0 {
            out = try complexConvolution(x, weight, bias, primitive, operation)
        } else {
            out = bias.map { apply(primitive, x, weight, $0) } ?? apply(primitive, x, weight)
        }
        return isSingle && !out.isPlaceholder ? out.squeeze(0) : out
    }
}

/// Applies a 1-D convolution over an input of several channels.
///
/// Shapes: `x [N, C, L]` or `[C, L]`, `weight [O, C / groups, k]`, `bias [O] -> [N, O, L']` or `[O, L']`, with `L' =
/// floor((L + 2 padding - dilation (k - 1) - 1) / stride) + 1`. Floating-point dtypes, or integers, whose sums are
/// exact.
///
/// - Parameters:
///   - weight: the kernels.
///   - bias: a bias for each output channel. Default: none.
///   - stride: the stride of the kernel. Default: 1.
///   - padding: the number of zeros added to both sides, or `.same` or `.valid`. Default: 0.
///   - dilation: the spacing of kernel elements. Default: 1.
///   - groups: the number of groups of channels, which must divide the numbers of input and output channels. Default:
///     1.
public func conv1d(
    _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: ConvPadding = 0, dilation: Int = 1,
    groups: Int = 1
) -> Tensor {
    convolution(
        x, weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
}

/// Applies a 2-D convolution (cross-correlation) over an input of several channels.
///
///     conv2d(Tensor.randn(8, 3, 32, 32), Tensor.randn(16, 3, 5, 5), padding: 2)      // [8, 16, 32, 32]
///
/// Shapes: `x [N, C, H, W]` or `[C, H, W]`, `weight [O, C / groups, kh, kw]`, `bias [O] -> [N, O, H', W']` or `[O, H',
/// W']`, with `H' = floor((H + 2 padding - dilation (kh - 1) - 1) / stride) + 1`. Floating-point dtypes, or integers,
/// whose sums are exact.
///
/// - Parameters:
///   - weight: the kernels.
///   - bias: a bias for each output channel. Default: none.
///   - stride: the stride of the kernel. Default: 1.
///   - padding: the number of zeros added to both sides, or `.same` or `.valid`. Default: 0.
///   - dilation: the spacing of kernel elements. Default: 1.
///   - groups: the number of groups of channels, which must divide the numbers of input and output channels. Default:
///     1.
public func conv2d(
    _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: Size2 = 1, padding: ConvPadding = 0,
    dilation: Size2 = 1, groups: Int = 1
) -> Tensor {
    convolution(
        x, weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
}

/// Applies a 3-D convolution over an input of several channels.
///
/// Shapes: `x [N, C, D, H, W]` or `[C, D, H, W]`, `weight [O, C / groups, kd, kh, kw]`, `bias [O] -> [N, O, D', H',
/// W']` or `[O, D', H', W']`, with `D' = floor((D + 2 padding - dilation (kd - 1) - 1) / stride) + 1`. Floating-point
/// dtypes, or integers, whose sums are exact. The parameters are those of `conv2d`.
public func conv3d(
    _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: Size3 = 1, padding: ConvPadding = 0,
    dilation: Size3 = 1, groups: Int = 1
) -> Tensor {
    convolution(
        x, weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
}
