import TestSupport
import Testing
import TorchlightCore

@Suite("Changes of shape in place")
struct ShapeInPlaceTests {
    @Test("The same object has another shape over the same elements")
    func rearranges() {
        let x = Tensor.arange(6).reshape(2, 3).clone()
        let row = x[1]
        #expect(x.transpose_(0, 1) === x && x.shape == [3, 2] && x.strides == [1, 3])
        #expect(x.unsqueeze_(0).shape == [1, 3, 2] && x.squeeze_().shape == [3, 2] && x.t_().shape == [2, 3])
        #expect(row.toArray(Int.self) == [3, 4, 5])
        #expect(x.asStrided_([2], stride: [4], offset: 1).toArray(Int.self) == [1, 5])
        expectRefusal(by: "transpose", .index) { Tensor.zeros(2, 3).transpose_(0, 2) }
    }

    @Test("Gradients flow through, before and after")
    func gradients() {
        let leaf = Tensor([[1, 2, 3], [4, 5, 6]] as [[Float]]).requiresGrad_()
        let weights = Tensor([[1, 2], [3, 4], [5, 6]] as [[Float]])
        let x = leaf * 2
        x.t_()
        (x * weights).sum().backward()
        #expect(leaf.grad!.toNestedArray(Float.self) == [[2, 6, 10], [4, 8, 12]])
    }

    @Test("Writes through older and newer views reach the gradient")
    func views() {
        let leaf = Tensor([[1, 2, 3], [4, 5, 6]] as [[Float]]).requiresGrad_()
        let x = leaf * 1
        let older = x[0]
        x.transpose_(0, 1)
        older.mul_(10)
        x[2].mul_(3)
        #expect(x.toNestedArray(Float.self) == [[10, 4], [20, 5], [90, 18]])
        x.sum().backward()
        #expect(leaf.grad!.toNestedArray(Float.self) == [[10, 10, 30], [1, 1, 3]])
    }

    @Test("A view changes alone")
    func ofViews() {
        let leaf = Tensor([[1, 2, 3], [4, 5, 6]] as [[Float]]).requiresGrad_()
        let x = leaf * 1
        let part = x[0..., 1...]
        part.t_()
        part[0].mul_(10)
        #expect(x.shape == [2, 3] && x.toNestedArray(Float.self) == [[1, 20, 3], [4, 50, 6]])
        (part.sum() + x.sum()).backward()
        #expect(leaf.grad!.toNestedArray(Float.self) == [[1, 20, 2], [1, 20, 2]])
    }

    @Test("A leaf that requires a gradient is refused, and what was saved is not silently turned")
    func refusals() {
        let leaf = Tensor.ones(2, 3).requiresGrad_()
        expectRefusal(by: "transpose_", .autograd) { leaf.transpose_(0, 1) }
        noGrad { _ = leaf.transpose_(0, 1) }
        #expect(leaf.shape == [3, 2] && leaf.isLeaf && leaf.requiresGrad)
        let x = leaf * 1
        let y = x * x
        x.t_()
        #expect(throws: TensorError.self) { try checked { y.sum().backward() } }
    }

    @Test("A resized tensor keeps its memory while that is enough, and grows into zeros")
    func resizes() {
        let x = Tensor.arange(6).reshape(2, 3).clone()
        #expect(x.resize_([2, 2]).toNestedArray(Int.self) == [[0, 1], [2, 3]])
        #expect(x.resizeAs_(Tensor.zeros(3, 2)).toNestedArray(Int.self) == [[0, 1], [2, 3], [4, 5]])
        let row = x[1]
        #expect(x.resize_([100]).sum().item() == 15)
        row.add_(1)
        #expect(x[2].item() == 2 && row.toArray(Int.self) == [3, 4])
        expectRefusal(by: "resize_", .value) { x[90...].resize_([11]) }
        expectRefusal(by: "resize_", .autograd) { Tensor.ones(2).requiresGrad_().resize_([1]) }
        expectRefusal(by: "resize_", .shape) { Tensor.ones(2).resize_([-1]) }
        expectRefusal(by: "allocate", .outOfMemory) { Tensor.ones(2).resize_([1 << 33, 1 << 33]) }
    }

    @Test("The main diagonal is filled, once or again below its end")
    func diagonals() {
        #expect(Tensor.zeros(3, 2).fillDiagonal_(1).toNestedArray(Int.self) == [[1, 0], [0, 1], [0, 0]])
        let tall = Tensor.zeros(5, 2)
        #expect(
            tall.fillDiagonal_(1, wrap: true).toNestedArray(Int.self) == [[1, 0], [0, 1], [0, 0], [1, 0], [0, 1]])
        #expect(Tensor.zeros(2, 2, 2).fillDiagonal_(3).sum().item() == 6)
        let leaf = Tensor.ones(2, 2).requiresGrad_()
        (leaf * 2).fillDiagonal_(0).sum().backward()
        #expect(leaf.grad!.toNestedArray(Float.self) == [[0, 2], [2, 0]])
        expectRefusal(by: "fillDiagonal_", .shape) { Tensor.zeros(2, 2, 3).fillDiagonal_(0) }
    }

    @Test("Products are added in place, and sizes of 1 stand beside any in a contraction")
    func products() {
        let (a, b) = (Tensor.ones(4, 2, 3), Tensor.ones(4, 3, 2))
        #expect(Tensor.ones(2, 2).addbmm_(a, b, beta: 2).toNestedArray(Int.self) == [[14, 14], [14, 14]])
        #expect(Tensor.ones(4, 2, 2).baddbmm_(a, b, alpha: 2).sum().item() == 112)
        #expect(Tensor.ones(2, 3).addr_(Tensor([1, 2]), Tensor([1, 0, 2])).sum().item() == 15)
        #expect(Tensor([[1, 2], [3, 4]]).inner(Tensor([1, 10])).toArray(Int.self) == [21, 43])
        #expect(Tensor([1, 2]).inner(Tensor(3)).toArray(Int.self) == [3, 6])
        #expect(LinAlg.vecdot(Tensor([[1, 2], [3, 4]]), Tensor([1, 10]), dim: 0).toArray(Int.self) == [4, 60])
        #expect(Tensor([5]).tensordot(Tensor([1, 2, 3]), dims: [0], [0]).item() == 30)
        expectRefusal(by: "inner", .shape) { Tensor([1, 2]).inner(Tensor([1, 2, 3])) }
        expectRefusal(by: "addbmm_", .shape) { Tensor.ones(2).addbmm_(a, b) }
    }

    @Test("Small questions and forms")
    func forms() {
        #expect(Tensor([-2.5]).isNonzero() && !Tensor(0).isNonzero() && !Tensor(1).dtype.isComplex)
        #expect(Tensor.zeros(2, 3).H.shape == [3, 2] && Tensor.zeros(4, 2, 3).mH.shape == [4, 3, 2])
        expectRefusal(by: "H", .shape) { Tensor.zeros(4, 2, 3).H }
        #expect(atLeast2d([Tensor(1), Tensor([1, 2])]).map(\.shape) == [[1, 1], [1, 2]])
        #expect(Tensor([1, 2, 3]).narrow(0, start: Tensor(1), length: 2).toArray(Int.self) == [2, 3])
        expectRefusal(by: "narrow", .value) { Tensor([1, 2]).narrow(0, start: Tensor(0.0), length: 1) }
        let counts = Tensor([1, 2])
        #expect(Tensor([7, 8]).repeatInterleave(counts, dim: 0, outputSize: 3).toArray(Int.self) == [7, 8, 8])
        expectRefusal(by: "repeatInterleave", .value) {
            Tensor([7, 8]).repeatInterleave(counts, dim: 0, outputSize: 4)
        }
    }
}
