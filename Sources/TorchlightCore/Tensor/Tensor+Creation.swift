import CKernels

/// Fills a tensor with one number.
package func fill(_ tensor: Tensor, with value: Scalar) {
    if tensor.count == 0 { return }
    withKernel(tensor) { tl_fill($0, value.asDouble, Int64(value.asInt)) }
}

package func fill(_ tensor: Tensor, with value: Int) { fill(tensor, with: .int(value)) }

extension Tensor {
    package convenience init(
        filled value: Scalar, shape: Dims, dtype: DType, device: Device
    ) throws(TensorError) {
        try self.init(empty: shape, dtype: dtype, device: device)
        WorkCounts.noteKernel()
        TorchlightCore.fill(self, with: value)
    }

    package convenience init(filled value: Int, shape: Dims, dtype: DType, device: Device) throws(TensorError) {
        try self.init(filled: .int(value), shape: shape, dtype: dtype, device: device)
    }

    /// Makes a tensor in a creation function: checks the sizes, fills, and sets `requiresGrad`.
    package static func create(
        _ operation: String, _ shape: [Int], _ dtype: DType, _ device: Device, _ requiresGrad: Bool,
        _ fill: (Tensor) throws(TensorError) -> Void
    ) -> Tensor {
        orFail { () throws(TensorError) in
            try checkRank(shape.count, in: operation)
            var count = 1
            for size in shape {
                let (product, overflow) = count.multipliedReportingOverflow(by: size)
                guard size >= 0, !overflow, product <= Int.max / 16 else {
                    throw TensorError(
                        .shape, in: operation, size < 0 ? "a size is negative" : "the shape is too large",
                        got: "\(shape)", expected: "sizes that are not negative and fit into memory")
                }
                count = product
            }
            let tensor = try Tensor(empty: Dims(shape), dtype: dtype, device: device)
            WorkCounts.noteKernel()
            try fill(tensor)
            if requiresGrad { return tensor.requiresGrad_() }
            return tensor
        }
    }

    /// A tensor of zeros.
    public static func zeros(
        _ shape: [Int], dtype: DType = .default, device: Device = .cpu, requiresGrad: Bool = false
    ) -> Tensor {
        create("zeros", shape, dtype, device, requiresGrad) { fillNew($0, 0) }
    }

    /// A tensor of zeros.
    public static func zeros(_ shape: Int..., dtype: DType = .default, requiresGrad: Bool = false) -> Tensor {
        zeros(shape, dtype: dtype, requiresGrad: requiresGrad)
    }

    /// A tensor of ones.
    public static func ones(
        _ shape: [Int], dtype: DType = .default, device: Device = .cpu, requiresGrad: Bool = false
    ) -> Tensor {
        create("ones", shape, dtype, device, requiresGrad) { fillNew($0, 1) }
    }

    /// A tensor of ones.
    public static func ones(_ shape: Int..., dtype: DType = .default, requiresGrad: Bool = false) -> Tensor {
        ones(shape, dtype: dtype, requiresGrad: requiresGrad)
    }

    /// A tensor of one value; the dtype is the value's (int64, float32 or bool) where it is not given.
    public static func full(
        _ shape: [Int], _ value: some TensorScalar, dtype: DType? = nil, device: Device = .cpu,
        requiresGrad: Bool = false
    ) -> Tensor {
        let scalar = value.scalar
        let natural: DType = scalar.dtype == .float64 ? .default : scalar.dtype
        return create("full", shape, dtype ?? natural, device, requiresGrad) { fillNew($0, scalar) }
    }

    /// Memory whose contents are whatever was there.
    public static func empty(
        _ shape: [Int], dtype: DType = .default, device: Device = .cpu, requiresGrad: Bool = false
    ) -> Tensor {
        create("empty", shape, dtype, device, requiresGrad) { _ in }
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

    /// `start`, `start + step`, ... up to but not including `end`; int64 for integers, float32 otherwise.
    public static func arange<S: TensorScalar>(
        _ start: S, _ end: S, step: S? = nil, dtype: DType? = nil, device: Device = .cpu, requiresGrad: Bool = false
    ) -> Tensor {
        let (from, to) = (start.scalar, end.scalar)
        let by = step?.scalar ?? .int(1)
        let isInteger = from.dtype != .float64 && by.dtype != .float64
        let span = (to.asDouble - from.asDouble) / by.asDouble
        guard by.asDouble != 0, span >= 0, span.isFinite else {
            return fail(
                TensorError(
                    .value, in: "arange", "the steps do not lead from the start to the end",
                    got: "\(from.asDouble) to \(to.asDouble) by \(by.asDouble)",
                    expected: "a step that is not 0 and has the sign of end - start"))
        }
        let count =
            isInteger
            ? Swift.max(0, (to.asInt - from.asInt + by.asInt - by.asInt.signum()) / by.asInt) : Int(span.rounded(.up))
        return create("arange", [count], dtype ?? (isInteger ? .int64 : .default), device, requiresGrad) { tensor in
            if count == 0 { return }
            withKernel(tensor) {
                tl_arange($0, from.asDouble, by.asDouble, Int64(from.asInt), Int64(by.asInt))
            }
        }
    }

    /// 0, 1, ... up to but not including `end`.
    public static func arange<S: TensorScalar & ExpressibleByIntegerLiteral>(
        _ end: S, dtype: DType? = nil, device: Device = .cpu, requiresGrad: Bool = false
    ) -> Tensor {
        arange(0 as S, end, dtype: dtype, device: device, requiresGrad: requiresGrad)
    }

    /// Ones on the diagonal of a `rows` by `columns` matrix, zeros elsewhere.
    public static func eye(
        _ rows: Int, _ columns: Int? = nil, dtype: DType = .default, device: Device = .cpu, requiresGrad: Bool = false
    ) -> Tensor {
        let columns = columns ?? rows
        return create("eye", [rows, columns], dtype, device, requiresGrad) { tensor in
            TorchlightCore.fill(tensor, with: 0)
            let diagonal = Layout(
                shape: [Swift.min(rows, columns)], strides: [columns + 1], offset: 0)
            TorchlightCore.fill(Tensor(storage: tensor.storage, layout: diagonal, dtype: dtype), with: 1)
        }
    }
}

private func fillNew(_ tensor: Tensor, _ value: Scalar) { fill(tensor, with: value) }
private func fillNew(_ tensor: Tensor, _ value: Int) { fill(tensor, with: .int(value)) }
