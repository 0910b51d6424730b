import TestSupport
import Testing
import TorchlightCore

/// Composites whose results were taken from PyTorch.
@Suite("Statistics, order statistics and products of tensors")
struct StatisticsTests {
    private let x = Tensor([[3, 1, 6, 2], [5, 4, 8, 7]] as [[Float]])
    private let holed = Tensor([[3, 1, Float.nan, 2], [5, 4, 8, 7]])

    @Test("The median is the lower of two, NaN where there is one, and tells its place")
    func medians() {
        let (values, indices) = holed.median(dim: 1)
        #expect(values.isnan().toArray(Bool.self) == [true, false])
        #expect(values[1].item() == 5 && indices.toArray(Int.self) == [2, 0])
        #expect(x.median().item() == 4)
        let (numbers, places) = holed.nanmedian(dim: 1)
        #expect(numbers.toArray(Float.self) == [2, 5] && places.toArray(Int.self) == [3, 0])
        #expect(Tensor([Float.nan]).nanmedian().item().isNaN)
        #expect(x.kthvalue(2, dim: 1).values.toArray(Float.self) == [2, 5])
        expectRefusal(by: "kthvalue", .value) { x.kthvalue(5, dim: 1).values }
    }

    @Test("The gradient of a median goes to the element that it is")
    func medianGradient() {
        let leaf = x.clone().requiresGrad_()
        leaf.median(dim: 1).values.sum().backward()
        #expect(leaf.grad!.toArray(Float.self) == [0, 0, 0, 1, 1, 0, 0, 0])
    }

    @Test("Quantiles interpolate as they are told")
    func quantiles() {
        expectClose(x.quantile(Tensor([0.25, 0.6] as [Float]), dim: 1), [1.75, 4.75, 2.8, 6.6])
        #expect(x.quantile(0.4, dim: 0, keepdim: true).shape == [1, 4])
        expectClose(x.quantile(0.4, dim: 0, keepdim: true), [3.8, 2.2, 6.8, 4])
        expectClose(x.quantile(0.3, interpolation: .midpoint), [3.5])
        expectClose(x.quantile(0.45, dim: 1, interpolation: .lower), [2, 5])
        expectClose(x.quantile(0.45, dim: 1, interpolation: .higher), [3, 7])
        expectClose(x.quantile(0.45, dim: 1, interpolation: .nearest), [2, 5])
        expectClose(holed.nanquantile(0.5, dim: 1), [2, 6])
        #expect(holed.quantile(0.5, dim: 1)[0].item().isNaN)
        expectRefusal(by: "quantile", .value) { x.quantile(1.5) }
    }

    @Test("Differences and areas")
    func differences() {
        expectClose(x.diff(), [-2, 5, -4, -1, 4, -1])
        #expect(x.diff(2, dim: 0).shape == [0, 4])
        #expect(Tensor([true, false, false]).diff().toArray(Bool.self) == [true, false])
        expectClose(x.trapezoid(), [9.5, 18])
        expectClose(x.trapezoid(x: Tensor([0, 1, 3, 6] as [Float])), [21, 39])
        expectClose(x.cumulativeTrapezoid(dx: 2, dim: 0), [8, 5, 14, 9])
    }

    @Test("Derivatives from values at points, at equal distances and at given places")
    func finiteDifferences() {
        let squares = Tensor([0, 1, 4, 9, 16] as [Float])
        expectClose(gradient(squares)[0], [1, 2, 4, 6, 7])
        expectClose(gradient(squares, edgeOrder: 2)[0], [0, 2, 4, 6, 8])
        let places = Tensor([0, 1, 3, 4] as [Float])
        expectClose(gradient(places * places, spacing: [places], edgeOrder: 2)[0], [0, 2, 6, 8])
        let both = gradient(x, spacing: [2, 1])
        #expect(both.count == 2)
        expectClose(both[0], [1, 1.5, 1, 2.5, 1, 1.5, 1, 2.5])
        expectRefusal(by: "gradient", .value) { gradient(squares, edgeOrder: 3)[0] }
        expectRefusal(by: "gradient", .value) { gradient(x, spacing: [1])[0] }
        expectRefusal(by: "gradient", .shape) { gradient(x, edgeOrder: 2)[0] }
    }

    @Test("The mode is the smallest of the most frequent, where it stands last, and takes the gradient")
    func modes() {
        let leaf = Tensor([[2, 1, 2, 1, 3], [5, 5, 4, 4, 5]] as [[Float]]).requiresGrad_()
        let (values, indices) = leaf.mode(dim: 1)
        #expect(values.toArray(Float.self) == [1, 5] && indices.toArray(Int.self) == [3, 4])
        values.sum().backward()
        #expect(leaf.grad!.toArray(Float.self) == [0, 0, 0, 1, 0, 0, 0, 0, 0, 1])
        #expect(Tensor([true, true, false]).mode(keepdim: true).values.toArray(Bool.self) == [true])
        expectRefusal(by: "mode", .shape) { Tensor.zeros(2, 0).mode(dim: 1).values }
    }

    @Test("A histogram counts between edges, the last of which belongs to the last part")
    func histograms() {
        let (counts, edges) = x.histogram(bins: 7)
        #expect(counts.toArray(Float.self) == [1, 1, 1, 1, 1, 1, 2])
        expectClose(edges, [1, 2, 3, 4, 5, 6, 7, 8])
        let uneven = Tensor([2, 3, 7] as [Float])
        #expect(x.histogram(uneven).hist.toArray(Float.self) == [1, 5])
        expectClose(x.histogram(uneven, density: true).hist, [1.0 / 6, 5.0 / 24])
        #expect(x.histogram(uneven, weight: x * 2).hist.toArray(Float.self) == [4, 50])
        #expect(Tensor([2, 2] as [Float]).histogram(bins: 2).binEdges.toArray(Float.self) == [1.5, 2, 2.5])
        expectRefusal(by: "histogram", .value) { holed.histogram(bins: 3).hist }
        expectRefusal(by: "histogram", .dtype) { Tensor([1, 2]).histogram(uneven).hist }
    }

    @Test("A correction need not be whole")
    func corrections() { expectClose(Tensor([1.0, 2, 6]).var(correction: 0.5), [5.6]) }

    @Test("Covariances, weighted and not")
    func covariances() {
        let weights = Tensor([0.5, 1, 2, 1] as [Float])
        expectClose(x.cov(), [4.6666665, 3, 3, 3.3333333])
        expectClose(
            x.cov(correction: 0, frequencies: Tensor([1, 2, 1, 3]), weights: weights),
            [3.8488889, 2.311111, 2.311111, 2.4888887])
        expectClose(x.cov(weights: weights), [6.75, 4.2857143, 4.2857143, 3.8928568])
        expectClose(x[0].cov(), [4.6666665])
        expectClose(x.corrcoef(), [1, 0.7606388, 0.7606388, 1])
    }

    @Test("Counts of numbers and of ranges")
    func counts() {
        #expect(Tensor([1, 3, 1]).bincount().toArray(Int.self) == [0, 2, 0, 1])
        expectClose(
            Tensor([1, 3, 1]).bincount(weights: Tensor([0.5, 1, 2] as [Float]), minLength: 6), [0, 2.5, 0, 1, 0, 0])
        expectClose(x.histc(bins: 4), [2, 2, 2, 2])
        expectClose(x.histc(bins: 4, min: 2, max: 6), [1, 1, 1, 2])
        expectRefusal(by: "bincount", .value) { Tensor([-1]).bincount() }
    }

    @Test("Norms of slices and of differences, and sums back to a shape")
    func norms() {
        expectClose(x.renorm(p: 2, dim: 0, maxNorm: 5)[0], [2.1213202, 0.7071068, 4.2426405, 1.4142135])
        expectClose(x.dist(Tensor.zeros(4), p: 3), [10.902724])
        expectClose(x.sumToSize([1, 4]), [8, 5, 14, 9])
        expectRefusal(by: "sumToSize", .shape) { x.sumToSize([3, 4]) }
    }

    @Test("Products over chosen dimensions and of everything with everything")
    func products() {
        let a = Tensor.arange(24.0).reshape(2, 3, 4)
        let b = Tensor.arange(24.0).reshape(4, 3, 2)
        expectClose(a.tensordot(b, dims: [1, 2], [1, 0]), [880, 946, 2464, 2674])
        expectClose(a.tensordot(Tensor.arange(4.0), dims: 1), [14, 38, 62, 86, 110, 134])
        let kron = Tensor([1, 2]).kron(Tensor([[1, 10], [100, 1000]]))
        #expect(kron.toNestedArray(Int.self) == [[1, 10, 2, 20], [100, 1000, 200, 2000]])
        expectClose(
            Tensor.ones(2, 2).addbmm(
                a[.all, 0..<2, 0..<3], b[0..<2, .all, .all], beta: 2, alpha: 0.5), [165, 186, 225, 258])
        let sum = Tensor([[1, 1, 1], [1, 1, 1]]).addr(Tensor([1, 2]), Tensor([3, 4, 5]), beta: 2, alpha: 3)
        #expect(sum.toNestedArray(Int.self) == [[11, 14, 17], [20, 26, 32]])
        // The term broadcasts to the product, not the product to the term.
        expectRefusal(by: "addr", .shape) { Tensor.ones(3, 2).addr(Tensor.ones(3), Tensor.ones(1)) }
        expectRefusal(by: "addbmm", .shape) { Tensor.ones(2, 2).addbmm(Tensor.ones(3, 1, 2), Tensor.ones(3, 2, 2)) }
        expectRefusal(by: "baddbmm", .shape) { Tensor.ones(1, 1).baddbmm(Tensor.ones(1, 2, 2), Tensor.ones(3, 2, 2)) }
        let chain = [(2, 9), (9, 3), (3, 7)].map { Tensor.rand($0.0, $0.1) }
        #expect(chainMatmul(chain).allclose(chain[0].matmul(chain[1]).matmul(chain[2]), rtol: 1e-4))
    }

    @Test func blocksPromoteAsOperandsDo() {
        let matrix = Tensor.ones([1, 1], dtype: .float32)
        for dtype in [DType.float64, .int64, .float16, .bool] {
            #expect(blockDiag([Tensor(1, dtype: dtype), matrix]).dtype == .float32, "\(dtype)")
        }
        #expect(blockDiag([Tensor([1.0], dtype: .float64), matrix]).dtype == .float64)
    }

    @Test func integersTakeWholeFactors() {
        let (matrix, vector) = (Tensor.ones([2, 2], dtype: .int64), Tensor.ones([2], dtype: .int64))
        expectRefusal(by: "addr") { matrix.addr(vector, vector, beta: 0.5) }
        expectRefusal(by: "addr") { matrix.addr(vector, vector, alpha: 0.5) }
        expectRefusal(by: "addr") { matrix.clone().addr_(vector, vector, alpha: -1.5) }
        #expect(matrix.addr(vector, vector, beta: 2, alpha: 3).toArray(Int.self) == [5, 5, 5, 5])
        #expect(matrix.to(.float32).addr(vector, vector, beta: 0.5).toArray(Double.self) == [1.5, 1.5, 1.5, 1.5])
    }

    @Test func aSingleNumberHasTheDimensionsOfOneElement() {
        let x = Tensor(2.0)
        let reductions: [(String, ([Int]) -> Tensor)] = [
            ("std", { x.std(dim: $0) }), ("var", { x.var(dim: $0) }), ("varMean", { x.varMean(dim: $0).mean }),
            ("stdMean", { x.stdMean(dim: $0).mean }), ("sum", { x.sum(dim: $0) }), ("mean", { x.mean(dim: $0) }),
            ("amax", { x.amax(dim: $0) }), ("norm", { x.norm(dim: $0) }), ("logsumexp", { x.logsumexp(dim: $0) }),
            ("prod", { x.prod(dim: $0) }), ("nansum", { x.nansum(dim: $0) }),
            ("countNonzero", { x.countNonzero(dim: $0) }),
        ]
        for (name, reduce) in reductions {
            for dims in [[0], [-1], []] { #expect(reduce(dims).shape == [], "\(name) over \(dims)") }
            for dims in [[1], [-2], [0, 0], [0, -1], [0, 1]] {
                #expect(throws: TensorError.self, "\(name) over \(dims)") { try checked { reduce(dims) } }
            }
        }
    }
}
