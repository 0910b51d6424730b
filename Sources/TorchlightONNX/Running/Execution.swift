import TorchlightCore

/// Runs the graphs of a program.
final class Execution {
    /// The values of a running graph.
    final class Scope {
        fileprivate(set) var values: [ONNXValue?]
        /// The attributes of the function call whose body runs.
        let attributes: [String: AttributeProto.Value]

        init(count: Int = 0, attributes: [String: AttributeProto.Value] = [:]) {
            values = Array(repeating: nil, count: count)
            self.attributes = attributes
        }
    }

    let program: Program
    /// Called after each node with its duration, for profiling.
    var observer: ((Program.Node, Duration) -> Void)?

    init(_ program: Program) { self.program = program }

    /// Runs the main graph.
    ///
    /// - Parameters:
    ///   - inputs: the values of the inputs by name.
    ///   - state: the values of the initialisers of the module, in the order of `stateSlots`.
    func run(_ inputs: [String: ONNXValue], state: [ONNXValue], outputs wanted: Set<String>?) throws -> [String:
        ONNXValue]
    {
        let graph = program.main
        let scope = Scope(count: graph.slotCount)
        for (slot, value) in graph.constants { scope.values[slot] = value }
        for (entry, value) in zip(program.stateSlots, state) { scope.values[entry.slot] = value }
        for input in graph.inputs { if let value = inputs[input.name] { scope.values[input.slot] = value } }
        try run(graph, scope)
        var results: [String: ONNXValue] = [:]
        for output in graph.outputs where wanted?.contains(output.name) ?? true {
            results[output.name] = scope.values[output.slot] ?? .absent
        }
        return results
    }

    /// Runs a subgraph of a node.
    func run(_ graph: Program.Graph, _ inputs: [ONNXValue?], in outer: Scope) throws -> [ONNXValue] {
        guard inputs.count <= graph.inputs.count else {
            throw Problem(
                "a subgraph has \(quantity(graph.inputs.count, "input"))", expected: "\(inputs.count)", kind: .invalid)
        }
        let scope = Scope(count: graph.slotCount, attributes: outer.attributes)
        for (slot, value) in graph.constants { scope.values[slot] = value }
        for capture in graph.captures { scope.values[capture.inner] = outer.values[capture.outer] }
        for (input, value) in zip(graph.inputs, inputs) { scope.values[input.slot] = value }
        try run(graph, scope)
        return graph.outputs.map { scope.values[$0.slot] ?? .absent }
    }

    private func run(_ function: Program.Function, _ node: Program.Node, _ inputs: [ONNXValue?], _ outer: Scope) throws
        -> [ONNXValue]
    {
        var attributes: [String: AttributeProto.Value] = [:]
        for attribute in function.proto.defaults { attributes[attribute.name] = attribute.value }
        for (name, attribute) in node.attributes {
            attributes[name] =
                attribute.reference.isEmpty ? attribute.value : outer.attributes[attribute.reference]
        }
        let graph = function.graph
        let scope = Scope(count: graph.slotCount, attributes: attributes)
        for (slot, value) in graph.constants { scope.values[slot] = value }
        for (input, value) in zip(graph.inputs, inputs) { scope.values[input.slot] = value }
        try run(graph, scope)
        return graph.outputs.map { scope.values[$0.slot] ?? .absent }
    }

    private func run(_ graph: Program.Graph, _ scope: Scope) throws {
        for node in graph.nodes {
            let inputs: [ONNXValue?] = node.inputs.map { slot in slot.flatMap { scope.values[$0] } }
            let start = observer == nil ? nil : ContinuousClock.now
            let results = try call(node, inputs, scope)
            if let start, let observer { observer(node, ContinuousClock.now - start) }
            for (index, slot) in node.outputs.enumerated() {
                guard let slot else { continue }
                guard index < results.count else {
                    throw ONNXError(
                        .unsupported, file: program.file, node: node.label,
                        "output \(index) is not computed", expected: "at most \(quantity(results.count, "output"))")
                }
                scope.values[slot] = results[index]
            }
            for slot in node.releases { scope.values[slot] = nil }
        }
    }

    /// Runs one node; its errors contain its name.
    func call(_ node: Program.Node, _ inputs: [ONNXValue?], _ scope: Scope) throws -> [ONNXValue] {
        do {
            switch node.body {
            case .builtin(let entry):
                let call = Call(node: node, inputs: inputs, execution: self, scope: scope)
                return try checked { try entry.run(call) }
            case .function(let function): return try run(function, node, inputs, scope)
            }
        } catch let problem as Problem {
            throw problem.located(file: program.file, node: node.label)
        } catch let error as TensorError {
            throw ONNXError(.failed, file: program.file, node: node.label, "\(error)")
        }
    }
}
