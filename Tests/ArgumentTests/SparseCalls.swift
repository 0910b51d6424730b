import Torchlight

// Sparse tensors.

extension CallTable {
    mutating func addSparse() {
        add("SparseTensor.init(size: [Int]?)") {
            SparseTensor(indices: $0.index(), values: $0.tensor(), size: $0.maybe($0.ints())).toDense()
        }
        add("SparseTensor.zeros(_: [Int], sparseDim: Int?)") {
            SparseTensor.zeros($0.ints(), sparseDim: $0.maybe($0.int()), dtype: $0.dtype())
        }
        add("SparseTensor.transpose(_: Int, _: Int)") { Self.sparse.transpose($0.int(), $0.int()) }
        add("SparseTensor.sum(dim: [Int])") { Self.sparse.sum(dim: $0.ints()) }
        add("SparseTensor.sum(dim: Int)") { Self.sparse.sum(dim: $0.int()) }
        add("SparseTensor.softmax(dim: Int)") { Self.sparse.softmax(dim: $0.int()) }
        add("SparseTensor.logSoftmax(dim: Int)") { Self.sparse.logSoftmax(dim: $0.int()) }
        add("Tensor.toSparse(sparseDim: Int?)") { $0.tensor().toSparse(sparseDim: $0.maybe($0.int())) }
        add("SparseCSRTensor.init(size: [Int]?)") {
            SparseCSRTensor(
                crowIndices: $0.index(), colIndices: $0.index(), values: $0.tensor(), size: $0.maybe($0.ints())
            ).toDense()
        }
        add("SparseCSRTensor.softmax(dim: Int)") { Self.sparse.toCSR().softmax(dim: $0.int()) }
        add("sparseEmbedding(paddingIdx: Int?)") {
            sparseEmbedding($0.index(), $0.tensor(), paddingIdx: $0.maybe($0.int()))
        }
        add("SparseEmbedding.init(_: Int, _: Int, paddingIdx: Int?)") {
            SparseEmbedding(
                $0.int(), $0.int(), paddingIdx: $0.maybe($0.int()), dtype: $0.dtype(), generator: $0.generator)(
                    $0.index())
        }
    }

    private static var sparse: SparseTensor {
        SparseTensor(indices: Tensor([[1, 0, 1], [0, 1, 0]]), values: Tensor([1.0, 2, 3]), size: [2, 3])
    }
}
