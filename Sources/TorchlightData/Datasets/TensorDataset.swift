import CFiles
import TorchlightCore

/// A dataset of the rows of one or several tensors: sample i is the slice of each tensor at index i of dimension 0.
///
///     let data = TensorDataset(inputs, targets)      // inputs [N, *], targets [N, *]
///     for (x, y) in DataLoader(data, batchSize: 32) { ... }
public struct TensorDataset<Element>: BatchedDataset {
    /// A batch has the same structure as a sample, with a batch dimension in front.
    public typealias Batch = Element

    private let tensors: [Tensor]
    private let join: @Sendable ([Tensor]) -> Element

    /// Creates a dataset of the rows of a tensor: `[N, *]` -> samples `[*]`.
    public init(_ tensor: Tensor) where Element == Tensor { self.init([tensor]) { $0[0] } }

    /// Creates a dataset of the rows of two tensors, which must have the same size of dimension 0.
    public init(_ first: Tensor, _ second: Tensor) where Element == (Tensor, Tensor) {
        self.init([first, second]) { ($0[0], $0[1]) }
    }

    /// Creates a dataset of the rows of three tensors, which must have the same size of dimension 0.
    public init(_ first: Tensor, _ second: Tensor, _ third: Tensor) where Element == (Tensor, Tensor, Tensor) {
        self.init([first, second, third]) { ($0[0], $0[1], $0[2]) }
    }

    /// Creates a dataset of the rows of four tensors, which must have the same size of dimension 0.
    public init(
        _ first: Tensor, _ second: Tensor, _ third: Tensor, _ fourth: Tensor
    ) where Element == (Tensor, Tensor, Tensor, Tensor) {
        self.init([first, second, third, fourth]) { ($0[0], $0[1], $0[2], $0[3]) }
    }

    /// Creates a dataset of the rows of several tensors, which must have the same size of dimension 0.
    public init(_ tensors: [Tensor]) where Element == [Tensor] { self.init(tensors) { $0 } }

    private init(_ tensors: [Tensor], join: @escaping @Sendable ([Tensor]) -> Element) {
        self.join = join
        guard let count = tensors.first?.layout.shape.first,
            tensors.allSatisfy({ $0.layout.shape.first == count && !$0.requiresGrad })
        else {
            reportFailure(
                TensorError(
                    .shape, in: "TensorDataset", "the tensors do not have the same number of rows",
                    expected: "equal sizes of dimension 0, and tensors that do not require gradients", operands: tensors
                ))
            self.tensors = []
            return
        }
        self.tensors = tensors.map { $0.contiguous() }
    }

    /// The size of dimension 0.
    public var count: Int { tensors.first?.layout.shape[0] ?? 0 }

    /// The rows at `index`, as views that share memory with the tensors.
    public subscript(index: Int) -> Element {
        do { try checkSample(index, of: count, in: "TensorDataset") } catch {
            return join(placeholders(of: error))
        }
        // Rows are views: they share memory with the tensors.
        return join(
            tensors.map { Tensor(storage: $0.storage, layout: $0.layout.selected(0, index), dtype: $0.dtype) })
    }

    /// One placeholder for each tensor, after an error.
    private func placeholders(of error: TensorError) -> [Tensor] {
        let placeholder = fail(error)
        return Array(repeating: placeholder, count: tensors.isEmpty ? 4 : tensors.count)
    }

    /// Returns copies of the rows at `indices`: `[n, *]` for each tensor.
    public func batch(at indices: [Int]) throws -> Element? {
        for index in indices { try checkSample(index, of: count, in: "TensorDataset") }
        let rows = indices.map(Int64.init)
        return try join(
            tensors.map { tensor in
                // Rows of a tensor on another device are selected on that device.
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
