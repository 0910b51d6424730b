import Foundation
import TestSupport
import Testing
import Torchlight

@Suite("Compiled functions") struct CompiledFunctionTests {
    // MARK: Arguments and results

    @Test func structuresAndValues() {
        let f = compile { (x: [String: Tensor], n: Int, flag: Bool, extra: Tensor?) in
            let a = x["a"]! * n
            return (a, flag ? [x["b"]!] : [a + 1, extra ?? a])
        }
        let x = ["a": Tensor([1.0, 2.0]), "b": Tensor([3.0])]
        let calls: [(Int, Bool, Tensor?)] = [
            (2, true, nil), (2, true, nil), (3, true, nil), (3, false, nil), (3, false, Tensor([5.0])), (3, false, nil),
        ]
        for (n, flag, extra) in calls {
            let (a, list) = f(x, n, flag, extra)
            let (b, expected) = uncompiled { f(x, n, flag, extra) }
            #expect(hasSameBits(a, b) && list.count == expected.count, "\(n) \(flag)")
            for (p, q) in zip(list, expected) { #expect(hasSameBits(p, q), "\(n) \(flag)") }
        }
        #expect(f.report.graphs == 4, "\(f.report)")
        // Other keys of a dictionary are another structure.
        let g = compile { (x: [String: Tensor]) in x["a"] ?? x["b"]! * 2 }
        #expect(g(["a": Tensor([1.0])]).item() == 1)
        #expect(g(["b": Tensor([1.0])]).item() == 2)
    }

    @Test func argumentsAtOtherOffsets() {
        let data = Tensor.arange(30, dtype: .float32).reshape([10, 3])
        let f = compile { (x: Tensor) in x[1] + x.t().sum(dim: 0)[0] }
        for i in 0..<4 {
            let x = data.narrow(0, start: 2 * i, length: 2)
            #expect(hasSameBits(f(x), uncompiled { f(x) }), "\(i)")
        }
        #expect(f.report.graphs == 1)
    }

    /// Kernels whose arguments a plan prepares once read operands and write results at their own storage offsets, in all layouts.
    @Test func preparedKernelsAtOtherOffsets() {
        let generator = Generator(seed: 4)
        let data = Tensor.randn([8, 5, 4], generator: generator)
        let matrix = Tensor.randn([4, 6], generator: generator)
        let batch = Tensor.randn([2, 4, 6], generator: generator)
        let (weight, bias) = (Tensor.randn([4], generator: generator), Tensor.randn([4], generator: generator))
        let functions: [(String, (Tensor) -> Tensor)] = [
            ("batches and a matrix", { $0.matmul(matrix) }), ("batches", { $0.matmul(batch) }),
            ("transposed batches", { $0.mT.matmul($0) }), ("a column", { $0.matmul(weight) }),
            ("a row", { weight.matmul($0.mT) }), ("broadcast batches", { $0.unsqueeze(1).matmul(batch) }),
            ("batches that are no dimension", { $0.transpose(0, 1).unsqueeze(1).matmul(batch) }),
            ("rows of a layer norm", { layerNorm($0, [4], weight, bias) }),
            ("layer norm of a view", { layerNorm($0.transpose(0, 1), [4], nil, bias) }),
            ("layer norm of a transposed tensor", { layerNorm($0.mT, [5]) }),
            ("a group with rows", { ($0 * 2 + bias).exp() / ($0.sum(dim: -1, keepdim: true) + 3) }),
            ("a group of columns", { ($0.mT.sigmoid() * 3).tanh() + weight.unsqueeze(1) }),
            (
                "results in memory of others",
                { x in
                    let y = x.clone()
                    y[0].copy_(y[1].matmul(matrix.narrow(1, start: 0, length: 4)) + 1)
                    return y
                }
            ),
        ]
        for (name, function) in functions {
            let f = compile { (x: Tensor) in function(x) }
            for i in 0..<3 {
                let x = data.narrow(0, start: 2 * i, length: 2)
                #expect(hasSameBits(f(x), uncompiled { f(x) }), "\(name), \(i)")
            }
            #expect(f.report.graphs == 1, "\(name)")
        }
    }

    /// The storage of the tensor stays, and its elements are read in another order.
    @Test func shapesOfCapturedTensorsThatChangeInPlace() {
        let weight = Tensor.arange(9, dtype: .float32).reshape([3, 3]).clone()
        let f = compile { (x: Tensor) in x.matmul(weight).relu() }
        let x = Tensor([[1.0, -2, 3]])
        #expect(hasSameBits(f(x), x.matmul(weight).relu()))
        weight.t_()
        #expect(hasSameBits(f(x), x.matmul(weight).relu()))
        weight.unsqueeze_(0)
        #expect(hasSameBits(f(x), x.matmul(weight).relu()))
        #expect(f.report.graphs == 3)
        #expect(f.report.reasons[1].contains("the strides or the storage offset of a tensor from outside"))
        #expect(f.report.reasons[2].contains("a tensor from outside is float32 [1, 3, 3]"))
    }

    @Test func reasonsForNewGraphs() {
        let f = compile { (x: Tensor, n: Int) in x * n }
        _ = f(Tensor.ones([2]), 1)
        _ = f(Tensor.ones([3]), 1)
        _ = f(Tensor.ones([3]), 2)
        _ = f(Tensor.ones([3], dtype: .float64), 2)
        _ = noGrad { f(Tensor.ones([3]), 2) }
        let reasons = f.report.reasons
        #expect(reasons[0] == "the first call")
        #expect(reasons[1].contains("shape of tensor 0 is [3], recorded with [2]"))
        #expect(reasons[2].contains("an argument is 2, recorded with 1"))
        #expect(reasons[3].contains("dtype"))
        #expect(f.graph?.contains("mul(") == true)
    }

    @Test func atMostSixteenGraphs() {
        let f = compile { (x: Tensor) in x + 1 }
        for n in 1...20 { _ = f(Tensor.ones([n])) }
        _ = f(Tensor.ones([20]))
        _ = f(Tensor.ones([1]))
        #expect(f.report.graphs == 21 && f.report.replays == 1)
    }

    @Test func whatWasPassedOrCapturedComesBackAsItself() {
        let w = Parameter(Tensor([2.0]))
        let f = compile { (x: Tensor) in (x, w, x * 1) }
        for _ in 0..<3 {
            let x = Tensor([1.0])
            let results = f(x)
            #expect(results.0 === x && results.1 === w && results.2 !== x)
        }
    }

    // MARK: State

    @Test func capturedTensorsAreReadAndWrittenLive() {
        func body(_ state: Tensor) -> (Tensor) -> Tensor {
            { x in
                state[1].add_(x)
                x.mul_(2)
                let copy = state * 1
                state.select(1, 0).fill_(7)
                return copy
            }
        }
        let (a, b) = (Tensor.zeros([3, 2]), Tensor.zeros([3, 2]))
        let compiled = compile(body(a))
        for i in 0..<4 {
            let x = Tensor([1.0, Double(i)])
            let y = x.clone()
            let version = a.version
            #expect(hasSameBits(compiled(x), body(b)(y)), "\(i)")
            #expect(hasSameBits(x, y) && hasSameBits(a, b), "\(i)")
            #expect(a.version > version)
            if i == 2 { [a, b].forEach { $0.fill_(3) } }
        }
        #expect(compiled.report.graphs == 1)
    }

    @Test func argumentsThatAreOneTensor() {
        let f = compile { (x: Tensor, y: Tensor) -> Tensor in
            x.add_(1)
            return y * 2
        }
        for i in 0..<3 {
            let x = Tensor([Double(i)])
            #expect(f(x, x).item() == Double(2 * i + 2))
            #expect(f(x, Tensor([10.0])).item() == 20)
        }
        #expect(f.report.graphs == 2)
    }

    @Test func randomNumbersAreThoseOfTheGenerator() {
        let generator = Generator(seed: 4)
        let f = compile { (x: Tensor) in dropout(x, p: 0.5) + Tensor.rand([6], generator: generator) }
        func draw(_ isCompiled: Bool) -> [Tensor] {
            generator.manualSeed(4)
            return Generator(seed: 9).asDefault {
                (0..<4).map { _ in isCompiled ? f(Tensor.ones([6])) : uncompiled { f(Tensor.ones([6])) } }
                    + [Tensor.rand([2]), Tensor.rand([2], generator: generator)]
            }
        }
        for (a, b) in zip(draw(true), draw(false)) { #expect(hasSameBits(a, b)) }
    }

    @Test func hostCallsRunEachTime() {
        var log: [Double] = []
        let f = compile { (x: Tensor) -> Tensor in
            let y = x * 2
            hostCall(y) { log.append($0[0].sum().item()) }
            return y
        }
        for i in 0..<3 { _ = f(Tensor([Double(i)])) }
        #expect(log == [0, 2, 4])
    }

    // MARK: Gradients

    @Test func gradientsFlowThroughResults() {
        func gradients(_ isCompiled: Bool) -> [Tensor] {
            let w = Parameter(Tensor([2.0, 3.0]))
            let f = compile { (x: Tensor) in ((x * w).exp().sum(), x.sin()) }
            var found: [Tensor] = []
            for i in 0..<3 {
                let x = Tensor([0.1 * Double(i), 0.2]).requiresGrad_()
                let inner = x * 1.5
                let (a, b) = isCompiled ? f(inner) : uncompiled { f(inner) }
                (a * 2 + b.sum()).backward()
                found += [x.grad!, w.grad!.clone(), a.detach()]
                w.grad = nil
            }
            if isCompiled { #expect(f.report.graphs == 1, "\(f.report)") }
            return found
        }
        for (a, b) in zip(gradients(true), gradients(false)) { #expect(hasSameBits(a, b), "\(a) \(b)") }
    }

    /// A leaf that the function makes in memory from outside is its own: its gradient ends with the call.
    @Test func leavesOfTheFunctionInMemoryFromOutside() {
        let points = Tensor.linspace(-1, 1, 9)
        let weight = Tensor([0.5], requiresGrad: true)
        let leaves: [(String, (Tensor) -> Tensor)] = [
            ("detach", { $0.detach() }), ("a view", { $0.view([9]) }),
            ("a view without gradients", { x in noGrad { x[0...] } }),
        ]
        for (name, leaf) in leaves {
            let step = { (points: Tensor) -> [Tensor] in
                let x = leaf(points).requiresGrad_()
                weight.grad = nil
                let y = (x * weight).sin()
                let slope = grad(of: y.sum(), withRespectTo: x, createGraph: true)
                (slope - y).square().mean().backward()
                return [x.grad!, weight.grad!]
            }
            let f = compile(step)
            for call in 0..<3 {
                let (got, expected) = (f(points), step(points))
                for (a, b) in zip(got, expected) { #expect(hasSameBits(a, b), "\(name), call \(call)") }
                #expect(points.grad == nil && !points.requiresGrad, "\(name)")
            }
            #expect(f.report.graphs == 1, "\(name): \(f.report)")
        }
    }

    @Test func changedSavedTensorsAreRefused() throws {
        let w = Parameter(Tensor([2.0]))
        let f = compile { (x: Tensor) in x * w }
        _ = f(Tensor([1.0]))
        let y = f(Tensor([1.0]).requiresGrad_())
        let z = f(Tensor([1.0]).requiresGrad_())
        _ = y
        noGrad { _ = w.add_(1) }
        #expect(throws: TensorError.self) { try checked { z.sum().backward() } }
    }

    // MARK: Errors

    /// What is computed from tensors from outside and numbers is the same at each run, as long as the elements of the tensors are.
    @Test func valuesOfTensorsFromOutsideMayBeReadOnTheHost() {
        let limits = Tensor([1.0, 3, 2])
        let f = compile { (x: Tensor) -> Tensor in
            let sizes = cat([Tensor([2]), Tensor(x.shape)]) + 0
            return x.expand(sizes.toArray(Int.self)) * (limits * 2).max().item()
        }
        for i in 0..<3 { #expect(f(Tensor([Double(i)])).toArray(Double.self) == [Double(6 * i), Double(6 * i)]) }
        #expect(f.report.graphs == 1)
        limits.fill_(4)
        for _ in 0..<2 { #expect(f(Tensor([1.0])).toArray(Double.self) == [8, 8]) }
        #expect(f.report.graphs == 2 && f.report.reasons[1].contains("reads on the host changed"))

        // Not what depends on an argument, on random numbers, or on what the function changes.
        let counter = Tensor([0.0])
        let refused: [(String, (Tensor) -> Tensor)] = [
            ("argument", { $0 * (limits * $0).sum().item() }),
            ("random number", { $0 * (Tensor.rand([1]) + limits).sum().item() }),
            (
                "tensor that changes",
                { x in
                    noGrad { _ = counter.add_(1) }
                    return x * (counter + limits).sum().item()
                }
            ),
        ]
        for (label, body) in refused {
            let g = compile(body)
            #expect(errorText { _ = g(Tensor([1.0])) }.contains("is read on the host"), "\(label)")
        }
    }

    @Test func hostReadsAreRefused() {
        let f = compile { (x: Tensor) in x.sum().item() > 0 ? x : -x }
        #expect(errorText { _ = f(Tensor([1.0])) }.contains("is read on the host"))
        // Elements of a captured tensor are a condition of the graph.
        let limit = Tensor([1.0])
        let g = compile { (x: Tensor) in x * limit.item() }
        #expect(g(Tensor([3.0])).item() == 3 && g(Tensor([3.0])).item() == 3)
        limit.fill_(2)
        #expect(g(Tensor([3.0])).item() == 6)
        #expect(g.report.graphs == 2)
    }

    @Test func numbersThatChangeAreFoundByVerification() {
        var factor = 2.0
        let f = compile(verify: .every(2)) { (x: Tensor) in x * factor }
        let x = Tensor([1.0])
        for _ in 0..<5 { #expect(f(x).item() == 2) }
        factor = 3
        let text = errorText { for _ in 0..<3 { _ = f(x) } }
        #expect(text.contains("differ from the recorded ones") && text.contains("3"))
    }

    @Test func newGraphsCanBeRefused() {
        let f = compile(onNewGraph: .error) { (x: Tensor) in x + 1 }
        #expect(f(Tensor([1.0])).item() == 2)
        #expect(errorText { _ = f(Tensor([1.0, 2.0])) }.contains("the shape of tensor 0 is [2], recorded with [1]"))
        let g = compile(onNewGraph: .eager) { (x: Tensor) in x + 1 }
        #expect(g(Tensor([1.0])).item() == 2 && g.report.graphs == 0)
    }

    @Test func bodiesThatThrowAreNotRecorded() throws {
        struct Stop: Error {}
        var stops = true
        let f = compile { (x: Tensor) throws -> Tensor in
            if stops { throw Stop() }
            return x * 2
        }
        #expect(throws: Stop.self) { _ = try f(Tensor([1.0])) }
        #expect(f.report.graphs == 0)
        stops = false
        #expect(try f(Tensor([1.0])).item() == 2)
        #expect(try f(Tensor([4.0])).item() == 8)
    }

    @Test func valuesAreCheckedAtEachRun() {
        let f = compile { (x: Tensor, labels: Tensor) in nllLoss(x, labels) }
        let x = Tensor.zeros([2, 3])
        _ = f(x, Tensor([0, 1]))
        _ = f(x, Tensor([2, 1]))
        #expect(errorText { _ = f(x, Tensor([0, 3])) }.contains("out of range"))
        let g = compile { (x: Tensor, i: Tensor) in x.indexSelect(0, i) }
        _ = g(x, Tensor([0, 1]))
        #expect(!errorText { _ = g(x, Tensor([0, 9])) }.isEmpty)
        #expect(f.report.graphs == 1 && g.report.graphs == 1)
    }

    // MARK: Nesting and threads

    @Test func insideOthersItRunsItsBody() {
        let inner = compile { (x: Tensor) in x * 2 }
        let outer = compile { (x: Tensor) in inner(x) + 1 }
        for i in 0..<3 { #expect(outer(Tensor([Double(i)])).item() == Double(2 * i + 1)) }
        #expect(inner.report.graphs == 0)
        let mapped = vmap { x in inner(x) }
        #expect(hasSameBits(mapped(Tensor([1.0, 2.0])), Tensor([2.0, 4.0])))
        let both = compile { (x: Tensor) in vmap(grad { (a: Tensor) in (a * a).sum() })(x) }
        for i in 1..<4 {
            let x = Tensor([[1.0, Double(i)], [2, 3]])
            #expect(hasSameBits(both(x), x * 2), "\(i)")
        }
        #expect(both.report.graphs == 1)
    }

    @Test func callsFromSeveralThreads() {
        let f = compile { (x: Tensor) in (x * 2 + 1).sum(dim: 0) }
        let failures = Failures()
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for i in 0..<20 {
                let x = Tensor.full([4, thread % 2 + 1], Double(i))
                if f(x).sum().item() != Double((2 * i + 1) * 4 * (thread % 2 + 1)) { failures.add() }
            }
        }
        #expect(failures.count == 0)
    }

    private final class Failures: @unchecked Sendable {
        private let lock = NSLock()
        private(set) var count = 0
        func add() { lock.withLock { count += 1 } }
    }
}
