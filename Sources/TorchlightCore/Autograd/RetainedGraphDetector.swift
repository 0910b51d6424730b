import Synchronization

/// Detects a loop that keeps the computation graphs of earlier steps in memory, such as `total += loss`, and reports
/// where they were recorded.
///
/// After each backward pass that frees its graph, the remaining nodes of earlier steps are counted. This does not
/// depend on the size of the current graph or on how much of it the pass used. If their number grows twenty times in a
/// row, a warning is written to standard error, once.
package enum RetainedGraphDetector {
    private struct State {
        /// By the group of threads whose graphs are counted together.
        var loops: [UInt32: Loop] = [:]
        var hasWarned = false
    }

    /// What was seen of the passes of one thread.
    private struct Loop {
        var lastCount = 0
        var growth = 0
        var isRecording = false
        var candidates: [WeakNode] = []
    }

    private struct WeakNode {
        weak var node: Node?
    }

    private static let growthToRecord = 17
    private static let growthToWarn = 20
    private static let state = Mutex(State())

    /// The text of the last warning; nil if there was none. Used by tests.
    package static var lastWarning: String? { warning.withLock { $0 } }
    private static let warning = Mutex<String?>(nil)

    /// Called after a pass that freed its graph.
    static func backwardPassDidEnd(file: StaticString, line: UInt) {
        let found = state.withLock { state -> (kept: [Node], count: Int)? in
            if state.hasWarned { return nil }
            let group = LiveNodes.group
            var loop = state.loops[group] ?? Loop()
            defer { state.loops[group] = loop }
            let count = LiveNodes.beginGeneration()
            loop.growth = count > loop.lastCount ? loop.growth + 1 : 0
            loop.lastCount = count
            if loop.growth >= growthToRecord && !loop.isRecording {
                loop.isRecording = true
                CallSites.begin()
            } else if loop.growth == 0 && loop.isRecording {
                loop.isRecording = false
                CallSites.end()
                loop.candidates = []
            }
            guard loop.growth >= growthToWarn else { return nil }
            state.hasWarned = true
            let candidates = loop.candidates
            // Of this loop too: it has recorded since an earlier pass.
            stopRecording(&state.loops)
            loop = Loop()
            return (candidates.compactMap(\.node).filter(\.isFromEarlierStep), count)
        }
        guard let (kept, count) = found else { return }
        // Symbolising the call stacks takes seconds. The state is not locked meanwhile, so other threads need not wait.
        let locations = Set(kept.compactMap { $0.extra?.site?.text }).sorted()
        let text =
            "warning: the graphs of past steps are kept: \(quantity(count, "operation")) of them exist and their number "
            + "grew in each of the last \(quantity(growthToWarn, "step")) (backward at \(file):\(line)). "
            + (locations.isEmpty ? "" : "They were recorded at \(locations.prefix(3).joined(separator: ", ")). ")
            + "Accumulate numbers instead of tensors (loss.item()), or detach() the tensors that are kept."
        warning.withLock { $0 = text }
        writeToStandardError("Torchlight: \(text)\n")
    }

    /// Called for nodes that record the source line of their call: those that outlive the step are named in the
    /// warning.
    static func recordCreation(of node: Node) {
        state.withLock { state in
            guard state.loops[LiveNodes.group]?.isRecording == true else { return }
            state.loops[LiveNodes.group]!.candidates.append(WeakNode(node: node))
        }
    }

    private static func stopRecording(_ loops: inout [UInt32: Loop]) {
        for loop in loops.values where loop.isRecording { CallSites.end() }
        loops = [:]
    }

    /// Resets the state, for tests.
    package static func reset() {
        state.withLock { state in
            stopRecording(&state.loops)
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
    private struct Counts: ~Copyable {
        let generation = Atomic<UInt32>(0)
        let even = Atomic<Int>(0)
        let odd = Atomic<Int>(0)
        let earlierSteps = Atomic<Int>(0)
    }

    private static let groupCount = 256
    private nonisolated(unsafe) static let counts: UnsafeMutablePointer<Counts> = {
        let counts = UnsafeMutablePointer<Counts>.allocate(capacity: groupCount)
        for group in 0..<groupCount { (counts + group).initialize(to: Counts()) }
        return counts
    }()
    /// A node stores its group in the bits above the generation in which it was made.
    private static let generationBits: UInt32 = 24
    private static let generationMask: UInt32 = 1 << generationBits - 1

    /// The group of the calling thread.
    @inline(__always)
    static var group: UInt32 {
        let address = UInt64(UInt(bitPattern: threadState))
        return UInt32(truncatingIfNeeded: (address &* 0x9e37_79b9_7f4a_7c15) >> 56)
    }

    /// Counts a node. Returns its group and generation.
    @inline(__always)
    static func countCreation() -> UInt32 {
        let group = group
        let counts = counts + Int(group)
        let now = counts.pointee.generation.load(ordering: .relaxed)
        if now & 1 == 0 {
            counts.pointee.even.add(1, ordering: .relaxed)
        } else {
            counts.pointee.odd.add(1, ordering: .relaxed)
        }
        return group << generationBits | now & generationMask
    }

    @inline(__always)
    static func countRelease(of stamp: UInt32) {
        let counts = counts + Int(stamp >> generationBits)
        if isFromEarlierStep(stamp) {
            counts.pointee.earlierSteps.subtract(1, ordering: .relaxed)
        } else if stamp & 1 == 0 {
            counts.pointee.even.subtract(1, ordering: .relaxed)
        } else {
            counts.pointee.odd.subtract(1, ordering: .relaxed)
        }
    }

    @inline(__always)
    static func isFromEarlierStep(_ stamp: UInt32) -> Bool {
        let now = counts[Int(stamp >> generationBits)].generation.load(ordering: .relaxed)
        return (now &- stamp) & generationMask >= 2
    }

    /// Begins a generation and returns the number of nodes of earlier steps. Must not run on two threads at once.
    static func beginGeneration() -> Int {
        let counts = counts + Int(group)
        let next = counts.pointee.generation.load(ordering: .relaxed) &+ 1
        let old =
            next & 1 == 0
            ? counts.pointee.even.exchange(0, ordering: .relaxed) : counts.pointee.odd.exchange(0, ordering: .relaxed)
        let count = counts.pointee.earlierSteps.add(old, ordering: .relaxed).newValue
        counts.pointee.generation.store(next, ordering: .relaxed)
        return count
    }
}
