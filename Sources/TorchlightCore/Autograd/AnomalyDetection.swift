/// Anomaly detection: runs the body and checks every result and every gradient for NaN. The first NaN is an error that
/// names the operation, the shapes and the source line of the call.
///
/// Reads each result once more and captures a stack trace for each operation: for debugging, not for training.
///
/// - Parameter includingInfinity: whether infinities are errors too. Default: false.
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

/// Whether a value of the tensor is NaN, or infinite where infinities are errors too.
func holdsAnomaly(_ tensor: Tensor) -> Bool {
    guard tensor.dtype.isDifferentiable, tensor.count > 0, tensor.device.hasValues else { return false }
    let level = threadState.pointee.anomaly
    threadState.pointee.anomaly = 0
    defer { threadState.pointee.anomaly = level }
    return noGrad { () -> Bool in
        let bad = level > 1 ? tensor.isfinite().logicalNot() : tensor.isnan()
        return bad.any().item() != 0
    }
}

/// Throws if an operation returned NaN although no input contains NaN.
func checkForward(_ name: String, _ inputs: Few<Tensor>, _ outputs: Few<Tensor>) throws(TensorError) {
    // Operations without operands create the values that they were given, which may be NaN.
    if inputs.isEmpty { return }
    for output in outputs where holdsAnomaly(output) {
        guard !inputs.contains(where: holdsAnomaly) else { return }
        throw anomaly(name, inputs)
    }
}

/// Throws if an operation in place wrote NaN, where none of its operands had NaN before.
func checkWritten(_ name: String, _ inputs: Few<Tensor>, _ target: Tensor) throws(TensorError) {
    if !inputs.isEmpty, holdsAnomaly(target) { throw anomaly(name, inputs) }
}

private func anomaly(_ name: String, _ inputs: Few<Tensor>) -> TensorError {
    TensorError(
        .notFinite, in: name,
        "the result has a value that is not a number, but no operand has; called at \(CallSites.capture().text)",
        operands: Array(inputs))
}

/// Throws if the gradient rule of a node returned NaN.
func checkBackward(_ node: Node, input: Int, _ gradient: Tensor) throws(TensorError) {
    guard holdsAnomaly(gradient) else { return }
    let location = node.extra?.site.map { "; it was called at \($0.text)" } ?? ""
    throw TensorError(
        .notFinite, in: "backward",
        "the gradient of \(node.name) for its operand \(input) is not a number\(location)", operands: [gradient])
}
