import CKernels

/// `out[i] = start + i * step`: no operands. Computed in float64, or in int64 for whole numbers, and converted.
package struct Arange: CreationPrimitive {
    package static let name = "arange"
    package var start: Scalar
    package var step: Scalar
    package var count: Int
    package var dtype: DType
    package var device: Device

    package var shape: Dims { Dims(repeating: count, count: 1) }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        if count > 0 {
            try start.check(fits: dtype, in: Self.name)
            try last.check(fits: dtype, in: Self.name)
        }
        return Few(ResultSpec(shape, dtype))
    }

    /// The last number; a whole one where the kernel counts in integers.
    private var last: Scalar {
        if dtype.isFloatingPoint || start.dtype == .float64 || step.dtype == .float64 {
            return .double(start.asDouble + Double(count - 1) * step.asDouble)
        }
        return .int(start.asInt +| step.asInt *| (count - 1))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if count == 0 { return }
        withKernelArguments {
            tl_arange($0(outputs[0]), start.asDouble, step.asDouble, Int64(start.asInt), Int64(step.asInt))
        }
    }
}

extension Arange {
    /// The number of integers from `start` to before `end`.
    fileprivate static func count(from start: Int, to end: Int, by step: Int) -> Int {
        let isRising = step > 0
        if isRising ? end <= start : end >= start { return 0 }
        // The distance of two Ints fits an unsigned one.
        let distance = isRising ? UInt(bitPattern: end &- start) : UInt(bitPattern: start &- end)
        return Int(clamping: (distance - 1) / step.magnitude + 1)
    }
}

extension Tensor {
    /// A vector of the numbers from `start` up to but not including `end`, with step `step`. Default step: 1. Default
    /// dtype: int64 for integers, float32 for floating-point numbers.
    ///
    ///     Tensor.arange(1, 7, step: 2)        // tensor([1, 3, 5])
    ///     Tensor.arange(0.0, 1, step: 0.25)   // tensor([0.0000, 0.2500, 0.5000, 0.7500])
    public static func arange<S: TensorScalar>(
        _ start: S, _ end: S, step: S? = nil, dtype: DType? = nil, device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        let (from, to) = (start.scalar, end.scalar)
        let by = step?.scalar ?? .int(1)
        for case .complex(let number) in [from, to, by] {
            return fail(
                TensorError(
                    .value, in: "arange", "complex numbers have no order", got: "\(number)",
                    expected: "real numbers", fix: "use linspace"))
        }
        let isInteger = from.dtype != .float64 && by.dtype != .float64
        let span = (to.asDouble - from.asDouble) / by.asDouble
        guard by.asDouble != 0, span >= 0, span.isFinite else {
            return fail(
                TensorError(
                    .value, in: "arange", "the steps do not lead from the start to the end",
                    got: "\(from.asDouble) to \(to.asDouble) by \(by.asDouble)",
                    expected: "a step that is not 0 and has the sign of end - start"))
        }
        // Beyond the limit of a shape the count need not be exact.
        let count =
            isInteger && span < 0x1p60
            ? Arange.count(from: from.asInt, to: to.asInt, by: by.asInt) : Int(saturating: span.rounded(.up))
        return create("arange", [count], requiresGrad: requiresGrad) { _ in
            Arange(
                start: from, step: by, count: count, dtype: dtype ?? (isInteger ? .int64 : .default), device: device)
        }
    }

    /// A vector of the numbers from 0 up to but not including `end`.
    ///
    ///     Tensor.arange(3)        // tensor([0, 1, 2])
    public static func arange<S: TensorScalar & ExpressibleByIntegerLiteral>(
        _ end: S, dtype: DType? = nil, device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        arange(0 as S, end, dtype: dtype, device: device, requiresGrad: requiresGrad)
    }
}
