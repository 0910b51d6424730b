import Glibc

// Random numbers composed of uniform and normal ones.

extension Tensor {
    /// Uniform random numbers of the shape of this tensor in which 0 has been replaced by half a step: a logarithm of them is finite. In
    /// float32, or in float64 where the dtype is float64 or an integer.
    private func positiveUniform(_ generator: Generator) -> Tensor {
        let dtype: DType = self.dtype == .float64 || !self.dtype.isFloatingPoint ? .float64 : .float32
        return Tensor.rand(shape, dtype: dtype, device: device, generator: generator)
            .clamp(min: dtype == .float64 ? 0x1p-54 : 0x1p-25)
    }

    private func draw(
        _ name: String, isValid: Bool, got: String, expected: String, allowsIntegers: Bool = false,
        _ numbers: () -> Tensor
    ) -> Tensor {
        if isPlaceholder { return self }
        return orFail(like: self) { () throws(TensorError) in
            guard dtype.isFloatingPoint || (allowsIntegers && dtype.isInteger) else {
                throw .dtype(
                    name, [self],
                    expected: allowsIntegers ? "a floating-point or integer dtype" : "a floating-point dtype")
            }
            guard isValid else {
                throw TensorError(
                    .value, in: name, "a parameter is out of range", got: got, expected: expected, operands: [self])
            }
            return overwrite(by: name) { _ in noGrad(numbers) }
        }
    }

    /// Fills the tensor with random numbers from the exponential distribution of density `lambd exp(-lambd x)`, in place.
    ///
    /// - Parameters:
    ///   - lambd: the rate, above 0. Default: 1.
    ///   - generator: the random number generator.
    @discardableResult
    public func exponential_(lambd: Double = 1, generator: Generator = .default) -> Tensor {
        draw("exponential_", isValid: lambd > 0, got: "lambd \(lambd)", expected: "a rate above 0") {
            (positiveUniform(generator).neg().log1p() * (-1 / lambd)).to(dtype)
        }
    }

    /// Fills the tensor with random numbers from the Cauchy distribution of density
    /// `1 / (π sigma (1 + ((x - median) / sigma)²))`, in place.
    ///
    /// - Parameters:
    ///   - median: the median. Default: 0.
    ///   - sigma: half of the distance between the quartiles, above 0. Default: 1.
    ///   - generator: the random number generator.
    @discardableResult
    public func cauchy_(median: Double = 0, sigma: Double = 1, generator: Generator = .default) -> Tensor {
        draw("cauchy_", isValid: sigma > 0, got: "sigma \(sigma)", expected: "a sigma above 0") {
            (((positiveUniform(generator) - 0.5) * Double.pi).tan() * sigma + median).to(dtype)
        }
    }

    /// Fills the tensor with random numbers whose logarithms are normally distributed, in place.
    ///
    /// - Parameters:
    ///   - mean: the mean of the logarithms. Default: 1.
    ///   - std: the standard deviation of the logarithms, above 0. Default: 2.
    ///   - generator: the random number generator.
    @discardableResult
    public func logNormal_(mean: Double = 1, std: Double = 2, generator: Generator = .default) -> Tensor {
        draw("logNormal_", isValid: std > 0, got: "std \(std)", expected: "a standard deviation above 0") {
            let wide: DType = dtype == .float64 ? .float64 : .float32
            return Tensor.normal(mean: mean, std: std, shape, dtype: wide, device: device, generator: generator).exp()
                .to(dtype)
        }
    }

    /// Fills the tensor with random numbers from the geometric distribution, in place: the number of trials until the first
    /// success, 1, 2, ... Integers beyond the range of the dtype become its largest.
    ///
    /// - Parameters:
    ///   - p: the probability of a success, above 0 and below 1.
    ///   - generator: the random number generator.
    @discardableResult
    public func geometric_(_ p: Double, generator: Generator = .default) -> Tensor {
        draw(
            "geometric_", isValid: p > 0 && p < 1, got: "p \(p)", expected: "a probability above 0 and below 1",
            allowsIntegers: true
        ) {
            let trials = (positiveUniform(generator).neg().log1p() / Double.log1p(-p)).ceil().clamp(min: 1)
            // The largest float64 that int64 holds.
            return dtype.isInteger
                ? trials.clamp(max: Swift.min(Double(iinfo(dtype).max), 0x1.fffffffffffffp62)).to(dtype)
                : trials.to(dtype)
        }
    }

    /// Fills the tensor with random integers from the uniform distribution over `0 ..< high`, in place.
    @discardableResult
    public func random_(_ high: Int, generator: Generator = .default) -> Tensor {
        random_(0, high, generator: generator)
    }

    /// Fills the tensor with random integers, in place: from 0 to the largest integer of the dtype (of int64, the one before it), or of
    /// floating-point dtypes to the integer up to which all are held exactly.
    @discardableResult
    public func random_(generator: Generator = .default) -> Tensor {
        if isPlaceholder { return self }
        let largest: Int =
            switch dtype {
            case .float64: 1 << 53
            case .float32: 1 << 24
            case .float16: 1 << 11
            case .bfloat16: 1 << 8
            case .bool: 1
            default: dtype.isInteger ? iinfo(dtype).max : 1
            }
        return random_(0, largest +| 1, generator: generator)
    }

    /// Fills the tensor with samples of the Bernoulli distribution, in place: 1 with the probability given by each element of `p`, else
    /// 0.
    ///
    /// - Parameters:
    ///   - p: floating-point probabilities, in a shape that broadcasts to that of the tensor.
    ///   - generator: the random number generator.
    @discardableResult
    public func bernoulli_(p: Tensor, generator: Generator = .default) -> Tensor {
        drawBernoulli(p, generator)
    }

    /// Samples of the Bernoulli distribution in the shape and dtype of this tensor, whose elements are not read: 1 with
    /// probability `p`, else 0.
    public func bernoulli(p: Double, generator: Generator = .default) -> Tensor {
        isPlaceholder
            ? self : Tensor.empty(shape, dtype: dtype, device: device).bernoulli_(p: p, generator: generator)
    }

    /// A tensor of random integers from the uniform distribution over `low ..< high`, with the shape and device of `other`, and
    /// its dtype unless `dtype` is given.
    public static func randint(
        like other: Tensor, _ low: Int, _ high: Int, dtype: DType? = nil, generator: Generator = .default
    ) -> Tensor {
        other.isPlaceholder
            ? other
            : randint(
                low, high, other.shape, dtype: dtype ?? other.dtype, device: other.device, generator: generator)
    }

    /// A tensor of random integers from the uniform distribution over `0 ..< high`, with the shape and device of `other`, and
    /// its dtype unless `dtype` is given.
    public static func randint(
        like other: Tensor, _ high: Int, dtype: DType? = nil, generator: Generator = .default
    ) -> Tensor {
        randint(like: other, 0, high, dtype: dtype, generator: generator)
    }

    /// Random numbers from normal distributions, one for each element of the means and standard deviations, which broadcast. No
    /// gradient passes.
    ///
    /// - Parameters:
    ///   - mean: the means, floating point.
    ///   - std: the standard deviations, floating point and of at least 0.
    ///   - generator: the random number generator.
    public static func normal(mean: Tensor, std: Tensor, generator: Generator = .default) -> Tensor {
        orFail(like: mean) { () throws(TensorError) in
            if mean.isPlaceholder || std.isPlaceholder { return mean.isPlaceholder ? mean : std }
            guard mean.dtype.isFloatingPoint, std.dtype.isFloatingPoint else {
                throw .dtype("normal", [mean, std], expected: "floating-point means and standard deviations")
            }
            let (center, width) = (mean.detach(), std.detach())
            try checkValues("normal", [center, width]) { operands throws(TensorError) in
                guard (operands[1] >= 0).all().item(Bool.self) else {
                    throw TensorError(
                        .value, in: "normal", "a standard deviation is negative", expected: "numbers of at least 0",
                        operands: operands)
                }
            }
            guard let shape = Layout.broadcast(center.layout.shape, width.layout.shape) else {
                throw broadcastError("normal", [mean, std])
            }
            let dtype = DType.promote(mean.dtype, std.dtype)
            let numbers = Tensor.randn(Array(shape), dtype: dtype, device: mean.device, generator: generator)
            return noGrad { (numbers * width + center).to(dtype) }
        }
    }

    /// Random numbers from normal distributions with these means and one standard deviation. Default: 1.
    public static func normal(mean: Tensor, std: Double = 1, generator: Generator = .default) -> Tensor {
        if mean.isPlaceholder { return mean }
        return normal(
            mean: mean, std: Tensor.full([], std, dtype: mean.dtype.orFloat, device: mean.device), generator: generator)
    }

    /// Random numbers from normal distributions with one mean and these standard deviations.
    public static func normal(mean: Double, std: Tensor, generator: Generator = .default) -> Tensor {
        if std.isPlaceholder { return std }
        return normal(
            mean: Tensor.full([], mean, dtype: std.dtype.orFloat, device: std.device), std: std, generator: generator)
    }
}

extension Double {
    fileprivate static func log1p(_ x: Double) -> Double { Glibc.log1p(x) }
}

/// Samples of the Bernoulli distribution: ``Tensor/bernoulli(generator:)``.
public func bernoulli(_ p: Tensor, generator: Generator = .default) -> Tensor { p.bernoulli(generator: generator) }

/// Samples indices with probabilities proportional to the weights: ``Tensor/multinomial(_:replacement:generator:)``.
public func multinomial(
    _ weights: Tensor, _ count: Int, replacement: Bool = false, generator: Generator = .default
) -> Tensor {
    weights.multinomial(count, replacement: replacement, generator: generator)
}

/// Samples of the Gumbel-softmax distribution (Jang and others, 2017, and Maddison and others, 2017), a differentiable approximation of
/// samples of one category: `softmax((logits + g) / tau)`, where g are random numbers from the Gumbel distribution.
///
/// - Parameters:
///   - logits: unnormalised logarithms of probabilities, `[*, categories]`.
///   - tau: the temperature, above 0. Default: 1.
///   - hard: whether the result is 1 for the largest category and 0 for the others, with the gradient of the softmax.
///     Default: false.
///   - dim: the dimension of the categories. Default: -1.
///   - generator: the random number generator.
public func gumbelSoftmax(
    _ logits: Tensor, tau: Double = 1, hard: Bool = false, dim: Int = -1, generator: Generator = .default
) -> Tensor {
    orFail(like: logits) { () throws(TensorError) in
        if logits.isPlaceholder { return logits }
        try checkFloating(logits, in: "gumbelSoftmax")
        guard tau > 0 else {
            throw TensorError(
                .value, in: "gumbelSoftmax", "the temperature is not positive", got: "\(tau)",
                expected: "a number above 0", operands: [logits])
        }
        let category = try logits.resolve(dim, in: "gumbelSoftmax")
        let noise = noGrad {
            -Tensor.empty(logits.shape, dtype: logits.dtype, device: logits.device).exponential_(generator: generator)
                .log()
        }
        let soft = softmax((logits + noise) / tau, dim: category)
        guard hard, !soft.isPlaceholder else { return soft }
        let choice = noGrad {
            let largest = soft.detach().argmax(dim: category, keepdim: true)
            return Tensor.zeros(like: soft).scatter(category, largest, 1)
        }
        return choice - soft.detach() + soft
    }
}

// MARK: - Generator state

extension Generator {
    /// The state of the generator: ``state``.
    public func getState() -> State { state }
    /// Sets the state of the generator: ``state``.
    public func setState(_ state: State) { self.state = state }
    /// The seed of the sequence: ``seed``.
    public func initialSeed() -> UInt64 { seed }
}

/// The state of the default generator.
public func getRNGState() -> Generator.State { Generator.default.state }

/// Sets the state of the default generator.
public func setRNGState(_ state: Generator.State) { Generator.default.state = state }

/// The seed of the default generator.
public func initialSeed() -> UInt64 { Generator.default.seed }

/// Gives the default generator a random seed, which is returned.
@discardableResult
public func seed() -> UInt64 {
    let seed = UInt64.random(in: 0...UInt64.max)
    manualSeed(seed)
    return seed
}

/// Runs the body and puts the state of the default generator back afterwards, as `torch.random.fork_rng`.
public func forkRNG<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    let generator = Generator.default
    let state = generator.state
    defer { generator.state = state }
    return try body()
}
