/// Which values of a graph lie in the same memory, and which instructions write to it.
///
/// The graph of a transformation writes to no memory. That of a compiled function has in-place operations, whose results lie
/// in the memory of another value, and calls that change tensors.
struct GraphMemory {
    /// For each value, the value that its memory was made for.
    private(set) var root: [Graph.ValueID]
    /// For each such value, the instructions that write to its memory, in rising order.
    private var writes: [Graph.ValueID: [Int]] = [:]

    init(_ graph: Graph) {
        root = Array(graph.values.indices)
        for (i, instruction) in graph.instructions.enumerated() {
            if case .aliases(let operand) = instruction.primitive.effects, instruction.effect == nil {
                for result in instruction.results { root[result] = root[instruction.operands[operand].value] }
            }
            for (result, place) in zip(instruction.results, instruction.places) {
                guard let place else { continue }
                root[result] = root[place]
                write(root[place], i)
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

    /// Whether anything is written to the memory of a value.
    func isWritten(_ value: Graph.ValueID) -> Bool { writes[root[value]] != nil }

    /// Whether an instruction after the first and before the later one writes to the memory of a value, but for some.
    func isWritten(_ value: Graph.ValueID, from first: Int, to later: Int, but own: Set<Int>) -> Bool {
        writes[root[value]]?.contains { $0 >= first && $0 < later && !own.contains($0) } ?? false
    }

    /// How many instructions before this one write to the memory of a value.
    func version(of value: Graph.ValueID, at instruction: Int) -> Int {
        writes[root[value]]?.prefix { $0 < instruction }.count ?? 0
    }
}
