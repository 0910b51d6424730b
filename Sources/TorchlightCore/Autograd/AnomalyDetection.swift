import CKernels

/// Runs the body with a check of every result and every gradient for NaN; the first one is an error that names the
/// operation, the shapes and the place of the call.
///
/// Costs a pass over each result and a stack walk an operation: for finding a mistake, not for training.
///
/// - Parameter includingInfinity: whether infinities count too.
@discardableResult
public func detectAnomalies<R, E: Error>(
    includingInfinity: Bool = false, _ body: () throws(E) -> R
) throws(E) -> R {
    let outer = threadState.pointee.anomaly
    threadState.pointee.anomaly = max(outer, includingInfinity ? 2 : 1)
    CallSites.begin()
    defer {
        threadState.pointee.anomaly = outer
        CallSites.end()
    }
    return try body()
}

private func holdsAnomaly(_ tensor: Tensor) -> Bool {
    guard tensor.dtype.isFloatingPoint, tensor.count > 0, tensor.device.hasValues else { return false }
    let level = threadState.pointee.anomaly
    threadState.pointee.anomaly = 0
    defer { threadState.pointee.anomaly = level }
    return noGrad { () -> Bool in
        let bad = level > 1 ? tensor.isfinite().logicalNot() : tensor.isnan()
        return bad.any().item() != 0
    }
}

/// Fails if an operation made a NaN out of inputs that had none.
func checkForward(_ name: String, _ inputs: Few<Tensor>, _ outputs: Few<Tensor>) throws(TensorError) {
    // What makes tensors without operands makes what it was told to.
    if inputs.isEmpty { return }
    for output in outputs where holdsAnomaly(output) {
        guard !inputs.contains(where: holdsAnomaly) else { return }
        throw TensorError(
            .notFinite, in: name,
            "the result holds a value that is not a number, and the operands do not; called at \(CallSites.capture().text)",
            operands: Array(inputs))
    }
}

/// Fails if the gradient rule of a node made a NaN.
func checkBackward(_ node: Node, input: Int, _ gradient: Tensor) throws(TensorError) {
    guard holdsAnomaly(gradient) else { return }
    let place = node.extra?.site.map { "; it was called at \($0.text)" } ?? ""
    throw TensorError(
        .notFinite, in: "backward",
        "the gradient of \(node.name) for its operand \(input) is not a number\(place)", operands: [gradient])
}
