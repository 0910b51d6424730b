/// Replaces results of `expand` by their operands in element-wise operations, which broadcast them.
///
/// Gradients of reductions are expanded before they are used. Without the `expand`, the reduction can be fused with the
/// operations that read it.
package func withForwardedBroadcasts(_ graph: Graph) -> Graph {
    var result = graph
    var source: [Graph.ValueID: Graph.ValueID] = [:]
    for (i, instruction) in graph.instructions.enumerated() {
        if instruction.primitive is Expand && graph.isPure(instruction) {
            let operand = instruction.operands[0].value
            source[instruction.results[0]] = source[operand] ?? operand
            continue
        }
        // The gradient would be summed to another shape.
        guard !instruction.recordsGradient, instruction.effect == nil, instruction.primitive.fusion.isPointwise,
            instruction.operands.contains(where: { source[$0.value] != nil })
        else { continue }
        var operands = instruction.operands
        for k in operands.indices where !(instruction.isInPlace && k == 0) {
            guard let narrow = source[operands[k].value], graph.values[narrow].spec.rank > 0 else { continue }
            let wide = operands[k].value
            operands[k].value = narrow
            if !hasSameResults(instruction.primitive, instruction.operands, operands, graph) {
                operands[k].value = wide
            }
        }
        result.instructions[i].operands = operands
    }
    return result
}

/// Whether the results of a primitive have the same descriptions with other operands.
private func hasSameResults(
    _ primitive: any Primitive, _ old: [Graph.Operand], _ new: [Graph.Operand], _ graph: Graph
) -> Bool {
    func results(_ operands: [Graph.Operand]) -> Few<ResultSpec>? {
        try? primitive.infer(Specs(operands.map { graph.values[$0.value].spec }))
    }
    guard let before = results(old), let after = results(new), before.count == after.count else { return false }
    return (0..<before.count).allSatisfy { before[$0] == after[$0] }
}
