import CKernels

/// Numbers at equal distances from `start` to `end`, both included, or with a base that to the power of these: no
/// operands. Computed in float64, from the nearer end.
package struct Spaced: Primitive {
    package static let name = "linspace"
    package var start: Double
    package var end: Double
    package var count: Int
    /// nil for the numbers themselves.
    package var base: Double?
    package var dtype: DType
    package var device: Device

    package var publicName: String { base == nil ? Self.name : "logspace" }
    package var resultDevice: Device? { device }
    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        Few(ResultSpec(Dims(repeating: count, count: 1), dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if count == 0 { return }
        withKernel(outputs[0]) { out in
            if let base { tl_logspace(out, start, end, base) } else { tl_linspace(out, start, end) }
        }
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .constant }
    package var differentiability: Differentiability { .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { Few() }
}
