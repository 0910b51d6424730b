/// Alias analysis of a graph: which values share memory, and which instructions write to it.
///
/// The graph of a transformation writes to no memory. The graph of a compiled function has in-place operations, whose
/// results are in the memory of another value, and calls that change tensors.
struct GraphMemory {
    /// For each value, the value for which its memory was allocated.
    private(set) var root: [Graph.ValueID]
    /// For each such value, the instructions that write to its memory, in ascending order.
    private var writes: [Graph.ValueID: [Int]] = [:]

    init(_ graph: Graph) {
        root = Array(graph.values.indices)
        for (i, instruction) in graph.instructions.enumerated() {
            if case .aliases(let operand) = instruction.primitive.effects, instruction.effect == nil {
                for result in instruction.results { root[result] = root[instruction.operands[operand].value] }
            }
            for (result, destination) in zip(instruction.results, instruction.destinations) {
                guard let destination else { continue }
                root[result] = root[destination]
                write(root[destination], i)
            }
            if case .update = instruction.effect?.kind {
                for (result, operand) in zip(instruction.results, instruction.operands) {
                    root[result] = root[operand.value]
                    write(root[operand.value], i)
                }
            }
        }
    }

    private mutating func write(_ root: Graph.ValueID, _ instruction: Int) {
        if writes[root]?.last != instruction { writes[root, default: []].append(instruction) }
    }

    /// Whether any instruction writes to the memory of a value.
    func isWritten(_ value: Graph.ValueID) -> Bool { writes[root[value]] != nil }

    /// Whether an instruction between the first and the later one, not in `own`, writes to the memory of a value.
    func isWritten(_ value: Graph.ValueID, from first: Int, to later: Int, but own: Set<Int>) -> Bool {
        writes[root[value]]?.contains { $0 >= first && $0 < later && !own.contains($0) } ?? false
    }

    /// The number of instructions before this one that write to the memory of a value.
    func version(of value: Graph.ValueID, at instruction: Int) -> Int {
        writes[root[value]]?.prefix { $0 < instruction }.count ?? 0
    }
}
