/// Changes many tensors by one kernel, as the steps of optimisers and the clipping of gradients do.
///
/// Unlike the operands of a primitive, what such a kernel needs besides the tensors (learning rate, number of the step) is
/// read when it runs, so that a recorded step can run again with other values. Nothing runs on a device without values.
///
/// - Parameters:
///   - name: what writes the tensors, for errors about what autograd saved.
///   - tensors: what is changed; all on one device.
///   - run: calls the kernel.
package func performUpdate(_ name: String, of tensors: [Tensor], on device: Device, _ run: () -> Void) {
    if device.hasValues {
        WorkCounts.noteKernel()
        run()
        if device != .cpu, let missing = takeMissingKernel(in: name, operands: Few(tensors)) { reportFailure(missing) }
    }
    for tensor in tensors { tensor.storage.noteWrite(by: name) }
    if threadState.pointee.recording > 0 { ThreadContext.current.recorder?.updated(name, tensors) }
}
