/// Sees every call of a primitive on a thread, in order: what records graphs, and what the tests hold to their laws.
///
/// Calls that the `run` of a primitive makes are part of it and not reported.
package protocol CallRecorder: AnyObject {
    func called(_ primitive: any Primitive, _ inputs: Few<Tensor>, _ outputs: Few<Tensor>, _ kind: CallKind)
    /// Tensors are about to be changed in place.
    func willChange(_ tensors: [Tensor])
    /// The gradient of a leaf is about to be replaced.
    func willReplaceGradient(of leaf: Tensor)
    /// Code with state of its own is about to run. The argument saves the state and returns what restores it.
    func willRun(saving save: () -> () -> Void)
    /// Code ran that has to run whenever the recorded calls do: it changed the first tensors in place and read the others.
    func performed(_ effect: GraphEffect, changing changed: [Tensor], reading read: [Tensor])
    /// A random operation drew a key, which this tensor holds.
    func drew(_ key: RandomKey, from generator: Generator, as tensor: Tensor)
    /// A generator was made.
    func made(generator: Generator)
    /// The state of a generator is about to change other than by a random operation.
    func changed(generator: Generator)
    /// An object with a state of its own was made, such as an optimiser.
    func made(object: AnyObject)
    /// Whether the function that is recorded made the object, which therefore begins with the same state at each run.
    func hasMade(_ object: AnyObject) -> Bool
    /// A tensor of uninitialised elements was made.
    func made(uninitialized tensor: Tensor)
    /// A tensor was made of numbers of the program.
    func made(constant tensor: Tensor)
    /// A tensor without a history was made in the memory of another one, without a call.
    func made(view tensor: Tensor)
    /// The gradient of a leaf is about to be read.
    func readGradient(of leaf: Tensor)
    /// The gradient of a leaf was replaced.
    func setGradient(of leaf: Tensor)
    /// A backward pass is about to run the gradient rule of a node.
    func passes(through node: Node) throws(TensorError)
    /// Runs a part of the function again, whose results were not kept, as for an activation checkpoint.
    func recompute(_ body: () -> Void)
    /// Runs a part of the function whose results are not those of each run, and which must therefore change nothing else.
    func recordBranch(_ body: () -> Void)
    /// The host reads elements.
    func hostRead(_ tensor: Tensor, in operation: String)
    /// The host changed something, such as the elements of a tensor, without an operation.
    func hostWrite(_ what: String, _ tensor: Tensor?)
    /// Code ran that cannot be recorded.
    func refuse(_ error: TensorError)
    /// A tensor is about to get another layout or other memory.
    func rearranged(_ tensor: Tensor)
    /// The `forward` of a module began. `depth` counts the modules around it.
    func entered(_ module: any PathElement, depth: Int)
}

extension CallRecorder {
    package func willChange(_ tensors: [Tensor]) {}
    package func willReplaceGradient(of leaf: Tensor) {}
    package func willRun(saving save: () -> () -> Void) {}
    package func performed(_ effect: GraphEffect, changing changed: [Tensor], reading read: [Tensor]) {}
    package func drew(_ key: RandomKey, from generator: Generator, as tensor: Tensor) {}
    package func made(generator: Generator) {}
    package func changed(generator: Generator) {}
    package func made(object: AnyObject) {}
    package func hasMade(_ object: AnyObject) -> Bool { false }
    package func made(uninitialized tensor: Tensor) {}
    package func made(constant tensor: Tensor) {}
    package func made(view tensor: Tensor) {}
    package func readGradient(of leaf: Tensor) {}
    package func setGradient(of leaf: Tensor) {}
    package func passes(through node: Node) throws(TensorError) {}
    package func recompute(_ body: () -> Void) { body() }
    package func recordBranch(_ body: () -> Void) { body() }
    package func hostRead(_ tensor: Tensor, in operation: String) {}
    package func hostWrite(_ what: String, _ tensor: Tensor?) {}
    package func refuse(_ error: TensorError) { reportFailure(error) }
    package func rearranged(_ tensor: Tensor) {}
    package func entered(_ module: any PathElement, depth: Int) {}
}

/// The recorder of the calling thread, while calls are reported to one.
@inline(__always)
package var activeRecorder: (any CallRecorder)? {
    threadState.pointee.recording > 0 ? ThreadContext.current.recorder : nil
}

/// Runs the body, whose calls are not reported: what an operation does inside, such as a check of values.
package func withoutRecording<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    let state = threadState
    let depth = state.pointee.recording
    state.pointee.recording = 0
    defer { state.pointee.recording = depth }
    return try body()
}

/// Checks values before an operation that is composed of others. The check reads values, and is made again whenever a recorded
/// function runs. Without values, as on `Device.meta`, nothing is checked.
///
/// - Parameter check: gets the operands; throws if their values are not valid.
package func checkValues(
    _ operation: String, _ operands: [Tensor], _ check: @escaping ([Tensor]) throws(TensorError) -> Void
) throws(TensorError) {
    guard operands.allSatisfy({ $0.device.hasValues && !$0.isPlaceholder }) else { return }
    let run: ([Tensor]) throws(TensorError) -> Void = { tensors throws(TensorError) in
        try noGrad { () throws(TensorError) in try check(tensors.map { $0.detach() }) }
    }
    try withoutRecording { () throws(TensorError) in try run(operands) }
    if let recorder = activeRecorder {
        let effect = GraphEffect("check \(operation)", .call, .check, run)
        withoutRecording { recorder.performed(effect, changing: [], reading: operands) }
    }
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

/// Reports a call to the recorder; the caller has checked that there is one.
@inline(never)
func recordCall(_ primitive: any Primitive, _ inputs: Few<Tensor>, _ outputs: Few<Tensor>, _ kind: CallKind) {
    let (state, context) = (threadState, ThreadContext.current)
    state.pointee.recording = 0
    defer { state.pointee.recording = 1 }
    context.recorder?.called(primitive, inputs, outputs, kind)
}

/// Reports tensors that a call is about to change to the recorder; the caller has checked that there is one.
@inline(never)
func recordChange(of tensors: [Tensor]) {
    guard let recorder = activeRecorder else { return }
    withoutRecording { recorder.willChange(tensors) }
}
