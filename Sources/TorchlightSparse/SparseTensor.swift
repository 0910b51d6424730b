import TorchlightCore

/// A sparse tensor in coordinate format (COO): the indices and values of the elements that are specified; all others are 0.
///
///     let s = SparseTensor(indices: Tensor([[0, 1, 1], [2, 0, 2]]), values: Tensor([3.0, 4, 5]), size: [2, 3])
///     s.toDense()                  // [[0, 0, 3], [4, 0, 5]]
///     s.matmul(Tensor.randn(3, 4)) // [2, 4]
///
/// The first ``sparseDim`` dimensions are addressed by ``indices``; the others are dimensions of ``values``. An index may occur
/// several times: the element is then the sum of its values. ``coalesce()`` adds them up and sorts the indices.
///
/// Operations are composed of tensor operations: they run on the device of the indices and values, and gradients flow to
/// ``values`` and to dense operands.
public struct SparseTensor: Sendable {
    /// The indices of the elements, int64 `[sparseDim, nnz]`.
    public let indices: Tensor
    /// The values of the elements, `[nnz, *]`.
    public let values: Tensor
    /// The size of each dimension.
    public let shape: [Int]
    /// Whether the indices are sorted and each occurs once.
    public let isCoalesced: Bool

    /// Creates a sparse tensor.
    ///
    /// - Parameters:
    ///   - indices: The indices of the elements, of an integer dtype, `[sparseDim, nnz]`.
    ///   - values: The values of the elements, `[nnz, *]`.
    ///   - size: The size of each dimension. Default: the smallest that the indices fit.
    ///   - isCoalesced: Whether the indices are known to be sorted and distinct, which is not checked. Default: false.
    public init(indices: Tensor, values: Tensor, size: [Int]? = nil, isCoalesced: Bool = false) {
        do throws(TensorError) {
            self = try Self.checked(indices, values, size, isCoalesced)
        } catch {
            self.init(failed: fail(error, like: values), shape: size ?? [])
        }
    }

    /// A sparse tensor without specified elements.
    ///
    /// - Parameters:
    ///   - size: The size of each dimension.
    ///   - sparseDim: The number of dimensions that indices address. Default: all.
    ///   - dtype: The dtype of the values. Default: the default dtype.
    ///   - device: The device. Default: the current device.
    public static func zeros(
        _ size: [Int], sparseDim: Int? = nil, dtype: DType = .default, device: Device = .current
    ) -> SparseTensor {
        let count = min(max(sparseDim ?? size.count, 0), size.count)
        return SparseTensor(
            indices: Tensor.zeros([count, 0], dtype: .int64, device: device),
            values: Tensor.zeros([0] + size.dropFirst(count), dtype: dtype, device: device), size: size,
            isCoalesced: true)
    }

    /// A sparse tensor of parts that are known to fit.
    init(unchecked indices: Tensor, _ values: Tensor, _ shape: [Int], isCoalesced: Bool) {
        (self.indices, self.values, self.shape, self.isCoalesced) = (indices, values, shape, isCoalesced)
    }

    /// The result of an operation that failed inside `checked`.
    init(failed placeholder: Tensor, shape: [Int]) {
        self.init(unchecked: placeholder, placeholder, shape, isCoalesced: true)
    }

    private static func checked(
        _ indices: Tensor, _ values: Tensor, _ size: [Int]?, _ isCoalesced: Bool
    ) throws(TensorError) -> SparseTensor {
        let name = "SparseTensor"
        if let placeholder = [indices, values].first(where: \.isPlaceholder) {
            return SparseTensor(failed: placeholder, shape: size ?? [])
        }
        guard indices.rank == 2, indices.dtype.isInteger, values.rank >= 1, values.size(0) == indices.size(1) else {
            throw TensorError(
                .shape, in: name, "the indices and values do not belong together",
                expected: "integer indices [sparseDim, nnz] and values [nnz, *]", operands: [indices, values])
        }
        guard indices.device == values.device else {
            throw TensorError(
                .device, in: name, "the indices and values are on different devices", expected: "one device",
                operands: [indices, values])
        }
        let (sparseDim, nnz) = (indices.size(0), indices.size(1))
        let dense = Array(values.shape.dropFirst())
        let wide = indices.to(.int64)
        let hasValues = indices.device.hasValues && nnz > 0 && sparseDim > 0
        var shape = size ?? []
        if size == nil {
            let largest = nnz > 0 && sparseDim > 0 ? wide.amax(dim: 1).toArray(Int.self) : []
            shape = (largest.isEmpty ? Array(repeating: 0, count: sparseDim) : largest.map { $0 +| 1 }) + dense
        }
        guard shape.count == sparseDim + dense.count, shape.allSatisfy({ $0 >= 0 }),
            Array(shape.dropFirst(sparseDim)) == dense, shape.reduce(1, *|) < Int.max
        else {
            throw TensorError(
                .shape, in: name, "the size does not fit the indices and values", got: "\(shape)",
                expected: "\(quantity(sparseDim, "size")) of sparse dimensions, then \(dense)",
                operands: [indices, values])
        }
        if hasValues {
            let bounds = Tensor(Array(shape.prefix(sparseDim)), shape: [sparseDim, 1], device: wide.device)
            guard !((wide < 0).logicalOr(wide >= bounds)).any().item(Bool.self) else {
                throw TensorError(
                    .index, in: name, "an index is out of range",
                    expected: "indices from 0 to below \(Array(shape.prefix(sparseDim)))", operands: [indices])
            }
        }
        return SparseTensor(unchecked: wide, values, shape, isCoalesced: isCoalesced || nnz == 0)
    }

    // MARK: - Properties

    /// The number of dimensions that the indices address.
    public var sparseDim: Int { isPlaceholder ? shape.count : indices.size(0) }
    /// The number of dimensions that every value has.
    public var denseDim: Int { shape.count - sparseDim }
    /// The number of specified elements, repeated indices included.
    public var nnz: Int { isPlaceholder ? 0 : indices.size(1) }
    /// The number of dimensions.
    public var rank: Int { shape.count }
    /// The dtype of the values.
    public var dtype: DType { values.dtype }
    /// The device of indices and values.
    public var device: Device { values.device }
    /// Whether an operation that computed this tensor failed inside `checked`.
    var isPlaceholder: Bool { indices.isPlaceholder || values.isPlaceholder }

    /// The sizes of the sparse dimensions.
    var sparseSizes: [Int] { Array(shape.prefix(sparseDim)) }
    /// The sizes of the dense dimensions.
    var denseSizes: [Int] { Array(shape.dropFirst(sparseDim)) }

    /// The index of each element in the flattened sparse dimensions, `[nnz]`.
    var flatIndices: Tensor {
        Self.flattened((0..<sparseDim).map { indices.select(0, $0) }, sparseSizes, like: indices)
    }

    /// Indices of several dimensions as one number.
    static func flattened(_ rows: [Tensor], _ sizes: [Int], like indices: Tensor) -> Tensor {
        guard var flat = rows.first else {
            return Tensor.zeros([indices.size(1)], dtype: .int64, device: indices.device)
        }
        for (row, size) in zip(rows, sizes).dropFirst() { flat = flat * size + row }
        return flat
    }

    // MARK: - Conversion

    /// The dense tensor, whose elements are the sums of the values at each index.
    public func toDense() -> Tensor {
        if isPlaceholder { return values }
        let count = sparseSizes.reduce(1, *|)
        return Tensor.zeros([count] + denseSizes, dtype: dtype, device: device)
            .indexAdd(0, flatIndices, values).reshape(shape)
    }

    /// The same tensor with sorted indices that occur once; values of equal indices are added.
    public func coalesce() -> SparseTensor {
        if isCoalesced || isPlaceholder { return self }
        if nnz == 0 { return SparseTensor(unchecked: indices, values, shape, isCoalesced: true) }
        let unique = flatIndices.unique()
        let sums = Tensor.zeros([unique.values.count] + denseSizes, dtype: dtype, device: device)
            .indexAdd(0, unique.inverse, values)
        if sums.isPlaceholder { return SparseTensor(failed: sums, shape: shape) }
        return SparseTensor(
            unchecked: Self.unflattened(unique.values, sparseSizes), sums, shape, isCoalesced: true)
    }

    /// The indices `[dimensions, count]` of flat indices `[count]`.
    static func unflattened(_ flat: Tensor, _ sizes: [Int]) -> Tensor {
        sizes.isEmpty
            ? Tensor.zeros([0, flat.count], dtype: .int64, device: flat.device) : stack(unravelIndex(flat, sizes))
    }

    /// A sparse tensor with the same indices and other values `[nnz, *]` of the same sizes.
    ///
    /// Use it for functions that keep 0, such as `s.withValues(s.values.relu())`. Values of repeated indices are separate; call
    /// ``coalesce()`` first where the function is not linear.
    public func withValues(_ values: Tensor) -> SparseTensor {
        if isPlaceholder || values.isPlaceholder { return SparseTensor(failed: values, shape: shape) }
        guard values.shape == self.values.shape else {
            let error = TensorError(
                .shape, in: "withValues", "the values have another shape", expected: "\(self.values.shape)",
                operands: [values])
            return SparseTensor(failed: fail(error), shape: shape)
        }
        return SparseTensor(unchecked: indices, values, shape, isCoalesced: isCoalesced)
    }

    /// The tensor with its values converted to a dtype.
    public func to(_ dtype: DType) -> SparseTensor { withValues(values.to(dtype)) }

    /// The tensor on another device.
    public func to(_ device: Device) -> SparseTensor {
        SparseTensor(unchecked: indices.to(device), values.to(device), shape, isCoalesced: isCoalesced)
    }

    /// The tensor without its computation graph.
    public func detach() -> SparseTensor { withValues(values.detach()) }

    /// The tensor with two dimensions exchanged, both sparse or both dense.
    public func transpose(_ dim0: Int, _ dim1: Int) -> SparseTensor {
        sparseOrFail("transpose") { () throws(TensorError) in
            let (a, b) = (try resolve(dim0, "transpose"), try resolve(dim1, "transpose"))
            guard (a < sparseDim) == (b < sparseDim) else {
                throw TensorError(
                    .index, in: "transpose", "a sparse and a dense dimension cannot be exchanged",
                    got: "\(dim0) and \(dim1)",
                    expected: "two of the \(sparseDim) sparse or \(denseDim) dense dimensions")
            }
            var sizes = shape
            sizes.swapAt(a, b)
            if a == b { return self }
            if a >= sparseDim {
                let moved = values.transpose(a - sparseDim + 1, b - sparseDim + 1)
                return SparseTensor(unchecked: indices, moved, sizes, isCoalesced: isCoalesced)
            }
            var order = Array(0..<sparseDim)
            order.swapAt(a, b)
            let rows = stack(order.map { indices.select(0, $0) })
            return SparseTensor(unchecked: rows, values, sizes, isCoalesced: nnz < 2 && isCoalesced)
        }
    }

    /// The transpose of a matrix.
    public func t() -> SparseTensor {
        sparseOrFail("t") { () throws(TensorError) in
            guard sparseDim == 2, denseDim == 0 else {
                throw TensorError(.shape, in: "t", "the tensor is not a matrix", got: "\(shape)", expected: "[m, n]")
            }
            return transpose(0, 1)
        }
    }

    // MARK: - Errors

    /// The result of the body, or a placeholder for its error.
    func sparseOrFail(_ name: String, _ body: () throws(TensorError) -> SparseTensor) -> SparseTensor {
        if isPlaceholder { return self }
        do { return try body() } catch { return SparseTensor(failed: fail(error), shape: shape) }
    }

    /// A dimension counted from the start.
    func resolve(_ dim: Int, _ name: String) throws(TensorError) -> Int {
        let resolved = dim < 0 ? dim +| rank : dim
        guard resolved >= 0, resolved < rank else {
            throw TensorError(
                .index, in: name, "the dimension is out of range", got: "\(dim)", expected: "\(-rank) to \(rank - 1)")
        }
        return resolved
    }
}

extension SparseTensor: CustomStringConvertible {
    /// The tensor as PyTorch prints it.
    public var description: String {
        if isPlaceholder { return "\(values)" }
        return
            "tensor(indices=\(indices),\n       values=\(values),\n       size=(\(shape.map(String.init).joined(separator: ", "))), "
            + "nnz=\(nnz), layout=torch.sparse_coo)"
    }
}

extension Tensor {
    /// The sparse tensor of the elements that are not 0, coalesced. Gradients flow to these elements.
    ///
    /// - Parameter sparseDim: The number of leading dimensions that indices address; in the others the elements are values.
    ///   Default: all.
    public func toSparse(sparseDim: Int? = nil) -> SparseTensor {
        if isPlaceholder { return SparseTensor(failed: self, shape: shape) }
        let count = sparseDim ?? rank
        guard count >= 0, count <= rank else {
            let error = TensorError(
                .value, in: "toSparse", "the number of sparse dimensions is out of range", got: "\(count)",
                expected: "0 to \(rank)", operands: [self])
            return SparseTensor(failed: fail(error), shape: shape)
        }
        let values = detach()
        let dense = Array(count..<rank)
        let isSet = dense.isEmpty ? values .!= 0 : (values .!= 0).any(dim: dense)
        let rows = isSet.nonzero()
        if rows.isPlaceholder { return SparseTensor(failed: rows, shape: shape) }
        let indices = rows.mT.contiguous()
        return sparseMask(SparseTensor(unchecked: indices, rows, shape, isCoalesced: true))
    }

    /// The sparse tensor of the elements at the indices of another one, as `sparse_mask` in PyTorch.
    public func sparseMask(_ mask: SparseTensor) -> SparseTensor {
        mask.sparseOrFail("sparseMask") { () throws(TensorError) in
            if isPlaceholder { return SparseTensor(failed: self, shape: shape) }
            guard shape == mask.shape else {
                throw TensorError(
                    .shape, in: "sparseMask", "the mask has another shape", got: "\(mask.shape)",
                    expected: "\(shape)", operands: [self])
            }
            let flat = reshape([mask.sparseSizes.reduce(1, *|)] + mask.denseSizes)
            return SparseTensor(
                unchecked: mask.indices, flat.indexSelect(0, mask.flatIndices), shape, isCoalesced: mask.isCoalesced)
        }
    }
}
