import CKernels

// Tensors of random numbers, new or written in place. No gradient reaches what was there before.

/// Numbers drawn for every place; the operand gives shape and dtype.
package protocol RandomFill: Primitive {
    var key: RandomKey { get }
    /// Draws into a dense tensor that is not empty.
    func draw(_ out: UnsafePointer<tl_tensor>)
    func check(_ x: Tensor) throws(TensorError)
}

extension RandomFill {
    package func output(of inputs: Few<Tensor>) throws(TensorError) -> Few<TensorSpec> {
        try check(inputs[0])
        return Few(TensorSpec(inputs[0].layout.shape, inputs[0].dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let out = outputs[0]
        if out.count == 0 { return }
        if out.layout.isContiguous {
            withKernel(out) { draw($0) }
        } else {
            let dense = try Tensor(empty: out.layout.shape, dtype: out.dtype, device: out.device)
            withKernel(dense) { draw($0) }
            copyElements(from: dense, layout: dense.layout, to: out)
        }
    }

    package var differentiability: Differentiability { .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil] }
    package var traits: Traits { [.elementwise, .random] }
}

/// Uniform in `[low, high)`.
package struct UniformFill: RandomFill, Primitive {
    package static let name = "uniform"
    package var low: Double
    package var high: Double
    package var key: RandomKey
    package func draw(_ out: UnsafePointer<tl_tensor>) { tl_random_uniform(key.philox, out, low, high) }

    package func check(_ x: Tensor) throws(TensorError) {
        _ = try floatingPointType(of: x, in: Self.name)
        guard low <= high, (high - low).isFinite else {
            throw TensorError(
                .value, in: Self.name, "the ends are not those of a range", got: "\(low) and \(high)",
                expected: "finite numbers with from <= to", operands: [x])
        }
    }
}

/// Normally distributed.
package struct NormalFill: RandomFill, Primitive {
    package static let name = "normal"
    package var mean: Double
    package var deviation: Double
    package var key: RandomKey
    package func draw(_ out: UnsafePointer<tl_tensor>) { tl_random_normal(key.philox, out, mean, deviation) }

    package func check(_ x: Tensor) throws(TensorError) {
        _ = try floatingPointType(of: x, in: Self.name)
        guard deviation >= 0 else {
            throw TensorError(
                .value, in: Self.name, "the standard deviation is negative", got: "\(deviation)",
                expected: "a number of at least 0", operands: [x])
        }
    }
}

/// Whole numbers in `low ..< high`, of any dtype that holds them.
package struct IntegerFill: RandomFill, Primitive {
    package static let name = "randint"
    package var low: Int
    package var high: Int
    package var key: RandomKey
    package func draw(_ out: UnsafePointer<tl_tensor>) {
        tl_random_integers(key.philox, out, Int64(low), Int64(high))
    }

    package func check(_ x: Tensor) throws(TensorError) {
        guard low < high else {
            throw TensorError(
                .value, in: Self.name, "the range is empty", got: "\(low) ..< \(high)", expected: "low < high",
                operands: [x])
        }
        let limits: ClosedRange<Int> =
            switch x.dtype {
            case .bool: 0...1
            case .uint8: 0...255
            case .int8: -128...127
            case .int16: -32768...32767
            case .int32: Int(Int32.min)...Int(Int32.max)
            default: Int.min...Int.max
            }
        guard limits.contains(low), limits.contains(high - 1) else {
            throw TensorError(
                .value, in: Self.name, "\(x.dtype) does not hold the range", got: "\(low) ..< \(high)",
                expected: "numbers in \(limits)", operands: [x])
        }
    }
}

/// 1 with a probability, else 0: `(out, p) -> out`, where p broadcasts to the shape of out.
package struct Bernoulli: Primitive {
    package static let name = "bernoulli"
    package var key: RandomKey

    package func output(of inputs: Few<Tensor>) throws(TensorError) -> Few<TensorSpec> {
        let p = inputs[1]
        guard Layout.broadcast(inputs[0].layout.shape, p.layout.shape) == inputs[0].layout.shape else {
            throw broadcastError(Self.name, Array(inputs))
        }
        guard p.dtype.isFloatingPoint else {
            throw .dtype(Self.name, [p], expected: "floating-point probabilities")
        }
        guard noGrad({ (p >= 0).logicalAnd(p <= 1).all().item() }) != 0 else {
            throw TensorError(
                .value, in: Self.name, "a probability lies outside [0, 1]", expected: "numbers from 0 to 1",
                operands: [p])
        }
        return Few(TensorSpec(inputs[0].layout.shape, inputs[0].dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let out = outputs[0]
        if out.count == 0 { return }
        let dense =
            out.layout.isContiguous
            ? out : try Tensor(empty: out.layout.shape, dtype: out.dtype, device: out.device)
        withKernel(inputs[1], inputs[1].layout.expanded(to: out.layout.shape)) { p in
            withKernel(dense) { tl_random_bernoulli(key.philox, p, $0) }
        }
        if dense !== out { copyElements(from: dense, layout: dense.layout, to: out) }
    }

    package var differentiability: Differentiability { .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil, nil] }
    package var traits: Traits { [.elementwise, .random] }
}

extension Tensor {
    /// Fills with numbers uniform in `[from, to)`, in place.
    @discardableResult
    public func uniform_(from: Double = 0, to: Double = 1, generator: Generator = .default) -> Tensor {
        applyInPlace(
            UniformFill(low: from, high: to, key: generator.next()), on: self, Few(self), name: "uniform_")
    }

    /// Fills with normally distributed numbers, in place.
    @discardableResult
    public func normal_(mean: Double = 0, std: Double = 1, generator: Generator = .default) -> Tensor {
        applyInPlace(
            NormalFill(mean: mean, deviation: std, key: generator.next()), on: self, Few(self), name: "normal_")
    }

    /// Fills with whole numbers in `low ..< high`, in place.
    @discardableResult
    public func random_(_ low: Int, _ high: Int, generator: Generator = .default) -> Tensor {
        applyInPlace(IntegerFill(low: low, high: high, key: generator.next()), on: self, Few(self), name: "random_")
    }

    /// Fills with 1 at a probability, else 0, in place.
    @discardableResult
    public func bernoulli_(p: Double = 0.5, generator: Generator = .default) -> Tensor {
        applyInPlace(
            Bernoulli(key: generator.next()), on: self, Few(self, .wrap(.double(p))), name: "bernoulli_")
    }

    /// 1 with the probability that each element gives, else 0.
    public func bernoulli(generator: Generator = .default) -> Tensor {
        apply(Bernoulli(key: generator.next()), self, self)
    }
}

// MARK: - Factories

extension Tensor {
    /// Numbers uniform in `[0, 1)`.
    public static func rand(
        _ shape: [Int], dtype: DType = .default, device: Device = .cpu, requiresGrad: Bool = false,
        generator: Generator = .default
    ) -> Tensor {
        random("rand", shape, dtype, device, requiresGrad, UniformFill(low: 0, high: 1, key: generator.next()))
    }

    /// Numbers uniform in `[0, 1)`.
    public static func rand(_ shape: Int..., dtype: DType = .default, generator: Generator = .default) -> Tensor {
        rand(shape, dtype: dtype, generator: generator)
    }

    /// Normally distributed numbers of mean 0 and standard deviation 1.
    public static func randn(
        _ shape: [Int], dtype: DType = .default, device: Device = .cpu, requiresGrad: Bool = false,
        generator: Generator = .default
    ) -> Tensor {
        random("randn", shape, dtype, device, requiresGrad, NormalFill(mean: 0, deviation: 1, key: generator.next()))
    }

    /// Normally distributed numbers of mean 0 and standard deviation 1.
    public static func randn(_ shape: Int..., dtype: DType = .default, generator: Generator = .default) -> Tensor {
        randn(shape, dtype: dtype, generator: generator)
    }

    /// Normally distributed numbers.
    public static func normal(
        mean: Double, std: Double, _ shape: [Int], dtype: DType = .default, generator: Generator = .default
    ) -> Tensor {
        random(
            "normal", shape, dtype, .cpu, false, NormalFill(mean: mean, deviation: std, key: generator.next()))
    }

    /// Whole numbers in `low ..< high`, all equally probable.
    public static func randint(
        _ low: Int = 0, _ high: Int, _ shape: [Int], dtype: DType = .int64, device: Device = .cpu,
        generator: Generator = .default
    ) -> Tensor {
        random("randint", shape, dtype, device, false, IntegerFill(low: low, high: high, key: generator.next()))
    }

    /// 0 ..< n in random order, as int64.
    public static func randperm(_ n: Int, dtype: DType = .int64, generator: Generator = .default) -> Tensor {
        let key = generator.next()
        let order = create("randperm", [n], .int64, .cpu, false) { tensor in
            withKernel(tensor) { tl_random_permutation(key.philox, $0) }
        }
        return order.to(dtype)
    }

    /// Numbers uniform in `[0, 1)` of another tensor's shape, dtype and device.
    public static func rand(like other: Tensor, generator: Generator = .default) -> Tensor {
        other.isPlaceholder
            ? other : rand(other.shape, dtype: other.dtype, device: other.device, generator: generator)
    }

    /// Normally distributed numbers of another tensor's shape, dtype and device.
    public static func randn(like other: Tensor, generator: Generator = .default) -> Tensor {
        other.isPlaceholder
            ? other : randn(other.shape, dtype: other.dtype, device: other.device, generator: generator)
    }

    private static func random(
        _ operation: String, _ shape: [Int], _ dtype: DType, _ device: Device, _ requiresGrad: Bool,
        _ primitive: some RandomFill
    ) -> Tensor {
        create(operation, shape, dtype, device, requiresGrad) { tensor throws(TensorError) in
            try primitive.check(tensor)
            try primitive.run(Few(tensor), into: Few(tensor))
        }
    }
}
