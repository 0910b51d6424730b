import CKernels

/// `0 ..< count` in random order, as int64: no operands.
package struct Permutation: Primitive {
    package static let name = "randperm"
    package var count: Int
    package var key: RandomKey
    package var device: Device

    package var resultDevice: Device? { device }
    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        Few(ResultSpec(Dims(repeating: count, count: 1), .int64))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if count > 0 { withKernel(outputs[0]) { tl_random_permutation(key.philox, $0) } }
    }

    package var effects: Effects { .random }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .constant }
    package var differentiability: Differentiability { .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { Few() }
}

extension Tensor {
    /// `0 ..< n` in random order.
    public static func randperm(
        _ n: Int, dtype: DType = .int64, device: Device = .current, generator: Generator = .default
    ) -> Tensor {
        create("randperm", [n]) { _ in Permutation(count: n, key: generator.next(), device: device) }.to(dtype)
    }
}
