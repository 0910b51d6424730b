extension Tensor {
    /// Computes the gradients of this tensor with respect to all leaves that it depends on, and accumulates them in
    /// `grad`.
    ///
    ///     let w = Tensor([1.0, 2.0], requiresGrad: true)
    ///     (w * w).sum().backward()
    ///     print(w.grad!)      // tensor([2., 4.])
    ///
    /// Gradients of several passes add up: set them to nil with `zeroGrad()` of the optimiser between steps. It is an error if
    /// the tensor does not require a gradient, has more than one element and no `gradient` is given, or if a saved tensor was
    /// changed in place.
    ///
    /// The pass frees the saved tensors of the graph. A second pass over an operation that saved tensors, such as a
    /// product, is an error; operations that save nothing, such as reshapes and sums, can be passed again.
    ///
    /// - Parameters:
    ///   - gradient: the gradient of some scalar with respect to this tensor, with the shape of this tensor. Default:
    ///     1, for a tensor of one element only.
    ///   - retainGraph: whether to keep the saved tensors, so that `backward` can be called again. Default: false.
    ///   - createGraph: whether to record the pass itself, for derivatives of higher order; implies `retainGraph`. The
    ///     gradients in `grad` then hold the graph, which holds the leaves: set `grad` to nil afterwards, or use
    ///     `grad(outputs:inputs:)`. Default: false.
    public func backward(
        gradient: Tensor? = nil, retainGraph: Bool = false, createGraph: Bool = false, file: StaticString = #fileID,
        line: UInt = #line
    ) {
        do {
            _ = try BackwardPass.run(
                from: [self], gradients: [gradient], targets: nil, retainGraph: retainGraph || createGraph,
                createGraph: createGraph, allowUnused: true)
            if !retainGraph && !createGraph { RetainedGraphDetector.backwardPassDidEnd(file: file, line: line) }
        } catch { reportFailure(error) }
    }
}

/// Computes the sum of the gradients of `outputs` with respect to `inputs`, without changing any `grad`.
///
/// - Parameters:
///   - outputs: the tensors to differentiate.
///   - inputs: the tensors with respect to which to differentiate; each must require a gradient.
///   - gradOutputs: the gradients with respect to the outputs, in their shapes. nil means 1, for an output of one
///     element only.
///   - retainGraph: whether to keep the saved tensors, so that the graph can be passed again. Default: false.
///   - createGraph: whether to record the pass, so that the gradients can be differentiated again; implies
///     `retainGraph`. Default: false.
///   - allowUnused: whether an input that the outputs do not depend on gives nil instead of an error. Default: false.
/// - Returns: one gradient for each input, in its shape.
public func grad(
    outputs: [Tensor], inputs: [Tensor], gradOutputs: [Tensor?]? = nil, retainGraph: Bool = false,
    createGraph: Bool = false, allowUnused: Bool = false
) -> [Tensor?] {
    do {
        return try BackwardPass.run(
            from: outputs, gradients: gradOutputs ?? Array(repeating: nil, count: outputs.count), targets: inputs,
            retainGraph: retainGraph || createGraph, createGraph: createGraph, allowUnused: allowUnused)
    } catch { return inputs.map { fail(error, like: $0) } }
}

/// Computes the gradient of a one-element output with respect to one input. An error if the output does not depend on
/// the input.
public func grad(of output: Tensor, withRespectTo input: Tensor, createGraph: Bool = false) -> Tensor {
    grad(outputs: [output], inputs: [input], createGraph: createGraph)[0]
        ?? fail(
            TensorError(.autograd, in: "grad", "the output does not depend on the input"), like: input)
}
