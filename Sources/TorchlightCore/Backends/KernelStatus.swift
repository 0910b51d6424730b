import CKernels

/// The error of a kernel that this thread called since the last check and that the device of its operands does not
/// have; nil where there was none. Its results hold nothing then. To be called after kernels have run on another device
/// than the CPU, whether they threw or not: what they threw may come from the status of the kernel that never ran.
package func takeMissingKernel(in operation: String, operands: Few<Tensor> = []) -> TensorError? {
    var device: Int32 = 0
    guard let kernel = tl_take_missing_kernel(&device) else { return nil }
    let name = tl_device_name(device).map { String(cString: $0) } ?? "number \(device)"
    return TensorError(
        .unsupported, in: operation, "the device \(name) has no kernel for this operation",
        got: "a call of \(String(cString: kernel))",
        expected: "a kernel in the table that the device registered",
        fix: "move the operands to the CPU with .to(.cpu)", operands: Array(operands))
}

/// Throws if a kernel had no memory for intermediate results since `tl_scratch_failures` returned `failures`. Its results hold
/// nothing then.
@inline(__always)
func checkScratch(
    since failures: Int64, in operation: @autoclosure () -> String, operands: Few<Tensor>
) throws(TensorError) {
    if tl_scratch_failures() != failures { throw .noScratch(in: operation(), operands: operands) }
}

extension TensorError {
    @inline(never)
    static func noScratch(in operation: String, operands: Few<Tensor>) -> TensorError {
        TensorError(
            .outOfMemory, in: operation, "there is no memory for intermediate results",
            fix: "release tensors that are no longer needed, or compute the result in parts", operands: Array(operands))
    }
}

/// What a kernel that may refuse returned, as an error.
func checkStatus(_ status: Int32, in operation: String, _ operands: [Tensor]) throws(TensorError) {
    guard status != 0 else { return }
    if status == TL_NO_KERNEL, let error = takeMissingKernel(in: operation, operands: Few(operands)) { throw error }
    throw TensorError(
        .unsupported, in: operation, "the kernel library refused the operation", got: "status \(status)",
        operands: operands)
}
