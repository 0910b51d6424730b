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

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if count == 0 { return }
        withKernel(outputs[0]) {
            tl_arange($0, start.asDouble, step.asDouble, Int64(start.asInt), Int64(step.asInt))
        }
    }
}

extension Tensor {
    /// The numbers from `start` up to, and without, `end`, `step` apart. Integers give int64, others the default dtype.
    public static func arange<S: TensorScalar>(
        _ start: S, _ end: S, step: S? = nil, dtype: DType? = nil, device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        let (from, to) = (start.scalar, end.scalar)
        let by = step?.scalar ?? .int(1)
        let isInteger = from.dtype != .float64 && by.dtype != .float64
        let span = (to.asDouble - from.asDouble) / by.asDouble
        guard by.asDouble != 0, span >= 0, span.isFinite else {
            return fail(
                TensorError(
                    .value, in: "arange", "the steps do not lead from the start to the end",
                    got: "\(from.asDouble) to \(to.asDouble) by \(by.asDouble)",
                    expected: "a step that is not 0 and has the sign of end - start"))
        }
        let count =
            isInteger
            ? Swift.max(0, (to.asInt - from.asInt + by.asInt - by.asInt.signum()) / by.asInt) : Int(span.rounded(.up))
        return create("arange", [count], requiresGrad: requiresGrad) { _ in
            Arange(
                start: from, step: by, count: count, dtype: dtype ?? (isInteger ? .int64 : .default), device: device)
        }
    }

    /// The numbers from 0 up to, and without, `end`.
    public static func arange<S: TensorScalar & ExpressibleByIntegerLiteral>(
        _ end: S, dtype: DType? = nil, device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        arange(0 as S, end, dtype: dtype, device: device, requiresGrad: requiresGrad)
    }
}
