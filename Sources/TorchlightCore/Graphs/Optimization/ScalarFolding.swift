/// Constant folding: computes operations on constants of one element once. Operations on Swift numbers give numbers of
/// the same dtype and the same role in type promotion; tensors that the function fills with one number, such as the
/// first gradient of `backward()`, are folded too.
///
/// Tensors from outside the function are not folded, because their elements may change between runs, and neither are
/// results of the function and values whose memory is written to.
package func withFoldedScalars(_ graph: Graph) -> Graph {
    let memory = GraphMemory(graph)
    let kept = Set(graph.results.map(\.value)).union(graph.states.map(\.final))
    var result = graph
    var folded: [Graph.ValueID: Tensor] = [:]
    for (id, value) in graph.values.enumerated() {
        if case .constant(let tensor) = value.origin, tensor.isWrappedScalar, tensor.device == .cpu {
            folded[id] = tensor
        }
    }
    func canFold(_ instruction: Graph.Instruction) -> Bool {
        let (primitive, operands) = (instruction.primitive, instruction.operands)
        let isComputation = primitive.fusion.isPointwise || primitive.fusion == .view
        guard graph.isPure(instruction),
            operands.isEmpty ? primitive is Full : isComputation && operands.allSatisfy({ folded[$0.value] != nil })
        else { return false }
        return instruction.results.allSatisfy { id in
            let spec = graph.values[id].spec
            return spec.count == 1 && spec.device == .cpu && !memory.isWritten(id) && !kept.contains(id)
        }
    }
    var code: [Graph.Instruction] = []
    for instruction in graph.instructions {
        let operands = instruction.operands.compactMap { folded[$0.value] }
        guard canFold(instruction), let computed = noGrad({ try? perform(instruction.primitive, Few(operands)) }),
            computed.count == instruction.results.count
        else {
            code.append(instruction)
            continue
        }
        for (id, tensor) in zip(instruction.results, computed) {
            folded[id] = tensor
            result.values[id].origin = .constant(tensor)
        }
    }
    result.setInstructions(code)
    return result
}
