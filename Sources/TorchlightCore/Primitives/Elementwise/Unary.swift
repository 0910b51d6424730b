import CKernels

/// Runs the kernel of an element-wise operation of one operand.
func runUnary(
    _ kernel: tl_unary_op, _ domain: UnaryDomain, _ parameters: (Double, Double), _ x: Tensor, _ out: Tensor
) {
    if out.count == 0 { return }
    if case .rounding = domain, !x.dtype.isFloatingPoint { return copyElements(from: x, layout: x.layout, to: out) }
    let compute: DType = if case .floatingPoint = domain { x.dtype.orFloat.computeType } else { x.dtype.computeType }
    withUnsafeBytes(of: parameters) {
        let parameters = $0.assumingMemoryBound(to: Double.self).baseAddress
        withKernelArguments { tl_unary(Int32(kernel.rawValue), compute.rawValue, $0(x), $0(out), parameters) }
    }
}
