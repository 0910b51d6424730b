import CKernels

/// An element-wise operation of three operands that broadcast: a name, a scalar function and three derivatives.
///
/// Shapes: `[*], [*], [*] -> [*]`. Dtypes are promoted; operands are converted as the kernel reads them.
package protocol TernaryPrimitive: Primitive {
    /// The scalar function.
    static var kernel: tl_ternary_op { get }
    /// A number that the scalar function takes besides its operands.
    var parameter: Double { get }
    /// The dtype of the result, after all checks of dtypes.
    func resultType(of inputs: Specs) throws(TensorError) -> DType
}

extension TernaryPrimitive {
    package var parameter: Double { 0 }
    package var effects: Effects { .pure }
    package var fusion: FusionClass { .pointwise(.ternary(Self.kernel)) }
    package var algebra: Algebra { .elementwise }
    package func resultLayout(of inputs: Specs, shape: Dims) -> Layout { .following(inputs, shape: shape) }
    package var differentiability: Differentiability { .differentiable }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let dtype = try resultType(of: inputs)
        guard let pair = Layout.broadcast(inputs[0].layout.shape, inputs[1].layout.shape),
            let shape = Layout.broadcast(pair, inputs[2].layout.shape)
        else { throw broadcastError(Self.name, Array(inputs)) }
        return Few(ResultSpec(shape, dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let out = outputs[0]
        if out.count == 0 { return }
        // In place, the target may be of a higher category than the operands; they decide.
        let compute = try resultType(of: Specs(of: inputs)).computeType
        runTernary(Self.kernel, parameter, compute, inputs, outputs[0])
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.runElementwise(self)
    }
}
