import TorchlightCore

/// Stacks the parameters and buffers of models of one architecture along a new first dimension, so that `vmap` runs all
/// models at once.
///
///     let (parameters, buffers) = stackModuleState(models)
///     let outputs = vmap({ (p: [String: Tensor], x: Tensor) in run(p, x) }, inDims: [0, nil])(parameters, x)
///
/// The stacked tensors are new leaves: they share no memory with the models, and a stacked parameter requires a gradient if
/// that of the first model does.
///
/// - Parameter models: at least one model; all have parameters and buffers of the same names and shapes, and the same
///   mode (training or evaluation).
/// - Returns: the stacked parameters and buffers by name, each `[models] + shape`.
public func stackModuleState(_ models: [Module]) -> (parameters: [String: Tensor], buffers: [String: Tensor]) {
    do throws(TensorError) {
        guard let first = models.first else {
            throw TensorError(
                .value, in: "stackModuleState", "there is no model", got: "an empty list",
                expected: "at least one model")
        }
        guard models.allSatisfy({ type(of: $0) == type(of: first) && $0.isTraining == first.isTraining }) else {
            throw TensorError(
                .value, in: "stackModuleState", "the models differ in class or mode",
                got: models.map { "\(type(of: $0)) in \($0.isTraining ? "training" : "evaluation") mode" }
                    .joined(separator: ", "),
                expected: "one class, and all in training or all in evaluation mode",
                fix: "call eval() or train() on all")
        }
        let parameters = try stacked(models.map { $0.namedParameters() })
        let buffers = try stacked(models.map { $0.namedBuffers() })
        for (name, tensor) in first.namedParameters() where tensor.requiresGrad {
            parameters[name]?.requiresGrad_()
        }
        return (parameters, buffers)
    } catch {
        reportFailure(error)
        return ([:], [:])
    }
}

private func stacked(_ states: [[(name: String, tensor: Tensor)]]) throws(TensorError) -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for (i, (name, tensor)) in states[0].enumerated() {
        var parts: [Tensor] = []
        for state in states {
            guard state.count == states[0].count, state[i].name == name, state[i].tensor.shape == tensor.shape else {
                throw TensorError(
                    .value, in: "stackModuleState", "the models do not have the same parameters and buffers",
                    got: "another tensor in place of \(name) \(tensor.shape)", expected: "equal names and shapes")
            }
            parts.append(state[i].tensor.detach())
        }
        result[name] = noGrad { stack(parts, dim: 0) }
    }
    return result
}
