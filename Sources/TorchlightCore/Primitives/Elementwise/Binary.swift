import CKernels

/// Runs the kernel of an element-wise operation of two operands, broadcasting and converting as it reads.
func runBinary(_ kernel: tl_binary_op, _ domain: BinaryDomain, _ a: Tensor, _ b: Tensor, _ out: Tensor) {
    var operands = ResultType.of(a, b)
    if case .floatingPoint = domain { operands = operands.orFloat }
    let compute = operands.computeType
    let count = out.count
    if a.dtype == compute && b.dtype == compute && (out.dtype == compute || out.dtype == .bool)
        && a.count == count && b.count == count
        && a.layout.isContiguous && b.layout.isContiguous && out.layout.isContiguous && out.device == .cpu
    {
        return runContiguousBinary(kernel, a, b, out)
    }
    if count == 0 { return }
    if operands == .uint8 && kernel.readsSigns && (a.dtype != .uint8 || b.dtype != .uint8) {
        return runBinary(kernel, domain, a.to(.uint8), b.to(.uint8), out)
    }
    let shape = out.layout.shape
    withKernelArguments {
        tl_binary(
            Int32(truncatingIfNeeded: kernel.rawValue), compute.rawValue, $0(a, a.layout.expanded(to: shape)),
            $0(b, b.layout.expanded(to: shape)), $0(out))
    }
}

/// The same for contiguous operands on the CPU of one shape and dtype, which is the dtype that the kernel computes in.
@inline(__always)
func runContiguousBinary(_ kernel: tl_binary_op, _ a: Tensor, _ b: Tensor, _ out: Tensor) {
    tl_binary_contiguous(
        Int32(truncatingIfNeeded: kernel.rawValue), a.dtype.rawValue, a.data, b.data, out.data, out.dtype.rawValue,
        Int64(out.count))
}

extension tl_binary_op {
    /// Whether a negative number beside uint8 must be wrapped around (-1 to 255) before the operation, as in PyTorch. Sums and
    /// products are the same if the result alone wraps around; quotients and minima are not.
    var readsSigns: Bool {
        switch self {
        case TL_BINARY_REMAINDER, TL_BINARY_FMOD, TL_BINARY_FLOOR_DIVIDE, TL_BINARY_TRUNC_DIVIDE, TL_BINARY_MINIMUM,
            TL_BINARY_FMIN:
            true
        default: false
        }
    }
}
