import TorchlightCore

extension ModelProto {
    /// What a simplification removed.
    package struct Simplification: Sendable {
        package var foldedNodes = 0
        package var unusedNodes = 0
        package var unusedInitializers = 0
    }

    /// Replaces nodes of the main graph whose inputs are constants by their results, except for what depends on
    /// `DequantizeLinear`, and removes nodes that change nothing,
    /// and nodes and initialisers that no output needs. The model computes the same as before.
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
        // The first result decides: a node is folded as a whole.
        let outputs = Set(graph.outputs.map(\.name))
        var kept: [NodeProto] = []
        // Weights in integers stay integers: in floating point they would need more memory.
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
        // Nodes are in an order in which users come later.
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

    /// The nodes without Identity, whose users read its input instead.
    private static func withoutIdentities(_ nodes: [NodeProto], outputs: Set<String>) -> [NodeProto] {
        var sources: [String: String] = [:]
        // A name inside a subgraph may refer to the result: those nodes stay.
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

    /// Puts the elements of tensors in other files into the model itself.
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
