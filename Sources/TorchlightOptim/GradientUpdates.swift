import CKernels
import TorchlightCore

/// The kernels of gradient clipping, as effects of recorded functions and program files.
package enum GradientUpdates {
    package static let all: [any GraphUpdate.Type] = [ScaleGradients.self, JointNorm.self, ClampGradients.self]
}

/// Multiplies tensors by the last operand, a float64 number.
struct ScaleGradients: GraphUpdate {
    static let name = "scaleGradients"

    func check(_ operands: [TensorSpec], changed: Int) throws(TensorError) {
        guard operands.count == changed + 1, isNumber(operands[changed]) else {
            throw invalid(Self.name, operands, "gradients and a float64 number as the last operand")
        }
        try checkGradients(operands[..<changed], in: Self.name)
    }

    func run(_ tensors: [Tensor]) {
        withEntries(tensors.dropLast()) { entries, count in
            withKernelArguments { tl_optim_scale_gradients(entries, count, $0(tensors[tensors.count - 1])) }
        }
    }
}

/// Sets the first operand, a float64 number, to the Euclidean norm of all elements of the other operands.
struct JointNorm: GraphUpdate {
    static let name = "jointNorm"

    func check(_ operands: [TensorSpec], changed: Int) throws(TensorError) {
        guard changed == 1, isNumber(operands[0]) else {
            throw invalid(Self.name, operands, "a float64 number as the first operand")
        }
        try checkGradients(operands[1...], in: Self.name)
    }

    func run(_ tensors: [Tensor]) {
        withEntries(tensors.dropFirst()) { entries, count in
            withKernelArguments { tl_optim_joint_norm(entries, count, $0(tensors[0])) }
        }
    }
}

/// Clips every element of tensors to `[-limit, limit]`.
struct ClampGradients: GraphUpdate {
    static let name = "clampGradients"
    let limit: Double

    func check(_ operands: [TensorSpec], changed: Int) throws(TensorError) {
        guard operands.count == changed, limit >= 0 else {
            throw invalid(Self.name, operands, "gradients, and a limit of at least 0")
        }
        try checkGradients(operands[...], in: Self.name)
    }

    func run(_ tensors: [Tensor]) { withEntries(tensors[...]) { tl_optim_clamp_gradients($0, $1, limit) } }
}

private func isNumber(_ spec: TensorSpec) -> Bool {
    spec.dtype == .float64 && spec.rank == 0 && !spec.isWrappedScalar
}

private func checkGradients(_ specs: ArraySlice<TensorSpec>, in operation: String) throws(TensorError) {
    for spec in specs where !spec.dtype.isFloatingPoint || !spec.layout.isContiguous || spec.isWrappedScalar {
        throw invalid(operation, [spec], "contiguous tensors of floating-point dtypes")
    }
}

private func invalid(_ operation: String, _ specs: [TensorSpec], _ expected: String) -> TensorError {
    TensorError(
        .value, in: operation, "these operands are not supported", expected: expected,
        operands: specs as [any Described])
}

private func withEntries<R>(_ gradients: ArraySlice<Tensor>, _ body: (UnsafePointer<tl_optim_entry>, Int64) -> R) -> R {
    let entries = gradients.map { gradient in
        var entry = tl_optim_entry()
        entry.gradient = UnsafeRawPointer(gradient.data)
        entry.count = Int64(gradient.count)
        entry.dtype = gradient.dtype.rawValue
        entry.device = gradient.device.kernelCode
        return entry
    }
    // One unused entry is appended, because an empty buffer has no address.
    return (entries + [tl_optim_entry()]).withUnsafeBufferPointer { body($0.baseAddress!, Int64(entries.count)) }
}
