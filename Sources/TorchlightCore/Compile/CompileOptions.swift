/// The behaviour of a compiled function in a call whose arguments match no recorded graph.
public enum NewGraph: Sendable, Hashable {
    /// Run the body and record its operations as a new graph.
    case record
    /// Run the body operation by operation, without recording.
    case eager
    /// Report an error that names the difference.
    case error
}

/// How often a compiled function compares its body with the recorded graph.
public enum Verification: Sendable, Hashable {
    case never
    /// Run and record the body in every n-th call. Other operations than those of the graph, or other numbers, are an
    /// error.
    case every(Int)
}

/// The cost of one run of a graph, before and after optimisation: common subexpression elimination, dead code
/// elimination and fusion of operations to groups.
public struct GraphCost: Sendable, Hashable, CustomStringConvertible {
    /// The number of kernels after optimisation.
    public let kernels: Int
    /// The number of kernels as recorded.
    public let recordedKernels: Int
    /// The number of bytes that the kernels read and write, after optimisation.
    public let bytes: Int
    /// The number of bytes that the kernels read and write, as recorded.
    public let recordedBytes: Int
    /// The number of kernels that compute a fused group of several operations.
    public let groups: Int

    init(recorded: Graph, optimized: Graph) {
        (recordedKernels, recordedBytes) = recorded.cost
        (kernels, bytes) = optimized.cost
        groups = optimized.instructions.count { $0.primitive is FusedGroup }
    }

    /// The counts, in one line.
    public var description: String {
        "\(quantity(kernels, "kernel")) (\(quantity(groups, "group"))) and \(Memory.text(bytes)) a run, recorded "
            + "\(quantity(recordedKernels, "kernel")) and \(Memory.text(recordedBytes))"
    }
}

/// The counts of a compiled function: calls, replays and recorded graphs.
public struct CompileReport: Sendable, Hashable, CustomStringConvertible {
    /// The number of calls.
    public internal(set) var calls = 0
    /// The number of calls that ran a recorded graph.
    public internal(set) var replays = 0
    /// The reason for recording each graph, in order: how the call differed from the earlier graphs.
    public internal(set) var reasons: [String] = []
    /// The number of instructions of each of these graphs.
    public internal(set) var instructions: [Int] = []
    /// The cost of one run of each of these graphs.
    public internal(set) var costs: [GraphCost] = []

    /// The number of recorded graphs.
    public var graphs: Int { reasons.count }

    /// One line with the counts, and one for each graph.
    public var description: String {
        var lines = [
            "\(quantity(calls, "call")), \(replays) of a recorded graph; \(quantity(graphs, "graph"))"
        ]
        for (i, reason) in reasons.enumerated() {
            lines.append("  \(quantity(instructions[i], "instruction")): \(reason); \(costs[i])")
        }
        return lines.joined(separator: "\n")
    }
}
