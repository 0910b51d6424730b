import TorchlightCore

/// Constant folding: nodes with constant inputs run once, when the model is read. Most of them compute shapes.
enum ConstantFolding {
    /// Larger constants are not folded, because they would need the memory of a second copy.
    private static let maximumCount = 4096

    static func fold(_ graph: Program.Graph, file: String, external: ExternalData?) {
        var known: [Int: ONNXValue] = [:]
        for constant in graph.constants { known[constant.slot] = constant.value }
        // An initialiser that is also an input is a default value, which the caller may replace.
        for input in graph.inputs { known[input.slot] = nil }
        let program = Program(file: file, external: external, main: graph, stateSlots: [])
        let execution = Execution(program)
        var rest: [Program.Node] = []
        for node in graph.nodes {
            if let values = results(of: node, known, execution) {
                for (slot, value) in zip(node.outputs, values) {
                    guard let slot else { continue }
                    known[slot] = value
                    graph.constants.append((slot, value))
                }
            } else {
                rest.append(node)
            }
        }
        graph.nodes = rest
    }

    /// The results of a node; nil if it cannot be folded. Errors are reported in the run.
    private static func results(
        of node: Program.Node, _ known: [Int: ONNXValue], _ execution: Execution
    ) -> [ONNXValue]? {
        guard case .builtin(let entry) = node.body, entry.isFoldable, node.subgraphs.isEmpty else { return nil }
        var inputs: [ONNXValue?] = []
        for slot in node.inputs {
            guard let slot else {
                inputs.append(nil)
                continue
            }
            guard let value = known[slot], isSmall(value) else { return nil }
            inputs.append(value)
        }
        // The result of a broadcast may be as large as the product of the inputs, that of Concat as their sum.
        let sizes = inputs.map { $0.map(count) ?? 1 }
        if node.opType != "Concat", sizes.reduce(1, { $0 *| max($1, 1) }) > maximumCount << 4 { return nil }
        let scope = Execution.Scope()
        return try? execution.call(node, inputs, scope)
    }

    private static func isSmall(_ value: ONNXValue) -> Bool { count(value) <= maximumCount }

    /// The number of elements of a tensor; `Int.max` for other values.
    private static func count(_ value: ONNXValue) -> Int {
        switch value {
        case .tensor(let tensor): tensor.tensor.count
        case .strings(let strings): strings.elements.count
        default: .max
        }
    }
}
