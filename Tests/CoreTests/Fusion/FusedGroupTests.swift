import Foundation
import TestSupport
import Testing
import TorchlightCore

/// Fused groups give what their steps give, bit for bit.
@Suite struct FusedGroupTests {
    private func groups(_ graph: Graph) -> Int { graph.instructions.count { $0.primitive is FusedGroup } }

    @Test(arguments: [false, true]) func interpretedEqualsUnfused(rows: Bool) throws {
        var count = 0
        for number in 0..<160 {
            let program = RandomProgram(number, rows: rows)
            let graph = try Programs.record(program.arguments) { program($0) }
            let fused = optimized(graph, kernels: .interpreted)
            count += groups(fused)
            let expected = try Programs.run(graph, program.arguments)
            let got = try Programs.run(fused, program.arguments)
            for (i, pair) in zip(got, expected).enumerated() {
                if let difference = Programs.difference(pair.0, pair.1) {
                    Issue.record("\(program.label), result \(i): \(difference)\n\(graph)\n\(fused)")
                }
            }
        }
        #expect(count > 100, "there is something to test")
    }

    @Test func compiledEqualsUnfused() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "kernels-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let compiler = KernelCompiler(folder: folder.path)
        guard compiler.isAvailable else { return }
        var all: [(RandomProgram, Graph, Graph)] = []
        for number in 0..<64 {
            let program = RandomProgram(number, rows: number % 2 == 1)
            let graph = try Programs.record(program.arguments) { program($0) }
            all.append((program, graph, optimized(graph, kernels: .interpreted)))
        }
        compiler.compile(all.flatMap { $0.2.fusedPrograms })
        await compiler.ready()
        #expect(compiler.counts.compiled == 1 && compiler.counts.failed == 0)
        for (program, graph, fused) in all {
            for (i, pair) in zip(
                try Programs.run(fused, program.arguments), try Programs.run(graph, program.arguments)
            ).enumerated() {
                if let difference = Programs.difference(pair.0, pair.1) {
                    Issue.record("\(program.label), result \(i): \(difference)\n\(graph)\n\(fused)")
                }
            }
            #expect(fused.fusedPrograms.allSatisfy { $0.isCompiled }, "\(program.label): the compiled programs ran")
        }
    }

    /// How the work is cut among threads changes nothing.
    @Test func threadsChangeNothing() throws {
        let x = Tensor.randn([301, 457], generator: Generator(seed: 3))
        let graph = try Programs.record([x]) { x in
            let centred = x[0] - x[0].mean(dim: -1, keepdim: true)
            return [
                centred / (centred.square().mean(dim: -1, keepdim: true) + 1e-5).sqrt(), (x[0].gelu() * x[0]).exp(),
            ]
        }
        let fused = optimized(graph, kernels: .interpreted)
        #expect(groups(fused) >= 1)
        let several = try Programs.run(fused, [x])
        let one = try Programs.onOneThread { try Programs.run(fused, [x]) }
        for (a, b) in zip(several, one) { #expect(Programs.difference(a, b) == nil) }
    }

    @Test func gradientsFlowThroughTheSteps() throws {
        let x = Tensor.randn([4, 5], dtype: .float64, requiresGrad: true, generator: Generator(seed: 1))
        let graph = try Programs.record([x.detach()]) { [($0[0] * 2).tanh() * $0[0]] }
        let group = try #require(optimized(graph, kernels: .interpreted).instructions.last?.primitive as? FusedGroup)
        let operands = optimized(graph, kernels: .interpreted).instructions.last!.operands.map { operand -> Tensor in
            if case .constant(let tensor) = graph.values[operand.value].origin { tensor } else { x }
        }
        try perform(group, Few(operands))[0].sum().backward()
        let got = try #require(x.grad)
        x.grad = nil
        ((x * 2).tanh() * x).sum().backward()
        #expect(Programs.difference(got, x.grad!) == nil)
    }

    @Test func codingKeepsTheSteps() throws {
        let x = Tensor.ones([2, 3])
        let graph = optimized(
            try Programs.record([x]) { [($0[0].clamp(min: -1) + 1).softplus()] }, kernels: .interpreted)
        let group = try #require(graph.instructions.last?.primitive as? FusedGroup)
        let decoded = try JSONDecoder().decode(FusedGroup.self, from: JSONEncoder().encode(group))
        #expect(decoded == group && decoded.steps.count == 3)
    }
}
