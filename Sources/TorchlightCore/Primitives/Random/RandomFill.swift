import CKernels

// Tensors of random numbers, new or written in place. The gradient of the previous elements is 0.

/// Numbers drawn for every element of a new tensor, or of one that is written in place: `key int64 [2] -> shape`.
package protocol RandomFill: Primitive {
    var shape: Dims { get }
    var dtype: DType { get }
    /// Refuses attributes that name no distribution.
    func check() throws(TensorError)
    /// Draws into a dense tensor that is not empty.
    func draw(_ key: UnsafePointer<tl_tensor>?, _ out: UnsafePointer<tl_tensor>?)
}

extension RandomFill {
    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try check()
        try checkOperand(inputs[0], is: [2], .int64, in: Self.name)
        return Few(ResultSpec(shape, dtype))
    }

    package func acceptsResult(_ layout: Layout) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count > 0 { withKernelArguments { draw($0(inputs[0]), $0(outputs[0])) } }
    }

    package var effects: Effects { .random(key: 0) }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .constant }
    package var differentiability: Differentiability { .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil] }

    /// What the numbers are drawn for, in errors.
    fileprivate var spec: TensorSpec { TensorSpec(Layout(shape: shape), dtype) }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { nil }
}

/// Uniform in `[low, high)`.
package struct UniformFill: RandomFill, Primitive {
    package static let name = "uniform"
    package var low: Double
    package var high: Double
    package var shape: Dims
    package var dtype: DType
    package func draw(_ key: UnsafePointer<tl_tensor>?, _ out: UnsafePointer<tl_tensor>?) {
        tl_random_uniform(key, out, low, high)
    }

    package func check() throws(TensorError) {
        _ = try floatingPointType(of: spec, in: Self.name)
        guard low <= high, (high - low).isFinite else {
            throw TensorError(
                .value, in: Self.name, "the ends are not those of a range", got: "\(low) and \(high)",
                expected: "finite numbers with from <= to", operands: [spec])
        }
    }
}

/// Normally distributed.
package struct NormalFill: RandomFill, Primitive {
    package static let name = "normal"
    package var mean: Double
    package var deviation: Double
    package var shape: Dims
    package var dtype: DType
    package func draw(_ key: UnsafePointer<tl_tensor>?, _ out: UnsafePointer<tl_tensor>?) {
        tl_random_normal(key, out, mean, deviation)
    }

    package func check() throws(TensorError) {
        _ = try floatingPointType(of: spec, in: Self.name)
        guard deviation >= 0 else {
            throw TensorError(
                .value, in: Self.name, "the standard deviation is negative", got: "\(deviation)",
                expected: "a number of at least 0", operands: [spec])
        }
    }
}

/// Whole numbers in `low ..< high`, of any dtype that holds them.
package struct IntegerFill: RandomFill, Primitive {
    package static let name = "randint"
    package var low: Int
    package var high: Int
    package var shape: Dims
    package var dtype: DType
    package func draw(_ key: UnsafePointer<tl_tensor>?, _ out: UnsafePointer<tl_tensor>?) {
        tl_random_integers(key, out, Int64(low), Int64(high))
    }

    package func check() throws(TensorError) {
        guard low < high else {
            throw TensorError(
                .value, in: Self.name, "the range is empty", got: "\(low) ..< \(high)", expected: "low < high",
                operands: [spec])
        }
        let limits = dtype == .float16 ? -65504...65504 : dtype.bounds
        guard limits.contains(low), limits.contains(high - 1) else {
            throw TensorError(
                .value, in: Self.name, "\(dtype) cannot represent the range", got: "\(low) ..< \(high)",
                expected: "numbers in \(limits)", operands: [spec])
        }
    }
}

/// 1 with the probability that each element of the first operand gives, else 0: `p [*], key int64 [2] -> [*]`, of any dtype.
package struct BernoulliDraw: Primitive {
    package static let name = "bernoulli"
    package var shape: Dims
    package var dtype: DType

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let p = inputs[0]
        guard Layout.broadcast(shape, p.layout.shape) == shape else {
            throw broadcastError(Self.name, [TensorSpec(Layout(shape: shape), dtype), p])
        }
        guard p.dtype.isFloatingPoint else {
            throw .dtype(Self.name, [p], expected: "floating-point probabilities")
        }
        try checkOperand(inputs[1], is: [2], .int64, in: Self.name)
        return Few(ResultSpec(shape, dtype))
    }

    package func validate(_ inputs: Few<Tensor>) throws(TensorError) {
        let p = inputs[0].detach()
        guard noGrad({ (p >= 0).logicalAnd(p <= 1).all().item() }) != 0 else {
            throw TensorError(
                .value, in: Self.name, "a probability is outside [0, 1]", expected: "numbers from 0 to 1",
                operands: [p])
        }
    }

    package func acceptsResult(_ layout: Layout) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let out = outputs[0]
        if out.count == 0 { return }
        let p = inputs[0]
        withKernelArguments { tl_random_bernoulli($0(inputs[1]), $0(p, p.layout.expanded(to: shape)), $0(out)) }
    }

    package var differentiability: Differentiability { .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { Few(nil, nil) }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { nil }

    package var effects: Effects { .random(key: 1) }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .constant }
}

extension Tensor {
    /// Fills the tensor with random numbers from the uniform distribution over `[from, to)`, in place. Default: 0 and
    /// 1.
    @discardableResult
    public func uniform_(from: Double = 0, to: Double = 1, generator: Generator = .default) -> Tensor {
        drawInPlace("uniform_", generator) {
            UniformFill(low: from, high: to, shape: layout.shape, dtype: dtype)
        }
    }

    /// Fills the tensor with random numbers from the normal distribution, in place. Default: mean 0, standard deviation
    /// 1.
    @discardableResult
    public func normal_(mean: Double = 0, std: Double = 1, generator: Generator = .default) -> Tensor {
        drawInPlace("normal_", generator) {
            NormalFill(mean: mean, deviation: std, shape: layout.shape, dtype: dtype)
        }
    }

    /// Fills the tensor with random integers from the uniform distribution over `low ..< high`, in place.
    @discardableResult
    public func random_(_ low: Int, _ high: Int, generator: Generator = .default) -> Tensor {
        drawInPlace("random_", generator) {
            IntegerFill(low: low, high: high, shape: layout.shape, dtype: dtype)
        }
    }

    /// Fills the tensor with samples of the Bernoulli distribution, in place: 1 with probability `p`, else 0. Default:
    /// 0.5.
    @discardableResult
    public func bernoulli_(p: Double = 0.5, generator: Generator = .default) -> Tensor {
        drawInPlace("bernoulli_", generator, probability: .wrap(.double(p))) {
            BernoulliDraw(shape: layout.shape, dtype: dtype)
        }
    }

    /// Draws in place with the probabilities of another tensor.
    func drawBernoulli(_ p: Tensor, _ generator: Generator) -> Tensor {
        if p.isPlaceholder { return p }
        return drawInPlace("bernoulli_", generator, probability: p.detach()) {
            BernoulliDraw(shape: layout.shape, dtype: dtype)
        }
    }

    private func drawInPlace(
        _ name: String, _ generator: Generator, probability: Tensor? = nil, _ make: () -> any Primitive
    ) -> Tensor {
        if isPlaceholder { return self }
        return orFail(like: self) { () throws(TensorError) in
            let key = try generator.nextKey(on: device)
            try performInPlace(make(), on: self, probability.map { Few($0, key) } ?? Few(key), name: name)
            return self
        }
    }

    /// Samples of the Bernoulli distribution: 1 with the probability given by each element, else 0.
    public func bernoulli(generator: Generator = .default) -> Tensor {
        if isPlaceholder { return self }
        return orFail(like: self) { () throws(TensorError) in
            let draw = BernoulliDraw(shape: layout.shape, dtype: dtype)
            return try perform(draw, Few(self, generator.nextKey(on: device)))[0]
        }
    }
}

// MARK: - Factories

extension Tensor {
    /// A tensor of random numbers from the uniform distribution over `[0, 1)`, and so the real and the imaginary parts of complex
    /// numbers.
    ///
    /// - Parameters:
    ///   - shape: the size of each dimension.
    ///   - dtype: the dtype of the tensor. Default: float32.
    ///   - device: the device of the tensor. Default: the current device.
    ///   - requiresGrad: whether autograd records operations on the tensor. Default: false.
    ///   - generator: the random number generator.
    public static func rand(
        _ shape: [Int], dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false,
        generator: Generator = .default
    ) -> Tensor {
        if dtype.isComplex {
            let parts = rand(shape + [2], dtype: dtype.toReal, device: device, generator: generator)
            return ofParts(parts, requiresGrad: requiresGrad)
        }
        return create("rand", shape, requiresGrad: requiresGrad, key: Few(try generator.nextKey(on: device))) {
            UniformFill(low: 0, high: 1, shape: $0, dtype: dtype)
        }
    }

    /// A new complex tensor whose real and imaginary parts lie in the last dimension.
    private static func ofParts(_ parts: Tensor, requiresGrad: Bool) -> Tensor {
        let tensor = parts.viewAsComplex().clone()
        return requiresGrad ? tensor.requiresGrad_() : tensor
    }

    /// A tensor of random numbers from the uniform distribution over `[0, 1)`.
    public static func rand(
        _ shape: Int..., dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false,
        generator: Generator = .default
    ) -> Tensor {
        rand(shape, dtype: dtype, device: device, requiresGrad: requiresGrad, generator: generator)
    }

    /// A tensor of random numbers from the normal distribution with mean 0 and standard deviation 1. The real and the imaginary
    /// parts of complex numbers have the variance 1/2.
    ///
    ///     let x = 3 + 2 * Tensor.randn(64, 10)        // mean 3, standard deviation 2
    ///
    /// - Parameters:
    ///   - shape: the size of each dimension.
    ///   - dtype: a floating-point dtype, or a complex one, whose parts have the variance 1/2. Default: float32.
    ///   - device: the device of the tensor. Default: the current device.
    ///   - requiresGrad: whether autograd records operations on the tensor. Default: false.
    ///   - generator: the random number generator. Default: the default generator, which `manualSeed` sets.
    public static func randn(
        _ shape: [Int], dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false,
        generator: Generator = .default
    ) -> Tensor {
        if dtype.isComplex {
            let parts = normal(
                mean: 0, std: 0.5.squareRoot(), shape + [2], dtype: dtype.toReal, device: device, generator: generator)
            return ofParts(parts, requiresGrad: requiresGrad)
        }
        return create("randn", shape, requiresGrad: requiresGrad, key: Few(try generator.nextKey(on: device))) {
            NormalFill(mean: 0, deviation: 1, shape: $0, dtype: dtype)
        }
    }

    /// A tensor of random numbers from the normal distribution with mean 0 and standard deviation 1.
    public static func randn(
        _ shape: Int..., dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false,
        generator: Generator = .default
    ) -> Tensor {
        randn(shape, dtype: dtype, device: device, requiresGrad: requiresGrad, generator: generator)
    }

    /// A tensor of random numbers from the normal distribution with the given mean and standard deviation.
    public static func normal(
        mean: Double, std: Double, _ shape: [Int], dtype: DType = .default, device: Device = .current,
        requiresGrad: Bool = false, generator: Generator = .default
    ) -> Tensor {
        create("normal", shape, requiresGrad: requiresGrad, key: Few(try generator.nextKey(on: device))) {
            NormalFill(mean: mean, deviation: std, shape: $0, dtype: dtype)
        }
    }

    /// A tensor of random integers from the uniform distribution over `low ..< high`.
    ///
    /// - Parameters:
    ///   - low: the smallest integer.
    ///   - high: the largest integer plus 1.
    ///   - shape: the size of each dimension.
    ///   - dtype: the dtype of the tensor. Default: int64.
    ///   - device: the device of the tensor. Default: the current device.
    ///   - generator: the random number generator.
    public static func randint(
        _ low: Int, _ high: Int, _ shape: [Int], dtype: DType = .int64, device: Device = .current,
        generator: Generator = .default
    ) -> Tensor {
        create("randint", shape, key: Few(try generator.nextKey(on: device))) {
            IntegerFill(low: low, high: high, shape: $0, dtype: dtype)
        }
    }

    /// A tensor of random integers from the uniform distribution over `0 ..< high`.
    public static func randint(
        _ high: Int, _ shape: [Int], dtype: DType = .int64, device: Device = .current, generator: Generator = .default
    ) -> Tensor {
        randint(0, high, shape, dtype: dtype, device: device, generator: generator)
    }

    /// A tensor of random numbers from the uniform distribution over `[0, 1)`, with the shape, dtype and device of
    /// `other`.
    public static func rand(like other: Tensor, generator: Generator = .default) -> Tensor {
        other.isPlaceholder
            ? other : rand(other.shape, dtype: other.dtype, device: other.device, generator: generator)
    }

    /// A tensor of random numbers from the standard normal distribution, with the shape, dtype and device of `other`.
    public static func randn(like other: Tensor, generator: Generator = .default) -> Tensor {
        other.isPlaceholder
            ? other : randn(other.shape, dtype: other.dtype, device: other.device, generator: generator)
    }
}
