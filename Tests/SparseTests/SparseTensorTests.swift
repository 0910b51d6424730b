import TestSupport
import Testing
import Torchlight

@Suite struct SparseTensorTests {
    /// A dense tensor with many zeros.
    private static func dense(_ shape: Int..., seed: UInt64) -> Tensor {
        let generator = Generator(seed: seed)
        let x = Tensor.randn(shape, dtype: .float64, generator: generator)
        return x * (Tensor.rand(shape, generator: generator) < 0.4)
    }

    /// A tensor whose indices are out of order and repeated.
    private static func uncoalesced() -> SparseTensor {
        SparseTensor(
            indices: Tensor([[1, 0, 1, 2, 1], [2, 0, 2, 1, 0]]),
            values: Tensor([1.0, 2, 3, 4, 5], dtype: .float64).requiresGrad_(), size: [3, 4])
    }

    private static let uncoalescedDense = Tensor(
        [[2.0, 0, 0, 0], [5, 0, 4, 0], [0, 4, 0, 0]], dtype: .float64)

    @Test func constructionAndConversion() {
        let s = Self.uncoalesced()
        #expect(s.toDense().equal(Self.uncoalescedDense))
        #expect(s.nnz == 5 && s.sparseDim == 2 && s.denseDim == 0 && !s.isCoalesced)
        let c = s.coalesce()
        #expect(c.isCoalesced && c.nnz == 4 && c.toDense().equal(Self.uncoalescedDense))
        #expect(c.indices.equal(Tensor([[0, 1, 1, 2], [0, 0, 2, 1]])))
        for (shape, sparseDim) in [
            ([5, 4], 2), ([5, 4], 1), ([3, 4, 2], 3), ([3, 4, 2], 2), ([3, 4, 2], 1), ([6], 1),
        ] {
            let isSet = Tensor.rand(shape, generator: Generator(seed: 20)) < 0.4
            let x = Tensor.randn(shape, generator: Generator(seed: 1)) * isSet
            let sparse = x.toSparse(sparseDim: sparseDim)
            #expect(sparse.toDense().equal(x) && sparse.sparseDim == sparseDim, "\(shape), \(sparseDim)")
        }
        let inferred = SparseTensor(indices: Tensor([[0, 4], [2, 1]]), values: Tensor.ones(2, 3))
        #expect(inferred.shape == [5, 3, 3] && inferred.denseDim == 1)
        #expect(SparseTensor.zeros([2, 3]).toDense().equal(Tensor.zeros(2, 3)))
        #expect(Tensor.zeros(2, 3).toSparse().nnz == 0)
        #expect("\(c.detach().to(.float32))".hasSuffix("size=(3, 4), nnz=4, layout=torch.sparse_coo)"))
    }

    @Test func arithmeticIsThatOfDenseTensors() {
        let (a, b) = (Self.dense(4, 5, seed: 2), Self.dense(4, 5, seed: 3))
        let (s, t) = (a.toSparse(), b.toSparse())
        #expect((s + t).toDense().allclose(a + b) && (s - t).toDense().allclose(a - b))
        #expect(s.add(t, alpha: 2.5).toDense().allclose(a + b * 2.5))
        #expect((s * t).toDense().allclose(a * b) && s.mul(b).toDense().allclose(a * b))
        #expect((Self.uncoalesced() * Self.uncoalesced()).toDense().allclose(Self.uncoalescedDense.square()))
        #expect((s * 3).toDense().allclose(a * 3) && (s / 2).toDense().allclose(a / 2) && (-s).toDense().allclose(-a))
        #expect(s.add(b).allclose(a + b))
        #expect(s.mul(Tensor.arange(5, dtype: .float64)).toDense().allclose(a * Tensor.arange(5, dtype: .float64)))
        #expect(s.t().toDense().equal(a.mT))
        let cube = Self.dense(3, 4, 2, seed: 4)
        for sparseDim in 1...3 {
            let c = cube.toSparse(sparseDim: sparseDim)
            #expect((c + c).toDense().allclose(cube * 2), "\(sparseDim)")
            #expect((c * c).toDense().allclose(cube.square()), "\(sparseDim)")
            for (i, j) in [(0, 1), (1, 2), (0, 0)] where (i < sparseDim) == (j < sparseDim) {
                #expect(c.transpose(i, j).toDense().equal(cube.transpose(i, j)), "\(sparseDim), \(i), \(j)")
            }
        }
    }

    @Test func productsAreThoseOfDenseTensors() throws {
        let s = Self.uncoalesced()
        let x = Tensor.randn([4, 2], dtype: .float64, generator: Generator(seed: 5)).requiresGrad_()
        let weights = Tensor.randn([3, 2], dtype: .float64, generator: Generator(seed: 6))
        (s.matmul(x) * weights).sum().backward()
        let a = Self.uncoalescedDense.clone().requiresGrad_()
        let y = x.detach().clone().requiresGrad_()
        (a.matmul(y) * weights).sum().backward()
        let (gradient, wanted) = (try #require(s.values.grad), try #require(a.grad))
        let places = Tensor([1, 0, 1, 2, 1]) * 4 + Tensor([2, 0, 2, 1, 0])
        #expect(gradient.allclose(wanted.flatten().indexSelect(0, places)))
        #expect(try #require(x.grad).allclose(try #require(y.grad)))
        #expect(s.matmul(x).allclose(a.matmul(x)) && matmul(s, x).allclose(a.matmul(x)))
        #expect(s.matmul(x.select(1, 0)).allclose(a.matmul(x.select(1, 0))))
        #expect(weights.mT.matmul(s).allclose(weights.mT.matmul(a)))
        #expect(weights.addmm(s, x, beta: 0.5, alpha: 2).allclose(weights * 0.5 + a.matmul(x) * 2))
        let batch = Self.dense(3, 4, 5, seed: 7)
        let z = Tensor.randn([3, 5, 2], dtype: .float64, generator: Generator(seed: 8))
        #expect(batch.toSparse().matmul(z).allclose(batch.bmm(z)))
        let (b, c) = (Self.dense(4, 6, seed: 9), Self.dense(6, 3, seed: 10))
        let product = b.toSparse().matmul(c.toSparse())
        #expect(product.isCoalesced && product.toDense().allclose(b.mm(c)))
        #expect(s.matmul(b.toSparse()).toDense().allclose(a.mm(b)))
        #expect(SparseTensor.zeros([2, 4], dtype: .float64).matmul(b.toSparse()).toDense().shape == [2, 6])
    }

    @Test func reductionsAreThoseOfDenseTensors() {
        let cube = Self.dense(3, 4, 2, seed: 11)
        for sparseDim in 1...3 {
            let s = cube.toSparse(sparseDim: sparseDim)
            #expect(s.sum().allclose(cube.sum()), "\(sparseDim)")
            for dims in [[0], [1], [2], [1, 2], [0, 2], [-1]] where sparseDim > dims.filter({ $0 >= 0 }).count {
                if (0..<sparseDim).allSatisfy({ dims.contains($0) }) { continue }
                #expect(s.sum(dim: dims).toDense().allclose(cube.sum(dim: dims)), "\(sparseDim), \(dims)")
            }
        }
    }

    @Test func softmaxIsOverSpecifiedElements() throws {
        for (sparseDim, dim) in [(2, 0), (2, 1), (1, 0), (1, 1)] {
            let x = Self.dense(4, 5, seed: 12)
            let s = x.toSparse(sparseDim: sparseDim)
            let values = s.values.detach().requiresGrad_()
            let isSet =
                SparseTensor(indices: s.indices, values: Tensor.ones(like: s.values), size: s.shape).toDense() .!= 0
            let masked = x.detach().requiresGrad_()
            let wanted = softmax(masked.maskedFill(isSet.logicalNot(), -Double.infinity), dim: dim).nanToNum()
            let weights = Tensor.randn([4, 5], dtype: .float64, generator: Generator(seed: 13))
            let result = s.withValues(values).softmax(dim: dim)
            #expect(result.toDense().allclose(wanted), "\(sparseDim), \(dim)")
            #expect(
                s.logSoftmax(dim: dim).withValues(s.logSoftmax(dim: dim).values.exp()).toDense().allclose(wanted),
                "\(sparseDim), \(dim)")
            (result.toDense() * weights).sum().backward()
            let (gradient, dense) = (
                try #require(values.grad),
                grad(of: (softmaxOf(masked, isSet, dim) * weights).sum(), withRespectTo: masked)
            )
            #expect(gradient.allclose(dense.sparseMask(s).values), "\(sparseDim), \(dim)")
        }
    }

    /// The softmax of the elements that are set, without NaN.
    private func softmaxOf(_ x: Tensor, _ isSet: Tensor, _ dim: Int) -> Tensor {
        let exps = x.exp() * isSet
        return exps / exps.sum(dim: dim, keepdim: true).clamp(min: 1e-300)
    }

    @Test func sampledProducts() {
        let (a, b) = (Self.dense(4, 3, seed: 14), Self.dense(3, 5, seed: 15))
        let mask = Self.dense(4, 5, seed: 16)
        let isSet = (mask .!= 0).to(.float64)
        let wanted = mask * 0.5 + a.mm(b) * isSet * 2
        #expect(mask.toSparse().sampledAddmm(a, b, beta: 0.5, alpha: 2).toDense().allclose(wanted))
        #expect(mask.toSparseCSR().sampledAddmm(a, b, beta: 0.5, alpha: 2).toDense().allclose(wanted))
    }

    @Test func compressedRows() {
        let (a, b) = (Self.dense(4, 5, seed: 17), Self.dense(4, 5, seed: 18))
        let (s, t) = (a.toSparseCSR(), b.toSparseCSR())
        #expect(s.toDense().equal(a) && s.toCOO().toDense().equal(a) && s.t().toDense().equal(a.mT))
        let again = SparseCSRTensor(
            crowIndices: s.crowIndices, colIndices: s.colIndices, values: s.values, size: [4, 5])
        #expect(again.toDense().equal(a))
        let x = Tensor.randn([5, 2], dtype: .float64, generator: Generator(seed: 19))
        #expect(s.matmul(x).allclose(a.mm(x)) && s.matmul(t.t()).toDense().allclose(a.mm(b.mT)))
        #expect((s + t).toDense().allclose(a + b) && (s - t).toDense().allclose(a - b))
        #expect((s * t).toDense().allclose(a * b) && s.mul(b).toDense().allclose(a * b))
        #expect((s * 2).toDense().allclose(a * 2) && s.sum().allclose(a.sum()))
        #expect(s.softmax(dim: 1).toDense().allclose(a.toSparse().softmax(dim: 1).toDense()))
        #expect("\(s)".contains("layout=torch.sparse_csr"))
        #expect(Tensor.zeros(3, 2).toSparseCSR().crowIndices.equal(Tensor([0, 0, 0, 0])))
    }

    @Test func shapesAreKnownWithoutValues() {
        let s = SparseTensor(
            indices: Tensor.empty([2, 5], dtype: .int64, device: .meta), values: Tensor.empty([5], device: .meta),
            size: [3, 4])
        #expect(s.toDense().shape == [3, 4] && s.matmul(Tensor.empty([4, 2], device: .meta)).shape == [3, 2])
        #expect(s.t().toDense().shape == [4, 3])
    }

    @Test func wrongArgumentsAreErrors() {
        let s = Self.uncoalesced().detach()
        let values = Tensor.ones([2], dtype: .float64)
        let calls: [(String, () -> Any)] = [
            ("an index", { SparseTensor(indices: Tensor([[0, 3]]), values: values, size: [3]) }),
            ("a negative index", { SparseTensor(indices: Tensor([[0, -1]]), values: values, size: [3]) }),
            ("a number of values", { SparseTensor(indices: Tensor([[0, 1, 2]]), values: values, size: [3]) }),
            ("a dtype", { SparseTensor(indices: Tensor([[0.0, 1]]), values: values, size: [3]) }),
            ("a size", { SparseTensor(indices: Tensor([[0, 1]]), values: values, size: [3, 3]) }),
            ("a huge size", { SparseTensor(indices: Tensor([[0, 1]]), values: values, size: [.max]) }),
            ("shapes", { s + Tensor.ones([2, 2], dtype: .float64).toSparse() }),
            ("a product", { s.matmul(Tensor.ones([3, 2], dtype: .float64)) }),
            ("dtypes", { s.matmul(Tensor.ones([4, 2])) }),
            ("a dimension", { s.softmax(dim: 2) }),
            ("all dimensions", { s.sum(dim: [0, 1]) }),
            ("a transpose", { Tensor.ones(2, 3).toSparse(sparseDim: 1).t() }),
            ("sparse dimensions", { Tensor.ones(2, 3).toSparse(sparseDim: 3) }),
            (
                "row indices",
                { SparseCSRTensor(crowIndices: Tensor([0, 2, 1]), colIndices: Tensor([0]), values: Tensor([1.0])) }
            ),
            (
                "columns",
                {
                    SparseCSRTensor(
                        crowIndices: Tensor([0, 2]), colIndices: Tensor([1, 0]), values: Tensor([1.0, 2]), size: [1, 2])
                }
            ),
        ]
        for (name, call) in calls { #expect(throws: TensorError.self, "\(name)") { try checked(call) } }
    }
}
