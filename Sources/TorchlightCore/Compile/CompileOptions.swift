/// What a compiled function does with arguments for which it has no graph yet.
public enum NewGraph: Sendable, Hashable {
    /// It runs the body and records its operations as a new graph.
    case record
    /// It runs the body operation by operation, without recording.
    case eager
    /// It reports an error that says what is different.
    case error
}

/// How often a compiled function checks that its body still does what was recorded.
public enum Verification: Sendable, Hashable {
    case never
    /// Every so many calls the body runs as written and is recorded again. If it does other operations than the graph, or the same
    /// ones with other numbers, that is an error.
    case every(Int)
}

/// What one run of a graph takes, as it was recorded and as it is run: without common subexpressions and dead code, with groups of
/// operations that go through memory once.
public struct GraphCost: Sendable, Hashable, CustomStringConvertible {
    /// The number of kernels.
    public let kernels: Int
    /// The number of kernels of the operations as they were recorded.
    public let recordedKernels: Int
    /// The bytes that the kernels read and write.
    public let bytes: Int
    /// The bytes that the kernels of the operations as they were recorded read and write.
    public let recordedBytes: Int
    /// The number of kernels that are groups of several operations.
    public let groups: Int

    init(recorded: Graph, optimized: Graph) {
        (recordedKernels, recordedBytes) = recorded.cost
        (kernels, bytes) = optimized.cost
        groups = optimized.instructions.count { $0.primitive is FusedGroup }
    }

    /// The counts in a line.
    public var description: String {
        "\(quantity(kernels, "kernel")) (\(quantity(groups, "group"))) and \(Memory.text(bytes)) a run, recorded "
            + "\(quantity(recordedKernels, "kernel")) and \(Memory.text(recordedBytes))"
    }
}

/// How a compiled function is called and what it has recorded.
public struct CompileReport: Sendable, Hashable, CustomStringConvertible {
    /// The number of calls.
    public internal(set) var calls = 0
    /// The number of calls that ran a graph.
    public internal(set) var replays = 0
    /// For each graph that was recorded, in order, why the earlier ones did not fit.
    public internal(set) var reasons: [String] = []
    /// The number of instructions of each of these graphs.
    public internal(set) var instructions: [Int] = []
    /// What a run of each of these graphs takes.
    public internal(set) var costs: [GraphCost] = []

    /// The number of graphs that were recorded.
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
