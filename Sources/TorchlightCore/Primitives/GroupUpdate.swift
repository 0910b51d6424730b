import CKernels

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
        let failures = tl_scratch_failures()
        run()
        if device != .cpu, let missing = takeMissingKernel(in: name, operands: Few(tensors)) { reportFailure(missing) }
        if tl_scratch_failures() != failures { reportFailure(.noScratch(in: name, operands: Few(tensors))) }
    }
    for tensor in tensors { tensor.storage.bumpVersion(by: name) }
}

/// Changes tensors by one kernel that reads others, as the clipping of gradients does.
///
/// - Parameters:
///   - update: the kernel. A compiled function calls it again on other tensors of the same shapes.
///   - operation: what writes the tensors, for errors about what autograd saved.
///   - changed: what is changed; all on one device.
///   - read: what is read besides.
package func performUpdate(
    _ update: some GraphUpdate, in operation: String, of changed: [Tensor], reading read: [Tensor], on device: Device
) {
    let recorder = activeRecorder
    if recorder != nil { recordChange(of: changed) }
    withoutRecording { performUpdate(operation, of: changed, on: device) { update.run(changed + read) } }
    if let recorder {
        let effect = GraphEffect(operation, .update, .update(update)) { [count = changed.count] tensors in
            performUpdate(operation, of: Array(tensors[..<count]), on: device) { update.run(tensors) }
        }
        withoutRecording { recorder.performed(effect, changing: changed, reading: read) }
    }
}

/// Runs code that changes tensors and has state of its own, as the step of an optimiser. A compiled function that is being recorded
/// runs it again whenever it runs.
///
/// - Parameters:
///   - name: the code in printed graphs.
///   - owner: the object that has the state.
///   - changed: the tensors that it changes.
///   - save: saves the state, and returns what restores it.
///   - run: the code. It reads the gradients of the tensors itself.
package func performStep(
    _ name: String, of owner: AnyObject, changing changed: [Tensor], for recorder: any CallRecorder,
    saving save: () -> () -> Void, _ run: @escaping () -> Void
) {
    // Their gradients are set when the code runs.
    let gradients = changed.compactMap(\.grad)
    withoutRecording {
        recorder.willChange(changed)
        recorder.willRun(saving: save)
        run()
        recorder.performed(
            GraphEffect(name, .update, .step(of: owner)) { _ in run() }, changing: changed, reading: gradients)
    }
}
