import TestSupport
import Testing
import Torchlight

@Suite("Graphs built by hand") struct GraphBuilderTests {
    @Test func buildRunAndSave() throws {
        let w = Tensor.randn(3, 4, generator: Generator(seed: 1))
        let graph = GraphBuilder()
        let x = graph.placeholder("x", [2, 3])
        let y = graph.placeholder("y", [2, 4])
        let h = graph.build { relu(x.matmul(w) + 1) }
        let loss = graph.build { ((h - y) * (h - y)).mean() }
        #expect(x.shape == [2, 3] && h.shape == [2, 4] && loss.shape == [])
        #expect("\(graph)".contains("matmul(") && "\(graph)".contains("mean("), "\(graph)")
        let (a, b) = (
            Tensor.randn(2, 3, generator: Generator(seed: 2)), Tensor.randn(2, 4, generator: Generator(seed: 3))
        )
        let expected = relu(a.matmul(w) + 1)
        #expect(hasSameBits(graph.run(h, feed: ["x": a]), expected))
        let both = graph.run([h, loss], feed: ["x": a, "y": b])
        #expect(hasSameBits(both[0], expected))
        #expect(hasSameBits(both[1], ((expected - b) * (expected - b)).mean()))
        let program = try reloaded(graph.program(["h": h]))
        #expect(program.inputs.map(\.name) == ["x"])
        #expect(hasSameBits(program(a), expected))
    }

    @Test func gradientsAreOperations() {
        let graph = GraphBuilder()
        let x = graph.placeholder("x", [3])
        let gradient = graph.build { grad { (x: Tensor) in (x * x * x).sum() }(x) }
        let second = graph.build { () -> Tensor in
            let leaf = x.detach().requiresGrad_()
            (leaf.sin() * 2).sum().backward()
            return leaf.grad!
        }
        let value = Tensor([1.0, -2, 3])
        #expect(graph.run(gradient, feed: ["x": value]).toArray() == [3, 12, 27])
        #expect(graph.run(second, feed: ["x": value]).allclose(value.cos() * 2))
    }

    @Test func randomOperationsDrawAtEachRun() {
        let graph = GraphBuilder()
        let x = graph.placeholder("x", [4])
        let y = graph.build { dropout(x, p: 0.5, training: true) }
        let ones = Tensor.ones(4)
        let generator = Generator(seed: 5)
        let runs = generator.asDefault { (0..<3).map { _ in graph.run(y, feed: ["x": ones]) } }
        generator.manualSeed(5)
        for run in runs { #expect(hasSameBits(run, generator.asDefault { dropout(ones, p: 0.5, training: true) })) }
    }

    @Test func wrongCalls() throws {
        let graph = GraphBuilder()
        let x = graph.placeholder("x", [2, 3])
        let y = graph.build { x + 1 }
        let other = GraphBuilder().placeholder("x", [2, 3])
        let outside = Tensor.ones(2, 3)
        let calls: [(String, () -> Tensor)] = [
            ("feed has no tensor", { graph.run(y) }),
            ("has another shape, dtype or device", { graph.run(y, feed: ["x": Tensor.ones(3, 2)]) }),
            ("no placeholder", { graph.run(y, feed: ["x": outside, "z": outside]) }),
            ("does not belong to this graph", { graph.run(other, feed: ["x": outside]) }),
            ("of this name", { graph.placeholder("x", [1]) }),
            ("", { graph.build { x.matmul(x) } }), ("in place", { graph.build { outside.add_(x) } }),
            ("", { graph.build { x * x.sum().item() } }),
        ]
        for (part, call) in calls {
            let error = #expect(throws: TensorError.self, "\(part)") { try checked { call() } }
            #expect(
                error != nil && (part.isEmpty || text(error).contains(part)), "\(part): \(text(error))"
            )
        }
    }
}
