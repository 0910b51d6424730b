// New tensors with the dtype and device of a tensor and another shape.

extension Tensor {
    /// A tensor of zeros of the given shape, with this tensor's device, and its dtype unless `dtype` is given.
    public func newZeros(_ shape: [Int], dtype: DType? = nil, requiresGrad: Bool = false) -> Tensor {
        isPlaceholder
            ? self : .zeros(shape, dtype: dtype ?? self.dtype, device: device, requiresGrad: requiresGrad)
    }

    /// A tensor of zeros of the given shape, with this tensor's device, and its dtype unless `dtype` is given.
    public func newZeros(_ shape: Int..., dtype: DType? = nil, requiresGrad: Bool = false) -> Tensor {
        newZeros(shape, dtype: dtype, requiresGrad: requiresGrad)
    }

    /// A tensor of ones of the given shape, with this tensor's device, and its dtype unless `dtype` is given.
    public func newOnes(_ shape: [Int], dtype: DType? = nil, requiresGrad: Bool = false) -> Tensor {
        isPlaceholder ? self : .ones(shape, dtype: dtype ?? self.dtype, device: device, requiresGrad: requiresGrad)
    }

    /// A tensor of ones of the given shape, with this tensor's device, and its dtype unless `dtype` is given.
    public func newOnes(_ shape: Int..., dtype: DType? = nil, requiresGrad: Bool = false) -> Tensor {
        newOnes(shape, dtype: dtype, requiresGrad: requiresGrad)
    }

    /// A tensor of the given shape filled with `value`, with this tensor's device, and its dtype unless `dtype` is
    /// given.
    public func newFull(
        _ shape: [Int], _ value: some TensorScalar, dtype: DType? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        isPlaceholder
            ? self : .full(shape, value, dtype: dtype ?? self.dtype, device: device, requiresGrad: requiresGrad)
    }

    /// A tensor of the given shape with uninitialised elements, with this tensor's device, and its dtype unless `dtype`
    /// is given.
    public func newEmpty(_ shape: [Int], dtype: DType? = nil, requiresGrad: Bool = false) -> Tensor {
        isPlaceholder
            ? self : .empty(shape, dtype: dtype ?? self.dtype, device: device, requiresGrad: requiresGrad)
    }

    /// A tensor of the numbers in a (nested) Swift array or of one number, with this tensor's device, and its dtype
    /// unless `dtype` is given.
    public func newTensor<Data: TensorData>(
        _ data: Data, dtype: DType? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        isPlaceholder
            ? self : Tensor(data, dtype: dtype ?? self.dtype, device: device, requiresGrad: requiresGrad)
    }

    /// A 0-dimensional tensor of one number. Default dtype: float32, also for integers and bools.
    public static func scalarTensor(
        _ value: some TensorScalar, dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        full([], value, dtype: dtype, device: device, requiresGrad: requiresGrad)
    }
}
