// Creation functions of PyTorch as free functions. Each is the static method of `Tensor` of the same name.

/// Returns `Tensor.zeros(shape)`.
public func zeros(
    _ shape: Int..., dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false
) -> Tensor {
    Tensor.zeros(shape, dtype: dtype, device: device, requiresGrad: requiresGrad)
}

/// Returns `Tensor.zeros(shape)`.
public func zeros(
    _ shape: [Int], dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false
) -> Tensor {
    Tensor.zeros(shape, dtype: dtype, device: device, requiresGrad: requiresGrad)
}

/// Returns `Tensor.ones(shape)`.
public func ones(
    _ shape: Int..., dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false
) -> Tensor {
    Tensor.ones(shape, dtype: dtype, device: device, requiresGrad: requiresGrad)
}

/// Returns `Tensor.ones(shape)`.
public func ones(
    _ shape: [Int], dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false
) -> Tensor {
    Tensor.ones(shape, dtype: dtype, device: device, requiresGrad: requiresGrad)
}

/// Returns `Tensor.empty(shape)`.
public func empty(
    _ shape: Int..., dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false
) -> Tensor {
    Tensor.empty(shape, dtype: dtype, device: device, requiresGrad: requiresGrad)
}

/// Returns `Tensor.empty(shape)`.
public func empty(
    _ shape: [Int], dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false
) -> Tensor {
    Tensor.empty(shape, dtype: dtype, device: device, requiresGrad: requiresGrad)
}

/// Returns `Tensor.full(shape, value)`.
public func full(
    _ shape: [Int], _ value: some TensorScalar, dtype: DType? = nil, device: Device = .current,
    requiresGrad: Bool = false
) -> Tensor {
    Tensor.full(shape, value, dtype: dtype, device: device, requiresGrad: requiresGrad)
}

/// Returns `Tensor.full(shape, fillValue)`.
public func full(
    _ shape: [Int], fillValue: some TensorScalar, dtype: DType? = nil, device: Device = .current,
    requiresGrad: Bool = false
) -> Tensor {
    Tensor.full(shape, fillValue, dtype: dtype, device: device, requiresGrad: requiresGrad)
}

/// Returns `Tensor.rand(shape)`.
public func rand(
    _ shape: Int..., dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false,
    generator: Generator = .default
) -> Tensor {
    Tensor.rand(shape, dtype: dtype, device: device, requiresGrad: requiresGrad, generator: generator)
}

/// Returns `Tensor.rand(shape)`.
public func rand(
    _ shape: [Int], dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false,
    generator: Generator = .default
) -> Tensor {
    Tensor.rand(shape, dtype: dtype, device: device, requiresGrad: requiresGrad, generator: generator)
}

/// Returns `Tensor.randn(shape)`.
public func randn(
    _ shape: Int..., dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false,
    generator: Generator = .default
) -> Tensor {
    Tensor.randn(shape, dtype: dtype, device: device, requiresGrad: requiresGrad, generator: generator)
}

/// Returns `Tensor.randn(shape)`.
public func randn(
    _ shape: [Int], dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false,
    generator: Generator = .default
) -> Tensor {
    Tensor.randn(shape, dtype: dtype, device: device, requiresGrad: requiresGrad, generator: generator)
}

/// Returns `Tensor.randint(low, high, shape)`.
public func randint(
    _ low: Int, _ high: Int, _ shape: [Int], dtype: DType = .int64, device: Device = .current,
    generator: Generator = .default
) -> Tensor {
    Tensor.randint(low, high, shape, dtype: dtype, device: device, generator: generator)
}

/// Returns `Tensor.randint(low, high, size)`.
public func randint(
    _ low: Int, _ high: Int, size: [Int], dtype: DType = .int64, device: Device = .current,
    generator: Generator = .default
) -> Tensor {
    Tensor.randint(low, high, size, dtype: dtype, device: device, generator: generator)
}

/// Returns `Tensor.randint(low, high, size)`.
public func randint(
    low: Int = 0, high: Int, size: [Int], dtype: DType = .int64, device: Device = .current,
    generator: Generator = .default
) -> Tensor {
    Tensor.randint(low, high, size, dtype: dtype, device: device, generator: generator)
}

/// Returns `Tensor.randperm(n)`.
public func randperm(
    _ n: Int, dtype: DType = .int64, device: Device = .current, generator: Generator = .default
) -> Tensor {
    Tensor.randperm(n, dtype: dtype, device: device, generator: generator)
}

/// Returns `Tensor.normal(mean: mean, std: std, size)`.
public func normal(
    _ mean: Double, _ std: Double, _ size: [Int], dtype: DType = .default, device: Device = .current,
    generator: Generator = .default
) -> Tensor {
    Tensor.normal(mean: mean, std: std, size, dtype: dtype, device: device, generator: generator)
}

/// Returns `Tensor.normal(mean: mean, std: std, size)`.
public func normal(
    mean: Double, std: Double, size: [Int], dtype: DType = .default, device: Device = .current,
    generator: Generator = .default
) -> Tensor {
    Tensor.normal(mean: mean, std: std, size, dtype: dtype, device: device, generator: generator)
}

/// Returns `Tensor.arange(end)`.
public func arange<S: TensorScalar & ExpressibleByIntegerLiteral>(
    _ end: S, dtype: DType? = nil, device: Device = .current, requiresGrad: Bool = false
) -> Tensor {
    Tensor.arange(end, dtype: dtype, device: device, requiresGrad: requiresGrad)
}

/// Returns `Tensor.arange(start, end, step: step)`.
public func arange<S: TensorScalar>(
    _ start: S, _ end: S, step: S? = nil, dtype: DType? = nil, device: Device = .current, requiresGrad: Bool = false
) -> Tensor {
    Tensor.arange(start, end, step: step, dtype: dtype, device: device, requiresGrad: requiresGrad)
}

/// Returns `Tensor.arange(start, end, step: step)`.
public func arange<S: TensorScalar>(
    _ start: S, _ end: S, _ step: S, dtype: DType? = nil, device: Device = .current, requiresGrad: Bool = false
) -> Tensor {
    Tensor.arange(start, end, step: step, dtype: dtype, device: device, requiresGrad: requiresGrad)
}

/// Returns `Tensor.linspace(start, end, steps: steps)`.
public func linspace(
    _ start: Double, _ end: Double, _ steps: Int, dtype: DType = .default, device: Device = .current,
    requiresGrad: Bool = false
) -> Tensor {
    Tensor.linspace(start, end, steps: steps, dtype: dtype, device: device, requiresGrad: requiresGrad)
}

/// Returns `Tensor.linspace(start, end, steps: steps)`.
public func linspace(
    _ start: Double, _ end: Double, steps: Int, dtype: DType = .default, device: Device = .current,
    requiresGrad: Bool = false
) -> Tensor {
    Tensor.linspace(start, end, steps: steps, dtype: dtype, device: device, requiresGrad: requiresGrad)
}

/// Returns `Tensor.logspace(start, end, steps: steps, base: base)`.
public func logspace(
    _ start: Double, _ end: Double, _ steps: Int, base: Double = 10, dtype: DType = .default,
    device: Device = .current, requiresGrad: Bool = false
) -> Tensor {
    Tensor.logspace(start, end, steps: steps, base: base, dtype: dtype, device: device, requiresGrad: requiresGrad)
}

/// Returns `Tensor.logspace(start, end, steps: steps, base: base)`.
public func logspace(
    _ start: Double, _ end: Double, steps: Int, base: Double = 10, dtype: DType = .default,
    device: Device = .current, requiresGrad: Bool = false
) -> Tensor {
    Tensor.logspace(start, end, steps: steps, base: base, dtype: dtype, device: device, requiresGrad: requiresGrad)
}

/// Returns `Tensor.eye(rows, columns)`.
public func eye(
    _ rows: Int, _ columns: Int? = nil, dtype: DType = .default, device: Device = .current,
    requiresGrad: Bool = false
) -> Tensor {
    Tensor.eye(rows, columns, dtype: dtype, device: device, requiresGrad: requiresGrad)
}

/// Returns `Tensor(data)`.
public func tensor<Data: TensorData>(
    _ data: Data, dtype: DType? = nil, device: Device = .current, requiresGrad: Bool = false
) -> Tensor {
    Tensor(data, dtype: dtype, device: device, requiresGrad: requiresGrad)
}

/// Returns `Tensor.zeros(like: x)`.
public func zerosLike(_ x: Tensor, dtype: DType? = nil, requiresGrad: Bool = false) -> Tensor {
    Tensor.zeros(like: x, dtype: dtype, requiresGrad: requiresGrad)
}

/// Returns `Tensor.ones(like: x)`.
public func onesLike(_ x: Tensor, dtype: DType? = nil, requiresGrad: Bool = false) -> Tensor {
    Tensor.ones(like: x, dtype: dtype, requiresGrad: requiresGrad)
}

/// Returns `Tensor.full(like: x, value)`.
public func fullLike(
    _ x: Tensor, _ value: some TensorScalar, dtype: DType? = nil, requiresGrad: Bool = false
) -> Tensor {
    Tensor.full(like: x, value, dtype: dtype, requiresGrad: requiresGrad)
}

/// Returns `Tensor.empty(like: x)`.
public func emptyLike(_ x: Tensor, dtype: DType? = nil) -> Tensor { Tensor.empty(like: x, dtype: dtype) }

/// Returns `Tensor.rand(like: x)`.
public func randLike(_ x: Tensor, generator: Generator = .default) -> Tensor {
    Tensor.rand(like: x, generator: generator)
}

/// Returns `Tensor.randn(like: x)`.
public func randnLike(_ x: Tensor, generator: Generator = .default) -> Tensor {
    Tensor.randn(like: x, generator: generator)
}

extension Tensor {
    /// Returns `Tensor.arange(start, end, step: step)`.
    public static func arange<S: TensorScalar>(
        _ start: S, _ end: S, _ step: S, dtype: DType? = nil, device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        arange(start, end, step: step, dtype: dtype, device: device, requiresGrad: requiresGrad)
    }

    /// Returns `Tensor.linspace(start, end, steps: steps)`.
    public static func linspace(
        _ start: Double, _ end: Double, _ steps: Int, dtype: DType = .default, device: Device = .current,
        requiresGrad: Bool = false
    ) -> Tensor {
        linspace(start, end, steps: steps, dtype: dtype, device: device, requiresGrad: requiresGrad)
    }

    /// Returns `Tensor.randint(low, high, size)`.
    public static func randint(
        _ low: Int, _ high: Int, size: [Int], dtype: DType = .int64, device: Device = .current,
        generator: Generator = .default
    ) -> Tensor {
        randint(low, high, size, dtype: dtype, device: device, generator: generator)
    }
}
