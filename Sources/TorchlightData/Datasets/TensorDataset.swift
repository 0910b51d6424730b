import CFiles
import TorchlightCore

/// Samples that are the rows of one or several tensors.
///
///     let data = TensorDataset(inputs, targets)      // inputs [n, *], targets [n, *]
///     for (x, y) in DataLoader(data, batchSize: 32) { ... }
public struct TensorDataset<Element>: BatchedDataset {
    /// Rows are joined to tensors of the same kind.
    public typealias Batch = Element

    private let tensors: [Tensor]
    private let join: @Sendable ([Tensor]) -> Element

    /// The rows of a tensor: `[n, *]` -> samples of `[*]`.
    public init(_ tensor: Tensor) where Element == Tensor { self.init([tensor]) { $0[0] } }

    /// The rows of two tensors with equal first dimensions.
    public init(_ first: Tensor, _ second: Tensor) where Element == (Tensor, Tensor) {
        self.init([first, second]) { ($0[0], $0[1]) }
    }

    /// The rows of three tensors with equal first dimensions.
    public init(_ first: Tensor, _ second: Tensor, _ third: Tensor) where Element == (Tensor, Tensor, Tensor) {
        self.init([first, second, third]) { ($0[0], $0[1], $0[2]) }
    }

    /// The rows of any number of tensors with equal first dimensions.
    public init(_ tensors: [Tensor]) where Element == [Tensor] { self.init(tensors) { $0 } }

    private init(_ tensors: [Tensor], join: @escaping @Sendable ([Tensor]) -> Element) {
        self.join = join
        guard let count = tensors.first?.layout.shape.first,
            tensors.allSatisfy({ $0.layout.shape.first == count && !$0.requiresGrad })
        else {
            reportFailure(
                TensorError(
                    .shape, in: "TensorDataset", "the tensors do not have the same number of rows",
                    expected: "equal first dimensions, and tensors that require no gradient", operands: tensors))
            self.tensors = []
            return
        }
        self.tensors = tensors.map { $0.contiguous() }
    }

    /// The number of rows.
    public var count: Int { tensors.first?.layout.shape[0] ?? 0 }

    /// A row of each tensor; it shares their memory.
    public subscript(index: Int) -> Element {
        do { try checkSample(index, of: count, in: "TensorDataset") } catch {
            return join(placeholders(of: error))
        }
        // Rows share the data set's memory.
        return join(
            tensors.map { Tensor(storage: $0.storage, layout: $0.layout.selected(0, index), dtype: $0.dtype) })
    }

    /// A placeholder for each tensor, after an error.
    private func placeholders(of error: TensorError) -> [Tensor] {
        let placeholder = fail(error)
        return Array(repeating: placeholder, count: tensors.isEmpty ? 3 : tensors.count)
    }

    /// Some rows of each tensor, copied.
    public func batch(at indices: [Int]) throws -> Element? {
        for index in indices { try checkSample(index, of: count, in: "TensorDataset") }
        let rows = indices.map(Int64.init)
        return try join(
            tensors.map { tensor in
                // Rows on another device are picked there.
                if tensor.device != .cpu {
                    return noGrad {
                        tensor.indexSelect(0, Tensor(indices, shape: [indices.count], device: tensor.device))
                    }
                }
                if indices.isEmpty { return tensor.narrow(0, start: 0, length: 0).clone() }
                var shape = tensor.layout.shape
                shape[0] = indices.count
                let result = try Tensor(empty: shape, dtype: tensor.dtype)
                tl_copy_rows(
                    tensor.data, Int64(result.count / indices.count * tensor.dtype.byteSize), rows, Int64(rows.count),
                    result.data)
                return result
            })
    }
}
