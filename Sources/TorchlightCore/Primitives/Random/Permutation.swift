import CKernels

/// `0 ..< count` in random order, as int64: no operands.
package struct Permutation: CreationPrimitive {
    package static let name = "randperm"
    package var count: Int
    package var key: RandomKey
    package var device: Device

    package var shape: Dims { Dims(repeating: count, count: 1) }
    package var dtype: DType { .int64 }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if count > 0 { withKernel(outputs[0]) { tl_random_permutation(key.philox, $0) } }
    }

    package var effects: Effects { .random }
}

extension Tensor {
    /// `0 ..< n` in random order.
    public static func randperm(
        _ n: Int, dtype: DType = .int64, device: Device = .current, generator: Generator = .default
    ) -> Tensor {
        create("randperm", [n]) { _ in Permutation(count: n, key: generator.next(), device: device) }.to(dtype)
    }
}
