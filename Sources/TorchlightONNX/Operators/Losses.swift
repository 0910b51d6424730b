import TorchlightCore

func registerLosses(in table: inout OperatorTable) {
    table.add("NegativeLogLikelihoodLoss", since: 12, 2...3) { call in
        [try loss(call, try call.tensor(0))]
    }
    table.add("SoftmaxCrossEntropyLoss", since: 12, 2...3) { call in
        let logProbabilities = try call.tensor(0).logSoftmax(dim: 1)
        return [try loss(call, logProbabilities), .tensor(ONNXTensor(logProbabilities))]
    }
}

/// The negative log-likelihoods of log-probabilities `[N, C, ...]` at targets `[N, ...]`, weighted and reduced.
private func loss(_ call: Call, _ logProbabilities: Tensor) throws -> ONNXValue {
    let target = try call.tensor(1).to(.int64)
    guard logProbabilities.rank >= 2,
        target.shape == [logProbabilities.shape[0]] + logProbabilities.shape[2...]
    else { throw Problem("an input of shape \(logProbabilities.shape) with targets of shape \(target.shape)") }
    let classes = logProbabilities.shape[1]
    var isKept: Tensor?
    var labels = target
    if let ignored = try call.int("ignore_index") {
        let kept = target .!= ignored
        isKept = kept
        labels = Tensor.where(kept, target, Tensor.zeros(like: target))
    }
    labels = try nonNegative(labels, size: classes)
    var weights = Tensor.ones(target.shape, dtype: logProbabilities.dtype)
    if let given = try call.optional(2) {
        guard given.shape == [classes] else {
            throw Problem("weights of shape \(given.shape) for \(quantity(classes, "class", plural: "classes"))")
        }
        weights = given.indexSelect(0, labels.flatten()).reshape(target.shape)
    }
    if let isKept { weights = weights * isKept.to(weights.dtype) }
    let losses = -logProbabilities.gather(1, labels.unsqueeze(1)).squeeze(1) * weights
    switch try call.choice("reduction", "mean", of: ["none", "sum", "mean"]) {
    case "none": return ONNXValue(losses)
    case "sum": return ONNXValue(losses.sum())
    default: return ONNXValue(losses.sum() / weights.sum())
    }
}
