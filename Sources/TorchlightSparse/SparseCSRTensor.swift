import TorchlightCore

/// A sparse matrix in compressed row format (CSR): the elements of row i are those from `crowIndices[i]` to below
/// `crowIndices[i + 1]`; their columns are in ``colIndices``.
///
///     let s = SparseCSRTensor(
///         crowIndices: Tensor([0, 1, 3]), colIndices: Tensor([2, 0, 2]), values: Tensor([3.0, 4, 5]), size: [2, 3])
///
/// Operations compute with the coordinates of the elements, see ``SparseTensor``; gradients flow to ``values``.
public struct SparseCSRTensor: Sendable {
    /// The index of the first element of each row, and the number of elements, int64 `[rows + 1]`.
    public let crowIndices: Tensor
    /// The column of each element, int64 `[nnz]`.
    public let colIndices: Tensor
    /// The value of each element, `[nnz]`.
    public let values: Tensor
    /// The numbers of rows and columns.
    public let shape: [Int]

    /// Creates a sparse matrix.
    ///
    /// - Parameters:
    ///   - crowIndices: The index of the first element of each row, and the number of elements: from 0, not decreasing, of an
    ///     integer dtype, `[rows + 1]`.
    ///   - colIndices: The column of each element: increasing in each row, of an integer dtype, `[nnz]`.
    ///   - values: The value of each element, `[nnz]`.
    ///   - size: The numbers of rows and columns. Default: the smallest that the indices fit.
    public init(crowIndices: Tensor, colIndices: Tensor, values: Tensor, size: [Int]? = nil) {
        do throws(TensorError) {
            self = try Self.checked(crowIndices, colIndices, values, size)
        } catch {
            self.init(failed: fail(error, like: values), shape: size ?? [])
        }
    }

    init(unchecked crow: Tensor, _ col: Tensor, _ values: Tensor, _ shape: [Int]) {
        (crowIndices, colIndices, self.values, self.shape) = (crow, col, values, shape)
    }

    init(failed placeholder: Tensor, shape: [Int]) {
        self.init(unchecked: placeholder, placeholder, placeholder, shape)
    }

    private static func checked(
        _ crow: Tensor, _ col: Tensor, _ values: Tensor, _ size: [Int]?
    ) throws(TensorError) -> SparseCSRTensor {
        let name = "SparseCSRTensor"
        if let placeholder = [crow, col, values].first(where: \.isPlaceholder) {
            return SparseCSRTensor(failed: placeholder, shape: size ?? [])
        }
        guard crow.rank == 1, col.rank == 1, values.rank == 1, crow.count > 0, col.count == values.count,
            crow.dtype.isInteger, col.dtype.isInteger, crow.device == values.device, col.device == values.device
        else {
            throw TensorError(
                .shape, in: name, "the indices and values do not belong together",
                expected: "integer row indices [rows + 1], integer columns [nnz] and values [nnz] on one device",
                operands: [crow, col, values])
        }
        let (rows, columns) = (crow.to(.int64), col.to(.int64))
        let hasValues = values.device.hasValues
        var shape = size ?? []
        if size == nil {
            shape = [crow.count - 1, col.count > 0 ? columns.max().item(Int.self) +| 1 : 0]
        }
        guard shape.count == 2, shape[0] == crow.count - 1, shape[1] >= 0, shape[0] *| shape[1] < Int.max else {
            throw TensorError(
                .shape, in: name, "the size does not fit the row indices", got: "\(shape)",
                expected: "[\(crow.count - 1), columns]", operands: [crow])
        }
        if hasValues {
            let ends = [rows.select(0, 0), rows.select(0, rows.count - 1)].map { $0.item(Int.self) }
            guard ends == [0, col.count], rows.count < 2 || (rows.diff() >= 0).all().item(Bool.self) else {
                throw TensorError(
                    .index, in: name, "the row indices are out of order", got: "from \(ends[0]) to \(ends[1])",
                    expected: "indices from 0 to \(col.count) that do not decrease", operands: [crow])
            }
            if col.count > 0 {
                let isWrong = (columns < 0).logicalOr(columns >= shape[1]).any().item(Bool.self)
                let flat = Self.rowOfEach(rows, col.count) * shape[1] + columns
                guard !isWrong, col.count < 2 || (flat.diff() > 0).all().item(Bool.self) else {
                    throw TensorError(
                        .index, in: name, "the columns are out of range or order",
                        expected: "columns from 0 to below \(shape[1]) that increase in each row", operands: [col])
                }
            }
        }
        return SparseCSRTensor(unchecked: rows, columns, values, shape)
    }

    /// The row of each element.
    private static func rowOfEach(_ crow: Tensor, _ nnz: Int) -> Tensor {
        Tensor.arange(crow.count - 1, dtype: .int64, device: crow.device)
            .repeatInterleave(crow.diff(), outputSize: nnz)
    }

    /// The number of specified elements.
    public var nnz: Int { isPlaceholder ? 0 : colIndices.count }
    /// The dtype of the values.
    public var dtype: DType { values.dtype }
    /// The device of indices and values.
    public var device: Device { values.device }
    var isPlaceholder: Bool { crowIndices.isPlaceholder || values.isPlaceholder }

    /// The matrix in coordinate format, coalesced.
    public func toCOO() -> SparseTensor {
        if isPlaceholder { return SparseTensor(failed: values, shape: shape) }
        let indices = stack([Self.rowOfEach(crowIndices, nnz), colIndices])
        return SparseTensor(unchecked: indices, values, shape, isCoalesced: true)
    }

    /// The dense matrix.
    public func toDense() -> Tensor { toCOO().toDense() }

    /// A matrix with the same indices and other values `[nnz]`.
    public func withValues(_ values: Tensor) -> SparseCSRTensor {
        if isPlaceholder || values.isPlaceholder { return SparseCSRTensor(failed: values, shape: shape) }
        guard values.shape == self.values.shape else {
            let error = TensorError(
                .shape, in: "withValues", "the values have another shape", expected: "\(self.values.shape)",
                operands: [values])
            return SparseCSRTensor(failed: fail(error), shape: shape)
        }
        return SparseCSRTensor(unchecked: crowIndices, colIndices, values, shape)
    }

    /// The matrix with its values converted to a dtype.
    public func to(_ dtype: DType) -> SparseCSRTensor { withValues(values.to(dtype)) }

    /// The matrix on another device.
    public func to(_ device: Device) -> SparseCSRTensor {
        SparseCSRTensor(unchecked: crowIndices.to(device), colIndices.to(device), values.to(device), shape)
    }

    /// The transpose.
    public func t() -> SparseCSRTensor { toCOO().t().toCSR() }

    /// The product with a dense matrix or vector; see ``SparseTensor/matmul(_:)-(Tensor)``.
    public func matmul(_ dense: Tensor) -> Tensor { toCOO().matmul(dense) }

    /// The product with a sparse matrix.
    public func matmul(_ other: SparseCSRTensor) -> SparseCSRTensor { toCOO().matmul(other.toCOO()).toCSR() }

    /// The sum of two sparse matrices, `self + alpha · other`.
    public func add(_ other: SparseCSRTensor, alpha: Double = 1) -> SparseCSRTensor {
        toCOO().add(other.toCOO(), alpha: alpha).toCSR()
    }

    /// The element-wise product of two sparse matrices.
    public func mul(_ other: SparseCSRTensor) -> SparseCSRTensor { toCOO().mul(other.toCOO()).toCSR() }

    /// The element-wise product with a dense tensor, which broadcasts.
    public func mul(_ dense: Tensor) -> SparseCSRTensor { withValues(toCOO().mul(dense).values) }

    /// The sum of all elements, 0-dimensional.
    public func sum() -> Tensor { values.sum() }

    /// The softmax along a dimension, of the specified elements alone; see ``SparseTensor/softmax(dim:)``.
    public func softmax(dim: Int) -> SparseCSRTensor { withValues(toCOO().softmax(dim: dim).values) }

    /// The product of two dense matrices at the indices of this one; see ``SparseTensor/sampledAddmm(_:_:beta:alpha:)``.
    public func sampledAddmm(_ a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1) -> SparseCSRTensor {
        withValues(toCOO().sampledAddmm(a, b, beta: beta, alpha: alpha).values)
    }

    /// The sum of two sparse matrices.
    public static func + (a: SparseCSRTensor, b: SparseCSRTensor) -> SparseCSRTensor { a.add(b) }
    /// The difference of two sparse matrices.
    public static func - (a: SparseCSRTensor, b: SparseCSRTensor) -> SparseCSRTensor { a.add(b, alpha: -1) }
    /// The element-wise product of two sparse matrices.
    public static func * (a: SparseCSRTensor, b: SparseCSRTensor) -> SparseCSRTensor { a.mul(b) }
    /// The matrix times a number.
    public static func * (a: SparseCSRTensor, b: Double) -> SparseCSRTensor { a.withValues(a.values * b) }
}

extension SparseCSRTensor: CustomStringConvertible {
    /// The matrix as PyTorch prints it.
    public var description: String {
        if isPlaceholder { return "\(values)" }
        return "tensor(crow_indices=\(crowIndices),\n       col_indices=\(colIndices),\n       values=\(values), "
            + "size=(\(shape.map(String.init).joined(separator: ", "))), nnz=\(nnz),\n       layout=torch.sparse_csr)"
    }
}

extension SparseTensor {
    /// The matrix in compressed row format.
    public func toCSR() -> SparseCSRTensor {
        if isPlaceholder { return SparseCSRTensor(failed: values, shape: shape) }
        guard sparseDim == 2, denseDim == 0 else {
            let error = TensorError(
                .shape, in: "toCSR", "the tensor is not a matrix", got: "\(shape) with \(sparseDim) sparse dimensions",
                expected: "[rows, columns], both sparse")
            return SparseCSRTensor(failed: fail(error), shape: shape)
        }
        let x = coalesce()
        if x.isPlaceholder { return SparseCSRTensor(failed: x.values, shape: shape) }
        let ones = Tensor.ones([x.nnz], dtype: .int64, device: device)
        let ends = Tensor.zeros([shape[0]], dtype: .int64, device: device).indexAdd(0, x.indices.select(0, 0), ones)
            .cumsum(dim: 0)
        let crow = cat([Tensor.zeros([1], dtype: .int64, device: device), ends])
        return SparseCSRTensor(unchecked: crow, x.indices.select(0, 1).contiguous(), x.values, shape)
    }
}

extension Tensor {
    /// The sparse matrix of the elements that are not 0, in compressed row format.
    public func toSparseCSR() -> SparseCSRTensor { toSparse().toCSR() }
}
