import TestSupport
import Testing
@testable import TorchlightCore

@Suite struct ShapingTests {
    @Test func padModes() {
        let x = Tensor([[1.0, 2, 3]])
        expectClose(x.pad([2, 1], mode: .reflect), [3, 2, 1, 2, 3, 2])
        expectClose(x.pad([2, 1], mode: .replicate), [1, 1, 1, 2, 3, 3])
        expectClose(x.pad([2, 1], mode: .circular), [2, 3, 1, 2, 3, 1])
        // What is cut off does not come back on the other side.
        expectClose(x.pad([-1, 1], mode: .circular), [2, 3, 2])
        expectClose(x.pad([2, -1], mode: .circular), [1, 2, 1, 2])
        expectRefusal(by: "pad", .value) { x.pad([3, -1], mode: .circular) }
        expectRefusal(by: "pad", .value) { x.pad([.max, .max], mode: .replicate) }
        expectRefusal(by: "pad", .value) { x.pad([.min, 0]) }
        expectRefusal(by: "pad", .value) { x.pad([3, 0], mode: .reflect) }
        expectRefusal(by: "pad", .value) { x.pad([1, 1, 1]) }
        expectRefusal(by: "pad", .shape) { x.pad([-4, 0]) }
        expectGradients(order: 2, at: [Tensor([1.0, 2, 3], dtype: .float64)]) {
            [$0[0].pad([2, 1], mode: .reflect) * $0[0].sum()]
        }
    }

    /// Long dimensions are copied, and only their borders are gathered.
    @Test(arguments: [PadMode.reflect, .replicate, .circular], [[3, 5], [0, 7], [-2, 4], [6, -3], [-1, -2]])
    func longDimensionsArePaddedAsShortOnes(mode: PadMode, widths: [Int]) {
        let (size, start) = (5000, max(-widths[0], 0))
        let kept = size - start - max(-widths[1], 0)
        let expected = (-widths[0]..<(size + widths[1])).map { place in
            switch mode {
            case .reflect: place < 0 ? -place : place >= size ? 2 * (size - 1) - place : place
            case .circular: start + (place - start + kept) % kept
            case .replicate, .constant: min(max(place, 0), size - 1)
            }
        }
        let x = Tensor.arange(2 * size).reshape(2, size)
        for padded in [x.pad(widths, mode: mode), x.t().contiguous().t().pad(widths, mode: mode)] {
            #expect(padded[0].toArray(Int.self) == expected)
            #expect(padded[1].toArray(Int.self) == expected.map { $0 + size })
        }
        // Each element is counted as often as it occurs.
        let y = Tensor.ones([size], dtype: .float64).requiresGrad_()
        y.pad(widths, mode: mode).sum().backward()
        var counts = [Double](repeating: 0, count: size)
        for place in expected { counts[place] += 1 }
        #expect(y.grad?.toArray(Double.self) == counts)
    }

    @Test func repeating() {
        let x = Tensor([[1, 2], [3, 4]])
        expectClose(Tensor([1, 2]).repeat(2, 2), [1, 2, 1, 2, 1, 2, 1, 2], .exact)
        #expect(x.tile(2).shape == [2, 4])
        expectClose(x.repeatInterleave(2), [1, 1, 2, 2, 3, 3, 4, 4], .exact)
        expectClose(x.repeatInterleave(2, dim: 0), [1, 2, 1, 2, 3, 4, 3, 4], .exact)
        expectClose(x.repeatInterleave(Tensor([1, 2]), dim: 1), [1, 2, 2, 3, 4, 4], .exact)
        // A copy even where nothing is repeated.
        let one = x.repeat(1, 1)
        one.add_(1)
        expectClose(x, [1, 2, 3, 4], .exact)
    }

    @Test func rolling() {
        let x = Tensor([[1, 2, 3], [4, 5, 6]])
        expectClose(x.roll(1), [6, 1, 2, 3, 4, 5], .exact)
        expectClose(x.roll(-1, dim: 1), [2, 3, 1, 5, 6, 4], .exact)
        expectClose(x.roll([1, 4], dims: [0, 1]), [6, 4, 5, 3, 1, 2], .exact)
    }

    @Test func splitting() {
        let x = Tensor.arange(7)
        #expect(x.split(3).map(\.shape) == [[3], [3], [1]])
        #expect(x.split([2, 5]).map(\.shape) == [[2], [5]])
        #expect(x.chunk(3).map(\.shape) == [[3], [3], [1]])
        #expect(Tensor.ones(2, 3).unbind(dim: 1).map(\.shape) == [[2], [2], [2]])
        expectRefusal(by: "split", .value) { x.split([2, 4]) }
        expectRefusal(by: "split", .value) { x.split(0) }
        expectRefusal(by: "chunk", .value) { x.chunk(0) }
    }

    @Test func diagonals() {
        let x = Tensor([[1, 2], [3, 4]])
        expectClose(x.diag(), [1, 4], .exact)
        expectClose(Tensor([5, 6]).diag(1), [0, 5, 0, 0, 0, 6, 0, 0, 0], .exact)
        expectClose(x.trace(), [5], .exact)
        expectRefusal(by: "diag", .shape) { Tensor.ones(1, 1, 1).diag() }
        let y = Tensor.zeros(2, 2)
        y.diagonal().fill_(3)
        expectClose(y, [3, 0, 0, 3])
    }

    @Test func oneHotRows() {
        expectClose(oneHot(Tensor([2, 0])), [0, 0, 1, 1, 0, 0], .exact)
        #expect(Tensor([1]).oneHot(4).shape == [1, 4])
        expectRefusal(by: "oneHot", .index) { Tensor([4]).oneHot(3) }
        expectRefusal(by: "oneHot", .index) { Tensor([-1]).oneHot(3) }
    }

    @Test func unfoldRefusesLongWindows() {
        expectRefusal(by: "unfold", .value) { Tensor.ones(3).unfold(0, size: 4, step: 1) }
    }
}
