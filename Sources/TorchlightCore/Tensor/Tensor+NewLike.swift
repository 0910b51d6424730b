// New tensors of another's dtype and device, in a shape of their own.

extension Tensor {
    /// Zeros of a shape, with this tensor's device, and its dtype where none is given.
    public func newZeros(_ shape: [Int], dtype: DType? = nil, requiresGrad: Bool = false) -> Tensor {
        isPlaceholder
            ? self : .zeros(shape, dtype: dtype ?? self.dtype, device: device, requiresGrad: requiresGrad)
    }

    /// Zeros of a shape, with this tensor's device, and its dtype where none is given.
    public func newZeros(_ shape: Int..., dtype: DType? = nil, requiresGrad: Bool = false) -> Tensor {
        newZeros(shape, dtype: dtype, requiresGrad: requiresGrad)
    }

    /// Ones of a shape, with this tensor's device, and its dtype where none is given.
    public func newOnes(_ shape: [Int], dtype: DType? = nil, requiresGrad: Bool = false) -> Tensor {
        isPlaceholder ? self : .ones(shape, dtype: dtype ?? self.dtype, device: device, requiresGrad: requiresGrad)
    }

    /// Ones of a shape, with this tensor's device, and its dtype where none is given.
    public func newOnes(_ shape: Int..., dtype: DType? = nil, requiresGrad: Bool = false) -> Tensor {
        newOnes(shape, dtype: dtype, requiresGrad: requiresGrad)
    }

    /// One value in a shape, with this tensor's device, and its dtype where none is given.
    public func newFull(
        _ shape: [Int], _ value: some TensorScalar, dtype: DType? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        isPlaceholder
            ? self : .full(shape, value, dtype: dtype ?? self.dtype, device: device, requiresGrad: requiresGrad)
    }

    /// Memory whose contents are whatever was there, with this tensor's device, and its dtype where none is given.
    public func newEmpty(_ shape: [Int], dtype: DType? = nil, requiresGrad: Bool = false) -> Tensor {
        isPlaceholder
            ? self : .empty(shape, dtype: dtype ?? self.dtype, device: device, requiresGrad: requiresGrad)
    }

    /// A tensor of the numbers in a Swift array, or of one number, with this tensor's device, and its dtype where none is
    /// given.
    public func newTensor<Data: TensorData>(
        _ data: Data, dtype: DType? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        isPlaceholder
            ? self : Tensor(data, dtype: dtype ?? self.dtype, device: device, requiresGrad: requiresGrad)
    }

    /// One number as a 0-dimensional tensor; float32 whatever the number is, unless a dtype is given.
    public static func scalarTensor(
        _ value: some TensorScalar, dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        full([], value, dtype: dtype, device: device, requiresGrad: requiresGrad)
    }
}
