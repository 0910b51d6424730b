// Evenly and logarithmically spaced numbers.

extension Tensor {
    /// A vector of `steps` evenly spaced numbers from `start` to `end`, both included.
    ///
    ///     Tensor.linspace(0, 1, steps: 5)     // tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    ///
    /// Computed in float64 and rounded once. For an integer dtype, `start`, `end` and each number are truncated.
    ///
    /// - Parameters:
    ///   - start: the first number.
    ///   - end: the last number.
    ///   - steps: the number of elements.
    ///   - dtype: the dtype of the tensor. Default: float32.
    public static func linspace(
        _ start: Double, _ end: Double, steps: Int, dtype: DType = .default, device: Device = .current,
        requiresGrad: Bool = false
    ) -> Tensor {
        spaced("linspace", start, end, steps, nil, dtype, device, requiresGrad)
    }

    /// `linspace` with complex ends: the real and the imaginary parts are evenly spaced. Default dtype: complex64.
    public static func linspace<Part: ComplexPart>(
        _ start: Complex<Part>, _ end: Complex<Part>, steps: Int, dtype: DType = .default.toComplex,
        device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        guard dtype.isComplex else {
            return fail(
                TensorError(
                    .dtype, in: "linspace", "the dtype is not complex", got: "\(dtype)",
                    expected: "complex64 or complex128"))
        }
        func spaced(_ a: Part, _ b: Part) -> Tensor {
            linspace(Double(a), Double(b), steps: steps, dtype: dtype.toReal, device: device)
        }
        let numbers = complex(spaced(start.real, end.real), spaced(start.imag, end.imag))
        return requiresGrad ? numbers.requiresGrad_() : numbers
    }

    /// `linspace` with 0-dimensional tensors as both ends. They get no gradient.
    public static func linspace(
        _ start: Tensor, _ end: Tensor, steps: Int, dtype: DType = .default, device: Device = .current,
        requiresGrad: Bool = false
    ) -> Tensor {
        withEnds("linspace", start, end) {
            linspace($0, $1, steps: steps, dtype: dtype, device: device, requiresGrad: requiresGrad)
        }
    }

    /// `linspace` with a 0-dimensional tensor as start. It gets no gradient.
    public static func linspace(
        _ start: Tensor, _ end: Double, steps: Int, dtype: DType = .default, device: Device = .current,
        requiresGrad: Bool = false
    ) -> Tensor {
        linspace(start, .wrap(.double(end)), steps: steps, dtype: dtype, device: device, requiresGrad: requiresGrad)
    }

    /// `linspace` with a 0-dimensional tensor as end. It gets no gradient.
    public static func linspace(
        _ start: Double, _ end: Tensor, steps: Int, dtype: DType = .default, device: Device = .current,
        requiresGrad: Bool = false
    ) -> Tensor {
        linspace(.wrap(.double(start)), end, steps: steps, dtype: dtype, device: device, requiresGrad: requiresGrad)
    }

    /// A vector of `steps` numbers `base^e` with evenly spaced exponents `e` from `start` to `end`, both included.
    ///
    ///     Tensor.logspace(-1, 1, steps: 3)    // tensor([ 0.1000,  1.0000, 10.0000])
    ///
    /// Computed in float64 and rounded once. For an integer dtype, `start`, `end` and each power are truncated.
    ///
    /// - Parameters:
    ///   - start: the first exponent.
    ///   - end: the last exponent.
    ///   - steps: the number of elements.
    ///   - base: the base. Default: 10.
    ///   - dtype: the dtype of the tensor. Default: float32.
    public static func logspace(
        _ start: Double, _ end: Double, steps: Int, base: Double = 10, dtype: DType = .default,
        device: Device = .current,
        requiresGrad: Bool = false
    ) -> Tensor {
        spaced("logspace", start, end, steps, base, dtype, device, requiresGrad)
    }

    /// `logspace` with 0-dimensional tensors as both ends. They get no gradient.
    public static func logspace(
        _ start: Tensor, _ end: Tensor, steps: Int, base: Double = 10, dtype: DType = .default,
        device: Device = .current,
        requiresGrad: Bool = false
    ) -> Tensor {
        withEnds("logspace", start, end) {
            logspace($0, $1, steps: steps, base: base, dtype: dtype, device: device, requiresGrad: requiresGrad)
        }
    }

    /// `logspace` with a 0-dimensional tensor as start. It gets no gradient.
    public static func logspace(
        _ start: Tensor, _ end: Double, steps: Int, base: Double = 10, dtype: DType = .default,
        device: Device = .current,
        requiresGrad: Bool = false
    ) -> Tensor {
        logspace(
            start, .wrap(.double(end)), steps: steps, base: base, dtype: dtype, device: device,
            requiresGrad: requiresGrad)
    }

    /// `logspace` with a 0-dimensional tensor as end. It gets no gradient.
    public static func logspace(
        _ start: Double, _ end: Tensor, steps: Int, base: Double = 10, dtype: DType = .default,
        device: Device = .current,
        requiresGrad: Bool = false
    ) -> Tensor {
        logspace(
            .wrap(.double(start)), end, steps: steps, base: base, dtype: dtype, device: device,
            requiresGrad: requiresGrad)
    }

    private static func spaced(
        _ operation: String, _ start: Double, _ end: Double, _ steps: Int, _ base: Double?, _ dtype: DType,
        _ device: Device, _ requiresGrad: Bool
    ) -> Tensor {
        if dtype.isComplex {
            return spaced(operation, start, end, steps, base, dtype.toReal, device, false).to(dtype)
                .requiresGrad_(requiresGrad)
        }
        // For an integer dtype, both ends are truncated.
        let isWhole = !dtype.isFloatingPoint
        let first = isWhole ? start.rounded(.towardZero) : start
        let last = isWhole ? end.rounded(.towardZero) : end
        return create(operation, [steps], requiresGrad: requiresGrad) { _ in
            Spaced(start: first, end: last, count: steps, base: base, dtype: dtype, device: device)
        }
    }

    /// Calls `make` with the numbers in two 0-dimensional tensors.
    private static func withEnds(
        _ operation: String, _ start: Tensor, _ end: Tensor, _ make: (Double, Double) -> Tensor
    ) -> Tensor {
        orFail { () throws(TensorError) in
            if start.isPlaceholder || end.isPlaceholder { return start.isPlaceholder ? start : end }
            guard start.rank == 0, end.rank == 0 else {
                throw TensorError(
                    .shape, in: operation, "start or end is not 0-dimensional",
                    expected: "numbers or 0-dimensional tensors",
                    operands: [start, end])
            }
            return make(start.item(), end.item())
        }
    }
}
