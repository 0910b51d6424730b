// New tensors with a given memory layout.

extension Tensor {
    /// A tensor of uninitialised elements with the given sizes and strides, in elements. Elements may overlap or have gaps
    /// between them; a negative stride is an error.
    ///
    ///     Tensor.emptyStrided([2, 3], [1, 2])       // column-major
    ///
    /// - Parameters:
    ///   - size: the size of each dimension.
    ///   - stride: the stride of each dimension.
    ///   - dtype: the dtype of the tensor. Default: the default dtype, float32.
    ///   - device: the device of the tensor. Default: the current device.
    ///   - requiresGrad: whether autograd records operations on the tensor. Default: false.
    public static func emptyStrided(
        _ size: [Int], _ stride: [Int], dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        orFail { () throws(TensorError) in
            guard size.count == stride.count, stride.allSatisfy({ $0 >= 0 }) else {
                throw TensorError(
                    .shape, in: "emptyStrided", "the sizes and strides do not match",
                    got: "size \(size), stride \(stride)", expected: "as many strides as sizes, none of them negative")
            }
            guard device.isAvailable else { throw .unavailable(device, in: "emptyStrided") }
            let shape = Dims(size)
            try checkShape(shape, in: "emptyStrided")
            let reach = zip(size, stride).reduce(1) { $0 +| (Swift.max($1.0, 1) - 1) *| $1.1 }
            let count = shape.contains(0) ? 0 : reach
            guard count <= maximumCount else {
                throw TensorError(
                    .outOfMemory, in: "emptyStrided", "the layout is too large", got: quantity(reach, "element"),
                    expected: "less than 2^59 elements")
            }
            let layout = Layout(shape: shape, strides: Dims(stride), offset: 0)
            let storage = try Storage(byteCount: count * dtype.byteSize, device: device)
            let tensor = Tensor(storage: storage, layout: layout, dtype: dtype).uninitialized()
            return requiresGrad ? tensor.requiresGrad_() : tensor
        }
    }

    /// A tensor of uninitialised elements whose dimensions lie in memory in the given order, from the largest stride to the
    /// smallest.
    ///
    ///     Tensor.emptyPermuted([2, 3, 4], [0, 2, 1]).strides       // [12, 1, 3]
    ///
    /// - Parameters:
    ///   - size: the size of each dimension.
    ///   - physicalLayout: the dimensions, ordered by decreasing stride.
    ///   - dtype: the dtype of the tensor. Default: the default dtype, float32.
    ///   - device: the device of the tensor. Default: the current device.
    ///   - requiresGrad: whether autograd records operations on the tensor. Default: false.
    public static func emptyPermuted(
        _ size: [Int], _ physicalLayout: [Int], dtype: DType = .default, device: Device = .current,
        requiresGrad: Bool = false
    ) -> Tensor {
        guard physicalLayout.sorted() == Array(size.indices) else {
            return fail(
                TensorError(
                    .shape, in: "emptyPermuted", "the layout is not a permutation of the dimensions",
                    got: "\(physicalLayout) for size \(size)", expected: "each of the dimensions once"))
        }
        var strides = [Int](repeating: 1, count: size.count)
        var step = 1
        for dim in physicalLayout.reversed() {
            strides[dim] = step
            step = step *| Swift.max(size[dim], 1)
        }
        return emptyStrided(size, strides, dtype: dtype, device: device, requiresGrad: requiresGrad)
    }

    /// A tensor of uninitialised elements with the given sizes and strides, with this tensor's device, and its dtype
    /// unless `dtype` is given; see ``emptyStrided(_:_:dtype:device:requiresGrad:)``.
    public func newEmptyStrided(
        _ size: [Int], _ stride: [Int], dtype: DType? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        isPlaceholder
            ? self
            : .emptyStrided(size, stride, dtype: dtype ?? self.dtype, device: device, requiresGrad: requiresGrad)
    }
}
