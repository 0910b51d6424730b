import Testing

@testable import TorchlightCore

/// A plan that computes something other than what was recorded is found, at the first operation that does.
@Suite struct GraphDifferenceTests {
    private func recorded(_ x: Tensor, _ body: () -> Tensor) throws -> CompiledCall {
        let recorder = StepRecorder()
        let key = CallKey([x], [])
        _ = recorder.record([x], slots: { [$0] }, body)
        return try CompiledCall(key, recorder, template: Tensor.placeholder(shape: Dims()))
    }

    @Test func firstOperationThatDiffers() throws {
        let x = Tensor([[1.0, 2.0], [3.0, 0.0]])
        let call = try recorded(x) { (x.exp() * 3).sum(dim: 1) + 1 }
        #expect(try call.bisect(call.plan, [x]) == nil)
        var graph = call.graph
        for (id, value) in graph.values.enumerated() {
            if case .constant(let tensor) = value.origin, tensor.item() == 3 {
                graph.values[id].origin = .constant(Tensor.wrap(.double(4)))
            }
        }
        for graph in [graph, optimized(graph, kernels: .interpreted)] {
            let difference = try #require(try call.bisect(try Plan(graph), [x]))
            #expect(difference.index == (difference.operation.contains("mul(") ? [0, 0] : [0]), "\(difference)")
            #expect(difference.got != difference.expected)
        }
        let first = try #require(try call.bisect(try Plan(graph), [x]))
        #expect(first.operation.contains("mul(") && first.description.contains("element [0, 0] is"))
    }

    /// Sums that hold the same number with another sign of zero are told apart.
    @Test func everyBitCounts() throws {
        let x = Tensor([0.0, 1.0])
        let call = try recorded(x) { x * 0 }
        var graph = call.graph
        for (id, value) in graph.values.enumerated() {
            if case .constant = value.origin { graph.values[id].origin = .constant(Tensor.wrap(.double(-0.0))) }
        }
        let difference = try #require(try call.bisect(try Plan(graph), [x]))
        #expect(difference.got == "-0.0" && difference.expected == "0.0" && difference.index == [0])
    }
}
