extension Tensor {
    /// Computes the gradients of this tensor with respect to all leaves that it depends on, and adds them to their
    /// `grad`.
    ///
    /// The pass frees what the graph saved. Another pass over the same operations is an error where one of them saved
    /// something, as a product does; those that save nothing, as reshapes and sums, can be passed again.
    ///
    /// - Parameters:
    ///   - gradient: the gradient of something later with respect to this tensor; may be left out for a single number,
    ///     where it is 1.
    ///   - retainGraph: keep what the graph saved, so that `backward` can be called again.
    ///   - createGraph: record the pass itself, for derivatives of higher order; implies `retainGraph`. The gradients in
    ///     `grad` then hold the graph, which holds the leaves: set `grad` to nil when done, or use `grad(outputs:inputs:)`.
    public func backward(
        gradient: Tensor? = nil, retainGraph: Bool = false, createGraph: Bool = false, file: StaticString = #fileID,
        line: UInt = #line
    ) {
        do {
            _ = try BackwardPass.run(
                from: [self], gradients: [gradient], targets: nil, retainGraph: retainGraph || createGraph,
                createGraph: createGraph, allowUnused: true)
            if !retainGraph && !createGraph { GraphWatch.passEnded(file: file, line: line) }
        } catch { reportFailure(error) }
    }
}

/// The gradients of `outputs` with respect to `inputs`, without touching any `grad`.
///
/// - Parameters:
///   - gradOutputs: the gradients of the outputs; nil stands for 1 and needs a single number.
///   - createGraph: record the pass, so that its results can be differentiated again; implies `retainGraph`.
///   - allowUnused: give nil for an input that the outputs do not depend on, instead of refusing.
/// - Returns: one gradient for each input.
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

/// The gradient of a single number with respect to one tensor.
public func grad(of output: Tensor, withRespectTo input: Tensor, createGraph: Bool = false) -> Tensor {
    grad(outputs: [output], inputs: [input], createGraph: createGraph)[0]
        ?? fail(
            TensorError(.autograd, in: "grad", "the output does not depend on the input"), like: input)
}
