/// What a compiled function does with arguments for which it has no graph yet.
public enum NewGraph: Sendable, Hashable {
    /// It records one, in a run as written.
    case record
    /// It runs as written, without recording.
    case eager
    /// It reports an error that says what is different.
    case error
}

/// How often a compiled function checks that its graph is still what its body does.
public enum Verification: Sendable, Hashable {
    case never
    /// Every so many calls the body runs as written and is recorded again. If it does other operations than the graph, or the same
    /// ones with other numbers, that is an error.
    case every(Int)
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

    /// The number of graphs that were recorded.
    public var graphs: Int { reasons.count }

    /// One line with the counts, and one for each graph.
    public var description: String {
        let head = "\(quantity(calls, "call")), \(replays) of a recorded graph; \(quantity(graphs, "graph"))"
        return ([head] + zip(reasons, instructions).map { "  \($1) instructions: \($0)" }).joined(separator: "\n")
    }
}
