import CKernels

/// Runs the kernel of an element-wise operation of three operands, broadcasting and converting as it reads.
func runTernary(
    _ kernel: tl_ternary_op, _ parameter: Double, _ compute: DType, _ inputs: Few<Tensor>, _ out: Tensor
) {
    let (a, b, c) = (inputs[0], inputs[1], inputs[2])
    let shape = out.layout.shape
    var parameter = parameter
    withKernelArguments {
        tl_ternary(
            Int32(kernel.rawValue), compute.rawValue, $0(a, a.layout.expanded(to: shape)),
            $0(b, b.layout.expanded(to: shape)), $0(c, c.layout.expanded(to: shape)), $0(out), &parameter)
    }
}
