/// Runs code that is not a tensor operation, such as logging, in each call of a compiled function.
///
///     let step = compile { (x: Tensor, y: Tensor) in
///         let loss = crossEntropy(model(x), y)
///         hostCall(loss) { log.append($0[0].item()) }
///         ...
///     }
///
/// Without `hostCall`, such code runs only while the function is recorded. With it, the code runs in each call, in
/// order with the operations before and after it. Outside of a compiled function it runs at once.
///
/// - Parameters:
///   - tensors: tensors whose elements the code may read.
///   - body: the code, called with the tensors. It must not change tensors that the function uses.
public func hostCall(_ tensors: Tensor..., body: @escaping (_ tensors: [Tensor]) -> Void) {
    let run: ([Tensor]) throws(TensorError) -> Void = { tensors throws(TensorError) in body(tensors) }
    guard let recorder = activeRecorder else { return body(tensors) }
    withoutRecording {
        body(tensors)
        recorder.performed(GraphEffect("hostCall", .call, .none, run), changing: [], reading: tensors)
    }
}

/// Runs code in each call of a compiled function; see ``hostCall(_:body:)``.
public func hostCall(_ body: @escaping () -> Void) { hostCall { _ in body() } }

/// Runs the body with compilation turned off: compiled functions that it calls on this thread run their bodies.
///
///     let expected = uncompiled { step(x, y) }
public func uncompiled<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    let context = ThreadContext.current
    let outer = context.isUncompiled
    context.isUncompiled = true
    defer { context.isUncompiled = outer }
    return try body()
}
