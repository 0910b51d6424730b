extension Tensor {
    /// A tensor of the given shape filled with 0.
    ///
    /// - Parameters:
    ///   - shape: the size of each dimension.
    ///   - dtype: the dtype of the tensor. Default: float32.
    ///   - device: the device of the tensor. Default: the current device.
    ///   - requiresGrad: whether autograd records operations on the tensor. Default: false.
    public static func zeros(
        _ shape: [Int], dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        create("zeros", shape, requiresGrad: requiresGrad) {
            Full(value: .int(0), shape: $0, dtype: dtype, device: device)
        }
    }

    /// A tensor of the given shape filled with 0.
    public static func zeros(
        _ shape: Int..., dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        zeros(shape, dtype: dtype, device: device, requiresGrad: requiresGrad)
    }

    /// A tensor of the given shape filled with 1. The parameters are those of `zeros`.
    public static func ones(
        _ shape: [Int], dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        create("ones", shape, requiresGrad: requiresGrad) {
            Full(value: .int(1), shape: $0, dtype: dtype, device: device)
        }
    }

    /// A tensor of the given shape filled with 1.
    public static func ones(
        _ shape: Int..., dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        ones(shape, dtype: dtype, device: device, requiresGrad: requiresGrad)
    }

    /// A tensor of the given shape filled with `value`. Default dtype: int64 for an integer, float32 for a
    /// floating-point number, bool for a bool, complex64 for a complex number. A value outside the range of the dtype is an
    /// error.
    ///
    ///     Tensor.full([2, 2], 1.5)      // float32
    ///     Tensor.full([2, 2], 7)        // int64
    ///
    /// - Parameters:
    ///   - shape: the size of each dimension.
    ///   - value: the value of all elements.
    ///   - dtype: the dtype of the tensor. Default: that of the value.
    ///   - device: the device of the tensor. Default: the current device.
    ///   - requiresGrad: whether autograd records operations on the tensor. Default: false.
    public static func full(
        _ shape: [Int], _ value: some TensorScalar, dtype: DType? = nil, device: Device = .current,
        requiresGrad: Bool = false
    ) -> Tensor {
        let scalar = value.scalar
        let natural = ResultType.of(CollectionOfOne(Tensor.wrap(scalar)))
        return create("full", shape, requiresGrad: requiresGrad) {
            Full(value: scalar, shape: $0, dtype: dtype ?? natural, device: device)
        }
    }

    /// A tensor of the given shape with uninitialised elements.
    ///
    /// The elements have arbitrary values until they are written. The parameters are those of `zeros`.
    public static func empty(
        _ shape: [Int], dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        orFail { () throws(TensorError) in
            let tensor = try Tensor(empty: Dims(shape), dtype: dtype, device: device).uninitialized()
            return requiresGrad ? tensor.requiresGrad_() : tensor
        }
    }

    /// A tensor of zeros with the shape and device of `other`, and its dtype unless `dtype` is given.
    public static func zeros(like other: Tensor, dtype: DType? = nil, requiresGrad: Bool = false) -> Tensor {
        other.isPlaceholder
            ? other
            : zeros(other.shape, dtype: dtype ?? other.dtype, device: other.device, requiresGrad: requiresGrad)
    }

    /// A tensor of ones with the shape and device of `other`, and its dtype unless `dtype` is given.
    public static func ones(like other: Tensor, dtype: DType? = nil, requiresGrad: Bool = false) -> Tensor {
        other.isPlaceholder
            ? other
            : ones(other.shape, dtype: dtype ?? other.dtype, device: other.device, requiresGrad: requiresGrad)
    }

    /// A tensor filled with `value`, with the shape and device of `other`, and its dtype unless `dtype` is given.
    public static func full(
        like other: Tensor, _ value: some TensorScalar, dtype: DType? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        other.isPlaceholder
            ? other
            : full(other.shape, value, dtype: dtype ?? other.dtype, device: other.device, requiresGrad: requiresGrad)
    }

    /// A tensor of uninitialised elements with the shape and device of `other`, and its dtype unless `dtype` is given.
    public static func empty(like other: Tensor, dtype: DType? = nil) -> Tensor {
        other.isPlaceholder ? other : empty(other.shape, dtype: dtype ?? other.dtype, device: other.device)
    }

    /// A matrix `[rows, columns]` with ones on the diagonal and zeros elsewhere. Default for `columns`: `rows`.
    ///
    ///     Tensor.eye(2)       // tensor([[1., 0.], [0., 1.]])
    public static func eye(
        _ rows: Int, _ columns: Int? = nil, dtype: DType = .default, device: Device = .current,
        requiresGrad: Bool = false
    ) -> Tensor {
        let columns = columns ?? rows
        let tensor = zeros([rows, columns], dtype: dtype, device: device)
        if !tensor.isPlaceholder { noGrad { _ = tensor.diagonal().fill_(1) } }
        return requiresGrad ? tensor.requiresGrad_() : tensor
    }
}
