import Testing
import TorchlightCore

@Suite("Indexing")
struct IndexingTests {
    let x = Tensor.arange(24).reshape(2, 3, 4)

    private func values(_ tensor: Tensor) -> [Int] { tensor.toArray(Int.self) }

    @Test("Positions, ranges, steps, ellipsis and new dimensions give views")
    func views() {
        #expect(values(x[1, 2]) == [20, 21, 22, 23])
        #expect(x[-1, -1, -1].item() == 23)
        #expect(values(x[0, 1..<3, 0]) == [4, 8])
        #expect(values(x[0, 0, .slice(0, 4, step: 2)]) == [0, 2])
        #expect(values(x[0, 0, .slice(-3, -1)]) == [1, 2])
        #expect(values(x[.ellipsis, 0]) == [0, 4, 8, 12, 16, 20])
        #expect(x[.all, .newAxis].shape == [2, 1, 3, 4])
        #expect(x[1..., ...1, 2...3].shape == [1, 2, 2])
        #expect(x[0, 0, stride(from: 1, to: 4, by: 2)].toArray(Int.self) == [1, 3])
        #expect(x[0].isView && x[0].storageOffset == 0)
        #expect(x[0..<100].shape == [2, 3, 4], "a range is cut to the dimension")
        #expect(x[2..<2].shape == [0, 3, 4])
    }

    @Test("Index tensors gather; neighbours stay in place, others move to the front")
    func indexTensors() {
        #expect(values(x[Tensor([1, 0]), 0, 0]) == [12, 0])
        #expect(x[.all, Tensor([2, 0])].shape == [2, 2, 4])
        #expect(values(x[0, [2, 0], 1]) == [9, 1])
        #expect(x[.all, Tensor([[0, 1], [2, 0]])].shape == [2, 2, 2, 4])
        #expect(values(x[Tensor([0, 1]), Tensor([2, 1])]) == [8, 9, 10, 11, 16, 17, 18, 19])
        let apart = x[Tensor([0, 1]), .all, Tensor([3, 0])]
        #expect(apart.shape == [2, 3])
        #expect(values(apart) == [3, 7, 11, 12, 16, 20])
        #expect(values(x[0, 0, Tensor([-1, -2])]) == [3, 2])
    }

    @Test("Masks pick elements in row-major order")
    func masks() {
        #expect(values(x[x > 20]) == [21, 22, 23])
        #expect(x[Tensor([true, false])].shape == [1, 3, 4])
        #expect(x[.all, Tensor([true, false, true])].shape == [2, 2, 4])
    }

    @Test("A lone truth value is a new dimension, with the tensor in it or nothing")
    func truthValues() {
        #expect(x[true].shape == [1, 2, 3, 4])
        #expect(x[false].shape == [0, 2, 3, 4])
        #expect(values(x[true, 1, 2]) == [20, 21, 22, 23])
    }

    @Test("Assignment writes where reading would read, with broadcasting and conversion")
    func assignment() {
        let y = Tensor.zeros(3, 4)
        y[0] = 1
        y[.all, 1] = 2.5
        y[2, 2...] = Tensor([7, 8])
        y[[1, 2], 0] = Tensor([5.0, 6])
        #expect(y.toNestedArray(Float.self) == [[1, 2.5, 1, 1], [5, 2.5, 0, 0], [6, 2.5, 7, 8]])
        y[y > 5] = 0
        #expect(y.toNestedArray(Float.self) == [[1, 2.5, 1, 1], [5, 2.5, 0, 0], [0, 2.5, 0, 0]])
        y[1..., 2...] += 10
        #expect(y.toNestedArray(Float.self) == [[1, 2.5, 1, 1], [5, 2.5, 10, 10], [0, 2.5, 10, 10]])
        let variable = 3.5
        y[0, 0] = .init(variable)
        #expect(y[0, 0].item() == 3.5)
    }

    @Test("Gradients flow through what was read")
    func gradients() {
        let w = Tensor.arange(6.0).reshape(2, 3).requiresGrad_()
        let picked = w[Tensor([0, 0, 1]), Tensor([1, 1, 2])]
        (picked * Tensor([1.0, 10, 100])).sum().backward()
        #expect(w.grad!.toNestedArray(Float.self) == [[0, 11, 0], [0, 0, 100]])
    }

    @Test("Mistakes are named with the value and what is allowed")
    func mistakes() throws {
        let cases: [(() -> Tensor, String)] = [
            ({ x[2] }, "2 in a dimension of size 2: int64 [2, 3, 4]; expected -2 ... 1"),
            ({ x[0, 0, 0, 0] }, "more indices than dimensions"),
            ({ x[.slice(0, 2, step: -1)] }, "flip"),
            ({ x[Tensor([1.5])] }, "must have an integer dtype or bool"),
            ({ x[Tensor([true, false, true])] }, "the mask does not fit"),
            ({ x[Tensor([0, 5])] }, "5"),
        ]
        for (body, text) in cases {
            let error = #expect(throws: TensorError.self) { try checked { body() } }
            #expect(error!.description.contains(text), "\(error!.description)")
        }
    }
}
