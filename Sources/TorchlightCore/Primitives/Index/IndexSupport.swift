import CKernels

// Checks and memory layouts of the primitives that take indices.

/// An index operand for the kernels: int64.
func indexOperand(_ index: Tensor, in operation: String) throws(TensorError) -> Tensor {
    if index.dtype == .int64 { return index }
    guard index.dtype.isInteger else {
        throw TensorError(
            .dtype, in: operation, "positions are integers", expected: "an int64 tensor",
            fix: index.dtype == .bool ? "use a mask with maskedSelect(_:)" : "convert it, as in index.to(.int64)",
            operands: [index])
    }
    return index.to(.int64)
}

/// Refuses an index whose dtype is not int64, which the kernels read; the public functions convert indices first.
func checkIndexType(_ index: some Described, in operation: String) throws(TensorError) {
    guard index.dtype == .int64 else {
        throw TensorError(.dtype, in: operation, "positions are int64 here", operands: [index])
    }
}

/// Refuses indices outside `low ..< size` of a dimension; the error names the first.
func checkIndices(
    _ index: Tensor, low: Int = 0, size: Int, dim: Int, in operation: String, of operands: [Tensor] = []
) throws(TensorError) {
    try checkIndexType(index, in: operation)
    guard let bad = firstIndex(of: index, below: low, orAtLeast: size) else { return }
    let (value, coordinates) = index.element(at: bad)
    throw TensorError(
        .index, in: operation,
        "index \(value)\(coordinates.isEmpty ? "" : " at \(coordinates)") is out of range for dimension \(dim)",
        got: operands.isEmpty ? "a size of \(size)" : nil,
        expected: size == 0 ? "no index at all: the dimension is empty" : "\(low) ... \(size - 1)", operands: operands)
}

/// Refuses a source of another dtype than the tensor that takes its elements.
func checkSourceType(_ x: TensorSpec, _ source: TensorSpec, in operation: String) throws(TensorError) {
    guard x.dtype == source.dtype else {
        throw TensorError(
            .dtype, in: operation, "the source has another dtype than the tensor", expected: "one dtype",
            fix: "convert it, as in source.to(.\(x.dtype))", operands: [x, source])
    }
}

/// The position, counted row by row, of the first index below `low` or of at least `high`; nil where there is none, and on a
/// device without values. Where `high` is at most `low`, every index is outside.
package func firstIndex(of index: Tensor, below low: Int, orAtLeast high: Int) -> Int? {
    if index.count == 0 || !index.device.hasValues { return nil }
    let found = withKernelArguments { tl_check_indices($0(index), Int64(low), Int64(high)) }
    return found < 0 ? nil : Int(found)
}

extension Tensor {
    /// An int64 element by its row-major number, with its coordinates.
    package func element(at flat: Int) -> (value: Int, coordinates: Dims) {
        var coordinates = layout.shape
        var rest = flat
        var offset = 0
        for i in stride(from: rank - 1, through: 0, by: -1) {
            coordinates[i] = rest % layout.shape[i]
            rest /= layout.shape[i]
            offset += coordinates[i] * layout.strides[i]
        }
        let one = Tensor(
            storage: storage, layout: Layout(shape: Dims(), offset: layout.offset + offset), dtype: dtype)
        return (one.item(Int.self), coordinates)
    }

    /// The start of a primitive that updates its first input: that in the output, unless it is the output.
    @inline(__always)
    func copyForUpdate(to out: Tensor) {
        if storage === out.storage && layout == out.layout { return }
        copyElements(from: self, layout: layout, to: out)
    }

    /// Zeros of a shape, all with the same memory (strides of 0): the start of a sum or the value of a fill.
    static func zeroView(_ shape: Dims, _ dtype: DType, _ device: Device) throws(TensorError) -> Tensor {
        let zero = try Tensor.filled(0, shape: Dims(), dtype: dtype, device: device)
        let strides = Dims(repeating: 0, count: shape.count)
        return Tensor(storage: zero.storage, layout: Layout(shape: shape, strides: strides, offset: 0), dtype: dtype)
    }
}

extension Layout {
    /// The layout with one dimension in the middle, `[before, size, after]`, or nil if that needs a copy.
    func around(_ dim: Int) -> Layout? {
        var before = 1
        var after = 1
        for i in 0..<rank where i != dim {
            if i < dim { before *= shape[i] } else { after *= shape[i] }
        }
        return viewed(as: Dims(before, rank == 0 ? 1 : shape[dim], after))
    }

    /// The layout with one dimension last; a single number gets one.
    func moved(toLast dim: Int) -> Layout {
        if rank == 0 { return unsqueezed(0) }
        return dim == rank - 1 ? self : transposed(dim, rank - 1)
    }

    /// The layout with these different dimensions last, in their order, after the others in theirs.
    func moved(toLast dims: Dims) -> Layout {
        let others = (0..<rank).filter { !dims.contains($0) }
        return permuted(Dims(others + Array(dims)))
    }
}

extension Tensor {
    /// An index of one dimension for each example, `[B, k]`, as an index of `gather` and `scatter` along dimension `dim` of
    /// a tensor of this shape.
    func along(_ dim: Int, of shape: [Int]) -> Tensor {
        var aligned = [Int](repeating: 1, count: shape.count)
        (aligned[0], aligned[dim]) = (layout.shape[0], layout.shape[1])
        return reshape(aligned).expand(shape)
    }
}

extension BatchedOperands {
    /// The index tensors among the operands, aligned so that they broadcast behind the dimension of the examples, and whether
    /// one of them is mapped; and the numbers of the examples as another index tensor.
    func indices(from first: Int) -> (indices: [Tensor], numbers: Tensor, isAnyMapped: Bool) {
        let indexOperands = first..<count
        let rank = indexOperands.map { self.rank($0) }.max() ?? 0
        let numbers = Tensor.arange(size, device: tensors[0].device)
            .reshape([size] + Array(repeating: 1, count: rank))
        return (indexOperands.map { aligned($0, rank: rank) }, numbers, indexOperands.contains { isMapped($0) })
    }
}
