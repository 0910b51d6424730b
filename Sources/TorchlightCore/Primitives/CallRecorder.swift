/// Sees every call of a primitive on a thread, in order: what records graphs, and what the tests hold to their laws.
///
/// Calls that the `run` of a primitive makes are part of it and not reported.
package protocol CallRecorder: AnyObject {
    func called(_ primitive: any Primitive, _ inputs: Few<Tensor>, _ outputs: Few<Tensor>, _ kind: CallKind)
    /// A kernel changed these tensors together, as `performUpdate` has it.
    func updated(_ name: String, _ tensors: [Tensor])
}

extension CallRecorder {
    package func updated(_ name: String, _ tensors: [Tensor]) {}
}

/// Where the results of a recorded call are.
package enum CallKind: Sendable {
    /// In memory of their own.
    case newMemory
    /// The result is a view of the operand.
    case view
    /// The result was written over this tensor, which may be one of the operands.
    case inPlace
}

/// Reports the calls that the body makes on this thread to a recorder. The fast paths of small operations are off
/// meanwhile, so that each call is seen.
package func recordingCalls<R, E: Error>(
    with recorder: any CallRecorder, _ body: () throws(E) -> R
) throws(E) -> R {
    let (state, context) = (threadState, ThreadContext.current)
    let (outer, depth) = (context.recorder, state.pointee.recording)
    context.recorder = recorder
    state.pointee.recording = 1
    defer {
        context.recorder = outer
        state.pointee.recording = depth
    }
    return try body()
}

/// Reports a call; the caller has checked that somebody records.
@inline(never)
func noteCall(_ primitive: any Primitive, _ inputs: Few<Tensor>, _ outputs: Few<Tensor>, _ kind: CallKind) {
    let (state, context) = (threadState, ThreadContext.current)
    state.pointee.recording = 0
    defer { state.pointee.recording = 1 }
    context.recorder?.called(primitive, inputs, outputs, kind)
}
