/// The gradients of a fused primitive while they are recorded themselves: those of a composition of other operations
/// that computes the same, so that they can be differentiated again.
///
/// - Parameters:
///   - inputs: the inputs of the primitive, as its graph knows them.
///   - composition: the results that have gradients, in the order of `context.gradients`; nil for others.
package func gradientThroughComposition(
    _ context: GradientContext, _ inputs: [Tensor], _ composition: ([Tensor]) -> [Tensor?]
) -> Few<Tensor?> {
    // Views of the inputs, so that this walk ends at them and the next one goes on behind.
    let proxies = inputs.map { $0.requiresGrad ? $0.view($0.shape) : $0 }
    let results = composition(proxies)
    var outputs: [Tensor] = []
    var seeds: [Tensor?] = []
    for (i, result) in results.enumerated() {
        guard let result, i < context.gradients.count, let seed = context.gradients[i], result.requiresGrad else {
            continue
        }
        outputs.append(result)
        seeds.append(seed)
    }
    let wanted = proxies.indices.filter { context.needs[$0] && proxies[$0].requiresGrad }
    var gradients = Few<Tensor?>(repeating: nil, count: inputs.count)
    if outputs.isEmpty || wanted.isEmpty { return gradients }
    let found = grad(
        outputs: outputs, inputs: wanted.map { proxies[$0] }, gradOutputs: seeds, createGraph: true, allowUnused: true)
    for (place, gradient) in zip(wanted, found) { gradients[place] = gradient }
    return gradients
}
