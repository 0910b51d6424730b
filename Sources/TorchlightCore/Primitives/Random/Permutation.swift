import CKernels

/// `0 ..< count` in random order: `key int64 [2] -> int64 [count]`.
package struct Permutation: RandomFill, Primitive {
    package static let name = "randperm"
    package var count: Int

    package var shape: Dims { Dims(repeating: count, count: 1) }
    package var dtype: DType { .int64 }

    package func check() throws(TensorError) {}
    package func draw(_ key: UnsafePointer<tl_tensor>?, _ out: UnsafePointer<tl_tensor>?) {
        tl_random_permutation(key, out)
    }
}

extension Tensor {
    /// A random permutation of the integers `0 ..< n`.
    public static func randperm(
        _ n: Int, dtype: DType = .int64, device: Device = .current, generator: Generator = .default
    ) -> Tensor {
        create("randperm", [n], key: Few(try generator.nextKey(on: device))) { _ in Permutation(count: n) }.to(dtype)
    }
}
