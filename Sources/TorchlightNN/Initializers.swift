import TorchlightCore

/// The usual ways to fill parameters before training. Each works in place, records nothing and returns its tensor.
///
/// The fan-in of a weight `[out, in, *kernel]` is `in` times the kernel's elements, its fan-out `out` times these.
public enum Initializers {
    /// Which fan keeps its variance.
    public enum FanMode: Sendable {
        /// Activations keep their variance on the way forward.
        case fanIn
        /// Gradients keep theirs on the way back.
        case fanOut
    }

    /// The function that follows a layer; each has a gain that makes up for what it does to the variance.
    public enum Nonlinearity: Sendable {
        case linear, sigmoid, tanh, relu, selu
        case leakyRelu(negativeSlope: Double = 0.01)

        /// 1, 5/3, √2, √(2 / (1 + slope²)) or 3/4, as PyTorch has them.
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

    /// Every element `value`.
    @discardableResult
    public static func constant_(_ tensor: Tensor, _ value: Double) -> Tensor { noGrad { tensor.fill_(value) } }

    /// Zeros.
    @discardableResult
    public static func zeros_(_ tensor: Tensor) -> Tensor { noGrad { tensor.zero_() } }

    /// Ones.
    @discardableResult
    public static func ones_(_ tensor: Tensor) -> Tensor { noGrad { tensor.fill_(1) } }

    /// Ones on the diagonal of a matrix, zeros elsewhere: a linear layer that hands on its input.
    @discardableResult
    public static func eye_(_ tensor: Tensor) -> Tensor {
        if tensor.isPlaceholder { return tensor }
        guard tensor.rank == 2 else {
            return fail(
                TensorError(
                    .shape, in: "eye_", "the tensor is not a matrix", expected: "two dimensions",
                    operands: [tensor]), like: tensor)
        }
        return noGrad {
            tensor.zero_().diagonal().fill_(1)
            return tensor
        }
    }

    /// Dirac's delta as a kernel `[out, in, *kernel]` of one to three dimensions: a convolution that hands on as many channels
    /// as it can, in each group.
    @discardableResult
    public static func dirac_(_ tensor: Tensor, groups: Int = 1) -> Tensor {
        if tensor.isPlaceholder { return tensor }
        guard (3...5).contains(tensor.rank) else {
            return fail(
                TensorError(
                    .shape, in: "dirac_", "the tensor is not a kernel of a convolution",
                    expected: "3, 4 or 5 dimensions", operands: [tensor]), like: tensor)
        }
        guard groups > 0, tensor.shape[0] % groups == 0 else {
            return fail(
                TensorError(
                    .value, in: "dirac_", "the output channels do not divide into the groups",
                    got: "\(tensor.shape[0]) channels for \(groups) groups", expected: "a divisor of the channels",
                    operands: [tensor]), like: tensor)
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

    /// Uniform over [from, to).
    @discardableResult
    public static func uniform_(
        _ tensor: Tensor, from: Double = 0, to: Double = 1, generator: Generator = .default
    ) -> Tensor {
        noGrad { tensor.uniform_(from: from, to: to, generator: generator) }
    }

    /// Normal with this mean and standard deviation.
    @discardableResult
    public static func normal_(
        _ tensor: Tensor, mean: Double = 0, std: Double = 1, generator: Generator = .default
    ) -> Tensor {
        noGrad { tensor.normal_(mean: mean, std: std, generator: generator) }
    }

    /// Normal, restricted to [from, to]: the inverse of the distribution function, applied to uniform numbers in double
    /// precision. The bounds may be infinite.
    @discardableResult
    public static func truncNormal_(
        _ tensor: Tensor, mean: Double = 0, std: Double = 1, from: Double = -2, to: Double = 2,
        generator: Generator = .default
    ) -> Tensor {
        if tensor.isPlaceholder { return tensor }
        guard from < to, std > 0, std.isFinite, mean.isFinite else {
            return fail(
                TensorError(
                    .value, in: "truncNormal_", "the interval or the deviation is empty",
                    got: "[\(from), \(to)], mean \(mean), std \(std)",
                    expected: "from < to, a finite mean and std > 0"), like: tensor)
        }
        guard tensor.dtype.isFloatingPoint else {
            return fail(
                TensorError(
                    .dtype, in: "truncNormal_", "only floating-point tensors hold the numbers", got: "\(tensor.dtype)",
                    expected: "a floating-point dtype", operands: [tensor]), like: tensor)
        }
        let normal = TruncatedNormal(mean: mean, std: std, from: from, to: to)
        return noGrad {
            // In parts, so that the numbers in double precision need little memory.
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

    /// Uniform within ±gain·√(6 / (fan-in + fan-out)) (Glorot and Bengio 2010).
    @discardableResult
    public static func xavierUniform_(_ tensor: Tensor, gain: Double = 1, generator: Generator = .default) -> Tensor {
        withFans(tensor, "xavierUniform_") { fanIn, fanOut in
            let bound = gain * (6 / Double(fanIn + fanOut)).squareRoot()
            tensor.uniform_(from: -bound, to: bound, generator: generator)
        }
    }

    /// Normal of deviation gain·√(2 / (fan-in + fan-out)) (Glorot and Bengio 2010).
    @discardableResult
    public static func xavierNormal_(_ tensor: Tensor, gain: Double = 1, generator: Generator = .default) -> Tensor {
        withFans(tensor, "xavierNormal_") { fanIn, fanOut in
            tensor.normal_(mean: 0, std: gain * (2 / Double(fanIn + fanOut)).squareRoot(), generator: generator)
        }
    }

    /// Uniform within ±gain·√(3 / fan) (He et al. 2015).
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

    /// Normal of deviation gain / √fan (He et al. 2015).
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

    /// A matrix with orthonormal rows or columns, whichever are fewer, times the gain (Saxe et al. 2014): the Q of a normal
    /// matrix, with the signs that make all such matrices equally likely. Dimensions after the first count as one.
    @discardableResult
    public static func orthogonal_(_ tensor: Tensor, gain: Double = 1, generator: Generator = .default) -> Tensor {
        if tensor.isPlaceholder { return tensor }
        guard tensor.rank >= 2 else {
            return fail(
                TensorError(
                    .shape, in: "orthogonal_", "the tensor is not a matrix", expected: "at least two dimensions",
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

    private static func withFans(_ tensor: Tensor, _ operation: String, _ fill: (Int, Int) -> Void) -> Tensor {
        if tensor.isPlaceholder { return tensor }
        guard tensor.rank >= 2 else {
            return fail(
                TensorError(
                    .shape, in: operation, "a fan needs at least two dimensions", expected: "[out, in, *kernel]",
                    operands: [tensor]), like: tensor)
        }
        let kernel = tensor.shape.dropFirst(2).reduce(1, *)
        // Nothing is drawn for a weight without elements, whose fan may be 0.
        if tensor.count > 0 { noGrad { fill(tensor.shape[1] * kernel, tensor.shape[0] * kernel) } }
        return tensor
    }
}

/// The default weight and bias of linear and convolution layers: both uniform within ±1/√(fan-in).
///
/// For the weight this is PyTorch's Kaiming uniform with a negative slope of √5.
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
    return (weight, bias ? draw([biasSize ?? shape[0]]) : nil)
}
