import TestSupport
import Testing
import TorchlightCore

/// `vmap` equals a loop over the examples, and refuses what it cannot map.
@Suite struct VMapTests {
    private let random = Generator(seed: 11)

    private func randn(_ shape: Int...) -> Tensor { Tensor.randn(shape, dtype: .float64, generator: random) }

    private func expectSame(_ got: Tensor, _ expected: Tensor, _ label: String) {
        expectClose(got, ReferenceArray(expected), .absolute(1e-12), label)
    }

    private func loop(_ x: Tensor, _ function: (Tensor) -> Tensor) -> Tensor {
        stack((0..<x.shape[0]).map { function(x[$0]) }, dim: 0)
    }

    @Test func equalsLoop() {
        let w = randn(4, 3)
        let functions: [(String, (Tensor) -> Tensor)] = [
            ("sin", { $0.sin() * 2 + 1 }), ("sum", { $0.sum() }), ("matmul", { $0.matmul(w) }),
            ("softmax", { softmax($0, dim: -1) }), ("norm", { $0 / $0.norm() }),
            ("where", { Tensor.where($0 > 0, $0.exp(), $0) }), ("slices", { $0[0...1] * $0[1] }),
            ("mean", { $0.mean(dim: 0, keepdim: true) }), ("sort", { $0.sort(dim: 1).values }),
            ("captured index", { $0[Tensor([2, 0])] }), ("argmax", { $0.argmax(dim: 1).to(.float64) }),
            ("constant", { _ in Tensor.ones([2], dtype: .float64) }), ("cat", { cat([$0, $0.flip(0)], dim: 0) }),
            ("einsum", { einsum("ij,kj->ik", $0, w.mT) }), ("deviation", { $0.std() }),
        ]
        let x = randn(5, 3, 4)
        for (name, function) in functions { expectSame(vmap(function)(x), loop(x, function), name) }
    }

    @Test func inPlaceOperationsOnNewTensors() {
        let x = randn(3, 4)
        let function: (Tensor) -> Tensor = { x in
            let y = Tensor.zeros(like: x)
            y.add_(x).mul_(2)
            y[0...1] = x[2...3]
            let part = y.narrow(0, start: 1, length: 2)
            part.add_(1)
            return y * part.sum()
        }
        expectSame(vmap(function)(x), loop(x, function), "in place")
    }

    @Test func dimensionsOfArgumentsAndResults() {
        let (x, y) = (randn(4, 3), randn(3, 2))
        let product = vmap({ $0.sum() * $1 }, inDims: [1, 0], outDims: 1)(x, y)
        expectSame(product, stack((0..<3).map { x.select(1, $0).sum() * y[$0] }, dim: 1), "inDims, outDims")
        let shared = vmap({ $0 * $1 }, inDims: [nil, -1])(x.select(1, 0), x)
        expectSame(shared, stack((0..<3).map { x.select(1, 0) * x.select(1, $0) }, dim: 0), "nil")
        let (a, b) = vmap({ (x: Tensor) in (x.sum(), x) }, outDims: [0, 1])(x)
        #expect(a.shape == [4] && b.shape == [3, 4])
    }

    @Test func containersNestAndCompose() {
        let (x, w) = (randn(5, 3), randn(3))
        let loss: ([String: Tensor], Tensor) -> Tensor = { p, x in ((p["w"]! * x).sum() + p["b"]!).pow(2) }
        let parameters = ["w": w, "b": Tensor(0.5, dtype: .float64)]
        let gradients = vmap(grad(loss), inDims: [nil, 0])(parameters, x)
        for i in 0..<5 {
            let one = grad(loss)(parameters, x[i])
            for name in ["w", "b"] { expectSame(gradients[name]![i], one[name]!, "\(name) of example \(i)") }
        }
        let outer = vmap(vmap { $0 * $1 }, inDims: [0, nil])(x, x[0])
        expectSame(outer, x * x[0], "nested")
        let list = vmap { (x: [Tensor]) in [x[0] + x[1], x[0]] }([x, x])
        expectSame(list[0], x * 2, "arrays")
    }

    @Test func chunksEqualOneRun() {
        let x = randn(7, 3)
        expectSame(vmap({ $0.sin().sum() }, chunkSize: 2)(x), vmap { $0.sin().sum() }(x), "chunks of 2")
    }

    @Test func differentiatesThroughTheMap() {
        let x = randn(4, 3).requiresGrad_()
        let y = vmap { ($0 * $0.detach()).sum() }(x)
        y.sum().backward()
        expectSame(x.grad!, x.detach(), "detach inside of vmap stops the gradient")
        let w = randn(3).requiresGrad_()
        vmap { ($0 * w).sum() }(x.detach()).sum().backward()
        expectSame(w.grad!, x.detach().sum(dim: 0), "captured tensor")
    }

    @Test func randomNumbers() {
        let x = randn(3, 4)
        let generator = { Generator(seed: 5) }
        let g = generator()
        let different = vmap(
            { $0 + Tensor.randn([4], dtype: .float64, generator: g) * $0.bernoulliHalf(g) }, randomness: .different)(x)
        let h = generator()
        expectSame(
            different,
            loop(x) { $0 + Tensor.randn([4], dtype: .float64, generator: h) * $0.bernoulliHalf(h) }, "different")
        #expect(g.state == h.state)
        let s = generator()
        let same = vmap({ $0 + Tensor.randn([4], dtype: .float64, generator: s) }, randomness: .same)(x)
        expectSame(same, x + Tensor.randn([4], dtype: .float64, generator: generator()), "same")
        expectError("vmap") { _ = vmap { $0 + Tensor.randn([4], dtype: .float64, generator: g) }(x) }
    }

    private func expectError(_ operation: String, _ body: () -> Void) {
        #expect(throws: TensorError.self, "\(operation)") { try checked(body) }
    }

    @Test func refusals() {
        let x = randn(3, 4)
        let outside = randn(4)
        expectError("in place on a tensor from outside") { _ = vmap { outside.add_($0) }(x) }
        expectError("in place on an argument") { _ = vmap { $0.add_(1) }(x) }
        expectError("host read") { _ = vmap { $0.sum().item() > 0 ? $0 : -$0 }(x) }
        expectError("host read of an array") { _ = vmap { x in x * x.toArray(Double.self)[0] }(x) }
        expectError("sizes") { _ = vmap { $0 + $1 }(x, randn(2, 4)) }
        expectError("dimension") { _ = vmap({ $0 * 2 }, inDims: 2)(x) }
        expectError("nothing mapped") { _ = vmap({ $0 * 2 }, inDims: nil)(x) }
        expectError("number of inDims") { _ = vmap({ $0 + $1 }, inDims: [0])(x, x) }
        expectError("outDims") { _ = vmap({ $0 * 2 }, outDims: 3)(x) }
        expectError("outDims nil of a mapped result") { _ = vmap({ $0 * 2 }, outDims: nil)(x) }
        expectError("size of values") { _ = vmap { $0.nonzero() }(x) }
        expectError("an error inside") { _ = vmap { $0.reshape([3]) }(x) }
    }

    @Test func emptyBatch() {
        #expect(vmap { $0.sin().sum() }(Tensor.zeros([0, 3])).shape == [0])
    }
}

extension Tensor {
    fileprivate func bernoulliHalf(_ generator: Generator) -> Tensor {
        (Tensor.ones(like: self) * 0.5).bernoulli(generator: generator)
    }
}
