import TorchlightCore

extension Layer {
    /// Returns a compiled function that calls the layer; see `compile(onNewGraph:verify:_:)`.
    ///
    ///     let fast = model.eval().compiled()
    ///     let logits = noGrad { fast(x) }
    ///
    /// Parameters and buffers are those that the layer has at each call. Where the result requires a gradient, `backward()` runs the
    /// recorded gradient of the whole layer.
    ///
    /// - Parameters:
    ///   - onNewGraph: what to do in a call for which there is no graph. Default: record one.
    ///   - verify: how often to check that the layer still does what was recorded. Default: never.
    public func compiled(
        onNewGraph: NewGraph = .record, verify: Verification = .never
    ) -> CompiledFunction<Never, Tensor, Tensor> {
        compile(onNewGraph: onNewGraph, verify: verify) { [self] (x: Tensor) -> Tensor in self(x) }
    }
}
