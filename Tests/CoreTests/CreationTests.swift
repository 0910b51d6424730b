import TestSupport
import Testing
import TorchlightCore

@Suite("Creation")
struct CreationTests {
    @Test("Equal steps end exactly at both ends, in every dtype")
    func spacing() {
        let line = Tensor.linspace(0.1, 0.7, steps: 1001, dtype: .float64)
        #expect(line[0].item() == 0.1 && line[-1].item() == 0.7)
        #expect(Tensor.linspace(0, 7, steps: 50, dtype: .int64)[7].item() == 1)
        #expect(Tensor.linspace(-2.5, 3.9, steps: 3, dtype: .int32).toArray(Int.self) == [-2, 0, 3])
        expectClose(Tensor.linspace(Tensor(1), 3, steps: 3), [1, 2, 3])
        expectClose(Tensor.linspace(5, 9, steps: 1), [5])
        expectRefusal(by: "linspace", .shape) { Tensor.linspace(Tensor([1]), 3, steps: 3) }
        expectRefusal(by: "linspace", .shape) { Tensor.linspace(0, 3, steps: -1) }
    }

    @Test("Powers rise with their exponents")
    func powers() {
        expectClose(Tensor.logspace(-1, 1, steps: 3), [0.1, 1, 10])
        expectClose(Tensor.logspace(0, 10, steps: 11, base: 2, dtype: .int64)[.slice(8)], [256, 512, 1024], .exact)
        expectClose(Tensor.logspace(Tensor(0), Tensor(2), steps: 2), [1, 100])
        #expect(vander(Tensor([2, 3])).toNestedArray(Int.self) == [[2, 1], [3, 1]])
        #expect(vander(Tensor([2, 3]), N: 3, increasing: true).toNestedArray(Int.self) == [[1, 2, 4], [1, 3, 9]])
        #expect(vander(Tensor([2.0]), N: 0).shape == [1, 0])
        expectRefusal(by: "vander", .shape) { vander(Tensor.ones(2, 2)) }
    }

    @Test("Triangles are named by their coordinates")
    func triangles() {
        #expect(Tensor.trilIndices(2, 3).toNestedArray(Int.self) == [[0, 1, 1], [0, 0, 1]])
        #expect(Tensor.triuIndices(2, 3, offset: 1).toNestedArray(Int.self) == [[0, 0, 1], [1, 2, 2]])
        #expect(Tensor.triuIndices(0, 3, dtype: .int32).shape == [2, 0])
        expectRefusal(by: "trilIndices", .shape) { Tensor.trilIndices(-1, 3) }
        expectRefusal(by: "triuIndices", .dtype) { Tensor.triuIndices(1, 3, dtype: .float32) }
    }

    @Test("New tensors take the dtype of the one that makes them")
    func likeAnother() {
        let x = Tensor([1, 2], dtype: .int32)
        #expect(x.newZeros(2, 3).dtype == .int32 && x.newOnes([2]).dtype == .int32)
        #expect(x.newFull([2], 7.9).toArray(Int.self) == [7, 7])
        #expect(x.newFull([1], 0.5, dtype: .float64).item() == 0.5)
        #expect(x.newTensor([[1.5, 2]]).shape == [1, 2] && x.newEmpty([4]).shape == [4])
        #expect(Tensor.scalarTensor(3).dtype == .float32)
    }

    @Test("Windows are symmetric, or a period of a repeating one")
    func windows() {
        expectClose(Signal.Windows.hann(5), [0, 0.5, 1, 0.5, 0])
        expectClose(Tensor.hannWindow(4), [0, 0.5, 1, 0.5])
        expectClose(Tensor.bartlettWindow(5, periodic: false), [0, 0.5, 1, 0.5, 0])
        expectClose(Signal.Windows.exponential(3, center: 0, tau: 1, sym: false)[1], [0.36787944117144233])
        // I0(12 sqrt(3) / 2) / I0(12)
        expectClose(Signal.Windows.kaiser(5, dtype: .float64)[1], [0.2156727447589671])
        #expect(Signal.Windows.kaiser(9, beta: 600, dtype: .float64).isfinite().all().item() == 1)
        #expect(Tensor.kaiserWindow(1).toArray(Double.self) == [1])
        expectRefusal(by: "hann", .value) { Signal.Windows.hann(-1) }
        expectRefusal(by: "gaussian", .value) { Signal.Windows.gaussian(3, std: 0) }
        expectRefusal(by: "exponential", .value) { Signal.Windows.exponential(3, center: 1) }
        expectRefusal(by: "cosine", .dtype) { Signal.Windows.cosine(3, dtype: .float16) }
        expectRefusal(by: "hannWindow", .dtype) { Tensor.hannWindow(3, dtype: .int64) }
        expectRefusal(by: "kaiserWindow", .value) { Tensor.kaiserWindow(3, beta: -1) }
    }
}
