import CKernels
import Synchronization

/// Notices a loop that keeps the graphs of past steps alive, as `total += loss` does, and says where they were made.
///
/// After each backward pass that frees its graph, the nodes of past steps that are still alive are counted, which does not
/// depend on how large the graph of this step is and how much of it the pass used. Where their number has grown twenty times in
/// a row, a warning goes to standard error, once.
package enum GraphWatch {
    private struct State {
        var lastCount = 0
        var growth = 0
        var isRecording = false
        var hasWarned = false
        var candidates: [WeakNode] = []
    }

    private struct WeakNode {
        weak var node: Node?
    }

    private static let stepsToNotice = 17
    private static let stepsToWarn = 20
    private static let state = Mutex(State())

    /// What the last warning said; nil before one. The tests read it.
    package static var lastWarning: String? { warning.withLock { $0 } }
    private static let warning = Mutex<String?>(nil)

    /// Called after a pass that freed its graph.
    static func passEnded(file: StaticString, line: UInt) {
        let found = state.withLock { state -> (kept: [Node], count: Int)? in
            if state.hasWarned { return nil }
            let count = LiveNodes.passEnded()
            state.growth = count > state.lastCount ? state.growth + 1 : 0
            state.lastCount = count
            if state.growth >= stepsToNotice && !state.isRecording {
                state.isRecording = true
                CallSites.begin()
            } else if state.growth == 0 && state.isRecording {
                state.isRecording = false
                CallSites.end()
                state.candidates = []
            }
            guard state.growth >= stepsToWarn else { return nil }
            state.hasWarned = true
            CallSites.end()
            state.isRecording = false
            defer { state.candidates = [] }
            return (state.candidates.compactMap(\.node).filter(\.isOfPastStep), count)
        }
        guard let (kept, count) = found else { return }
        // To name the places takes seconds. Other threads record nothing more meanwhile, and need not wait.
        let places = Set(kept.compactMap { $0.extra?.site?.text }).sorted()
        let text =
            "warning: the graphs of past steps are kept: \(quantity(count, "operation")) of them are alive and their number "
            + "grew in each of the last \(stepsToWarn) steps (backward at \(file):\(line)). "
            + (places.isEmpty ? "" : "They were made at \(places.prefix(3).joined(separator: ", ")). ")
            + "Add numbers instead of tensors (loss.item()), or detach() what is kept."
        warning.withLock { $0 = text }
        writeToStandardError("Torchlight: \(text)\n")
    }

    /// Called for nodes that remember their place: those that outlive the step are what the warning names.
    static func noteCreation(of node: Node) {
        state.withLock { state in
            guard state.isRecording else { return }
            state.candidates.append(WeakNode(node: node))
        }
    }

    /// Forgets what was seen, so that a test starts afresh.
    package static func reset() {
        state.withLock { state in
            if state.isRecording { CallSites.end() }
            state = State()
        }
        warning.withLock { $0 = nil }
    }
}

/// How many nodes are alive: those of past steps, and the younger ones.
///
/// A generation of nodes ends with each pass that frees its graph. The present generation and the last are counted by
/// themselves; when a third begins, the older of them joins those of past steps. Threads may create and free nodes
/// meanwhile: one that is counted in the wrong place is taken away there as well.
enum LiveNodes {
    private static let generation = Atomic<UInt32>(0)
    private static let even = Atomic<Int>(0)
    private static let odd = Atomic<Int>(0)
    private static let ofPastSteps = Atomic<Int>(0)

    /// Counts a node. Returns its generation.
    @inline(__always)
    static func noteCreation() -> UInt32 {
        let now = generation.load(ordering: .relaxed)
        if now & 1 == 0 { even.add(1, ordering: .relaxed) } else { odd.add(1, ordering: .relaxed) }
        return now
    }

    @inline(__always)
    static func noteEnd(of generation: UInt32) {
        if isOfPastStep(generation) {
            ofPastSteps.subtract(1, ordering: .relaxed)
        } else if generation & 1 == 0 {
            even.subtract(1, ordering: .relaxed)
        } else {
            odd.subtract(1, ordering: .relaxed)
        }
    }

    @inline(__always)
    static func isOfPastStep(_ generation: UInt32) -> Bool {
        self.generation.load(ordering: .relaxed) &- generation >= 2
    }

    /// Begins a generation. Returns the number of nodes of past steps. Not from two threads at once.
    static func passEnded() -> Int {
        let next = generation.load(ordering: .relaxed) &+ 1
        let old =
            next & 1 == 0 ? even.exchange(0, ordering: .relaxed) : odd.exchange(0, ordering: .relaxed)
        let count = ofPastSteps.add(old, ordering: .relaxed).newValue
        generation.store(next, ordering: .relaxed)
        return count
    }
}
