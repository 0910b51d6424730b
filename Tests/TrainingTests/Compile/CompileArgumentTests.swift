import Foundation
import TestSupport
import Testing
import Torchlight

/// Functions and calls that compiled functions refuse or that must not change their results.
@Suite("Bad input of compiled functions") struct CompileArgumentTests {
    // MARK: Models that change

    @Test func modelsThatChange() {
        let model = Sequential(Linear(2, 2), ReLU())
        let f = model.compiled()
        let x = Tensor([[1.0, -2.0]])
        func expectEqual(_ label: String, graphs: Int) {
            for _ in 0..<2 { #expect(hasSameBits(f(x), model(x)), "\(label)") }
            #expect(f.report.graphs == graphs, "\(label): \(f.report)")
        }
        expectEqual("at first", graphs: 1)
        let linear = model[0] as! Linear
        linear.weight = Parameter(Tensor([[3.0, 1.0], [0.5, 2.0]]))
        expectEqual("another parameter", graphs: 2)
        #expect(f.report.reasons[1].contains("Sequential has different parameters, buffers, submodules or hooks"))
        model.append(Linear(2, 3))
        expectEqual("another layer", graphs: 3)
        let hook = linear.registerForwardHook { _, _, y in y * 2 }
        expectEqual("a hook", graphs: 4)
        hook.remove()
        expectEqual("without the hook", graphs: 4)
        linear.weightNorm()
        expectEqual("a parametrisation", graphs: 5)
        noGrad { _ = linear.bias?.fill_(7) }
        expectEqual("other elements", graphs: 5)
    }

    /// A function that replaces a buffer by a new tensor would find the old one in later runs.
    @Test func buffersThatAreReplaced() {
        final class Counter: Module, Layer {
            @Buffer var count = Tensor(0.0)
            func forward(_ x: Tensor) -> Tensor {
                count = count + 1
                return x * count
            }
        }
        let f = Counter().compiled()
        #expect(f(Tensor([1.0])).item() == 1)
        let text = errorText { _ = f(Tensor([1.0])) }
        #expect(text.contains("a change in each call that cannot be recorded") && text.contains("Counter"))
    }

    /// What a module keeps of a forward pass is no change.
    @Test func resultsThatModulesKeep() {
        final class Keeper: Module, Layer {
            let linear = Linear(2, 2)
            var last: Tensor?
            func forward(_ x: Tensor) -> Tensor {
                last = linear(x)
                return last! * 2
            }
        }
        let model = Keeper()
        let f = model.compiled()
        for i in 0..<4 {
            let x = Tensor([[Double(i), 1.0]])
            let result = f(x)
            #expect(hasSameBits(result, model(x)))
        }
        #expect(f.report.graphs == 1 && f.report.replays == 3)
    }

    // MARK: Calls

    @Test func recursion() {
        final class Box { var call: ((Tensor, Int) -> Tensor)? }
        let box = Box()
        func body(_ x: Tensor, _ n: Int) -> Tensor { n == 0 ? x + 1 : box.call!(x * 2, n - 1) }
        let f = compile { (x: Tensor, n: Int) in body(x, n) }
        box.call = { f($0, $1) }
        for i in 0..<3 { #expect(f(Tensor([Double(i)]), 3).item() == Double(8 * i + 1)) }
        #expect(f.report.graphs == 1)
        box.call = nil
    }

    @Test func otherDtypesRanksAndDevices() throws {
        let f = compile { (x: Tensor) in (x * 3 + 1).sum(dim: 0) }
        let inputs = [
            Tensor([1.0, 2.0]), Tensor([[1.0, 2.0]]), Tensor([1, 2]), Tensor([true, false]),
            Tensor([1.0, 2.0], dtype: .bfloat16), Tensor([[[1.0]]]), Tensor.zeros([0]), Tensor.zeros([3, 0]),
            Tensor([Complex(1.0, 2.0)]), Tensor.ones([2, 3], device: .meta),
        ]
        for _ in 0..<2 {
            for x in inputs {
                let (got, expected) = (f(x), uncompiled { f(x) })
                #expect(got.shape == expected.shape && got.dtype == expected.dtype && got.device == expected.device)
                if x.device != .meta { #expect(hasSameBits(got, expected), "\(x)") }
            }
        }
        #expect(f.report.graphs == inputs.count)
        // The error of the body is that of the function.
        let rows = compile { (x: Tensor) in x.sum(dim: 1) }
        _ = rows(Tensor([[1.0, 2.0]]))
        for _ in 0..<2 {
            #expect(errorText { _ = rows(Tensor([1.0])) } == errorText { _ = uncompiled { rows(Tensor([1.0])) } })
        }
        #expect(rows.report.graphs == 1)
    }

    @Test func argumentsThatCannotBeInAKey() {
        final class Settings {}
        let f = compile { (x: Tensor, settings: Settings) in x * 2 }
        #expect(errorText { _ = f(Tensor([1.0]), Settings()) }.contains("Settings"))
    }

    @Test func placeholdersOfFailedOperations() {
        let f = compile { (x: Tensor) in x * 2 }
        _ = f(Tensor([1.0]))
        let text = errorText { _ = f(Tensor.ones([2]) + Tensor.ones([3])) }
        #expect(text.contains("add"))
        #expect(f(Tensor([2.0])).item() == 4 && f.report.graphs == 1)
    }

    /// A run that fails half-way leaves nothing behind.
    @Test func runsThatFail() {
        let state = Tensor.zeros([2])
        let f = compile { (x: Tensor, i: Tensor) -> Tensor in
            let y = x.indexSelect(0, i)
            state.add_(y)
            return y
        }
        let x = Tensor([1.0, 2.0, 3.0])
        for _ in 0..<2 { _ = f(x, Tensor([0, 1])) }
        #expect(!errorText { _ = f(x, Tensor([0, 5])) }.isEmpty)
        #expect(hasSameBits(state, Tensor([2.0, 4.0])))
        #expect(f(x, Tensor([2, 2])).sum().item() == 6)
    }

    @Test func functionsThatThrowInALaterRecording() throws {
        struct Stop: Error {}
        func scaled(_ x: Tensor, _ n: Int) throws -> Tensor {
            if n > 1 { throw Stop() }
            return x * n
        }
        let f = compile { (x: Tensor, n: Int) throws in try scaled(x, n) }
        #expect(try f(Tensor([2.0]), 1).item() == 2)
        #expect(throws: Stop.self) { _ = try f(Tensor([2.0]), 2) }
        #expect(try f(Tensor([3.0]), 1).item() == 3)
        #expect(f.report.graphs == 1)
    }

    // MARK: Threads

    /// Threads that record and run training steps of models of their own through one function.
    @Test func trainingFromSeveralThreads() {
        let f = compile { (x: Tensor, w: Tensor) -> Tensor in
            w.grad = nil
            let loss = ((x * w).exp() * x).sum()
            loss.backward()
            noGrad { _ = w.sub_(w.grad! * 0.01) }
            return loss.detach()
        }
        let results = Results()
        DispatchQueue.concurrentPerform(iterations: 6) { thread in
            func train(_ step: (Tensor, Tensor) -> Tensor) -> [Tensor] {
                let w = Parameter(Tensor.full([thread % 3 + 1], 0.1))
                let x = Tensor.full([4, thread % 3 + 1], 0.5)
                return (0..<6).map { _ in step(x, w) } + [w.detach()]
            }
            let (got, expected) = (train { f($0, $1) }, train { x, w in uncompiled { f(x, w) } })
            results.add(zip(got, expected).allSatisfy { hasSameBits($0, $1) })
        }
        #expect(results.all == Array(repeating: true, count: 6))
    }

    private final class Results: @unchecked Sendable {
        private let lock = NSLock()
        private(set) var all: [Bool] = []
        func add(_ result: Bool) { lock.withLock { all.append(result) } }
    }
}
