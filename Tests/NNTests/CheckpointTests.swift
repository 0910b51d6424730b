import Synchronization
import TestSupport
import Testing
@testable import Torchlight
@testable import TorchlightCore

@Suite("Activation checkpoints", .serialized)
struct CheckpointTests {
    private final class Block: Module, Layer {
        let up = Linear(8, 16)
        let down = Linear(16, 8)
        let norm = LayerNorm(8)
        let dropout = TorchlightNN.Dropout(0.5)

        func forward(_ x: Tensor) -> Tensor { x + dropout(down(gelu(up(norm(x))))) }
    }

    /// Random numbers of this thread alone: other suites draw from the default generator meanwhile.
    private final class OwnNumbers: RandomSource {
        let generator: Generator
        var isReplay: Bool { false }
        init(seed: UInt64) { generator = Generator(seed: seed) }
        func next(of generator: Generator) -> RandomKey { self.generator.draw() }
    }

    private func seeded<R>(_ seed: UInt64, _ body: (OwnNumbers) -> R) -> R {
        let numbers = OwnNumbers(seed: seed)
        ThreadContext.current.randomSource = numbers
        defer { ThreadContext.current.randomSource = nil }
        return body(numbers)
    }

    /// Loss and gradients of a small network with dropout, the blocks of which run through `call`.
    private func train(
        seed: UInt64, autocasting: Bool = false, steps: Int = 2,
        _ call: (_ blocks: [any Layer], _ x: Tensor) -> Tensor
    ) -> [[Float]] {
        seeded(seed) { _ in trainOnce(autocasting, steps, call) }
    }

    private func trainOnce(
        _ autocasting: Bool, _ steps: Int, _ call: (_ blocks: [any Layer], _ x: Tensor) -> Tensor
    ) -> [[Float]] {
        let model = Sequential((0..<4).map { _ in Block() })
        let x = Tensor.randn([6, 8], requiresGrad: true)
        var results: [[Float]] = []
        for _ in 0..<steps {
            let loss = autocast(enabled: autocasting) { call(model.layers, x).to(.float32).square().mean() }
            loss.backward()
            results.append(loss.toArray(Float.self))
        }
        // What is drawn next is the same too.
        results.append(Tensor.rand([3]).toArray(Float.self))
        return results + ([x] + model.parameters()).map { $0.grad!.toArray(Float.self) }
    }

    /// Not `==` inside the expectation, which would print all numbers.
    private func same(_ a: [[Float]], _ b: [[Float]]) -> Bool { a == b }

    private func plain(_ blocks: [any Layer], _ x: Tensor) -> Tensor { blocks.reduce(x) { $1($0) } }

    @Test(
        "Losses, gradients and later random numbers are those of the plain pass, bit for bit", arguments: [false, true])
    func bitEqual(autocasting: Bool) {
        let expected = train(seed: 3, autocasting: autocasting, plain)
        let each = train(seed: 3, autocasting: autocasting) { blocks, x in
            blocks.reduce(x) { x, block in checkpoint(x) { block($0) } }
        }
        #expect(same(each, expected), "each block")
        let all = train(seed: 3, autocasting: autocasting) { blocks, x in checkpoint { blocks.reduce(x) { $1($0) } } }
        #expect(same(all, expected), "all blocks, the input captured")
        let nested = train(seed: 3, autocasting: autocasting) { blocks, x in
            checkpoint(x) { x in
                let half = checkpoint(x) { x in checkpoint(blocks[0](x)) { blocks[1]($0) } }
                return checkpoint(half) { blocks[3](blocks[2]($0)) }
            }
        }
        #expect(same(nested, expected), "nested")
        for segments in [1, 2, 3, 4, 9] {
            let sequential = train(seed: 3, autocasting: autocasting) {
                checkpointSequential($0, segments: segments, $1)
            }
            #expect(same(sequential, expected), "\(segments) segments")
        }
    }

    @Test("Draws between the passes change nothing, and no generator moves in the second run")
    func randomNumbers() {
        seeded(4) { numbers in
            let x = Tensor.ones([1000], requiresGrad: true)
            let own = Generator(seed: 5)
            var masks: [[Float]] = []
            let y = checkpoint(x) { x -> Tensor in
                let (a, b) = (Tensor.rand([1000]), Tensor.rand([1000], generator: own))
                masks.append((a * b).toArray(Float.self))
                own.manualSeed(77)
                return x * x * (a * b)
            }
            #expect(own.state == Generator.State(seed: 77))
            _ = Tensor.rand([10])
            _ = Tensor.rand([10], generator: own)
            let states = (numbers.generator.state, own.state)
            y.sum().backward()
            #expect(masks.count == 2 && same([masks[0]], [masks[1]]))
            #expect(numbers.generator.state == states.0 && own.state == states.1)
            #expect(same([x.grad!.toArray(Float.self)], [masks[0].map { 2 * $0 }]))
        }
    }

    @Test("Bodies with several operands and results, and one that draws nothing")
    func forms() {
        let (a, b, c) = (
            Tensor([2.0], requiresGrad: true), Tensor([3.0], requiresGrad: true), Tensor([5.0], requiresGrad: true)
        )
        let (sum, product) = checkpoint(a, b) { ($0 * $0 + $1, $0 * $1) }
        let list = checkpoint([a, b, c], preserveRandomState: false) { [$0[0] * $0[1], $0[1] * $0[2]] }
        let triple = checkpoint(a, b, c) { $0 * $1 * $2 }
        (sum + product + list[0] + list[1] + triple).sum().backward()
        #expect(a.grad!.item() == 4 + 3 + 3 + 15)
        #expect(b.grad!.item() == 1 + 2 + 2 + 5 + 10)
        #expect(c.grad!.item() == 3 + 6)
        #expect(!noGrad { checkpoint(a) { $0 * 2 } }.requiresGrad)
    }

    @Test("A retained graph runs the body in each pass; grad and second derivatives go through it")
    func passes() {
        let runs = Atomic<Int>(0)
        let x = Tensor([0.5, 2], dtype: .float64, requiresGrad: true)
        let w = Tensor([3.0, 4], dtype: .float64, requiresGrad: true)
        let y = checkpoint(x * 1) { x -> Tensor in
            runs.add(1, ordering: .relaxed)
            return x.exp() * x * w * w
        }
        let loss = (y * y).sum()
        loss.backward(retainGraph: true)
        loss.backward(retainGraph: true)
        #expect(runs.load(ordering: .relaxed) == 3)
        let twice = x.grad!.toArray(Double.self)
        let once = grad(outputs: [loss], inputs: [x, w], retainGraph: true)
        #expect(zip(twice, once[0]!.toArray(Double.self)).allSatisfy { abs($0 - 2 * $1) < 1e-9 * abs($0) })
        // Against the plain graph, to the third order.
        func derivatives(_ make: (Tensor) -> Tensor) -> [[Double]] {
            var value = (make(x * 1) * make(x * 1)).sum()
            var results: [[Double]] = []
            for _ in 0..<3 {
                let found = grad(outputs: [value], inputs: [x, w], createGraph: true)
                results += found.map { $0!.toArray(Double.self) }
                value = found[0]!.sum() + found[1]!.sum()
            }
            return results
        }
        let plain = derivatives { $0.exp() * $0 * w * w }
        #expect(derivatives { checkpoint($0) { $0.exp() * $0 * w * w } } == plain)
        #expect(derivatives { x in checkpoint(x) { checkpoint($0.exp() * $0) { $0 * w } * w } } == plain)
    }

    @Test("What the body computed is not kept, and what it computes again is freed on the way")
    func memory() {
        let size = 1 << 18
        let x = Tensor.ones([size], requiresGrad: true)
        func storages(_ isCheckpointed: Bool) -> (kept: Int, left: Int) {
            final class Watched { weak var storage: Storage? }
            var watched: [Watched] = []
            func body(_ x: Tensor) -> Tensor {
                var y = x
                for _ in 0..<5 {
                    y = y.sin()
                    let entry = Watched()
                    entry.storage = y.storage
                    watched.append(entry)
                }
                return y * 2
            }
            let y = isCheckpointed ? checkpoint(x) { body($0) } : body(x)
            let kept = watched.count { $0.storage != nil }
            y.sum().backward()
            return (kept, watched.count { $0.storage != nil })
        }
        #expect(storages(false) == (4, 0))
        #expect(storages(true) == (0, 0))
    }

    @Test("Bodies that change between the runs, and inputs and parameters that do, are errors")
    func refusals() throws {
        let x = Tensor([1.0, 2], requiresGrad: true)
        let w = Tensor([3.0, 4], requiresGrad: true)
        func error(_ make: () -> Tensor, then change: () -> Void = {}) -> String {
            let loss = make()
            change()
            do {
                try checked { loss.backward() }
                return ""
            } catch { return "\(error)" }
        }
        var runs = 0
        #expect(
            error {
                runs = 0
                return checkpoint(x) { x -> Tensor in
                    runs += 1
                    return runs == 1 ? (x * x).sum() : (x * x * x).sum()
                }
            }.contains("another number of tensors when it was recomputed"))
        #expect(
            error {
                runs = 0
                return checkpoint(x) { x -> Tensor in
                    runs += 1
                    return runs == 1 ? x.exp().sum() : x[0..<1].exp().sum()
                }
            }.contains("expected float32 [2]"))
        #expect(
            error {
                runs = 0
                return checkpoint(x) { x -> Tensor in
                    runs += 1
                    if runs > 1 { _ = Tensor.rand([1]) }
                    return x.exp().sum()
                }
            }.contains("random numbers"))
        #expect(
            error({ checkpoint(x) { ($0 * w).sum() } }, then: { noGrad { _ = w.add_(1) } }).contains("parameter"))
        let y = x * 1
        #expect(error({ checkpoint(y) { ($0 * $0).sum() } }, then: { y.mul_(2) }).contains("input was changed"))
        #expect(throws: TensorError.self) { try checked { checkpointSequential([Linear(2, 2)], segments: 0, x) } }
    }

    @Test("Custom functions, in-place operations and parts of tensors inside")
    func otherOperations() {
        enum Cube: CustomFunction {
            static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
                let square = inputs[0] * inputs[0]
                context.save(inputs[0], square)
                return [square * inputs[0]]
            }
            static func backward(_ context: FunctionContext, _ gradients: [Tensor]) -> [Tensor?] {
                [gradients[0] * (2 * context.saved[1] + context.saved[0] * context.saved[0])]
            }
        }
        func body(_ x: Tensor) -> Tensor {
            let y = x * 2
            y[0..<2].mul_(3)
            y.relu_()
            let parts = y.chunk(2)
            return Cube.apply(parts[0] * parts[1])[0]
        }
        let values = [1.0, -2, 3, 0.5]
        let (a, b) = (Tensor(values, requiresGrad: true), Tensor(values, requiresGrad: true))
        body(a).sum().backward()
        checkpoint(b) { body($0) }.sum().backward()
        #expect(a.grad!.toArray(Float.self) == b.grad!.toArray(Float.self))
    }

    @Test("A chain of ten thousand checkpoints is walked and freed without recursion")
    func longChain() {
        let x = Tensor([1.0], requiresGrad: true)
        do {
            var y = x
            for _ in 0..<10_000 {
                let input = y
                y = checkpoint { input * 1 * 1 }
            }
            y.sum().backward()
            #expect(x.grad!.item() == 1)
            for _ in 0..<10_000 {
                let input = y
                y = checkpoint { input * input }
            }
        }
    }
}
