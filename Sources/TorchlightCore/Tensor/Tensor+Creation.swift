import CKernels

/// Fills a tensor with one number.
package func fill(_ tensor: Tensor, with value: Scalar) {
    if tensor.count == 0 { return }
    // Whatever is not 0 is true, fractions and NaN too.
    let whole = tensor.dtype == .bool ? (value.asDouble != 0 ? 1 : 0) : value.asInt
    withKernel(tensor) { tl_fill($0, value.asDouble, Int64(whole)) }
}

package func fill(_ tensor: Tensor, with value: Int) { fill(tensor, with: .int(value)) }

extension Tensor {
    /// A tensor of zeros.
    public static func zeros(
        _ shape: [Int], dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        create("zeros", shape, requiresGrad: requiresGrad) {
            Full(value: .int(0), shape: $0, dtype: dtype, device: device)
        }
    }

    /// A tensor of zeros.
    public static func zeros(_ shape: Int..., dtype: DType = .default, requiresGrad: Bool = false) -> Tensor {
        zeros(shape, dtype: dtype, requiresGrad: requiresGrad)
    }

    /// A tensor of ones.
    public static func ones(
        _ shape: [Int], dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        create("ones", shape, requiresGrad: requiresGrad) {
            Full(value: .int(1), shape: $0, dtype: dtype, device: device)
        }
    }

    /// A tensor of ones.
    public static func ones(_ shape: Int..., dtype: DType = .default, requiresGrad: Bool = false) -> Tensor {
        ones(shape, dtype: dtype, requiresGrad: requiresGrad)
    }

    /// A tensor of one value; the dtype is the value's (int64, float32 or bool) where it is not given.
    public static func full(
        _ shape: [Int], _ value: some TensorScalar, dtype: DType? = nil, device: Device = .current,
        requiresGrad: Bool = false
    ) -> Tensor {
        let scalar = value.scalar
        let natural: DType = scalar.dtype == .float64 ? .default : scalar.dtype
        return create("full", shape, requiresGrad: requiresGrad) {
            Full(value: scalar, shape: $0, dtype: dtype ?? natural, device: device)
        }
    }

    /// Memory whose contents are whatever was there.
    public static func empty(
        _ shape: [Int], dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        orFail { () throws(TensorError) in
            let tensor = try Tensor(empty: Dims(shape), dtype: dtype, device: device)
            return requiresGrad ? tensor.requiresGrad_() : tensor
        }
    }

    /// Zeros of another tensor's shape, and of its dtype and device where they are not given.
    public static func zeros(like other: Tensor, dtype: DType? = nil, requiresGrad: Bool = false) -> Tensor {
        other.isPlaceholder
            ? other
            : zeros(other.shape, dtype: dtype ?? other.dtype, device: other.device, requiresGrad: requiresGrad)
    }

    /// Ones of another tensor's shape, and of its dtype and device where they are not given.
    public static func ones(like other: Tensor, dtype: DType? = nil, requiresGrad: Bool = false) -> Tensor {
        other.isPlaceholder
            ? other
            : ones(other.shape, dtype: dtype ?? other.dtype, device: other.device, requiresGrad: requiresGrad)
    }

    /// One value in another tensor's shape, and in its dtype and device where they are not given.
    public static func full(
        like other: Tensor, _ value: some TensorScalar, dtype: DType? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        other.isPlaceholder
            ? other
            : full(other.shape, value, dtype: dtype ?? other.dtype, device: other.device, requiresGrad: requiresGrad)
    }

    /// Uninitialised memory of another tensor's shape, dtype and device.
    public static func empty(like other: Tensor, dtype: DType? = nil) -> Tensor {
        other.isPlaceholder ? other : empty(other.shape, dtype: dtype ?? other.dtype, device: other.device)
    }

    /// Ones on the diagonal of a `rows` by `columns` matrix, zeros elsewhere.
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
