/// The first operation of a compiled function whose result differs from the recorded graph; see
/// ``CompiledFunction/bisect(_:)``.
public struct GraphDifference: Sendable, Hashable, CustomStringConvertible {
    /// The operation with its result and operands, as in ``CompiledFunction/graph``.
    public let operation: String
    /// The index of the first element that differs.
    public let index: [Int]
    /// The element of the optimised graph.
    public let got: String
    /// The element of the recorded graph.
    public let expected: String

    /// The difference, in one line.
    public var description: String { "\(operation): element \(index) is \(got), recorded as \(expected)" }
}

extension CompiledCall {
    /// Runs the recorded graph and the plan on copies, and returns the first result that differs.
    func bisect(_ plan: Plan, _ arguments: [Tensor]) throws(TensorError) -> GraphDifference? {
        try withoutRecording { () throws(TensorError) in
            let inputs = try PlanRun.copiedInputs(of: plan, arguments, conditions.defaultGenerator)
            var expected: [Graph.ValueID: Tensor] = [:]
            try PlanRun.observe(try Plan(graph, backward), arguments, inputs) { id, tensor throws(TensorError) in
                expected[id] = try tensor.detach().copied()
                return true
            }
            var difference: GraphDifference?
            try PlanRun.observe(plan, arguments, inputs) { id, tensor throws(TensorError) in
                guard let recorded = expected[id] else { return true }
                difference = self.difference(id, try tensor.detach().copied(), recorded)
                return difference == nil
            }
            return difference
        }
    }

    private func difference(_ id: Graph.ValueID, _ got: Tensor, _ expected: Tensor) -> GraphDifference? {
        guard got.device.hasValues else { return nil }
        let (a, b) = (got.to(.cpu).reshape([-1]), expected.to(.cpu).reshape([-1]))
        let width = a.dtype.byteSize
        let offset = a.withUnsafeBytes { x in b.withUnsafeBytes { y in x.indices.first { x[$0] != y[$0] } } }
        guard let offset else { return nil }
        var index: [Int] = []
        var rest = offset / width
        for size in expected.shape.reversed() {
            index.insert(rest % size, at: 0)
            rest /= size
        }
        return GraphDifference(
            operation: graph.line(for: id) ?? "", index: index, got: "\(a[offset / width].tolist())",
            expected: "\(b[offset / width].tolist())")
    }
}
