/// The gradients of a composition of other operations that computes what a fused primitive computes: the decomposition of
/// the backward pass of that primitive, which can be differentiated again.
///
/// - Parameters:
///   - inputs: the inputs of the primitive, floating point.
///   - seeds: the gradients of the results; nil where none arrived.
///   - composition: the results, in the order of `seeds`, and intermediate tensors whose gradients are wanted as well.
/// - Returns: the gradients of the inputs, then those of the intermediate tensors; zeros where the results do not depend on
///   one.
package func gradientsThroughComposition(
    of inputs: Few<Tensor>, seeds: [Tensor?],
    _ composition: (Few<Tensor>) throws(TensorError) -> (results: [Tensor], inner: [Tensor])
) throws(TensorError) -> [Tensor] {
    let createsGraph = isGradEnabled
    return try enableGrad { () throws(TensorError) in
        // Views of the inputs, so that this pass ends at them and the next one goes on behind; leaves where there is
        // nothing behind.
        var proxies = Few<Tensor>()
        for input in inputs {
            proxies.append(
                createsGraph && input.requiresGrad ? input.view(input.shape) : input.detach().requiresGrad_())
        }
        // The graph of the composition is used up here: no hook of the caller may keep its tensors in another form.
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
