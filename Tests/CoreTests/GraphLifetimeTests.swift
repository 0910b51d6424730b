import Testing
import TorchlightCore

/// The tests count nodes of the whole process, so they run one after the other and nothing else with them.
@Suite("Lifetime of graphs", .serialized)
struct GraphLifetimeTests {
    @Test("backward frees what was saved, and the graph goes with its last tensor")
    func freedAfterBackward() {
        // Memory itself is watched, not the process's counters: other suites allocate at the same time.
        weak var first: Storage?
        weak var second: Storage?
        weak var result: Storage?
        let x = Tensor.ones([256], requiresGrad: true)
        do {
            var y = x * x
            first = y.storage
            y = y * y
            second = y.storage
            y = y * y
            #expect(first != nil && second != nil, "the products saved their operands")
            let loss = y.sum()
            result = loss.storage
            y = x
            loss.backward()
            #expect(first == nil && second == nil, "nothing needs them any more")
            #expect(result != nil)
        }
        #expect(result == nil)
        #expect(x.grad!.toArray(Float.self).allSatisfy { $0 == 8 })
    }

    @Test("A chain of a million operations is walked and freed without recursion")
    func longChain() {
        let x = Tensor([1.0], requiresGrad: true)
        do {
            var y = x
            for _ in 0..<1_000_000 { y = y + 0.000001 }
            y.sum().backward()
        }
        #expect(x.grad!.item() == 1)
        do {
            // And one that is dropped without a pass, whose nodes hold each other through what they saved.
            var y = x
            for _ in 0..<200_000 { y = y * 1.0000001 * y.detach() }
        }
    }

    @Test("A chain of custom functions is freed without recursion too")
    func longCustomChain() {
        struct Same: CustomFunction {
            static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
                context.save(inputs[0])
                return [inputs[0].clone()]
            }
            static func backward(_ context: FunctionContext, _ gradients: [Tensor]) -> [Tensor?] { gradients }
        }
        let x = Tensor([1.0], requiresGrad: true)
        var y = x
        for _ in 0..<100_000 { y = Same.apply(y)[0] }
        #expect(y.item() == 1)
    }

    @Test("A result that a node saved does not keep itself alive")
    func noCycles() {
        weak var seen: Tensor?
        do {
            let x = Tensor([1.0], requiresGrad: true)
            let y = exp(x)
            seen = y
        }
        #expect(seen == nil)
    }

    @Test("Graphs that grow from step to step and are dropped are no reason to warn")
    func growingGraphs() {
        RetainedGraphDetector.reset()
        defer { RetainedGraphDetector.reset() }
        let x = Tensor([1.0], requiresGrad: true)
        for step in 0..<60 {
            var y = x
            for _ in 0...step { y = y * 1 }
            y.sum().backward()
        }
        #expect(RetainedGraphDetector.lastWarning == nil)
    }

    /// Programs whose graphs grow from step to step and that keep nothing.
    private static let growing: [(name: String, step: @Sendable (Tensor, Int) -> Void)] = [
        (
            "results that the loss does not use",
            { x, length in
                var (h, heads) = (x, [Tensor]())
                for _ in 0...length {
                    h = h * 1
                    heads.append(h * 2)
                }
                heads.last!.sum().backward()
            }
        ),
        (
            "two losses, the second of which grows",
            { x, length in
                var h = x
                for _ in 0...length { h = h * 1 }
                (x * 2).sum().backward()
                h.sum().backward()
            }
        ),
        (
            "a graph that is dropped without a pass",
            { x, length in
                var h = x
                for _ in 0...length { h = h * 1 }
                (x * 2).sum().backward()
            }
        ),
        (
            "a state that is carried over without its history",
            { x, length in
                var h = x
                for _ in 0..<3 {
                    for _ in 0...length { h = h * x }
                    h.sum().backward()
                    h = h.detach()
                }
            }
        ),
    ]

    @Test("Nor are parts of a step that its pass does not reach", arguments: 0..<growing.count)
    func growingParts(number: Int) {
        RetainedGraphDetector.reset()
        defer { RetainedGraphDetector.reset() }
        let (name, step) = Self.growing[number]
        let x = Tensor([1.0], requiresGrad: true)
        for length in 0..<60 { step(x, length) }
        #expect(RetainedGraphDetector.lastWarning == nil, "\(name)")
    }

    @Test("Nor are graphs that another thread keeps")
    func keptByAnotherThread() {
        RetainedGraphDetector.reset()
        defer { RetainedGraphDetector.reset() }
        let x = Tensor([1.0], requiresGrad: true)
        var kept: [Tensor] = []
        for _ in 0..<60 {
            nonisolated(unsafe) var made: Tensor?
            BackgroundThread { made = x * 2 }!.join()
            kept.append(made!)
            (x * 3).sum().backward()
        }
        #expect(RetainedGraphDetector.lastWarning == nil)
        #expect(kept.count == 60)
    }

    @Test("Kept graphs are noticed beside graphs that shrink from step to step")
    func keptBesideShrinking() {
        RetainedGraphDetector.reset()
        defer { RetainedGraphDetector.reset() }
        let x = Tensor([1.0], requiresGrad: true)
        var kept: [Tensor] = []
        for step in 0..<60 {
            var y = x * 2
            kept.append(y)
            for _ in step..<60 { y = y * 1 }
            y.sum().backward()
        }
        #expect(RetainedGraphDetector.lastWarning?.contains("in each of the last 20 steps") == true)
        #expect(kept.count == 60)
    }

    @Test("A loop that adds up losses is told which line keeps the graphs")
    func keptGraphs() {
        RetainedGraphDetector.reset()
        defer { RetainedGraphDetector.reset() }
        let x = Tensor([1.0], requiresGrad: true)
        var total = Tensor([0.0])
        for _ in 0..<40 where RetainedGraphDetector.lastWarning == nil {
            let loss = (x * 2).sum()
            total = total + loss
            loss.backward(retainGraph: false)
        }
        #expect(total.requiresGrad)
        let warning = RetainedGraphDetector.lastWarning ?? ""
        #expect(warning.contains("graphs of past steps are kept"))
        #expect(warning.contains("GraphLifetimeTests.swift"))
        #expect(warning.contains("loss.item()"))
    }
}
