/// Runs code of the program that is no tensor operation, such as logging, whenever a compiled function runs.
///
///     let step = compile { (x: Tensor, y: Tensor) in
///         let loss = crossEntropy(model(x), y)
///         hostCall(loss) { log.append($0[0].item()) }
///         ...
///     }
///
/// A compiled function records its operations when it runs for the first time; other code in it runs that once. `hostCall` runs at
/// each call, in its place among the operations. Outside of a compiled function it just runs.
///
/// - Parameters:
///   - tensors: tensors whose elements the code may read.
///   - body: the code; it gets the tensors. It must not change tensors that the function uses.
public func hostCall(_ tensors: Tensor..., body: @escaping (_ tensors: [Tensor]) -> Void) {
    let run: ([Tensor]) throws(TensorError) -> Void = { tensors throws(TensorError) in body(tensors) }
    guard let recorder = activeRecorder else { return body(tensors) }
    withoutRecording {
        body(tensors)
        recorder.performed(GraphEffect("hostCall", .call, .none, run), changing: [], reading: tensors)
    }
}

/// Runs code of the program whenever a compiled function runs; see ``hostCall(_:body:)``.
public func hostCall(_ body: @escaping () -> Void) { hostCall { _ in body() } }

/// Runs the body with compilation turned off: compiled functions that it calls on this thread run as they were written.
///
///     let expected = uncompiled { step(x, y) }
public func uncompiled<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    let context = ThreadContext.current
    let outer = context.isUncompiled
    context.isUncompiled = true
    defer { context.isUncompiled = outer }
    return try body()
}
