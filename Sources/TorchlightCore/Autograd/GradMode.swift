/// Runs the body without recording operations for autograd: results do not require a gradient, even if inputs do.
///
///     let accuracy = noGrad { (model(images).argmax(dim: 1) .== labels).to(.float32).mean().item() }
@discardableResult
public func noGrad<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    threadState.pointee.grad_disabled += 1
    defer { threadState.pointee.grad_disabled -= 1 }
    return try body()
}

/// Runs the body with recording enabled, also inside `noGrad`.
@discardableResult
public func enableGrad<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    let depth = threadState.pointee.grad_disabled
    threadState.pointee.grad_disabled = 0
    defer { threadState.pointee.grad_disabled = depth }
    return try body()
}

/// Runs the body without recording operations, for inference. The same as `noGrad`; unlike in PyTorch, results can be
/// used in later recorded operations.
@discardableResult
public func inferenceMode<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    try noGrad(body)
}

/// Whether operations are recorded on the current thread.
public var isGradEnabled: Bool { threadState.pointee.grad_disabled == 0 }
