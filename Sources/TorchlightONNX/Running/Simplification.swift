import TorchlightCore

extension ModelProto {
    /// The counts of removed nodes and initialisers.
    package struct Simplification: Sendable {
        package var foldedNodes = 0
        package var unusedNodes = 0
        package var unusedInitializers = 0
    }

    /// Simplifies the main graph: constant folding, except for values that depend on `DequantizeLinear`, and removal of
    /// Identity nodes and of nodes and initialisers on which no output depends. The results of the model do not change.
    ///
    /// - Throws: ``ONNXError`` if the model cannot be run.
    package mutating func simplify(file: String, external: ExternalData?) throws -> Simplification {
        guard var graph else { return Simplification() }
        var result = Simplification()
        let program = try ProgramBuilder(self, file: file, external: external).build(graph, keep: { _ in false })
        let constants = Dictionary(
            program.main.constants.map { ($0.slot, $0.value) }, uniquingKeysWith: { _, last in last })
        let left = Set(program.main.nodes.flatMap { $0.outputs.compactMap { $0 } })
        func folded(_ name: String) -> ONNXValue? {
            guard let slot = program.main.names[name], !left.contains(slot) else { return nil }
            return constants[slot]
        }
        let before = graph.nodes.count
        // A node is folded with all its results.
        let outputs = Set(graph.outputs.map(\.name))
        var kept: [NodeProto] = []
        // Quantised weights are not folded, because they would need more memory in floating point.
        var quantized: Set<String> = []
        for node in graph.nodes {
            if node.opType == "DequantizeLinear" || node.inputs.contains(where: quantized.contains) {
                quantized.formUnion(node.outputs)
                kept.append(node)
                continue
            }
            let values = node.outputs.filter { !$0.isEmpty }.map { ($0, folded($0)?.proto(named: $0)) }
            if values.isEmpty || values.contains(where: { $0.1 == nil || outputs.contains($0.0) }) {
                kept.append(node)
            } else {
                graph.initializers += values.compactMap { $0.1 }
            }
        }
        result.foldedNodes = before - kept.count
        graph.nodes = Self.withoutIdentities(kept, outputs: outputs)
        result.unusedNodes = kept.count - graph.nodes.count
        // Nodes are visited in reverse topological order.
        var needed = outputs
        var used: [NodeProto] = []
        for node in try ProgramBuilder.sorted(graph.nodes, file: file).reversed() {
            if node.outputs.contains(where: { needed.contains($0) }) {
                needed.formUnion(node.usedNames)
                used.append(node)
            } else {
                result.unusedNodes += 1
            }
        }
        graph.nodes = used.reversed()
        let initializers = graph.initializers.count
        graph.initializers.removeAll { !needed.contains($0.name) }
        result.unusedInitializers = initializers - graph.initializers.count
        graph.valueInfos.removeAll { !needed.contains($0.name) }
        self.graph = graph
        return result
    }

    /// Removes Identity nodes; nodes that read their results read their inputs instead.
    private static func withoutIdentities(_ nodes: [NodeProto], outputs: Set<String>) -> [NodeProto] {
        var sources: [String: String] = [:]
        // Identity nodes whose result may be captured by a subgraph are kept.
        var captured: Set<String> = []
        for node in nodes {
            for attribute in node.attributes {
                if case .graph(let graph) = attribute.value { captured.formUnion(graph.freeNames) }
            }
        }
        var kept: [NodeProto] = []
        for node in nodes {
            var node = node
            node.inputs = node.inputs.map { sources[$0] ?? $0 }
            if node.opType == "Identity", node.domain.isEmpty, let output = node.outputs.first,
                let input = node.inputs.first, !outputs.contains(output), !captured.contains(output)
            {
                sources[output] = input
            } else {
                kept.append(node)
            }
        }
        return kept
    }

    /// Moves the elements in external files into the model.
    package mutating func embedExternalData(from external: ExternalData) throws {
        guard var graph else { return }
        for index in graph.initializers.indices where graph.initializers[index].isExternal {
            let tensor = graph.initializers[index]
            graph.initializers[index].rawData = try external.bytes(of: tensor.externalData, for: quoted(tensor.name))
            graph.initializers[index].isExternal = false
            graph.initializers[index].externalData = []
        }
        self.graph = graph
    }
}
