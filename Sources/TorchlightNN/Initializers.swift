import TorchlightCore

/// Initialisation of parameters, as `torch.nn.init`. Each function fills a tensor in place under `noGrad` and returns it.
///
///     Initializers.kaimingNormal_(layer.weight, nonlinearity: .relu)
///
/// The fan-in of a weight `[out, in, *kernel]` is `in` times the number of elements of the kernel, the fan-out is `out` times
/// this number.
public enum Initializers {
    /// The fan that Kaiming initialisation uses.
    public enum FanMode: Sendable {
        /// The fan-in, which preserves the variance of activations in the forward pass.
        case fanIn
        /// The fan-out, which preserves the variance of gradients in the backward pass.
        case fanOut
    }

    /// The activation after a layer, which determines the gain of its initialisation.
    public enum Nonlinearity: Sendable {
        case linear, sigmoid, tanh, relu, selu
        case leakyRelu(negativeSlope: Double = 0.01)

        /// The recommended gain, as `torch.nn.init.calculate_gain`: 1 for linear and sigmoid, 5/3 for tanh, √2 for ReLU,
        /// √(2 / (1 + negativeSlope²)) for leaky ReLU, 3/4 for SELU.
        public var gain: Double {
            switch self {
            case .linear, .sigmoid: 1
            case .tanh: 5.0 / 3
            case .relu: 2.0.squareRoot()
            case .leakyRelu(let slope): (2 / (1 + slope * slope)).squareRoot()
            case .selu: 0.75
            }
        }
    }

    /// Fills the tensor with a value.
    @discardableResult
    public static func constant_(_ tensor: Tensor, _ value: Double) -> Tensor { noGrad { tensor.fill_(value) } }

    /// Fills the tensor with zeros.
    @discardableResult
    public static func zeros_(_ tensor: Tensor) -> Tensor { noGrad { tensor.zero_() } }

    /// Fills the tensor with ones.
    @discardableResult
    public static func ones_(_ tensor: Tensor) -> Tensor { noGrad { tensor.fill_(1) } }

    /// Fills a matrix with the identity matrix: ones on the diagonal, zeros elsewhere. A linear layer with this weight preserves
    /// its input. A tensor that does not have 2 dimensions is an error.
    @discardableResult
    public static func eye_(_ tensor: Tensor) -> Tensor {
        if tensor.isPlaceholder { return tensor }
        guard tensor.rank == 2 else {
            return fail(
                TensorError(
                    .shape, in: "eye_", "the tensor must have 2 dimensions", expected: "a matrix [out, in]",
                    operands: [tensor]), like: tensor)
        }
        return noGrad {
            tensor.zero_().diagonal().fill_(1)
            return tensor
        }
    }

    /// Fills the weight of a convolution, `[out, in / groups, *kernel]` with 3 to 5 dimensions, with the Dirac delta function:
    /// the convolution preserves as many input channels as possible in each group.
    ///
    /// - Parameters:
    ///   - tensor: The weight.
    ///   - groups: The number of groups; it must divide the number of output channels. Default: 1.
    @discardableResult
    public static func dirac_(_ tensor: Tensor, groups: Int = 1) -> Tensor {
        if tensor.isPlaceholder { return tensor }
        guard (3...5).contains(tensor.rank) else {
            return fail(
                TensorError(
                    .shape, in: "dirac_", "the tensor must have 3 to 5 dimensions",
                    expected: "the weight of a convolution, [out, in, *kernel]", operands: [tensor]), like: tensor)
        }
        guard groups > 0, tensor.shape[0] % groups == 0 else {
            return fail(
                TensorError(
                    .value, in: "dirac_", "the number of groups must divide the number of output channels",
                    got: "\(quantity(groups, "group")) and \(tensor.shape[0]) output channels",
                    expected: "a divisor of the number of output channels", operands: [tensor]), like: tensor)
        }
        return noGrad {
            tensor.zero_()
            if tensor.count == 0 { return tensor }
            var center = tensor
            for size in tensor.shape[2...].reversed() { center = center.select(-1, size / 2) }
            let channels = tensor.shape[0] / groups
            for group in 0..<groups {
                center.narrow(0, start: group * channels, length: channels).diagonal().fill_(1)
            }
            return tensor
        }
    }

    /// Fills the tensor with random numbers from the uniform distribution over [from, to).
    ///
    /// - Parameters:
    ///   - tensor: The tensor.
    ///   - from: The lower bound. Default: 0.
    ///   - to: The upper bound. Default: 1.
    ///   - generator: The generator of the random numbers.
    @discardableResult
    public static func uniform_(
        _ tensor: Tensor, from: Double = 0, to: Double = 1, generator: Generator = .default
    ) -> Tensor {
        noGrad { tensor.uniform_(from: from, to: to, generator: generator) }
    }

    /// Fills the tensor with random numbers from a normal distribution.
    ///
    /// - Parameters:
    ///   - tensor: The tensor.
    ///   - mean: The mean. Default: 0.
    ///   - std: The standard deviation. Default: 1.
    ///   - generator: The generator of the random numbers.
    @discardableResult
    public static func normal_(
        _ tensor: Tensor, mean: Double = 0, std: Double = 1, generator: Generator = .default
    ) -> Tensor {
        noGrad { tensor.normal_(mean: mean, std: std, generator: generator) }
    }

    /// Fills the tensor with random numbers from a normal distribution truncated to [from, to].
    ///
    /// It applies the inverse of the cumulative distribution function to uniform random numbers, in float64. The tensor must be
    /// floating point.
    ///
    /// - Parameters:
    ///   - tensor: The tensor.
    ///   - mean: The mean of the normal distribution before truncation. Default: 0.
    ///   - std: Its standard deviation, above 0. Default: 1.
    ///   - from: The lower bound; it may be infinite. Default: -2.
    ///   - to: The upper bound, above `from`; it may be infinite. Default: 2.
    ///   - generator: The generator of the random numbers.
    @discardableResult
    public static func truncNormal_(
        _ tensor: Tensor, mean: Double = 0, std: Double = 1, from: Double = -2, to: Double = 2,
        generator: Generator = .default
    ) -> Tensor {
        if tensor.isPlaceholder { return tensor }
        guard from < to, std > 0, std.isFinite, mean.isFinite else {
            return fail(
                TensorError(
                    .value, in: "truncNormal_", "the interval is empty, or mean or std is out of range",
                    got: "[\(from), \(to)], mean \(mean), std \(std)",
                    expected: "from < to, a finite mean and std > 0"), like: tensor)
        }
        guard tensor.dtype.isFloatingPoint else {
            return fail(
                TensorError(
                    .dtype, in: "truncNormal_", "the tensor is not floating point", got: "\(tensor.dtype)",
                    expected: "a floating-point dtype", operands: [tensor]), like: tensor)
        }
        let normal = TruncatedNormal(mean: mean, std: std, from: from, to: to)
        return noGrad {
            // In parts, so that the float64 numbers need little memory.
            let part = 1 << 20
            guard tensor.isContiguous, tensor.count > part else {
                return tensor.copy_(normal.draw(tensor.shape, on: tensor.device, generator))
            }
            let all = tensor.view([-1])
            for start in stride(from: 0, to: tensor.count, by: part) {
                let piece = all.narrow(0, start: start, length: min(part, tensor.count - start))
                piece.copy_(normal.draw(piece.shape, on: tensor.device, generator))
            }
            return tensor
        }
    }

    /// Xavier initialisation from a uniform distribution: uniform from −b to b with `b = gain √(6 / (fan-in + fan-out))` (Glorot
    /// and Bengio, 2010). A tensor with fewer than 2 dimensions is an error.
    ///
    /// - Parameters:
    ///   - tensor: The weight, `[out, in, *kernel]`.
    ///   - gain: The gain; see ``Nonlinearity/gain``. Default: 1.
    ///   - generator: The generator of the random numbers.
    @discardableResult
    public static func xavierUniform_(_ tensor: Tensor, gain: Double = 1, generator: Generator = .default) -> Tensor {
        withFans(tensor, "xavierUniform_") { fanIn, fanOut in
            let bound = gain * (6 / Double(fanIn + fanOut)).squareRoot()
            tensor.uniform_(from: -bound, to: bound, generator: generator)
        }
    }

    /// Xavier initialisation from a normal distribution: mean 0 and standard deviation `gain √(2 / (fan-in + fan-out))` (Glorot
    /// and Bengio, 2010). A tensor with fewer than 2 dimensions is an error.
    ///
    /// - Parameters:
    ///   - tensor: The weight, `[out, in, *kernel]`.
    ///   - gain: The gain; see ``Nonlinearity/gain``. Default: 1.
    ///   - generator: The generator of the random numbers.
    @discardableResult
    public static func xavierNormal_(_ tensor: Tensor, gain: Double = 1, generator: Generator = .default) -> Tensor {
        withFans(tensor, "xavierNormal_") { fanIn, fanOut in
            tensor.normal_(mean: 0, std: gain * (2 / Double(fanIn + fanOut)).squareRoot(), generator: generator)
        }
    }

    /// Kaiming initialisation from a uniform distribution: uniform from −b to b with `b = gain √(3 / fan)` (He et al., 2015). A
    /// tensor with fewer than 2 dimensions is an error.
    ///
    /// - Parameters:
    ///   - tensor: The weight, `[out, in, *kernel]`.
    ///   - mode: The fan, `.fanIn` or `.fanOut`. Default: `.fanIn`.
    ///   - nonlinearity: The activation after the layer, which determines the gain. Default: leaky ReLU with slope 0, which is
    ///     ReLU.
    ///   - generator: The generator of the random numbers.
    @discardableResult
    public static func kaimingUniform_(
        _ tensor: Tensor, mode: FanMode = .fanIn, nonlinearity: Nonlinearity = .leakyRelu(negativeSlope: 0),
        generator: Generator = .default
    ) -> Tensor {
        withFans(tensor, "kaimingUniform_") { fanIn, fanOut in
            let bound = nonlinearity.gain * (3 / Double(mode == .fanIn ? fanIn : fanOut)).squareRoot()
            tensor.uniform_(from: -bound, to: bound, generator: generator)
        }
    }

    /// Kaiming initialisation from a normal distribution: mean 0 and standard deviation `gain / √fan` (He et al., 2015). A tensor
    /// with fewer than 2 dimensions is an error.
    ///
    /// - Parameters:
    ///   - tensor: The weight, `[out, in, *kernel]`.
    ///   - mode: The fan, `.fanIn` or `.fanOut`. Default: `.fanIn`.
    ///   - nonlinearity: The activation after the layer, which determines the gain. Default: leaky ReLU with slope 0, which is
    ///     ReLU.
    ///   - generator: The generator of the random numbers.
    @discardableResult
    public static func kaimingNormal_(
        _ tensor: Tensor, mode: FanMode = .fanIn, nonlinearity: Nonlinearity = .leakyRelu(negativeSlope: 0),
        generator: Generator = .default
    ) -> Tensor {
        withFans(tensor, "kaimingNormal_") { fanIn, fanOut in
            let std = nonlinearity.gain / Double(mode == .fanIn ? fanIn : fanOut).squareRoot()
            tensor.normal_(mean: 0, std: std, generator: generator)
        }
    }

    /// Fills the tensor with a random (semi-)orthogonal matrix times the gain (Saxe et al., 2014). A tensor with fewer than 2
    /// dimensions is an error.
    ///
    /// The tensor is treated as a matrix with the first dimension as rows and the others flattened. Its rows are orthonormal if
    /// there are fewer rows than columns, otherwise its columns. The matrix is the Q of the QR decomposition of a matrix of
    /// normal random numbers, with signs such that its distribution is uniform.
    ///
    /// - Parameters:
    ///   - tensor: The weight.
    ///   - gain: The factor. Default: 1.
    ///   - generator: The generator of the random numbers.
    @discardableResult
    public static func orthogonal_(_ tensor: Tensor, gain: Double = 1, generator: Generator = .default) -> Tensor {
        if tensor.isPlaceholder { return tensor }
        guard tensor.rank >= 2 else {
            return fail(
                TensorError(
                    .shape, in: "orthogonal_", "the tensor has too few dimensions", expected: "at least 2 dimensions",
                    operands: [tensor]), like: tensor)
        }
        if tensor.count == 0 { return tensor }
        return noGrad {
            let (rows, columns) = (tensor.shape[0], tensor.count / tensor.shape[0])
            let isWide = rows < columns
            let drawn = Tensor.empty(
                isWide ? [columns, rows] : [rows, columns], dtype: tensor.dtype == .float64 ? .float64 : .float32,
                device: tensor.device
            ).normal_(mean: 0, std: 1, generator: generator)
            let (q, r) = LinAlg.qr(drawn)
            let sign = (LinAlg.diagonal(r) < 0).to(q.dtype) * -2 + 1
            let basis = q * sign * gain
            return tensor.copy_((isWide ? basis.mT : basis).reshape(tensor.shape))
        }
    }

    /// Fills a matrix with random numbers from the normal distribution of mean 0, and sets a part of each column, at random
    /// positions, to 0 (Martens, 2010). A tensor that does not have 2 dimensions is an error.
    ///
    /// - Parameters:
    ///   - tensor: The weight, `[out, in]`.
    ///   - sparsity: The part of the elements of each column that is set to 0, rounded up to whole elements; from 0 to 1.
    ///   - std: The standard deviation. Default: 0.01.
    ///   - generator: The generator of the random numbers.
    @discardableResult
    public static func sparse_(
        _ tensor: Tensor, sparsity: Double, std: Double = 0.01, generator: Generator = .default
    ) -> Tensor {
        if tensor.isPlaceholder { return tensor }
        guard tensor.rank == 2 else {
            return fail(
                TensorError(
                    .shape, in: "sparse_", "the tensor must have 2 dimensions", expected: "a matrix [out, in]",
                    operands: [tensor]), like: tensor)
        }
        guard (0...1).contains(sparsity) else {
            return fail(
                TensorError(
                    .value, in: "sparse_", "the sparsity must be between 0 and 1", got: "\(sparsity)",
                    expected: "a number from 0 to 1", operands: [tensor]), like: tensor)
        }
        return noGrad {
            tensor.normal_(mean: 0, std: std, generator: generator)
            let zeros = Int((sparsity * Double(tensor.shape[0])).rounded(.up))
            if zeros == 0 || tensor.count == 0 { return tensor }
            // The order of random numbers is a random permutation of the rows for each column.
            let order = Tensor.rand(tensor.shape, dtype: .float64, device: tensor.device, generator: generator)
                .argsort(dim: 0)
            return tensor.scatter_(0, order.narrow(0, start: 0, length: zeros), 0)
        }
    }

    /// The recommended gain of the initialisation of a layer before this activation: ``Nonlinearity/gain``.
    public static func calculateGain(_ nonlinearity: Nonlinearity) -> Double { nonlinearity.gain }

    private static func withFans(_ tensor: Tensor, _ operation: String, _ fill: (Int, Int) -> Void) -> Tensor {
        if tensor.isPlaceholder { return tensor }
        guard tensor.rank >= 2 else {
            return fail(
                TensorError(
                    .shape, in: operation, "fan-in and fan-out need a tensor of at least 2 dimensions",
                    expected: "a weight [out, in, *kernel]",
                    operands: [tensor]), like: tensor)
        }
        let kernel = tensor.shape.dropFirst(2).reduce(1, *)
        // A weight without elements may have a fan of 0, and needs no random numbers.
        if tensor.count > 0 { noGrad { fill(tensor.shape[1] * kernel, tensor.shape[0] * kernel) } }
        return tensor
    }
}

/// The default weight and bias of linear and convolution layers: both uniform from −1/√(fan-in) to 1/√(fan-in).
///
/// For the weight, this equals PyTorch's Kaiming uniform initialisation with a negative slope of √5.
func defaultWeightAndBias(
    weight shape: [Int], bias: Bool, biasSize: Int? = nil, dtype: DType, device: Device, generator: Generator
) -> (weight: Tensor, bias: Tensor?) {
    let fanIn = shape.dropFirst().reduce(1, *|)
    let bound = fanIn > 0 ? 1 / Double(fanIn).squareRoot() : 0
    func draw(_ shape: [Int]) -> Tensor {
        let tensor = Tensor.empty(shape, dtype: dtype, device: device)
        return Parameter(tensor.uniform_(from: -bound, to: bound, generator: generator))
    }
    let weight = draw(shape)
    // Without memory for the weight, there is no need for that of the bias.
    if weight.isPlaceholder { return (weight, bias ? weight : nil) }
    return (weight, bias ? draw([biasSize ?? shape[0]]) : nil)
}
