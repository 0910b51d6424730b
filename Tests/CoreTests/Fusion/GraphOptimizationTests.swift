import TestSupport
import Testing

@testable import TorchlightCore

/// What the passes leave of graphs.
@Suite struct GraphOptimizationTests {
    private let x = Tensor.randn([64, 128], generator: Generator(seed: 5))

    private func names(_ graph: Graph) -> [String] { graph.instructions.map(\.primitive.publicName) }

    @Test func commonSubexpressions() throws {
        let graph = try Programs.record([x]) { x in [(x[0] * 2).exp() + (x[0] * 2).exp()] }
        #expect(names(withoutCommonSubexpressions(graph)) == ["mul", "exp", "add"])
        let different = try Programs.record([x]) { x in [(x[0] * 2).exp() + (x[0] * 3).exp()] }
        #expect(names(withoutCommonSubexpressions(different)).count == 5, "other numbers are other computations")
        let sums = try Programs.record([x]) { x in [x[0].sum(dim: 0) + x[0].sum(dim: 0, keepdim: true)] }
        #expect(names(withoutCommonSubexpressions(sums)).count == 3, "other attributes are other computations")
    }

    @Test func randomNumbersStayApart() throws {
        let generator = Generator(seed: 1)
        let graph = try Programs.record([x]) { x in
            [dropout(x[0], generator: generator) + dropout(x[0], generator: generator)]
        }
        let short = optimized(graph, kernels: .interpreted)
        #expect(names(short).filter { $0 == "dropout" }.count == 2)
        #expect(short.draws == graph.draws)
    }

    @Test func writesAreNotCrossed() throws {
        let graph = try Programs.record([x]) { x in
            let y = x[0].clone()
            let before = y * 2
            y.add_(1)
            return [before, y * 2]
        }
        let results = try Programs.run(optimized(graph, kernels: .interpreted), [x])
        #expect(Programs.difference(results[0], x * 2) == nil)
        #expect(Programs.difference(results[1], (x + 1) * 2) == nil)
    }

    @Test func deadCode() throws {
        let graph = try Programs.record([x]) { x in
            _ = x[0].exp().sum()
            return [x[0] * 2]
        }
        #expect(names(withoutDeadCode(graph)) == ["mul"])
    }

    @Test func scalarsAreFolded() throws {
        let graph = try Programs.record([x]) { x in [x[0] * Tensor.wrap(.double(2)).exp()] }
        // Operations on numbers alone run at once and are recorded as their results.
        #expect(names(withFoldedScalars(graph)) == ["mul"])
    }

    /// The graph of a compiled function writes to memory: values that are written to are not shared, and nothing is read at
    /// another time.
    @Test func writtenMemory() throws {
        var graph = try Programs.record([x]) { x in
            let (a, b) = (x[0].clone(), x[0].clone())
            let twice = a * 2
            return [twice + (a + 1), b]
        }
        #expect(names(graph) == ["to", "to", "mul", "add", "add"])
        let written = graph.instructions[0].results[0]
        graph.instructions[3].destinations = [written]
        #expect(names(withoutCommonSubexpressions(graph)) == names(graph))
        let short = withFusedGroups(graph)
        let write = try #require(short.instructions.firstIndex { $0.destinations == [written] })
        for (i, instruction) in short.instructions.enumerated() where i != write {
            let steps = (instruction.primitive as? FusedGroup)?.steps.map { $0.primitive } ?? []
            #expect(!(steps.contains(AnyPrimitive(Mul())) && i > write), "the product is read before the write")
        }
        #expect(short.instructions[write].primitive is Add)
    }

    /// Two groups that need each other's values stay two, and nothing runs before its operands.
    @Test func groupsDoNotDependOnThemselves() throws {
        let w = Tensor.randn([128, 128], generator: Generator(seed: 6))
        let graph = try Programs.record([x, w]) { x in
            let a = x[0] * 2
            let product = matmul(a, x[1])
            return [(a + product).tanh() * a, a.exp()]
        }
        let short = optimized(graph, kernels: .interpreted)
        for (got, expected) in zip(try Programs.run(short, [x, w]), try Programs.run(graph, [x, w])) {
            #expect(Programs.difference(got, expected) == nil)
        }
        var known = Set(short.arguments)
        for instruction in short.instructions {
            for operand in instruction.operands {
                if case .result = short.values[operand.value].origin { #expect(known.contains(operand.value)) }
            }
            known.formUnion(instruction.results)
        }
    }

    /// Kernels and bytes of one run, before and after.
    @Test func kernelsAndBytes() throws {
        func cost(_ count: Int, _ body: @escaping (Tensor) -> Tensor) throws -> [Int] {
            let graph = try Programs.record([x]) { [body($0[0])] }
            let short = optimized(graph, kernels: .interpreted)
            #expect(short.cost.bytes < graph.cost.bytes)
            #expect(short.cost.kernels == count, "\(short)")
            return [graph.cost.kernels, short.cost.kernels]
        }
        let gelu = try cost(1) { 0.5 * $0 * (1 + ($0 / 1.4142135).erf()) }
        #expect(gelu == [5, 1])
        let softmax = try cost(1) { x in
            let e = (x - x.amax(dim: -1, keepdim: true)).exp()
            return e / e.sum(dim: -1, keepdim: true)
        }
        #expect(softmax == [5, 1])
        let norm = try cost(1) { x in
            let centred = x - x.mean(dim: -1, keepdim: true)
            return centred * (centred.square().mean(dim: -1, keepdim: true) + 1e-5).rsqrt()
        }
        #expect(norm == [7, 1])
    }
}
