import CKernels
import Synchronization

/// Notices a loop that keeps the graphs of past steps alive, as `total += loss` does, and says where they were made.
///
/// After each backward pass that frees its graph, the number of nodes that are still alive beside those of that graph,
/// which may be larger in each step, should be what it was a step before. Where it has grown twenty times in a row, a
/// warning goes to standard error, once.
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

    private static let stepsToNotice = 18
    private static let stepsToWarn = 20
    private static let state = Mutex(State())

    /// What the last warning said; nil before one. The tests read it.
    package static var lastWarning: String? { warning.withLock { $0 } }
    private static let warning = Mutex<String?>(nil)

    /// Called after a pass that freed its graph, which had this many nodes.
    static func passEnded(nodes: Int, file: StaticString, line: UInt) {
        let count = Node.liveCount - nodes
        let kept = state.withLock { state -> [Node]? in
            if state.hasWarned { return nil }
            state.growth = count > state.lastCount && state.lastCount > 0 ? state.growth + 1 : 0
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
            return state.candidates.compactMap(\.node)
        }
        guard let kept else { return }
        // To name the places takes seconds. Other threads record nothing more meanwhile, and need not wait.
        let places = Set(kept.compactMap { $0.extra?.site?.text }).sorted()
        let text =
            "warning: the graphs of past steps are kept: \(count) operations are alive and their number grew "
            + "in each of the last \(stepsToWarn) steps (backward at \(file):\(line)). "
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
