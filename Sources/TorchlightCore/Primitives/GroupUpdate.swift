/// Changes many tensors by one kernel, as the steps of optimisers do. Nothing runs on a device without values.
///
/// Unlike the operands of a primitive, what such a kernel needs besides the tensors (learning rate, number of the step) is
/// read when it runs. Inside `performStep`, a compiled function runs it again.
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
}

/// Changes tensors by one kernel that reads others, as the clipping of gradients does.
///
/// - Parameters:
///   - changed: what is changed; all on one device.
///   - read: what is read besides.
///   - run: calls the kernel on the tensors that are changed and those that are read, in this order: those given here, or others
///     of the same shapes in a later run of a compiled function.
package func performUpdate(
    _ name: String, of changed: [Tensor], reading read: [Tensor], on device: Device,
    _ run: @escaping (_ tensors: [Tensor]) -> Void
) {
    withoutRecording { performUpdate(name, of: changed, on: device) { run(changed + read) } }
    if let recorder = activeRecorder {
        let effect = GraphEffect(name, .update) { [count = changed.count] tensors in
            performUpdate(name, of: Array(tensors[..<count]), on: device) { run(tensors) }
        }
        withoutRecording { recorder.performed(effect, changing: changed, reading: read) }
    }
}

/// Runs code that changes tensors and has state of its own, as the step of an optimiser. A compiled function that is being recorded
/// runs it again whenever it runs.
///
/// - Parameters:
///   - name: the code in printed graphs.
///   - changed: the tensors that it changes.
///   - run: the code. It reads the gradients of the tensors itself.
package func performStep(
    _ name: String, of changed: [Tensor], for recorder: any CallRecorder, _ run: @escaping () -> Void
) {
    // Their gradients are set when the code runs.
    let gradients = changed.compactMap(\.grad)
    withoutRecording {
        run()
        recorder.performed(GraphEffect(name, .update) { _ in run() }, changing: changed, reading: gradients)
    }
}
