import Testing
import TorchlightCore

@Suite("In-place operations")
struct InPlaceTests {
    @Test("All views of the memory see a write, and its version counts it")
    func viewsShareMemory() {
        let x = Tensor.zeros(2, 3)
        let row = x[1]
        let version = x.version
        row += 1
        x.T[0, 0] = 5
        #expect(x.toNestedArray(Float.self) == [[5, 0, 0], [1, 1, 1]])
        #expect(row.version == x.version && x.version == version + 2)
    }

    @Test("What was saved for a gradient and overwritten is named, with its writer and the way out")
    func overwritten() throws {
        let x = Tensor([1.0, 2], requiresGrad: true)
        let y = x * 2
        let z = y * y
        y.add_(1)
        let error = #expect(throws: TensorError.self) { try checked { z.sum().backward() } }
        let text = error!.description
        #expect(text.contains("mul saved") && text.contains("add_ overwrote"))
        #expect(text.contains("without the underscore (x = x + y for x += y)") && text.contains("clone()"))
    }

    @Test("A write that no gradient depends on is allowed")
    func harmless() {
        let x = Tensor([1.0, 2], requiresGrad: true)
        let y = x + 1
        y.mul_(3)
        y.sum().backward()
        #expect(x.grad!.toArray(Float.self) == [3, 3])
    }

    @Test("In-place functions are differentiated as their plain forms")
    func gradients() {
        let x = Tensor([0.5, -1.0], dtype: .float64, requiresGrad: true)
        let y = (x * 1).mul_(x).neg_() + (x * 2).exp_()
        let expected = -(x * x) + exp(x * 2)
        #expect(y.toArray(Double.self) == expected.toArray(Double.self))
        let mine = grad(of: y.sum(), withRespectTo: x)
        let plain = grad(of: expected.sum(), withRespectTo: x)
        #expect(mine.allclose(plain))
    }

    @Test("A write through a view reaches the gradient of its base")
    func throughViews() {
        let x = Tensor([1.0, 2, 3], requiresGrad: true)
        let y = x * 1
        y[0] *= 2
        y.sum().backward()
        #expect(x.grad!.toArray(Float.self) == [2, 1, 1])
    }

    @Test("A constant written into a part stops the gradient there, and a tensor written there gets it")
    func assignment() {
        let x = Tensor([1.0, 2, 3], requiresGrad: true)
        let w = Tensor([10.0], requiresGrad: true)
        let y = x * 2
        y[1] = 7
        y[2...] = w
        (y * Tensor([1.0, 10, 100])).sum().backward()
        #expect(y.detach().toArray(Float.self) == [2, 7, 10])
        #expect(x.grad!.toArray(Float.self) == [2, 0, 0])
        #expect(w.grad!.toArray(Float.self) == [100])
    }

    @Test("What is overwritten unread keeps its history, with the gradient 0", arguments: [0, 1, 2])
    func overwrittenHistory(which: Int) {
        let x = Tensor([1.0, 2], requiresGrad: true)
        let w = Tensor([3.0, 4], requiresGrad: true)
        let y = x * 2
        switch which {
        case 0: y.zero_()
        case 1: y.fill_(5)
        default: y.copy_(w)
        }
        #expect(y.requiresGrad)
        (y * Tensor([1.0, 10])).sum().backward()
        #expect(x.grad!.toArray(Float.self) == [0, 0])
        #expect(w.grad?.toArray(Float.self) == (which == 2 ? [1, 10] : nil))
    }

    @Test("A view that a constant was written to is a part of its base as before")
    func constantThroughView() {
        let x = Tensor([1.0, 2, 3], requiresGrad: true)
        let y = x * 1
        let head = y[..<2]
        head.fill_(7)
        #expect(head.requiresGrad && y.requiresGrad)
        (head.sum() + (y * y).sum()).backward()
        #expect(x.grad!.toArray(Float.self) == [0, 0, 6])
    }

    @Test("A write through a view finds its place where base and gradient do not lie row by row from the start")
    func viewsOfOtherLayouts() {
        let x = Tensor([[1.0, 2], [3, 4], [5, 6]], requiresGrad: true)
        let y = x.T * 1
        #expect(y.strides == [1, 2])
        y[0] *= 2
        // The gradient of y arrives as the lower part of a larger one.
        let weights = Tensor([[0.0, 0, 0], [1, 2, 3], [4, 5, 6]])
        (cat([Tensor.zeros(1, 3), y]) * weights).sum().backward()
        #expect(x.grad!.toNestedArray(Float.self) == [[2, 4], [4, 5], [6, 6]])
    }

    @Test("A buffer without a gradient takes one on when a part is assigned, for its other views too")
    func bufferBecomesResult() {
        let w = Tensor([3.0], requiresGrad: true)
        let buffer = Tensor.zeros(3)
        let tail = buffer[1...]
        #expect(!tail.requiresGrad)
        buffer[1] = w[0]
        #expect(buffer.requiresGrad && tail.requiresGrad)
        (tail * 2).sum().backward()
        #expect(w.grad!.toArray(Float.self) == [2])
    }

    @Test("Chained views of views, written one after the other")
    func nestedViews() {
        let x = Tensor([[1.0, 2], [3, 4]], requiresGrad: true)
        let y = x * 1
        let row = y[0]
        let cell = row[1]
        cell.mul_(5)
        row.mul_(2)
        y.sum().backward()
        #expect(y.detach().toNestedArray(Float.self) == [[2, 20], [3, 4]])
        #expect(x.grad!.toNestedArray(Float.self) == [[2, 10], [1, 1]])
    }

    @Test("A leaf that requires a gradient, and its views, may be written under noGrad only")
    func leaves() throws {
        let x = Tensor([1.0, 2], requiresGrad: true)
        for body in [{ x.add_(1) }, { x[0].add_(1) }] {
            let error = #expect(throws: TensorError.self) { try checked { body() } }
            #expect(error!.description.contains("noGrad { }"))
        }
        noGrad { x.sub_(1) }
        #expect(x.toArray(Float.self) == [0, 1])
        #expect(x.requiresGrad && x.isLeaf)
    }

    @Test("Results that do not fit the target are refused", arguments: [0, 1, 2])
    func refusals(which: Int) throws {
        let error = #expect(throws: TensorError.self) {
            try checked {
                switch which {
                case 0: Tensor([1, 2]).add_(0.5)  // float into int64
                case 1: Tensor([1.0, 2]).add_(Tensor.ones(2, 2))  // would grow
                default: Tensor([1.0]).expand(3).add_(1)  // several elements in one place
                }
            }
        }
        #expect(error!.operation == "add_")
    }

    @Test("An operand that overlaps the target is read as it was before")
    func overlap() {
        let x = Tensor([1.0, 2, 3, 4])
        x[1...].add_(x[..<3])
        #expect(x.toArray(Float.self) == [1, 3, 5, 7])
    }
}
