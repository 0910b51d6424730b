import Testing
import TorchlightCore

/// How results lie in memory: strides that PyTorch gives the same calls.
@Suite("Arrangement of results")
struct ArrangementTests {
    /// 0, 1, 2, ... seen with other strides.
    private func view(_ shape: [Int], _ strides: [Int], offset: Int = 0) -> Tensor {
        let reach = zip(shape, strides).reduce(1) { $0 + ($1.0 - 1) * $1.1 }
        return Tensor.arange(offset + reach, dtype: .float32).asStrided(shape, stride: strides, offset: offset)
    }

    @Test(
        "A copy keeps the order of the dimensions, without gaps and repetitions",
        arguments: [
            ([6, 5, 3], [1, 6, 30], [1, 6, 30]),
            ([5, 5, 2], [4, 5, 7], [1, 5, 25]),
            ([5, 5, 4], [1, 1, 7], [5, 1, 25]),
            ([6, 1, 3, 5, 1], [1, 90, 30, 6, 90], [1, 90, 30, 6, 90]),
            ([5, 4], [1, 0], [4, 1]),
            ([3, 4], [8, 2], [4, 1]),
        ])
    func copies(shape: [Int], strides: [Int], expected: [Int]) {
        let x = view(shape, strides, offset: 2)
        let copy = x.clone()
        #expect(copy.strides == expected)
        #expect(copy.toArray(Float.self) == x.toArray(Float.self))
        #expect(x.contiguous().isContiguous)
        #expect(x.contiguous().toArray(Float.self) == x.toArray(Float.self))
    }

    @Test("Element by element, the first operand that has a wish decides")
    func elementwise() {
        let x = view([3, 4, 5], [1, 3, 12])
        let rows = Tensor.ones(3, 4, 5)
        #expect(x.exp().strides == [1, 3, 12])
        #expect((x + 1).strides == [1, 3, 12])
        #expect((x * rows).strides == [1, 3, 12])
        #expect((rows * x).strides == [20, 5, 1])
        #expect((Tensor.ones(5) * x).strides == [1, 3, 12])
        #expect((x > 3).strides == [1, 3, 12])
        #expect(x.to(.int64).strides == [1, 3, 12])
        #expect(Tensor.where(x > 3, x, 0.0).strides == [1, 3, 12])
        #expect((x * rows).toArray(Float.self) == x.toArray(Float.self))
    }

    @Test("A transposed operand costs no transposition: reshape copies row by row all the same")
    func reshaping() {
        let x = view([3, 4], [1, 3])
        let y = x + 0
        #expect(!y.isContiguous)
        #expect(y.reshape(12).toArray(Float.self) == x.toArray(Float.self))
        #expect(y.reshape(12).isContiguous)
    }

    @Test("Images with the channels innermost stay so when joined")
    func channelsLast() {
        let images = view([2, 3, 4, 5], [60, 1, 15, 3])
        #expect(cat([images, images], dim: 1).strides == [120, 1, 30, 6])
        #expect(cat([images, images.contiguous()], dim: 1).strides == [120, 20, 5, 1])
    }

    @Test("A copy with a part replaced lies at the distances of the original")
    func scattering() {
        let x = view([3, 5], [10, 2], offset: 1).detach().requiresGrad_()
        let result = x.selectScatter(Tensor.zeros(5), dim: 0, index: 1)
        #expect(result.strides == [10, 2])
        (result * Tensor.arange(15, dtype: .float32).reshape(3, 5)).sum().backward()
        #expect(x.grad!.toNestedArray(Float.self) == [[0, 1, 2, 3, 4], [0, 0, 0, 0, 0], [10, 11, 12, 13, 14]])
    }

    @Test("New dimensions of size 1 step over what lies behind them, repeated ones stand still")
    func expanding() {
        let x = view([3, 5], [10, 2])
        #expect(x.expand(1, 3, 5).strides == [30, 10, 2])
        #expect(x.expand(4, 3, 5).strides == [0, 10, 2])
        #expect(Tensor(1.0).expand(1, 1).strides == [0, 0])
    }

    @Test(
        "The gradient of any layout goes where the elements of the leaf lie, and elements that share a place share it")
    func asStrided() {
        let base = Tensor.arange(8, dtype: .float64)
        let x = base.asStrided([4], stride: [2], offset: 1).detach().requiresGrad_()
        // Places 1, 2, 3 and 3, 4, 5 of the storage; the leaf has the odd ones.
        x.asStrided([2, 3], stride: [2, 1], offset: 1).sum().backward()
        #expect(x.grad!.toArray(Double.self) == [1, 2, 1, 0])

        let repeated = Tensor([1.0], dtype: .float64).expand(4).detach().requiresGrad_()
        repeated.asStrided([1], stride: [1], offset: 0).sum().backward()
        #expect(repeated.grad!.toArray(Double.self) == [0.25, 0.25, 0.25, 0.25])
    }

    @Test("asStridedScatter passes the gradient where nothing was replaced")
    func asStridedScatter() {
        let x = Tensor.zeros([6], dtype: .float64).requiresGrad_()
        let source = Tensor.zeros([2, 2], dtype: .float64).requiresGrad_()
        let result = x.asStridedScatter(source, [2, 2], stride: [1, 2], offset: 1)
        (result * Tensor.arange(1.0, 7.0, dtype: .float64)).sum().backward()
        #expect(x.grad!.toArray(Double.self) == [1, 0, 0, 0, 0, 6])
        #expect(source.grad!.toArray(Double.self) == [2, 4, 3, 5])
    }
}
