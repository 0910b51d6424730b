import Synchronization

/// A recorded graph of a compiled function, with its key and conditions.
final class CompiledCall: @unchecked Sendable {
    let key: CallKey
    let conditions: GraphConditions
    /// The graph as recorded.
    let graph: Graph
    /// The plan of the optimised graph, which runs.
    let plan: Plan
    let backward: CompiledBackward?
    /// The source of each result of the function.
    let results: [Result]
    /// The result with placeholders for its tensors.
    let template: Any
    /// The count of mode changes of modules at the last check that the conditions are true.
    fileprivate let modes: Atomic<Int>

    enum Result {
        case absent
        /// A result of the graph.
        case computed(Int)
        /// An argument or a tensor from outside, returned unchanged.
        case same(Tensor)
        case argument(Int)
    }

    init(_ key: CallKey, _ recorder: StepRecorder, template: Any) throws(TensorError) {
        self.key = key
        conditions = recorder.conditions
        backward = recorder.backward
        graph = recorder.graph
        plan = try Plan(optimized(graph), backward)
        results = recorder.results
        self.template = template
        modes = Atomic(ModuleModes.count)
    }

    /// Whether the key and the conditions match a call with these arguments.
    func fits(_ tensors: [Tensor], _ values: [AnyHashable]) -> Bool {
        guard key.fits(tensors, values), conditions.holdForTensors(tensors) else { return false }
        let count = ModuleModes.count
        if modes.load(ordering: .relaxed) == count { return true }
        guard conditions.modesHold else { return false }
        modes.store(count, ordering: .relaxed)
        return true
    }

    /// Runs the graph.
    func run(_ arguments: [Tensor]) throws(TensorError) -> [Tensor?] {
        var (computed, run) = try PlanRun.run(plan, arguments, defaultGenerator: conditions.defaultGenerator)
        backward?.attach(run, to: &computed, arguments)
        return results.map { result in
            switch result {
            case .absent: nil
            case .computed(let index): computed[index]
            case .same(let tensor): tensor
            case .argument(let index): arguments[index]
            }
        }
    }
}

/// The graphs of a compiled function, the last used first, and the report.
final class CompiledGraphs: Sendable {
    static let limit = 16

    struct Contents {
        var calls: [CompiledCall] = []
        var report = CompileReport()
        /// Whether the last call that was to be recorded made a change that happens only once.
        var sawOneTimeChange = false
    }

    let onNewGraph: NewGraph
    let verification: Verification
    private let contents = Mutex(Contents())

    init(_ onNewGraph: NewGraph, _ verification: Verification) {
        self.onNewGraph = onNewGraph
        self.verification = verification
    }

    var report: CompileReport { contents.withLock { $0.report } }
    /// The graph of the latest call, as recorded.
    var latest: Graph? { contents.withLock { $0.calls.first?.graph } }
    /// The graph of the latest call, optimised.
    var latestOptimized: Graph? { contents.withLock { $0.calls.first?.plan.graph } }

    /// The graph that matches a call, or nil, and whether this call must verify it.
    func find(_ arguments: CallArguments) -> (call: CompiledCall?, isToVerify: Bool) {
        contents.withLock { contents in
            contents.report.calls += 1
            let fitting = contents.calls.indices.first { contents.calls[$0].fits(arguments.tensors, arguments.values) }
            guard let index = fitting else { return (nil, false) }
            let call = contents.calls[index]
            if index > 0 {
                contents.calls.remove(at: index)
                contents.calls.insert(call, at: 0)
            }
            contents.report.replays += 1
            if case .every(let count) = verification { return (call, contents.report.replays % max(count, 1) == 0) }
            return (call, false)
        }
    }

    /// The graph that matches a call, or nil, without counting the call.
    func graph(for arguments: CallArguments) -> CompiledCall? {
        contents.withLock { $0.calls.first { $0.fits(arguments.tensors, arguments.values) } }
    }

    /// The reason that no graph matches a call.
    func reason(_ arguments: CallArguments) -> String {
        contents.withLock { contents in
            guard let last = contents.calls.first else { return "the first call" }
            // The closest graph: one whose key matches, if there is one.
            let near = contents.calls.first { $0.key.fits(arguments.tensors, arguments.values) } ?? last
            return near.key.difference(arguments.tensors, arguments.values)
                ?? near.conditions.difference(arguments.tensors) ?? "an earlier graph was discarded"
        }
    }

    /// Records that a call made a change that happens only once; returns whether the previous call did so too.
    func noteOneTimeChange() -> Bool {
        contents.withLock { contents in
            defer { contents.sawOneTimeChange = true }
            return contents.sawOneTimeChange
        }
    }

    func add(_ call: CompiledCall, reason: String) {
        contents.withLock { contents in
            contents.sawOneTimeChange = false
            contents.calls.insert(call, at: 0)
            if contents.calls.count > Self.limit { contents.calls.removeLast() }
            contents.report.reasons.append(reason)
            contents.report.instructions.append(call.plan.steps.count)
            contents.report.costs.append(GraphCost(recorded: call.graph, optimized: call.plan.graph))
        }
    }
}
