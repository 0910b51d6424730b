// Overloads with an argument label for the bias, as convolutions have.

/// ``linear(_:_:_:)`` with a labelled bias: `x Wᵀ + bias`, `[*, in] -> [*, out]`.
public func linear(_ x: Tensor, _ weight: Tensor, bias: Tensor?) -> Tensor { linear(x, weight, bias) }

/// ``bilinear(_:_:_:_:)`` with a labelled bias: `[*, in1], [*, in2] -> [*, out]`.
public func bilinear(_ a: Tensor, _ b: Tensor, _ weight: Tensor, bias: Tensor?) -> Tensor {
    bilinear(a, b, weight, bias)
}

/// ``layerNorm(_:_:_:_:eps:)`` with a labelled bias.
public func layerNorm(
    _ x: Tensor, _ normalizedShape: [Int], _ weight: Tensor? = nil, bias: Tensor?, eps: Double = 1e-5
) -> Tensor {
    layerNorm(x, normalizedShape, weight, bias, eps: eps)
}

/// ``groupNorm(_:_:_:_:eps:)`` with a labelled bias.
public func groupNorm(
    _ x: Tensor, _ numGroups: Int, _ weight: Tensor? = nil, bias: Tensor?, eps: Double = 1e-5
) -> Tensor {
    groupNorm(x, numGroups, weight, bias, eps: eps)
}

/// ``batchNorm(_:_:_:_:_:training:momentum:eps:)`` with a labelled bias.
public func batchNorm(
    _ x: Tensor, _ runningMean: Tensor?, _ runningVar: Tensor?, _ weight: Tensor? = nil, bias: Tensor?,
    training: Bool = false, momentum: Double = 0.1, eps: Double = 1e-5
) -> Tensor {
    batchNorm(
        x, runningMean, runningVar, weight, bias, training: training, momentum: momentum, eps: eps)
}

/// ``instanceNorm(_:_:_:_:_:useInputStats:momentum:eps:)`` with a labelled bias.
public func instanceNorm(
    _ x: Tensor, _ runningMean: Tensor? = nil, _ runningVar: Tensor? = nil, _ weight: Tensor? = nil, bias: Tensor?,
    useInputStats: Bool = true, momentum: Double = 0.1, eps: Double = 1e-5
) -> Tensor {
    instanceNorm(
        x, runningMean, runningVar, weight, bias, useInputStats: useInputStats, momentum: momentum, eps: eps)
}

/// ``convTbc(_:_:_:pad:)`` with a labelled bias: `[T, N, C] -> [T + 2 pad - k + 1, N, O]`.
public func convTbc(_ x: Tensor, _ weight: Tensor, bias: Tensor, pad: Int = 0) -> Tensor {
    convTbc(x, weight, bias, pad: pad)
}
