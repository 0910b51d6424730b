import TorchlightCore

extension GraphProto {
    /// The names of values of enclosing graphs that the graph reads.
    var freeNames: Set<String> {
        var own = Set(inputs.map(\.name))
        own.formUnion(initializers.map(\.name))
        own.formUnion(sparseInitializers.map(\.values.name))
        for node in nodes { own.formUnion(node.outputs) }
        var free: Set<String> = []
        for node in nodes { free.formUnion(node.usedNames) }
        free.formUnion(outputs.map(\.name))
        return free.subtracting(own)
    }
}

extension NodeProto {
    /// The names of the values that the node reads, including those of its subgraphs.
    var usedNames: Set<String> {
        var names = Set(inputs)
        for attribute in attributes { if case .graph(let graph) = attribute.value { names.formUnion(graph.freeNames) } }
        names.remove("")
        return names
    }
}

extension ProgramBuilder {
    /// The nodes in topological order. The standard requires this order; other files are sorted. A cycle is an error.
    static func sorted(_ nodes: [NodeProto], file: String) throws -> [NodeProto] {
        let used = nodes.map(\.usedNames)
        var maker: [String: Int] = [:]
        for (index, node) in nodes.enumerated() {
            for output in node.outputs where maker[output] == nil { maker[output] = index }
        }
        let needed: [[Int]] = used.map { names in names.compactMap { maker[$0] } }
        if needed.enumerated().allSatisfy({ index, needs in needs.allSatisfy { $0 < index } }) { return nodes }
        var waiting = needed.map(\.count)
        var users = [[Int]](repeating: [], count: nodes.count)
        for (index, needs) in needed.enumerated() { for need in needs { users[need].append(index) } }
        var order = nodes.indices.filter { waiting[$0] == 0 }
        var next = 0
        while next < order.count {
            for user in users[order[next]] {
                waiting[user] -= 1
                if waiting[user] == 0 { order.append(user) }
            }
            next += 1
        }
        guard order.count == nodes.count else {
            let first = nodes.indices.first { waiting[$0] > 0 } ?? 0
            throw ONNXError(
                .invalid, file: file, node: Program.Node.label(nodes[first]),
                "the node depends on its own result: \(quantity(nodes.count - order.count, "node")) form a cycle",
                expected: "a graph without cycles")
        }
        return order.map { nodes[$0] }
    }
}
