/// Gradients of a composition of operations that computes the same as a fused primitive: a decomposition of the
/// primitive's backward pass that can be differentiated again.
///
/// - Parameters:
///   - inputs: the inputs of the primitive, floating point.
///   - seeds: the gradients with respect to the results; nil if there is none.
///   - composition: returns the results, in the order of `seeds`, and intermediate tensors whose gradients are needed
///     as well.
/// - Returns: the gradients of the inputs, then those of the intermediate tensors; zeros for a tensor that the results
///   do not depend on.
package func gradientsThroughComposition(
    of inputs: Few<Tensor>, seeds: [Tensor?],
    _ composition: (Few<Tensor>) throws(TensorError) -> (results: [Tensor], inner: [Tensor])
) throws(TensorError) -> [Tensor] {
    let createsGraph = isGradEnabled
    return try enableGrad { () throws(TensorError) in
        // Views of the inputs, so that this pass ends at them and a later one continues beyond; leaves if no further
        // pass is recorded.
        var proxies = Few<Tensor>()
        for input in inputs {
            proxies.append(
                createsGraph && input.requiresGrad ? input.view(input.shape) : input.detach().requiresGrad_())
        }
        // The graph of the composition is used here only: the caller's saved-tensor hooks must not pack its tensors.
        let (results, inner) = try SavedTensorHooks.with(nil) { () throws(TensorError) in try composition(proxies) }
        let wanted = Array(proxies) + inner
        let reached = zip(results, seeds).filter { $0.requiresGrad && $1 != nil }
        if reached.isEmpty { return wanted.map { Tensor.zeros(like: $0) } }
        let found = grad(
            outputs: reached.map(\.0), inputs: wanted, gradOutputs: reached.map(\.1), createGraph: createsGraph,
            allowUnused: true)
        return zip(wanted, found).map { $1 ?? Tensor.zeros(like: $0) }
    }
}
