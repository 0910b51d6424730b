import Foundation
import TestSupport
import Testing
import Torchlight

/// Graphs are run with fewer kernels than they were recorded with, and give the same bits.
@Suite("Optimised compiled steps") struct OptimizedStepTests {
    private static let labels = Tensor([0, 2, 1, 2])

    /// A network with an activation and a normalisation written by hand.
    private final class ByHand: Module, Layer {
        let (fc1, fc2) = (Linear(6, 32), Linear(32, 3))

        func forward(_ x: Tensor) -> Tensor {
            let y = fc1(x)
            let gelu = 0.5 * y * (1 + (y / 1.4142135).erf())
            let centred = gelu - gelu.mean(dim: -1, keepdim: true)
            return fc2(centred * (centred.square().mean(dim: -1, keepdim: true) + 1e-5).rsqrt())
        }
    }

    private func expectShorter(_ report: CompileReport, by factor: Double, _ label: String) {
        for cost in report.costs {
            #expect(cost.groups > 0, "\(label): \(report)")
            #expect(Double(cost.recordedKernels) >= factor * Double(cost.kernels), "\(label): \(report)")
            #expect(cost.bytes < cost.recordedBytes, "\(label): \(report)")
        }
    }

    /// What a function fills with one number is computed once, but for what it returns or writes to.
    @Test func filledTensorsOfOneElementAreFolded() throws {
        let body = { (x: Tensor) -> [Tensor] in
            let written = Tensor.zeros([1])
            written.add_(x.sum())
            return [x * (Tensor.ones([]) / 4).unsqueeze(0), Tensor.zeros([1]), written]
        }
        let f = compile(body)
        let x = Tensor([1, 2, 3])
        for call in 0..<3 {
            let (got, expected) = (f(x), body(x))
            for (a, b) in zip(got, expected) { #expect(hasSameBits(a, b), "call \(call)") }
            for tensor in got { tensor.add_(1) }
        }
        let graph = try #require(f.optimizedGraph)
        #expect(!graph.contains("div(") && graph.contains("full("), "\(graph)")
    }

    /// The number of a row that is expanded before it is used is read from where the reduction leaves it.
    @Test func expandedOperandsAreForwarded() throws {
        let body = { (x: Tensor) -> [Tensor] in
            let mean = x.mean(dim: -1, keepdim: true).expand([64, 128])
            return [x - mean, (mean * x).sum(dim: -1, keepdim: true).expand([64, 128]) * mean]
        }
        let f = compile(body)
        let x = Tensor.randn([64, 128], generator: Generator(seed: 5))
        for _ in 0..<2 {
            let (got, expected) = (f(x), body(x))
            for (a, b) in zip(got, expected) { #expect(hasSameBits(a, b)) }
        }
        let graph = try #require(f.optimizedGraph)
        // A product of two expanded tensors takes its shape from one of them.
        #expect(graph.components(separatedBy: "expand(").count <= 2, "\(graph)")
    }

    /// The gradients of a compiled model, which `backward()` of the program runs, are part of the optimised graph.
    @Test func gradientsOfCompiledModels() {
        func train(isCompiled: Bool) -> [Tensor] {
            Generator(seed: 3).asDefault {
                let model = ByHand()
                let optimizer = AdamW(model.parameters(), lr: 0.01)
                let compiled = model.compiled()
                let x = Tensor.randn([4, 6], requiresGrad: true)
                var losses: [Tensor] = []
                for i in 0..<5 {
                    optimizer.zeroGrad()
                    let loss = crossEntropy(isCompiled ? compiled(x) : model(x), Self.labels)
                    // The graph of a call may be passed twice.
                    if i == 3 { loss.backward(retainGraph: true) }
                    loss.backward()
                    optimizer.step()
                    losses.append(loss.detach())
                }
                if isCompiled {
                    #expect(compiled.report.graphs == 1 && compiled.report.replays == 4)
                    expectShorter(compiled.report, by: 1.5, "compiled model")
                    #expect(compiled.bisect(x) == nil)
                }
                return losses + (model.parameters() + [x.grad!]).map { $0.detach() }
            }
        }
        for (a, b) in zip(train(isCompiled: false), train(isCompiled: true)) {
            #expect(hasSameBits(a, b), "\(a.shape)")
        }
    }

    /// A graph that is dropped before its gradient is computed, and two calls whose gradients come later, have values of their own.
    @Test func gradientsOfSeveralCalls() {
        let w = Parameter(Tensor([0.5, -1.5]))
        let f = compile { (x: Tensor) in ((x * w).exp() * x).tanh() }
        func gradient(_ call: (Tensor) -> Tensor) -> Tensor {
            w.grad = nil
            let (a, b) = (call(Tensor([1.0, 2.0])), call(Tensor([3.0, -1.0])))
            _ = call(Tensor([7.0, 7.0]))
            b.sum().backward()
            a.sum().backward()
            return w.grad!.clone()
        }
        _ = f(Tensor([1.0, 2.0]))
        #expect(hasSameBits(gradient { f($0) }, gradient { x in uncompiled { f(x) } }))
        expectShorter(f.report, by: 1.5, "function")
    }

    private static func byHand(_ update: @escaping (_ p: Tensor, _ g: Tensor, _ state: [Tensor]) -> Void)
        -> TrainingProgram
    {
        let model = ByHand()
        let parameters = model.parameters()
        let states = parameters.map { p in [Tensor.zeros(p.shape), Tensor.zeros(p.shape)] }
        return TrainingProgram(model: model, inputs: [[Tensor.randn([4, 6]), labels]]) { inputs in
            for parameter in parameters { parameter.grad = nil }
            let loss = crossEntropy(model(inputs[0]), inputs[1])
            loss.backward()
            noGrad { for (p, state) in zip(parameters, states) { update(p, p.grad!, state) } }
            return [loss.detach()] + states.flatMap { $0 }
        }
    }

    /// Updates that are written as operations in place become one kernel for each parameter.
    @Test func optimizersByHand() {
        let updates: [(String, (Tensor, Tensor, [Tensor]) -> Void)] = [
            ("SGD", { p, g, _ in p.sub_(g * 0.1) }),
            ("momentum", { p, g, s in p.sub_(s[0].mul_(0.9).add_(g) * 0.1) }),
            (
                "Adam",
                { p, g, s in
                    s[0].mul_(0.9).add_(g * 0.1)
                    s[1].mul_(0.999).addcmul_(g, g, value: 0.001)
                    p.sub_(s[0] / (s[1].sqrt() + 1e-8) * 0.01)
                }
            ),
            (
                "weight decay and clamping",
                { p, g, s in
                    p.mul_(0.999)
                    s[0].copy_(g.clamp(min: -0.1, max: 0.1))
                    p.sub_(s[0] * 0.1).clamp_(min: -1, max: 1)
                }
            ),
            (
                "a row and the whole",
                { p, g, s in
                    p[0].sub_(g[0] * 0.1)
                    p.mul_(0.99).sub_(p.t().reshape([-1]).reshape(p.shape) * 0.01)
                    s[0].add_(p).sub_(p[0])
                }
            ),
        ]
        for (name, update) in updates {
            expectCompiledEqualsEager(name, graphs: 1) {
                Self.byHand { p, g, s in if name != "a row and the whole" || p.rank == 2 { update(p, g, s) } }
            }
        }
        let program = Self.byHand(updates[2].1)
        let step = compile { (x: [Tensor]) in program.step(x) }
        _ = step(program.inputs[0])
        // Four parameters with eight operations each.
        let cost = step.report.costs[0]
        #expect(cost.recordedKernels - cost.kernels >= 4 * 7, "\(step.report)")
        expectShorter(step.report, by: 2, "Adam by hand")
        #expect(step.bisect(program.inputs[0]) == nil)
    }

    /// Random operations in place and not, on tensors, views and arguments that share memory.
    @Test(arguments: 0..<24) func randomProgramsWithWrites(_ number: Int) {
        expectCompiledEqualsEager("program \(number)", steps: 4, seed: UInt64(number)) {
            let model = Linear(3, 4, bias: false)
            let captured = [Tensor.randn([4, 3]), Tensor.randn([4, 3]), Tensor.randn([3])]
            // The same numbers for both runs.
            let generator = Generator(seed: UInt64(number))
            let plan = (0..<20).map { _ in Tensor.randint(0, 1000, [5], generator: generator).toArray(Int.self) }
            return TrainingProgram(model: model, inputs: [[Tensor.randn([4, 3])]]) { inputs in
                var values = captured + [inputs[0].clone(), model.weight.detach()]
                noGrad { for numbers in plan { Self.apply(numbers, &values) } }
                return values.suffix(3).map { $0 * 1 } + captured.map { $0 * 1 }
            }
        }
    }

    private static func apply(_ numbers: [Int], _ values: inout [Tensor]) {
        let (a, b) = (values[numbers[1] % values.count], values[numbers[2] % values.count])
        let target = numbers[3] % 3 == 0 && a.rank == 2 ? a[numbers[4] % a.size(0)] : a
        let fits = b.rank < target.rank || b.rank == target.rank && [1, target.size(0)].contains(b.size(0))
        let operand = fits ? b : b[0]
        switch numbers[0] % 10 {
        case 0: target.mul_(0.5).add_(operand)
        case 1: target.sub_(operand * 0.25)
        case 2: target.copy_(operand.tanh())
        case 3: target.clamp_(min: -2, max: 2)
        case 4: target.addcmul_(operand, operand, value: 0.1)
        case 5: values.append((a * 0.5 + b).sin())
        case 6: values.append(a.rank == 2 ? a.t().cos().t() : a.cos())
        case 7: values.append(a.tanh() - a.mean(dim: -1, keepdim: true))
        case 8: target.fill_(0.75)
        default: values.append(a.rank == 2 ? a.narrow(0, start: numbers[4] % a.size(0), length: 1) : a)
        }
    }

    /// What a checkpoint computes again is not kept for it.
    @Test func checkpointsComputeAgain() {
        let w = Parameter(Tensor.randn([6, 6], generator: Generator(seed: 1)))
        func products(_ text: String?) -> Int { text?.components(separatedBy: "matmul(").count ?? 0 }
        func count(_ block: @escaping (Tensor) -> Tensor) -> (recorded: Int, run: Int) {
            let step = compile { (x: Tensor) in
                w.grad = nil
                let loss = block(block(x)).sum()
                loss.backward()
                return loss.detach()
            }
            let x = Tensor.randn([4, 6], generator: Generator(seed: 2))
            let first = (step(x), w.grad!.clone())
            let second = (step(x), w.grad!.clone())
            #expect(hasSameBits(first.0, second.0) && hasSameBits(first.1, second.1))
            return (products(step.graph), products(step.optimizedGraph))
        }
        let block = { (x: Tensor) in matmul(x, w).tanh().exp() }
        let (plain, checkpointed) = (count(block), count { x in checkpoint(x, block) })
        #expect(plain.recorded == plain.run)
        #expect(checkpointed.recorded == checkpointed.run && checkpointed.run > plain.run)
    }

    /// The second use of a parameter adds to its gradient in place, after the first one has set it; nothing in the function reads it then.
    @Test func gradientsThatNothingReads() {
        let (v, w) = (Parameter(Tensor([2.0, 3.0])), Parameter(Tensor([0.5, -1.0])))
        func body(_ x: Tensor) -> Tensor {
            (v.grad, w.grad) = (nil, nil)
            let loss = ((x * w).exp() * w * v).sum()
            loss.backward()
            v.grad?.mul_(2).add_(1)
            return loss.detach()
        }
        let step = compile { (x: Tensor) in body(x) }
        for i in 0..<3 {
            let x = Tensor([Double(i), 1.0])
            let got = (step(x), v.grad!.clone(), w.grad!.clone())
            let expected = (body(x), v.grad!.clone(), w.grad!.clone())
            #expect(hasSameBits(got.0, expected.0) && hasSameBits(got.1, expected.1) && hasSameBits(got.2, expected.2))
        }
        #expect(step.report.graphs == 1)
    }

    @Test func sourceAndReport() {
        let f = compile { (x: Tensor) in ((x * 2).exp() + 1).log() }
        #expect(f.source == nil)
        _ = f(Tensor.ones([10]))
        #expect(f.source?.contains("void tl_kernel_0(") == true)
        #expect(f.report.description.contains("1 kernel (1 group) and 96 B a run, recorded 4 kernels and 336 B"))
        let view = compile { (x: Tensor) in x.t() }
        _ = view(Tensor.ones([2, 3]))
        #expect(view.source == "" && view.report.costs[0].kernels == 0)
    }

    @Test func bisectionNeedsAGraph() throws {
        let f = compile { (x: Tensor) in x * 2 }
        #expect(throws: TensorError.self) { try checked { _ = f.bisect(Tensor([1.0])) } }
        _ = f(Tensor([1.0]))
        #expect(try checked { f.bisect(Tensor([3.0])) } == nil)
        #expect(throws: TensorError.self) { try checked { _ = f.bisect(Tensor([1.0, 2.0])) } }
        #expect(f.report.calls == 1)
    }

    /// Neither tensors nor generators, optimisers and logs of the program change.
    @Test func bisectionChangesNothing() {
        func train(bisects: Bool) -> ([Tensor], Int) {
            Generator(seed: 8).asDefault {
                let generator = Generator(seed: 5)
                let model = Sequential(Linear(6, 8), BatchNorm1d(8), Dropout(0.5), Linear(8, 3))
                let optimizer = Adam(model.parameters(), lr: 0.01)
                var calls = 0
                let step = compile { (x: Tensor) -> Tensor in
                    optimizer.zeroGrad()
                    let loss = crossEntropy(model(x), Self.labels) + Tensor.rand([], generator: generator)
                    loss.backward()
                    optimizer.step()
                    hostCall { calls += 1 }
                    return loss.detach()
                }
                let x = Tensor.randn([4, 6])
                var losses: [Tensor] = []
                for _ in 0..<4 {
                    losses.append(step(x))
                    if bisects { #expect(step.bisect(x) == nil) }
                }
                let gradients = model.parameters().map { $0.grad! }
                return (losses + (model.parameters() + model.buffers() + gradients).map { $0.detach() }, calls)
            }
        }
        let (plain, bisected) = (train(bisects: false), train(bisects: true))
        #expect(plain.1 == 4 && bisected.1 == 4)
        for (a, b) in zip(plain.0, bisected.0) { #expect(hasSameBits(a, b), "\(a.shape)") }
    }
}
