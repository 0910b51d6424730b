/// Common subexpression elimination: an instruction with the primitive, attributes and operands of an earlier one is
/// replaced by the results of that.
///
/// Random operations and calls that write to memory are kept. Calls are different if autograd treats them differently,
/// if the memory of an operand is written between them, if one belongs to the function and the other to the gradients
/// of its results, or if they belong to different recomputations, which trade time for memory. Results of the function,
/// and values whose memory is written to, keep their own memory.
package func withoutCommonSubexpressions(_ graph: Graph) -> Graph {
    struct Key: Hashable {
        var primitive: AnyPrimitive
        var operands: [Int]
        var detached: [Bool]
        var recordsGradient: Bool
        /// The number of writes to the memory of each operand so far.
        var versions: [Int]
        /// Values of the function are not kept for its gradients, which run later, and none are kept for
        /// recomputations.
        var isGradient: Bool
        var recomputation: Int
    }
    let memory = GraphMemory(graph)
    let kept = Set(graph.results.map(\.value)).union(graph.states.map(\.final))
    var result = graph
    var known: [Key: [Graph.ValueID]] = [:]
    var replacement = Array(graph.values.indices)
    // Swift numbers that the function creates at each use.
    var scalars: [ScalarKey: Graph.ValueID] = [:]
    for (id, value) in graph.values.enumerated() {
        guard case .constant(let tensor) = value.origin, let key = ScalarKey(tensor) else { continue }
        if let first = scalars[key] { replacement[id] = first } else { scalars[key] = id }
    }
    var code: [Graph.Instruction] = []
    for (i, original) in graph.instructions.enumerated() {
        var instruction = original
        for i in instruction.operands.indices {
            instruction.operands[i].value = replacement[instruction.operands[i].value]
        }
        let isView = instruction.primitive.fusion == .view
        guard graph.isPure(instruction),
            isView || !instruction.results.contains(where: { memory.isWritten($0) })
        else {
            code.append(instruction)
            continue
        }
        let key = Key(
            primitive: AnyPrimitive(instruction.primitive), operands: instruction.operands.map(\.value),
            detached: instruction.operands.map(\.isDetached), recordsGradient: instruction.recordsGradient,
            versions: original.operands.map { memory.version(of: $0.value, at: i) },
            isGradient: instruction.isGradient, recomputation: instruction.recomputation)
        if let earlier = known[key], isView || kept.isDisjoint(with: instruction.results) {
            for (old, new) in zip(instruction.results, earlier) { replacement[old] = new }
        } else {
            if known[key] == nil { known[key] = instruction.results }
            code.append(instruction)
        }
    }
    result.setInstructions(code)
    for i in result.results.indices { result.results[i].value = replacement[result.results[i].value] }
    return result
}

/// A Swift number as an operand, compared by its bits.
struct ScalarKey: Hashable {
    var dtype: DType
    var bits: UInt64

    /// nil for tensors that are not Swift numbers.
    init?(_ tensor: Tensor) {
        guard tensor.isWrappedScalar, tensor.device == .cpu, !tensor.dtype.isComplex else { return nil }
        dtype = tensor.dtype
        bits = dtype == .bool ? UInt64(tensor.data.load(as: UInt8.self)) : tensor.data.load(as: UInt64.self)
    }
}
