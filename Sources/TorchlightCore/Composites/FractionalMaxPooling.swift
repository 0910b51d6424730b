// Max pooling over windows at pseudorandom positions (Graham, 2014, arXiv:1412.6071).

/// Fractional max pooling over two or three dimensions; see
/// ``fractionalMaxPool2dWithIndices(_:_:outputSize:outputRatio:randomSamples:generator:)``.
package func fractionalMaxPool<Size: SpatialSize>(
    _ x: Tensor, _ kernelSize: Size, outputSize: Size?, outputRatio: [Double]?, randomSamples: Tensor?,
    generator: Generator
) -> (values: Tensor, indices: Tensor) {
    let operation = "fractionalMaxPool\(Size.spatialDimensions)d"
    do throws(TensorError) {
        if let placeholder = [x, randomSamples].compactMap(\.self).first(where: \.isPlaceholder) {
            return (placeholder, placeholder)
        }
        let windows = try FractionalWindows(
            operation, x, kernelSize.perDimension, outputSize?.perDimension, outputRatio)
        let shape = [windows.batch, windows.channels, windows.spatial]
        if let given = randomSamples {
            guard given.shape == shape, given.dtype.isFloatingPoint else {
                throw TensorError(
                    .shape, in: operation, "the random samples do not match the input",
                    expected: "floating-point numbers of shape \(shape)", operands: [x, given])
            }
        }
        let dtype: DType = x.dtype == .float64 ? .float64 : .float32
        let samples =
            randomSamples.map { $0.detach().to(dtype) }
            ?? Tensor.rand(shape, dtype: dtype, device: x.device, generator: generator)
        return windows.pool(x, samples)
    } catch {
        let placeholder = fail(error, like: x)
        return (placeholder, placeholder)
    }
}

private struct FractionalWindows {
    let spatial: Int
    let batch: Int
    let channels: Int
    /// The sizes of the input, of a window and of the output along each spatial dimension.
    private let sizes: [Int]
    private let kernel: [Int]
    private let output: [Int]
    private let leading: [Int]

    init(
        _ operation: String, _ x: Tensor, _ kernel: [Int], _ outputSize: [Int]?, _ ratios: [Double]?
    ) throws(TensorError) {
        let spatial = kernel.count
        guard x.rank == spatial + 1 || x.rank == spatial + 2 else {
            throw TensorError(
                .shape, in: operation, "the input has the wrong number of dimensions for \(spatial)-d pooling",
                expected: "[N, C, \(Window.spatialNames(spatial))], or the same without N", operands: [x])
        }
        guard x.dtype.isFloatingPoint else {
            throw .dtype(operation, [x], expected: "a floating-point dtype")
        }
        let lead = x.rank - spatial
        let sizes = Array(x.shape.suffix(spatial))
        guard x.shape.dropFirst(lead - 1).allSatisfy({ $0 > 0 }) else {
            throw TensorError(
                .shape, in: operation, "the input has a dimension of size 0",
                expected: "sizes of at least 1, except that of the batch",
                operands: [x])
        }
        let output: [Int]
        switch (outputSize, ratios) {
        case (let given?, nil): output = given
        case (nil, let ratios?):
            guard ratios.count == 1 || ratios.count == spatial, ratios.allSatisfy({ $0 > 0 && $0 <= 1 }) else {
                throw TensorError(
                    .value, in: operation, "the output ratio is out of range", got: "\(ratios)",
                    expected: "one number, or one for each spatial dimension, above 0 and at most 1", operands: [x])
            }
            output = sizes.enumerated().map { Int(Double($0.element) * ratios[ratios.count == 1 ? 0 : $0.offset]) }
        default:
            throw TensorError(
                .value, in: operation, "the size of the output is not determined",
                got: outputSize == nil ? "neither outputSize nor outputRatio" : "outputSize and outputRatio",
                expected: "one of them", operands: [x])
        }
        for i in 0..<spatial {
            guard kernel[i] > 0, output[i] > 0, output[i] +| kernel[i] -| 1 <= sizes[i] else {
                throw TensorError(
                    .value, in: operation, "the windows do not fit into the input in dimension \(lead + i)",
                    got: "\(quantity(output[i], "window")) of size \(kernel[i]) in \(sizes[i])",
                    expected: "sizes of at least 1 with output + kernel - 1 <= input", operands: [x])
            }
        }
        (self.spatial, self.sizes, self.kernel, self.output) = (spatial, sizes, kernel, output)
        leading = Array(x.shape.prefix(lead))
        batch = lead == 2 ? leading[0] : 1
        channels = leading[lead - 1]
    }

    /// Where the windows of each sample and channel start along one dimension, `[N, C, output]`: with a random number u
    /// and the mean step a, at `trunc((i + u) a) - trunc(u a)`, the last one at the end.
    private func starts(_ dimension: Int, _ u: Tensor) -> Tensor {
        let (count, end) = (output[dimension], sizes[dimension] - kernel[dimension])
        let last = Tensor.full([batch, channels, 1], end, dtype: .int64, device: u.device)
        if count == 1 { return last }
        let step = Double(end) / Double(count - 1)
        let number = u.unsqueeze(-1)
        let steps = Tensor.arange(count - 1, device: u.device).to(u.dtype) + number
        return cat([((steps * step).trunc() - (number * step).trunc()).to(.int64), last], dim: -1)
    }

    func pool(_ x: Tensor, _ samples: Tensor) -> (values: Tensor, indices: Tensor) {
        let area = sizes.reduce(1, *)
        let window = kernel.reduce(1, *)
        let windowCount = output.reduce(1, *)
        let flat = x.reshape([batch, channels, area])
        let indices = noGrad {
            // [N, C, output..., kernel...]
            var index = Tensor.zeros([], dtype: .int64, device: x.device)
            for i in 0..<spatial {
                // The random numbers of a plane are those of the width and the height, in this order; of a volume in
                // the order of its dimensions.
                let u = samples.select(-1, spatial == 2 ? 1 - i : i)
                var shape = [batch, channels] + [Int](repeating: 1, count: 2 * spatial)
                shape[2 + i] = output[i]
                shape[2 + spatial + i] = kernel[i]
                let offsets = Tensor.arange(kernel[i], device: x.device)
                let positions = (starts(i, u).unsqueeze(-1) + offsets).reshape(shape)
                index = index + positions * sizes[(i + 1)...].reduce(1, *)
            }
            index = index.reshape([batch, channels, windowCount * window])
            let best = flat.detach().gather(2, index).reshape([batch, channels, windowCount, window])
                .argmax(dim: -1, keepdim: true)
            return index.reshape([batch, channels, windowCount, window]).gather(3, best).squeeze(-1)
        }
        return (flat.gather(2, indices).reshape(leading + output), indices.reshape(leading + output))
    }
}

/// Fractional max pooling over two dimensions (Graham, 2014): the maxima of windows at pseudorandom positions, such
/// that the size of the output is any size below that of the input.
///
/// Shapes: `[N, C, H, W] -> [N, C, H', W']`, or without N. A window that contains NaN gives NaN.
///
/// - Parameters:
///   - kernelSize: the size of a window.
///   - outputSize: the size of the output; either this or `outputRatio` is given.
///   - outputRatio: the size of the output as a part of that of the input, above 0 and at most 1: one number, or one
///     for each spatial dimension.
///   - randomSamples: the random numbers in [0, 1) that determine the positions of the windows, `[N, C, 2]`, those of
///     the width first. Default: drawn from the generator.
///   - generator: the random number generator.
public func fractionalMaxPool2d(
    _ x: Tensor, _ kernelSize: Size2, outputSize: Size2? = nil, outputRatio: [Double]? = nil,
    randomSamples: Tensor? = nil, generator: Generator = .default
) -> Tensor {
    fractionalMaxPool(
        x, kernelSize, outputSize: outputSize, outputRatio: outputRatio, randomSamples: randomSamples,
        generator: generator
    ).values
}

/// Fractional max pooling as ``fractionalMaxPool2d(_:_:outputSize:outputRatio:randomSamples:generator:)``, and the
/// indices of the maxima: int64, row-major in the spatial dimensions of the input.
public func fractionalMaxPool2dWithIndices(
    _ x: Tensor, _ kernelSize: Size2, outputSize: Size2? = nil, outputRatio: [Double]? = nil,
    randomSamples: Tensor? = nil, generator: Generator = .default
) -> (values: Tensor, indices: Tensor) {
    fractionalMaxPool(
        x, kernelSize, outputSize: outputSize, outputRatio: outputRatio, randomSamples: randomSamples,
        generator: generator)
}

/// Fractional max pooling over three dimensions (Graham, 2014). `[N, C, D, H, W] -> [N, C, D', H', W']`, or without N.
///
/// The parameters are those of ``fractionalMaxPool2d(_:_:outputSize:outputRatio:randomSamples:generator:)``;
/// `randomSamples` is `[N, C, 3]`, with the numbers of the depth first.
public func fractionalMaxPool3d(
    _ x: Tensor, _ kernelSize: Size3, outputSize: Size3? = nil, outputRatio: [Double]? = nil,
    randomSamples: Tensor? = nil, generator: Generator = .default
) -> Tensor {
    fractionalMaxPool(
        x, kernelSize, outputSize: outputSize, outputRatio: outputRatio, randomSamples: randomSamples,
        generator: generator
    ).values
}

/// Fractional max pooling as ``fractionalMaxPool3d(_:_:outputSize:outputRatio:randomSamples:generator:)``, and the
/// indices of the maxima: int64, row-major in the spatial dimensions of the input.
public func fractionalMaxPool3dWithIndices(
    _ x: Tensor, _ kernelSize: Size3, outputSize: Size3? = nil, outputRatio: [Double]? = nil,
    randomSamples: Tensor? = nil, generator: Generator = .default
) -> (values: Tensor, indices: Tensor) {
    fractionalMaxPool(
        x, kernelSize, outputSize: outputSize, outputRatio: outputRatio, randomSamples: randomSamples,
        generator: generator)
}

/// A 1-D convolution of sequences whose first dimension is time.
///
/// Shapes: `x [T, N, C]`, `weight [k, C, O]`, `bias [O] -> [T + 2 pad - k + 1, N, O]`.
///
/// - Parameter pad: the number of zeros at both ends of the sequences. Default: 0.
public func convTbc(_ x: Tensor, _ weight: Tensor, _ bias: Tensor, pad: Int = 0) -> Tensor {
    if let placeholder = [x, weight, bias].first(where: \.isPlaceholder) { return placeholder }
    guard x.rank == 3, weight.rank == 3, bias.rank == 1 else {
        return fail(
            TensorError(
                .shape, in: "convTbc", "an operand has the wrong number of dimensions",
                expected: "an input [T, N, C], a weight [k, C, O] and a bias [O]", operands: [x, weight, bias]), like: x
        )
    }
    return conv1d(x.permute(1, 2, 0), weight.permute(2, 1, 0), bias: bias, padding: ConvPadding(pad))
        .permute(2, 0, 1).contiguous()
}
