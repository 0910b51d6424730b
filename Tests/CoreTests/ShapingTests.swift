import TestSupport
import Testing
import TorchlightCore

/// Joining, cutting, turning and replacing parts, with results taken from PyTorch.
@Suite("Stacks, grids, turns and parts")
struct ShapingTests {
    private let m = Tensor.arange(6).reshape(2, 3)

    private func ints(_ x: Tensor) -> [[Int]] { x.toNestedArray(Int.self) }

    @Test("Quarter turns and mirrors")
    func turns() {
        #expect(ints(m.rot90()) == [[2, 5], [1, 4], [0, 3]])
        #expect(ints(m.rot90(2)) == [[5, 4, 3], [2, 1, 0]])
        #expect(ints(m.rot90(-1)) == [[3, 0], [4, 1], [5, 2]])
        #expect(ints(m.fliplr()) == [[2, 1, 0], [5, 4, 3]])
        #expect(ints(m.flipud()) == [[3, 4, 5], [0, 1, 2]])
        expectRefusal(by: "rot90", .index) { m.rot90(1, dims: (0, -2)) }
    }

    @Test("Stacks by their narrower names")
    func stacks() {
        #expect(hstack([Tensor([1]), Tensor([2, 3])]).toArray(Int.self) == [1, 2, 3])
        #expect(ints(vstack([Tensor([1, 2]), Tensor([[3, 4]])])) == [[1, 2], [3, 4]])
        #expect(dstack([Tensor([1, 2]), Tensor([3, 4])]).shape == [1, 2, 2])
        #expect(ints(columnStack([Tensor([1, 2]), Tensor([[3, 4], [5, 6]])])) == [[1, 3, 4], [2, 5, 6]])
        #expect(
            ints(blockDiag([Tensor([[1, 2]]), Tensor([3]), Tensor([[4], [5]])]))
                == [[1, 2, 0, 0], [0, 0, 3, 0], [0, 0, 0, 4], [0, 0, 0, 5]])
        #expect(Tensor(7).atLeast3d().shape == [1, 1, 1] && Tensor([1, 2]).atLeast3d().shape == [1, 2, 1])
    }

    @Test("Grids, products and choices of coordinates")
    func grids() {
        let grids = meshgrid([Tensor([1, 2]), Tensor([3, 4, 5])], indexing: .xy)
        #expect(ints(grids[0]) == [[1, 2], [1, 2], [1, 2]] && ints(grids[1]) == [[3, 3], [4, 4], [5, 5]])
        #expect(meshgrid([Tensor([1, 2]), Tensor([3, 4, 5])])[0].shape == [2, 3])
        #expect(ints(cartesianProd([Tensor([1, 2]), Tensor([3, 4])])) == [[1, 3], [1, 4], [2, 3], [2, 4]])
        #expect(ints(Tensor([1, 2, 3]).combinations()) == [[1, 2], [1, 3], [2, 3]])
        #expect(ints(Tensor([1, 2]).combinations(withReplacement: true)) == [[1, 1], [1, 2], [2, 2]])
        #expect(Tensor([1]).combinations().shape == [0, 2])
        #expect(broadcastShapes([2, 1], [3], [1, 1, 1]) == [1, 2, 3] && broadcastShapes([2], [3]) == nil)
        #expect(broadcastTensors([Tensor([1, 2]), Tensor([[3], [4]])]).map(\.shape) == [[2, 2], [2, 2]])
    }

    @Test("Pieces of nearly equal size, between positions, and of equal size")
    func pieces() {
        let seven = Tensor.arange(7)
        #expect(seven.tensorSplit(3).map { $0.toArray(Int.self) } == [[0, 1, 2], [3, 4], [5, 6]])
        #expect(seven.tensorSplit(at: [1, -2, 9]).map { $0.toArray(Int.self) } == [[0], [1, 2, 3, 4], [5, 6], []])
        #expect(m.hsplit(3).map(\.shape) == [[2, 1], [2, 1], [2, 1]])
        expectRefusal(by: "vsplit", .shape) { seven.vsplit(7)[0] }
        expectRefusal(by: "hsplit", .shape) { m.hsplit(2)[0] }
    }

    @Test("A copy with a part replaced, through which gradients flow to both")
    func parts() {
        #expect(ints(m.selectScatter(Tensor([9, 9]), dim: 1, index: -1)) == [[0, 1, 9], [3, 4, 9]])
        #expect(
            ints(m.sliceScatter(Tensor([[9], [8]]), dim: 1, start: 0, end: 3, step: 3)) == [[9, 1, 2], [8, 4, 5]])
        #expect(ints(m.diagonalScatter(Tensor([7, 7]), offset: 1)) == [[0, 7, 2], [3, 4, 7]])
        #expect(ints(m) == [[0, 1, 2], [3, 4, 5]])
        let (whole, part) = (Tensor.zeros(3, requiresGrad: true), Tensor(2.0, requiresGrad: true))
        (whole.selectScatter(part, dim: 0, index: 1) * Tensor([1, 10, 100] as [Float])).sum().backward()
        #expect(whole.grad!.toArray(Float.self) == [1, 0, 100] && part.grad!.item() == 10)
        expectRefusal(by: "selectScatter", .shape) { m.selectScatter(Tensor([1]), dim: 0, index: 0) }
    }
}
