import TestSupport
import Testing
import TorchlightCore

/// Operations give at many dimensions what they give at three, up to 64; more are refused.
@Suite("Many dimensions")
struct ManyDimensionsTests {
    static let ranks = [9, 16, 17, 20, 64]

    /// A view with dimensions of size 1 between the three that there are: the first, one in the middle and the last stay.
    private static func lifted(_ x: Tensor, _ rank: Int) -> Tensor {
        var view = x
        for dim in 1..<rank - 1 where dim != rank / 2 { view = view.unsqueeze(dim) }
        return view
    }

    private static func expectSame(
        _ high: Tensor, _ low: Tensor, _ label: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let flat = high.dtype == low.dtype && high.count == low.count
        #expect(flat && high.reshape(low.shape).equal(low), "\(label): \(high.shape)", sourceLocation: sourceLocation)
    }

    /// `[4, 3, 5]`, not dense in row-major order.
    private static func sample(_ dtype: DType = .float32) -> Tensor {
        Tensor.arange(60, dtype: .float32).remainder(17).reshape(5, 4, 3).permute(1, 2, 0).to(dtype)
    }

    @Test("Element-wise operations, copies, reductions, scans and softmax", arguments: ranks)
    func values(rank: Int) {
        let x = Self.sample()
        let high = Self.lifted(x, rank)
        let middle = rank / 2
        #expect(high.rank == rank)
        Self.expectSame(high + high.exp(), x + x.exp(), "element-wise")
        Self.expectSame(high + Tensor([1.0, 2, 3, 4, 5], dtype: .float32), x + Tensor([1.0, 2, 3, 4, 5]), "broadcast")
        Self.expectSame(high.contiguous(), x.contiguous(), "copy")
        Self.expectSame(high.to(.bfloat16), x.to(.bfloat16), "conversion")
        Self.expectSame(high.sum(), x.sum(), "sum")
        Self.expectSame(high.sum(dim: [0, rank - 1]), x.sum(dim: [0, 2]), "sum over some")
        Self.expectSame(high.max(dim: middle).values, x.max(dim: 1).values, "max")
        Self.expectSame(high.max(dim: middle).indices, x.max(dim: 1).indices, "places of max")
        Self.expectSame(high.cumsum(dim: middle), x.cumsum(dim: 1), "scan")
        for dtype in [DType.float32, .float16] {
            let (high, x) = (high.to(dtype), x.to(dtype))
            Self.expectSame(high.softmax(dim: -1), x.softmax(dim: -1), "softmax \(dtype)")
            Self.expectSame(high.softmax(dim: middle), x.softmax(dim: 1), "softmax of the middle \(dtype)")
        }
    }

    @Test(
        "Gathering, scattering, indexing, sorting and joining", arguments: ranks,
        [DType.float32, .float16, .bfloat16, .int64])
    func indexing(rank: Int, dtype: DType) {
        let x = Self.sample(dtype)
        let high = Self.lifted(x, rank)
        let index = Tensor.arange(60).remainder(3).reshape(4, 3, 5)
        let highIndex = Self.lifted(index, rank)
        for (dim, highDim) in [(1, rank / 2), (2, rank - 1)] {
            let label = "\(dtype), dimension \(highDim)"
            Self.expectSame(high.gather(highDim, highIndex), x.gather(dim, index), "gather \(label)")
            Self.expectSame(high.scatter(highDim, highIndex, high), x.scatter(dim, index, x), "scatter \(label)")
            Self.expectSame(
                high.scatterAdd(highDim, highIndex, high), x.scatterAdd(dim, index, x), "scatterAdd \(label)")
            Self.expectSame(high.sort(dim: highDim).values, x.sort(dim: dim).values, "sort \(label)")
            Self.expectSame(high.sort(dim: highDim).indices, x.sort(dim: dim).indices, "order \(label)")
            Self.expectSame(
                high.topk(2, dim: highDim, largest: false).values, x.topk(2, dim: dim, largest: false).values,
                "topk \(label)")
            Self.expectSame(cat([high, high], dim: highDim), cat([x, x], dim: dim), "cat \(label)")
        }
        let rows = Tensor([3, 0, 3])
        Self.expectSame(high[[.tensor(rows)]], x[[.tensor(rows)]], "index")
        let (values, highValues) = (x.narrow(0, start: 0, length: 3), high.narrow(0, start: 0, length: 3))
        for accumulate in [false, true] {
            Self.expectSame(
                high.indexPut([rows], highValues, accumulate: accumulate),
                x.indexPut([rows], values, accumulate: accumulate), "indexPut \(dtype) \(accumulate)")
        }
        Self.expectSame(high.indexSelect(0, rows), x.indexSelect(0, rows), "indexSelect")
        Self.expectSame(high.indexAdd(0, rows, highValues), x.indexAdd(0, rows, values), "indexAdd")
    }

    @Test("Dimensions that cannot be joined", arguments: [9, 16, 17])
    func separateDimensions(rank: Int) {
        let count = 1 << rank
        let shape = Array(repeating: 2, count: rank)
        // Element i lies where the bits of i in reverse order say.
        let x = Tensor.arange(count).reshape(shape).permute(Array((0..<rank).reversed()))
        let reversed = (0..<count).map { i in (0..<rank).reduce(0) { $0 << 1 | (i >> $1 & 1) } }
        #expect(x.contiguous().toArray(Int.self) == reversed)
        for dtype in [DType.float32, .float16, .bfloat16] {
            // Small whole numbers, so that sums are exact.
            let y = x.remainder(8).to(dtype)
            let (first, second) = (y.narrow(rank - 1, start: 0, length: 1), y.narrow(rank - 1, start: 1, length: 1))
            let swap = Tensor([1, 0]).expand(shape)
            #expect(y.gather(rank - 1, swap).equal(cat([second, first], dim: rank - 1)), "gather \(dtype)")
            let sums = Tensor.zeros(shape, dtype: dtype).scatterAdd(rank - 1, Tensor.zeros(like: x), y)
            #expect(sums.narrow(rank - 1, start: 0, length: 1).equal(first + second), "scatterAdd \(dtype)")
            #expect(y.sum(dim: [rank - 1], keepdim: true).equal(first + second), "sum \(dtype)")
            let share = y.softmax(dim: -1)
            #expect(share.narrow(rank - 1, start: 0, length: 1).equal((first - second).sigmoid()) || dtype != .float32)
        }
    }

    @Test("64 dimensions are printed, 65 are refused")
    func limit() throws {
        let x = Tensor.ones(Array(repeating: 1, count: 64))
        let (opening, closing) = (String(repeating: "[", count: 64), String(repeating: "]", count: 64))
        #expect("\(x)" == "tensor(\(opening)1.\(closing))")
        let shape = Array(repeating: 1, count: 65)
        let calls: [(String, () -> Any)] = [
            ("zeros", { Tensor.zeros(shape) }),
            ("Tensor", { Tensor([1.0], shape: shape) }),
            ("unsqueeze", { x.unsqueeze(0) }),
            ("reshape", { x.reshape(shape) }),
            ("expand", { x.expand(shape) }),
            ("stack", { stack([x, x]) }),
            ("index", { x[[.tensor(Tensor([[0], [0]]))]] }),
        ]
        for (label, call) in calls {
            do {
                let result = try checked(call)
                Issue.record("\(label) was accepted: \(type(of: result))")
            } catch let error as TensorError {
                #expect(error.kind == .shape, "\(label): \(error)")
                #expect(error.description.contains("64"), "\(label): \(error)")
            }
        }
    }
}
