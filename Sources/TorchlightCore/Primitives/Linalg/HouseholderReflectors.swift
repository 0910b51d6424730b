import CKernels

/// The QR decomposition as LAPACK keeps it: R in the upper triangle, and below it the vectors v_i of Householder's reflections
/// `1 - tau_i v_i v_i^H`, whose product is Q and whose own first elements are 1.
///
/// Shapes, k = min(m, n): `[*, m, n] -> [*, m, n], tau [*, k]`. Dtypes: float32, float64 and complex. There is no gradient:
/// `LinAlg.qr` has one.
package struct HouseholderReflectors: Primitive {
    package static let name = "geqrf"
    package static let supportsComplex = true

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        try MatrixRules.check(x, in: Self.name)
        return Few(
            ResultSpec(x.layout.shape, x.dtype),
            ResultSpec(MatrixRules.batch(x).with(MatrixRules.smallest(x)), x.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let status = withKernelArguments {
            tl_linalg_reflectors($0(inputs[0]), $0(outputs[0]), $0(outputs[1]))
        }
        try MatrixRules.check(status: status, in: Self.name, Array(inputs))
    }

    package var differentiability: Differentiability { .unavailable("use LinAlg.qr, which has a derivative") }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil] }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
    package var autocast: AutocastClass { .float32 }
}
