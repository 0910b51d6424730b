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
        expectError("host read of an array") { _ = vmap { x in x * (x.toArray(Double.self).first ?? 0) }(x) }
        expectError("sizes") { _ = vmap { $0 + $1 }(x, randn(2, 4)) }
        expectError("dimension") { _ = vmap({ $0 * 2 }, inDims: 2)(x) }
        expectError("nothing mapped") { _ = vmap({ $0 * 2 }, inDims: nil)(x) }
        expectError("number of inDims") { _ = vmap({ $0 + $1 }, inDims: [0])(x, x) }
        expectError("outDims") { _ = vmap({ $0 * 2 }, outDims: 3)(x) }
        expectError("outDims nil of a mapped result") { _ = vmap({ $0 * 2 }, outDims: nil)(x) }
        expectError("size of values") { _ = vmap { $0.nonzero() }(x) }
        expectError("an error inside") { _ = vmap { $0.reshape([3]) }(x) }
    }

    /// The texts say what is wrong and what to write.
    @Test func refusalsAreNamed() {
        let x = randn(3, 4)
        let outside = randn(4)
        func text(_ kind: TensorError.Kind, by operation: String = "vmap", _ body: () -> Any) -> String {
            expectRefusal(by: operation, kind, "", body).map { "\($0)" } ?? ""
        }
        #expect(text(.value) { vmap { outside.add_($0) }(x) }.contains("changes a captured tensor in place"))
        #expect(text(.value) { vmap { $0.mul_(2) }(x) }.contains("changes its argument in place"))
        #expect(text(.device, by: "item") { vmap { $0 * $0.sum().item() }(x) }.contains("Tensor.where or cond"))
        #expect(text(.value) { vmap { $0 + Tensor.randn([4], dtype: .float64) }(x) }.contains("randomness"))
        #expect(text(.shape) { vmap { $0 + $1 }(x, randn(2, 4)) }.contains("3 and 2"))
        #expect(text(.value) { vmap({ $0 + $1 }, inDims: [0])(x, x) }.contains("one for each argument"))
        #expect(text(.value) { vmap({ $0 * 2 }, chunkSize: 0)(x) }.contains("at least 1"))
        #expect(outside.shape == [4])
    }

    /// A refused call leaves nothing behind: the next ones work.
    @Test func refusedCallsLeaveNoState() {
        let x = randn(3, 4)
        for _ in 0..<3 {
            expectError("host read") { _ = vmap { vmap { $0 * $0.item() }($0) }(x) }
            expectSame(vmap { $0.sin() }(x), x.sin(), "after a refusal")
            expectSame(x.sin() + 1, 1 + x.sin(), "small operations after a refusal")
        }
    }

    @Test func tensorsWithoutValuesArePrinted() {
        var text = ""
        _ = vmap { x in
            text = "\(x)"
            return x
        }(randn(3, 4))
        #expect(text == "tensor(..., device='cpu, recorded', size=(4,), dtype=torch.float64)")
        #expect("\(Tensor.zeros([2, 3], device: .meta))" == "tensor(..., device='meta', size=(2, 3))")
    }

    /// The number of kernels does not depend on the number of examples.
    @Test func eachOperationRunsOnce() {
        func kernels(_ size: Int) -> Int {
            let x = randn(size, 4, 3)
            let w = randn(3, 3)
            return WorkCounts.of { _ = vmap(grad { softmax($0.matmul(w).sin(), dim: 1).square().sum() })(x) }.kernels
        }
        #expect(kernels(50) == kernels(2))
    }

    @Test func whatHasNoBatchedFormIsNamedOnce() {
        let x = randn(3, 4, 2)
        expectSame(vmap { pdist($0) }(x), loop(x) { pdist($0) }, "pdist")
        #expect(LoopNotice.given.contains("pdist"), "\(LoopNotice.given)")
        _ = vmap({ $0 + Tensor.rand([4, 2], dtype: .float64, generator: Generator(seed: 1)) }, randomness: .different)(
            x)
        #expect(!LoopNotice.given.contains("uniform"), "each example draws in any case")
    }

    @Test func threadsMapAtTheSameTime() async {
        let x = randn(5, 4)
        let results = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<20).allSatisfy { _ in
                        vmap(grad { ($0.sin() * $0).sum() })(x).allclose(x.cos() * x + x.sin())
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.allSatisfy { $0 })
    }

    private struct Pair: TensorStructure {
        var a: Tensor
        var b: Tensor?
        var tensorSlots: [Tensor?] { a.tensorSlots + b.tensorSlots }
        func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> Pair {
            Pair(a: a.replacingTensors(from: &slots), b: b.replacingTensors(from: &slots))
        }
    }

    @Test func structuresAndOptionals() {
        let (x, y) = (randn(3, 4), randn(3, 4))
        let add: (Pair) -> Pair = { Pair(a: $0.a + ($0.b ?? $0.a), b: $0.b.map { $0 * 2 }) }
        let both = vmap(add)(Pair(a: x, b: y))
        expectSame(both.a, x + y, "a")
        expectSame(both.b!, y * 2, "b")
        let one = vmap(add)(Pair(a: x, b: nil))
        #expect(one.b == nil)
        expectSame(one.a, x + x, "without b")
        let nested = vmap { (p: [String: [Tensor?]]) in p["x"]!.compactMap { $0 } }(["x": [x, nil, y]])
        #expect(nested.count == 2)
        expectSame(nested[1], y, "nested")
    }

    @Test func chunksOfAllSizes() {
        let (x, w) = (randn(7, 3), randn(3, 2))
        for size in [1, 2, 3, 7, 100] {
            let result = vmap(
                { (x: [Tensor], w: Tensor) in [x[0].matmul(w), x[0].sum()] }, inDims: [1, nil], outDims: [-1],
                chunkSize: size)([x.mT], w)
            expectSame(result[0], x.matmul(w).mT, "chunks of \(size)")
            expectSame(result[1], x.sum(dim: 1), "chunks of \(size), sums")
        }
        let (g, h) = (Generator(seed: 4), Generator(seed: 4))
        let drawn = vmap(
            { $0 + Tensor.randn([3], dtype: .float64, generator: g) }, chunkSize: 2, randomness: .different)(x)
        expectSame(drawn, loop(x) { $0 + Tensor.randn([3], dtype: .float64, generator: h) }, "draws in chunks")
    }

    @Test func randomNumbersOfNestedMaps() {
        let x = randn(2, 3, 4)
        let (g, h) = (Generator(seed: 4), Generator(seed: 4))
        func noisy(_ generator: Generator) -> (Tensor) -> Tensor {
            { $0 + Tensor.randn([4], dtype: .float64, generator: generator) }
        }
        let mapped = vmap(vmap(noisy(g), randomness: .different), randomness: .different)(x)
        expectSame(mapped, loop(x) { x in loop(x, noisy(h)) }, "different in both")
        let same = vmap(vmap(noisy(g), randomness: .different), randomness: .same)(x) - x
        expectSame(same[0], same[1], "the same for the outer examples")
    }

    @Test func nestedMapsShareAndCross() {
        let (x, y) = (randn(3, 4), randn(5, 4))
        let distances = vmap({ a in vmap { b in (a - b).norm() }(y) })(x)
        expectSame(
            distances, stack((0..<3).map { i in loop(y) { (x[i] - $0).norm() } }, dim: 0), "captured by the inner")
        let crossed = vmap(vmap({ a, b in a.dot(b) }, inDims: [nil, 0]), inDims: [0, nil])(x, y)
        expectSame(crossed, x.matmul(y.mT), "all pairs")
        let own = vmap { a in vmap { b in a.sin().sum() * b }(a) }(x)
        expectSame(own, x.sin().sum(dim: 1, keepdim: true) * x, "an operation on outer tensors alone")
    }

    @Test func otherDTypesAndDevices() throws {
        let x = Tensor([[1, 2, 3], [4, 5, 6]])
        #expect(vmap { $0.sum() }(x).equal(Tensor([6, 15])))
        #expect(vmap { $0.gt(2).any() }(x).equal(Tensor([true, true])))
        #expect(vmap { $0.to(.float32) * 0.5 }(x).dtype == .float32)
        #expect(vmap { $0 * 2 }(x.to(.bfloat16)).dtype == .bfloat16)
        let meta = vmap(grad { ($0.sin() * 2).sum() })(Tensor.zeros([5, 3], device: .meta))
        #expect(meta.device == .meta && meta.shape == [5, 3])
        #expect(vmap { x in autocast { x.matmul(x) } }(randn(2, 3, 3).to(.float32)).dtype == .bfloat16)
    }

    /// The kernel would have run on memory that does not exist, and a later call on this thread would have been blamed for it.
    @Test func constantsWrittenInPlaceRunNoKernel() {
        _ = takeMissingKernel(in: "earlier calls")
        let x = randn(5, 2, 3)
        let function: (Tensor) -> Tensor = { x in
            let y = x.clone()
            y[0] = Tensor.zeros([3], dtype: .float64)
            y.select(0, 1).copy_(Tensor([1.0, 2, 3], dtype: .float64))
            return y * x
        }
        expectSame(vmap(function)(x), loop(x, function), "written constants")
        #expect(takeMissingKernel(in: "vmap") == nil)
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
