/// The graph with each computation done once: an instruction that has the primitive, attributes and operands of an earlier one
/// takes the results of that.
///
/// Not done for random numbers, for which each call draws its own, and for calls that write to memory. Calls that autograd
/// treats differently are different, and so are calls before and after a write to the memory of an operand, calls of the function
/// and of the gradients of its results, and calls of different recomputations, which save memory by doing things twice. Results of
/// the function, and values whose memory is written to, keep memory of their own.
package func withoutCommonSubexpressions(_ graph: Graph) -> Graph {
    struct Key: Hashable {
        var primitive: AnyPrimitive
        var operands: [Int]
        var detached: [Bool]
        var recordsGradient: Bool
        /// How often the memory of each operand was written to.
        var versions: [Int]
        /// Values are not kept for the gradients of results, which are computed later, nor for recomputations.
        var isGradient: Bool
        var recomputation: Int
    }
    let memory = GraphMemory(graph)
    let kept = Set(graph.results.map(\.value)).union(graph.states.map(\.final))
    var result = graph
    var known: [Key: [Graph.ValueID]] = [:]
    var replacement = Array(graph.values.indices)
    // Numbers that a function writes anew at each use.
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

/// A Swift number as an operand, by its bits.
struct ScalarKey: Hashable {
    var dtype: DType
    var bits: UInt64

    /// nil for other tensors.
    init?(_ tensor: Tensor) {
        guard tensor.isWrappedScalar, tensor.device == .cpu, !tensor.dtype.isComplex else { return nil }
        dtype = tensor.dtype
        bits = dtype == .bool ? UInt64(tensor.data.load(as: UInt8.self)) : tensor.data.load(as: UInt64.self)
    }
}
