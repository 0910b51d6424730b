/// The graph with operations on Swift numbers alone computed once.
///
/// Their results are numbers as they are when the graph runs, of the same dtype and with the same part in type promotion. Tensors
/// from outside of the function stay: their elements may change between runs.
package func withFoldedScalars(_ graph: Graph) -> Graph {
    var result = graph
    var folded: [Graph.ValueID: Tensor] = [:]
    for (id, value) in graph.values.enumerated() {
        if case .constant(let tensor) = value.origin, tensor.isWrappedScalar, tensor.device == .cpu {
            folded[id] = tensor
        }
    }
    var kept: [Graph.Instruction] = []
    for instruction in graph.instructions {
        let operands = instruction.operands.compactMap { folded[$0.value] }
        guard graph.isPure(instruction), !operands.isEmpty, operands.count == instruction.operands.count,
            instruction.primitive.fusion.isPointwise,
            let computed = noGrad({ try? perform(instruction.primitive, Few(operands)) }),
            computed.count == instruction.results.count
        else {
            kept.append(instruction)
            continue
        }
        for (id, tensor) in zip(instruction.results, computed) {
            folded[id] = tensor
            result.values[id].origin = .constant(tensor)
        }
    }
    result.setInstructions(kept)
    return result
}
