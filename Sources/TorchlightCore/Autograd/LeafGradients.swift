import Synchronization

extension Tensor {
    /// Adds to the gradient of a leaf. Takes what is added: where nobody else holds it, it is kept without a copy.
    /// Otherwise it is copied, in a recorded pass too: later passes add to the gradient in place, which nothing else may see.
    ///
    /// Passes on several threads may add to one leaf: the sum is that of all.
    func accumulate(_ gradient: inout Tensor, isRecorded: Bool) throws(TensorError) {
        lockGradient()
        defer { unlockGradient() }
        if let sum = self.gradient {
            if isRecorded || sum.requiresGrad {
                self.gradient = sum + gradient
            } else {
                sum.add_(gradient)
            }
        } else if isRecorded {
            self.gradient = isUniquelyHeld(&gradient) ? gradient : gradient.clone()
        } else if isUniquelyHeld(&gradient) && gradient.layout.isDenseInSomeOrder && gradient.layout.count > 0 {
            self.gradient = gradient
        } else {
            self.gradient = try gradient.copied()
        }
    }

    /// Keeps other threads from changing the gradient. Not for a thread that holds the lock already.
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

/// Where threads sleep that found a gradient locked: one byte of the tensor is the lock, 1 where it is held and 2 where
/// others may wait as well.
private enum GradientLocks {
    private static let waiting = ConditionLock()

    static func wait(for lock: borrowing Atomic<UInt8>) {
        waiting.lock()
        // The mark is set and the wait begins under the lock that `wake` takes, so that no wake is missed.
        while lock.exchange(2, ordering: .acquiring) != 0 { waiting.wait() }
        waiting.unlock()
    }

    static func wake() {
        waiting.lock()
        waiting.announce()
        waiting.unlock()
    }
}

/// The leaves with hooks that a pass has reached: what has arrived for each, and how much of it is still to come.
struct HookedLeaves {
    private var leaves: [Tensor] = []
    private var sums: [ObjectIdentifier: Tensor] = [:]
    /// How many operands of nodes that have not run are the leaf, by leaf; nil until the first leaf is reached.
    private var uses: [ObjectIdentifier: Int]?

    var areCounted: Bool { uses != nil }
    /// One that waits for its hooks, in order of arrival.
    var first: Tensor? { leaves.first }

    /// Notes that a gradient for the leaf has come from a node, whose other operands may still follow.
    mutating func note(_ leaf: Tensor, from node: Node?, _ pending: PendingGradients) {
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

    /// Notes that a node which has the leaf as an operand has run; true where that was the last and gradients arrived.
    mutating func useEnded(of leaf: Tensor) -> Bool {
        guard let count = uses?[ObjectIdentifier(leaf)] else { return false }
        uses![ObjectIdentifier(leaf)] = count - 1
        return count == 1 && leaves.contains { $0 === leaf }
    }

    /// Forgets the leaf; gives the sum of what arrived, where hooks are to see it.
    mutating func remove(_ leaf: Tensor) -> Tensor? {
        leaves.removeAll { $0 === leaf }
        return sums.removeValue(forKey: ObjectIdentifier(leaf))
    }

    /// How often each leaf with hooks is an operand in what is left of a graph.
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
