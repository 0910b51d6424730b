/// The history of a tensor that an in-place operation overwrote without reading it: the old elements get the gradient
/// 0. The tensor still requires a gradient and its leaves get one, as in PyTorch.
struct OverwrittenHistory: GradientRule {
    /// The gradients of the written values, for all inputs of the node except the last; nil for a constant.
    var written: (any GradientRule)?

    func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        var gradients = try written?.gradient(context) ?? Few()
        let old = context.inputCount - 1
        while gradients.count < old { gradients.append(nil) }
        let device = context.gradient.device
        gradients.append(
            context.needs[old]
                ? try Tensor.filled(0, shape: context.shape(old), dtype: context.dtype(old), device: device) : nil)
        return gradients
    }

    func releaseSaved() -> Bool { written?.releaseSaved() ?? false }
    var heldObject: AnyObject? { written?.heldObject }
}
