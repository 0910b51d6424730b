// Windows, indices of triangles and sparse tensors as free functions. Each calls the method or initialiser of the same meaning.

/// Returns `Tensor.hannWindow(count)`.
public func hannWindow(
    _ count: Int, periodic: Bool = true, dtype: DType = .default, device: Device = .current,
    requiresGrad: Bool = false
) -> Tensor {
    Tensor.hannWindow(count, periodic: periodic, dtype: dtype, device: device, requiresGrad: requiresGrad)
}
/// Returns `Tensor.bartlettWindow(count)`.
public func bartlettWindow(
    _ count: Int, periodic: Bool = true, dtype: DType = .default, device: Device = .current,
    requiresGrad: Bool = false
) -> Tensor {
    Tensor.bartlettWindow(count, periodic: periodic, dtype: dtype, device: device, requiresGrad: requiresGrad)
}
/// Returns `Tensor.blackmanWindow(count)`.
public func blackmanWindow(
    _ count: Int, periodic: Bool = true, dtype: DType = .default, device: Device = .current,
    requiresGrad: Bool = false
) -> Tensor {
    Tensor.blackmanWindow(count, periodic: periodic, dtype: dtype, device: device, requiresGrad: requiresGrad)
}
/// Returns `Tensor.hammingWindow(count)`.
public func hammingWindow(
    _ count: Int, periodic: Bool = true, alpha: Double = 0.54, beta: Double = 0.46, dtype: DType = .default,
    device: Device = .current,
    requiresGrad: Bool = false
) -> Tensor {
    Tensor.hammingWindow(
        count, periodic: periodic, alpha: alpha, beta: beta, dtype: dtype, device: device, requiresGrad: requiresGrad)
}
/// Returns `Tensor.kaiserWindow(count)`.
public func kaiserWindow(
    _ count: Int, periodic: Bool = true, beta: Double = 12, dtype: DType = .default, device: Device = .current,
    requiresGrad: Bool = false
) -> Tensor {
    Tensor.kaiserWindow(count, periodic: periodic, beta: beta, dtype: dtype, device: device, requiresGrad: requiresGrad)
}
/// Returns `Tensor.trilIndices(rows, columns, offset: offset)`.
public func trilIndices(_ rows: Int, _ columns: Int, offset: Int = 0) -> Tensor {
    Tensor.trilIndices(rows, columns, offset: offset)
}
/// Returns `Tensor.triuIndices(rows, columns, offset: offset)`.
public func triuIndices(_ rows: Int, _ columns: Int, offset: Int = 0) -> Tensor {
    Tensor.triuIndices(rows, columns, offset: offset)
}
/// Returns `Tensor.asTensor(data)`.
public func asTensor<Data: TensorData>(_ data: Data, dtype: DType? = nil, device: Device = .current) -> Tensor {
    Tensor.asTensor(data, dtype: dtype, device: device)
}
/// Returns `Tensor.asTensor(data)`.
public func asTensor(_ data: Tensor, dtype: DType? = nil, device: Device? = nil) -> Tensor {
    Tensor.asTensor(data, dtype: dtype, device: device)
}
/// Returns `Tensor.randint(like: x, low, high)`.
public func randintLike(_ x: Tensor, _ low: Int, _ high: Int, generator: Generator = .default) -> Tensor {
    Tensor.randint(like: x, low, high, generator: generator)
}
/// Returns `Tensor.randint(like: x, 0, high)`.
public func randintLike(_ x: Tensor, _ high: Int, generator: Generator = .default) -> Tensor {
    Tensor.randint(like: x, 0, high, generator: generator)
}
/// Returns `SparseTensor(indices: indices, values: values, size: size)`.
public func sparseCooTensor(_ indices: Tensor, _ values: Tensor, _ size: [Int]? = nil) -> SparseTensor {
    SparseTensor(indices: indices, values: values, size: size)
}
/// Returns `SparseTensor(indices: indices, values: values, size: size)`.
public func sparseCooTensor(_ indices: Tensor, _ values: Tensor, size: [Int]) -> SparseTensor {
    SparseTensor(indices: indices, values: values, size: size)
}
/// Returns `SparseCSRTensor(crowIndices: crowIndices, colIndices: colIndices, values: values, size: size)`.
public func sparseCsrTensor(
    _ crowIndices: Tensor, _ colIndices: Tensor, _ values: Tensor, _ size: [Int]? = nil
) -> SparseCSRTensor {
    SparseCSRTensor(crowIndices: crowIndices, colIndices: colIndices, values: values, size: size)
}
