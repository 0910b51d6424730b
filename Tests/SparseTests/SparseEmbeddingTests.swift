import TestSupport
import Testing
import Torchlight

@Suite struct SparseEmbeddingTests {
    @Test func theSparseGradientIsTheDenseOne() throws {
        let weight = Parameter(Tensor.randn([6, 3], generator: Generator(seed: 1)))
        let dense = Parameter(weight.detach().clone())
        let indices = Tensor([[4, 1], [4, 0]])
        let factors = Tensor.randn([2, 2, 3], generator: Generator(seed: 2))
        for padding in [nil, 1, -2] as [Int?] {
            weight.sparseGrad = nil
            dense.grad = nil
            for _ in 0..<2 {
                (sparseEmbedding(indices, weight, paddingIdx: padding) * factors).sum().backward()
                (embedding(indices, dense, paddingIdx: padding) * factors).sum().backward()
            }
            let gradient = try #require(weight.sparseGrad)
            #expect(gradient.shape == [6, 3] && gradient.sparseDim == 1)
            #expect(gradient.toDense().allclose(try #require(dense.grad)), "padding \(padding as Any)")
            #expect(weight.grad == nil)
        }
        weight.sparseGrad = nil
        _ = noGrad { sparseEmbedding(indices, weight).sum() }
        #expect(weight.sparseGrad == nil)
    }

    @Test func sparseAdamIsAdamOfTheRowsThatHaveGradients() throws {
        let table = SparseEmbedding(5, 2, generator: Generator(seed: 3))
        let dense = Parameter(table.weight.detach().clone())
        let start = table.weight.detach().clone()
        let sparse = SparseAdam([table.weight], lr: 0.1, betas: (0.8, 0.9))
        let adam = Adam([dense], lr: 0.1, betas: (0.8, 0.9))
        let indices = Tensor([0, 2, 3, 2])
        for _ in 0..<4 {
            sparse.zeroGrad()
            adam.zeroGrad()
            (table(indices) - 1).square().sum().backward()
            (embedding(indices, dense) - 1).square().sum().backward()
            sparse.step()
            adam.step()
        }
        #expect(table.weight.allclose(dense, atol: 1e-6))
        #expect(table.weight.select(0, 1).equal(start.select(0, 1)), "rows without gradients stay")

        let other = SparseEmbedding(5, 2, generator: Generator(seed: 3))
        noGrad { _ = other.weight.copy_(table.weight) }
        let restored = SparseAdam([other.weight], lr: 1)
        try restored.load(sparse.state())
        #expect(restored.lr == 0.1)
        for (layer, optimizer) in [(table, sparse), (other, restored)] {
            optimizer.zeroGrad()
            (layer(indices) - 1).square().sum().backward()
            optimizer.step()
        }
        #expect(other.weight.equal(table.weight))
        #expect(throws: OptimizerStateError.self) { try SparseAdam([dense, other.weight]).load(sparse.state()) }
        #expect(throws: TensorError.self) { try checked { SparseAdam([dense], lr: -1) } }
    }

    @Test func aTableTrains() {
        let table = SparseEmbedding(100, 4, paddingIdx: 0, generator: Generator(seed: 4))
        let optimizer = SparseAdam([table.weight], lr: 0.05)
        let indices = Tensor([0, 7, 9])
        func loss() -> Tensor { (table(indices) - 2).square().mean() }
        let before = loss().item()
        optimizer.zeroGrad()
        for _ in 0..<60 {
            optimizer.zeroGrad()
            loss().backward()
            optimizer.step()
        }
        #expect(loss().item() < 0.6 * before)
        #expect(table.weight.select(0, 0).abs().max().item() == 0, "the padding stays 0")
    }
}
