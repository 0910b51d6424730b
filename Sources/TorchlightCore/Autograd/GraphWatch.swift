import Synchronization

/// Detects a loop that keeps the computation graphs of earlier steps in memory, such as `total += loss`, and reports
/// where they were recorded.
///
/// After each backward pass that frees its graph, the remaining nodes of earlier steps are counted. This does not
/// depend on the size of the current graph or on how much of it the pass used. If their number grows twenty times in a
/// row, a warning is written to standard error, once.
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

    /// The text of the last warning; nil if there was none. Used by tests.
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
        // Symbolising the places takes seconds. The state is not locked meanwhile, so other threads need not wait.
        let places = Set(kept.compactMap { $0.extra?.site?.text }).sorted()
        let text =
            "warning: the graphs of past steps are kept: \(quantity(count, "operation")) of them exist and their number "
            + "grew in each of the last \(stepsToWarn) steps (backward at \(file):\(line)). "
            + (places.isEmpty ? "" : "They were recorded at \(places.prefix(3).joined(separator: ", ")). ")
            + "Accumulate numbers instead of tensors (loss.item()), or detach() the tensors that are kept."
        warning.withLock { $0 = text }
        writeToStandardError("Torchlight: \(text)\n")
    }

    /// Called for nodes that record the place of their call: those that outlive the step are named in the warning.
    static func noteCreation(of node: Node) {
        state.withLock { state in
            guard state.isRecording else { return }
            state.candidates.append(WeakNode(node: node))
        }
    }

    /// Resets the state, for tests.
    package static func reset() {
        state.withLock { state in
            if state.isRecording { CallSites.end() }
            state = State()
        }
        warning.withLock { $0 = nil }
    }
}

/// Counts of existing nodes: those of earlier steps, and the newer ones.
///
/// A generation of nodes ends with each pass that frees its graph. The current and the previous generation are counted
/// separately; when a new one begins, the older of the two is added to the count of earlier steps. Other threads may
/// create and free nodes meanwhile: a node counted in the wrong generation is subtracted from the same one.
enum LiveNodes {
    private static let generation = Atomic<UInt32>(0)
    private static let even = Atomic<Int>(0)
    private static let odd = Atomic<Int>(0)
    private static let ofPastSteps = Atomic<Int>(0)

    /// Counts a node and returns its generation.
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

    /// Begins a generation and returns the number of nodes of earlier steps. Must not run on two threads at once.
    static func passEnded() -> Int {
        let next = generation.load(ordering: .relaxed) &+ 1
        let old =
            next & 1 == 0 ? even.exchange(0, ordering: .relaxed) : odd.exchange(0, ordering: .relaxed)
        let count = ofPastSteps.add(old, ordering: .relaxed).newValue
        generation.store(next, ordering: .relaxed)
        return count
    }
}
