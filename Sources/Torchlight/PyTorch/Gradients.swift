// Forms of autograd, activation checkpoints, autocast and compile that PyTorch has.

/// The gradients of `outputs` with respect to `inputs`, an array of one tensor as in PyTorch.
///
///     let dudx = grad(u, x, gradOutputs: onesLike(u), createGraph: true)[0]
///
/// - Parameters:
///   - outputs: the tensor that is differentiated; without `gradOutputs` it must have one element.
///   - inputs: the tensor with respect to which the gradient is computed. An input that
///     `outputs` does not depend on is an error.
///   - gradOutputs: the gradient of the result with respect to `outputs`. Default: 1.
///   - retainGraph: whether the graph is kept for another backward pass. Default: the value of `createGraph`.
///   - createGraph: whether the gradients can be differentiated again. Default: false.
public func grad(
    _ outputs: Tensor, _ inputs: Tensor, _ gradOutputs: Tensor? = nil, retainGraph: Bool? = nil,
    createGraph: Bool = false
) -> [Tensor] {
    grad(outputs, [inputs], gradOutputs, retainGraph: retainGraph, createGraph: createGraph)
}

/// The gradients of `outputs` with respect to several tensors, in their order; see the form with one tensor.
public func grad(
    _ outputs: Tensor, _ inputs: [Tensor], _ gradOutputs: Tensor? = nil, retainGraph: Bool? = nil,
    createGraph: Bool = false
) -> [Tensor] {
    let gradients = grad(
        outputs: [outputs], inputs: inputs, gradOutputs: [gradOutputs], retainGraph: retainGraph ?? createGraph,
        createGraph: createGraph)
    return zip(gradients, inputs).map { gradient, input in
        gradient
            ?? fail(
                TensorError(
                    .autograd, in: "grad", "the output does not depend on an input",
                    expected: "inputs from which the output is computed",
                    fix: "leave the input out, or use grad(outputs: [y], inputs: [x]), which gives nil for it",
                    operands: [input]), like: input)
    }
}

/// The gradients of `outputs` with respect to `inputs`; the third argument has a label.
public func grad(
    _ outputs: Tensor, _ inputs: Tensor, gradOutputs: Tensor?, retainGraph: Bool? = nil, createGraph: Bool = false
) -> [Tensor] {
    grad(outputs, [inputs], gradOutputs, retainGraph: retainGraph, createGraph: createGraph)
}

/// The gradients of `outputs` with respect to several tensors; the third argument has a label.
public func grad(
    _ outputs: Tensor, _ inputs: [Tensor], gradOutputs: Tensor?, retainGraph: Bool? = nil, createGraph: Bool = false
) -> [Tensor] {
    grad(outputs, inputs, gradOutputs, retainGraph: retainGraph, createGraph: createGraph)
}

/// The gradients of `outputs` with respect to `inputs`; all arguments have labels.
public func grad(
    outputs: Tensor, inputs: Tensor, gradOutputs: Tensor? = nil, retainGraph: Bool? = nil, createGraph: Bool = false
) -> [Tensor] {
    grad(outputs, [inputs], gradOutputs, retainGraph: retainGraph, createGraph: createGraph)
}

/// The gradients of `outputs` with respect to several tensors; all arguments have labels.
public func grad(
    outputs: Tensor, inputs: [Tensor], gradOutputs: Tensor? = nil, retainGraph: Bool? = nil, createGraph: Bool = false
) -> [Tensor] {
    grad(outputs, inputs, gradOutputs, retainGraph: retainGraph, createGraph: createGraph)
}

/// The Jacobian of a function at `x`: `jacrev(function)(x)`, of the shape of the result followed by the shape of `x`.
public func jacobian(_ function: @escaping (Tensor) -> Tensor, _ x: Tensor) -> Tensor { jacrev(function)(x) }
/// The matrix of second derivatives of a function with one element as result at `x`: `hessian(function)(x)`.
public func hessian(_ function: @escaping (Tensor) -> Tensor, _ x: Tensor) -> Tensor {
    let matrix: (Tensor) -> Tensor = hessian(function)
    return matrix(x)
}

/// Runs a layer with activation checkpointing: `checkpoint(x) { layer($0) }`. `useReentrant` has no effect: the gradients
/// are the same.
public func checkpoint(
    _ layer: some Layer, _ input: Tensor, useReentrant: Bool = false, preserveRandomState: Bool = true
) -> Tensor {
    checkpoint(input, preserveRandomState: preserveRandomState) { layer($0) }
}

/// Runs a function with activation checkpointing: `checkpoint(x) { body($0) }`. `useReentrant` has no effect: the gradients
/// are the same.
public func checkpoint<R>(
    _ body: @escaping (Tensor) -> R, _ input: Tensor, useReentrant: Bool = false, preserveRandomState: Bool = true
) -> R {
    checkpoint(input, preserveRandomState: preserveRandomState, body)
}

/// Runs a function of two tensors with activation checkpointing: `checkpoint(x, y) { body($0, $1) }`. `useReentrant` has no
/// effect: the gradients are the same.
public func checkpoint<R>(
    _ body: @escaping (Tensor, Tensor) -> R, _ first: Tensor, _ second: Tensor, useReentrant: Bool = false,
    preserveRandomState: Bool = true
) -> R {
    checkpoint(first, second, preserveRandomState: preserveRandomState, body)
}

/// Returns a compiled function that calls the layer: `layer.compiled(onNewGraph: onNewGraph, verify: verify)`.
public func compile(
    _ layer: some Layer, onNewGraph: NewGraph = .record, verify: Verification = .never
) -> CompiledFunction<Never, Tensor, Tensor> {
    layer.compiled(onNewGraph: onNewGraph, verify: verify)
}

/// Runs the body with autocast; the dtype has a label: `autocast(dtype, enabled: enabled) { ... }`.
public func autocast<R, E: Error>(
    dtype: DType, enabled: Bool = true, _ body: () throws(E) -> R
) throws(E) -> R {
    try autocast(dtype, enabled: enabled, body)
}
/// Not available: autocast applies to all devices.
@available(*, unavailable, message: "autocast applies to all devices: 'autocast(.bfloat16) { ... }'")
public func autocast<R>(deviceType: String, dtype: DType = .bfloat16, enabled: Bool = true, _ body: () -> R) -> R {
    fatalError()
}
/// Not available: autocast applies to all devices.
@available(*, unavailable, message: "autocast applies to all devices: 'autocast(.bfloat16) { ... }'")
public func autocast<R>(_ deviceType: String, dtype: DType = .bfloat16, enabled: Bool = true, _ body: () -> R) -> R {
    fatalError()
}

/// Runs the body with or without recording of the computation graph: `enableGrad { ... }` or `noGrad { ... }`.
public func setGradEnabled<R, E: Error>(_ isEnabled: Bool, _ body: () throws(E) -> R) throws(E) -> R {
    isEnabled ? try enableGrad(body) : try noGrad(body)
}
/// Not available: recording of the graph is switched for a closure.
@available(*, unavailable, message: "write 'noGrad { ... }' or 'enableGrad { ... }' around the code")
public func setGradEnabled(_ isEnabled: Bool) {}
/// Runs the body with anomaly detection: `detectAnomalies { ... }`.
public func detectAnomaly<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R { try detectAnomalies(body) }
/// Not available: anomaly detection is switched on for a closure.
@available(*, unavailable, message: "write 'detectAnomalies { ... }' around the forward and backward pass")
public func setDetectAnomaly(_ isEnabled: Bool) {}

/// Sets the dtype of new floating-point tensors: `setDefaultDType(dtype)`.
public func setDefaultDtype(_ dtype: DType) { setDefaultDType(dtype) }
/// The dtype of new floating-point tensors: `getDefaultDType()`.
public func getDefaultDtype() -> DType { getDefaultDType() }
