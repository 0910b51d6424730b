import CKernels

/// Runs the body without recording: results need no gradient, whatever their inputs need.
///
///     let accuracy = noGrad { (model(images).argmax(dim: 1) .== labels).to(.float32).mean().item() }
@discardableResult
public func noGrad<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    threadState.pointee.grad_disabled += 1
    defer { threadState.pointee.grad_disabled -= 1 }
    return try body()
}

/// Runs the body with recording switched on again, inside `noGrad`.
@discardableResult
public func enableGrad<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    let depth = threadState.pointee.grad_disabled
    threadState.pointee.grad_disabled = 0
    defer { threadState.pointee.grad_disabled = depth }
    return try body()
}

/// Runs the body as `noGrad` does, for code that only predicts. Results may be used anywhere afterwards.
@discardableResult
public func inferenceMode<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    try noGrad(body)
}

/// Whether operations are recorded on this thread now.
public var isGradEnabled: Bool { threadState.pointee.grad_disabled == 0 }
