import Synchronization

extension Tensor {
    /// Accumulates in the gradient of a leaf. A gradient without other references is kept without a copy. Otherwise it
    /// is copied, in a recorded pass too, since later passes add to it in place.
    ///
    /// Passes on several threads may accumulate in one leaf: the result is the sum of all.
    func accumulate(_ gradient: inout Tensor, isRecorded: Bool) throws(TensorError) {
        if gradient.device.isRecording && !device.isRecording { throw Self.outsideLeaf(self) }
        lockGradient()
        defer { unlockGradient() }
        if let recorder = activeRecorder {
            recorder.willReplaceGradient(of: self)
            recorder.readGradient(of: self)
        }
        if let sum = self.gradient {
            if isRecorded || sum.requiresGrad {
                self.gradient = sum + gradient
            } else {
                sum.add_(gradient)
            }
        } else if isRecorded {
            self.gradient = isUniquelyReferenced(&gradient) ? gradient : gradient.clone()
        } else if isUniquelyReferenced(&gradient) && gradient.layout.isDenseInSomeOrder && gradient.layout.count > 0 {
            self.gradient = gradient
        } else {
            self.gradient = try gradient.copied()
        }
    }

    /// Tells the recorder that the gradient was replaced.
    @inline(never)
    func noteGradientSet() { activeRecorder?.setGradient(of: self) }

    private static func outsideLeaf(_ leaf: Tensor) -> TensorError {
        TensorError(
            .autograd, in: "backward", "a recorded function accumulates a gradient in a tensor from outside",
            expected: "a function without side effects",
            fix: "use grad or vjp, which return gradients", operands: [leaf])
    }

    /// Locks the gradient against other threads. Not recursive.
    func lockGradient() {
        if !gradientLock.compareExchange(expected: 0, desired: 1, ordering: .acquiring).exchanged {
            GradientLocks.wait(for: gradientLock)
        }
    }

    func tryLockGradient() -> Bool {
        gradientLock.compareExchange(expected: 0, desired: 1, ordering: .acquiring).exchanged
    }

    func unlockGradient() {
        if gradientLock.exchange(0, ordering: .releasing) == 2 { GradientLocks.wake() }
    }
}

/// The condition on which threads wait for a locked gradient. The lock is one byte of the tensor: 1 if it is held, 2 if
/// other threads may be waiting.
private enum GradientLocks {
    private static let waiting = ConditionLock()

    static func wait(for lock: borrowing Atomic<UInt8>) {
        waiting.lock()
        // The mark is set and the wait begins while holding the lock that `wake` takes, so that no wake-up is lost.
        while lock.exchange(2, ordering: .acquiring) != 0 { waiting.wait() }
        waiting.unlock()
    }

    static func wake() {
        waiting.lock()
        waiting.announce()
        waiting.unlock()
    }
}

/// The leaves with hooks that a pass has reached: the sum of their gradients, and how many gradients are still to come.
struct HookedLeaves {
    private var leaves: [Tensor] = []
    private var sums: [ObjectIdentifier: Tensor] = [:]
    /// For each leaf, the number of operands of remaining nodes that are the leaf; nil until the first leaf is reached.
    private var uses: [ObjectIdentifier: Int]?

    var areCounted: Bool { uses != nil }
    /// The first leaf that waits for its hooks, in order of arrival.
    var first: Tensor? { leaves.first }

    /// Records that a node passed a gradient to the leaf; its other operands may follow.
    mutating func record(_ leaf: Tensor, from node: Node?, _ pending: PendingGradients) {
        if !leaves.contains(where: { $0 === leaf }) { leaves.append(leaf) }
        if uses == nil, let node { uses = Self.count(from: [node] + pending.waiting) }
    }

    mutating func add(_ gradient: inout Tensor, to leaf: Tensor, intoNew: Bool) {
        guard var sum = sums.removeValue(forKey: ObjectIdentifier(leaf)) else {
            sums[ObjectIdentifier(leaf)] = gradient
            return
        }
        addGradient(gradient, to: &sum, intoNew: intoNew)
        sums[ObjectIdentifier(leaf)] = sum
    }

    /// Records that a node with the leaf as an operand has run; true if that was the last one and there are gradients.
    mutating func removeUse(of leaf: Tensor) -> Bool {
        guard let count = uses?[ObjectIdentifier(leaf)] else { return false }
        uses![ObjectIdentifier(leaf)] = count - 1
        return count == 1 && leaves.contains { $0 === leaf }
    }

    /// Removes the leaf; returns the sum of its gradients if hooks need it.
    mutating func remove(_ leaf: Tensor) -> Tensor? {
        leaves.removeAll { $0 === leaf }
        return sums.removeValue(forKey: ObjectIdentifier(leaf))
    }

    /// For each leaf with hooks, how often it is an operand in the remaining graph.
    private static func count(from nodes: [Node]) -> [ObjectIdentifier: Int] {
        var uses: [ObjectIdentifier: Int] = [:]
        var stack: [Node] = []
        var seen = Set<ObjectIdentifier>()
        for node in nodes where seen.insert(ObjectIdentifier(node)).inserted { stack.append(node) }
        while let node = stack.popLast() {
            for input in node.inputs {
                if let next = input.node {
                    if seen.insert(ObjectIdentifier(next)).inserted { stack.append(next) }
                } else if let leaf = input.leaf, leaf.hasGradientHooks {
                    uses[ObjectIdentifier(leaf), default: 0] += 1
                }
            }
        }
        return uses
    }
}
