import Synchronization

/// The gradients in flight in a backward pass: sums of gradients of outputs, for nodes that have not run yet, and the
/// order in which these nodes run.
///
/// They belong to one pass, so that several passes can run at the same time, on other threads or inside a hook. A node
/// stores the position of its gradients for the pass that reached it first; other passes look the node up by its
/// identity.
final class PendingGradients {
    private struct Entry {
        var node: Node?
        var first: Tensor?
        /// For outputs from the second on; empty for nodes with one output.
        var others: [Tensor?] = []
    }

    private static let counter = Atomic<UInt64>(0)

    /// The number of the pass; never 0.
    private(set) var id: UInt64 = 0
    private var entries = UnsafeMutablePointer<Entry>.allocate(capacity: 16)
    private var capacity = 16
    private var count = 0
    private var unused: [Int32] = []
    private var queue = NodeHeap()
    /// Positions of nodes that another pass had reached before.
    private var elsewhere: [ObjectIdentifier: Int32] = [:]

    /// The inputs of the running rule for which it was given the existing sum.
    var offered = Needs()
    /// The leaves whose gradients are locked for the running rule.
    private var locked: [Tensor] = []
    /// Objects to notify when the pass ends.
    var observers: [any BackwardPassObserver] = []

    /// Starts a pass.
    func begin() {
        id = Self.counter.add(1, ordering: .relaxed).newValue
    }

    /// Ends the pass and removes what an error left in the nodes.
    func end() {
        var dropped = Few<Tensor?>()
        while pop(&dropped) != nil { dropped = Few() }
        unlockLeaves()
        offered = Needs()
        if observers.isEmpty { return }
        let all = observers
        observers = []
        for observer in all { observer.backwardPassDidEnd(id) }
    }

    /// Whether the memory is small enough to be kept for the next pass.
    var isSmall: Bool { capacity <= 4096 }

    // MARK: Positions

    @inline(__always)
    private func index(of node: Node) -> Int? {
        if node.pass.load(ordering: .relaxed) == id { return Int(node.position) }
        return elsewhere.isEmpty ? nil : elsewhere[ObjectIdentifier(node)].map { Int($0) }
    }

    /// The position of a node's gradients; a new node is added to the queue.
    private func makeEntry(of node: Node) -> Int {
        if let index = index(of: node) { return index }
        let index: Int
        if let last = unused.popLast() {
            index = Int(last)
            entries[index].node = node
        } else {
            if count == capacity { grow() }
            index = count
            (entries + index).initialize(to: Entry(node: node))
            count += 1
        }
        let position = Int32(truncatingIfNeeded: index)
        if node.pass.compareExchange(expected: 0, desired: id, ordering: .acquiring).exchanged {
            node.position = position
        } else {
            elsewhere[ObjectIdentifier(node)] = position
        }
        queue.push((node.sequence, position))
        return index
    }

    private func grow() {
        let larger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: entries, count: count)
        entries.deallocate()
        entries = larger
        capacity *= 2
    }

    deinit {
        entries.deinitialize(count: count)
        entries.deallocate()
    }

    // MARK: Sums

    /// Adds to the gradient of an output of a node, which is added to the queue. With `intoNew` the existing sum is not
    /// written in place, since the pass is recorded.
    func add(_ gradient: inout Tensor, to node: Node, output: Int, intoNew: Bool) {
        let index = makeEntry(of: node)
        if output == 0 && entries[index].first == nil {
            entries[index].first = gradient
            return
        }
        guard var sum = exchange(index, output, nil) else {
            _ = exchange(index, output, gradient)
            return
        }
        addGradient(gradient, to: &sum, intoNew: intoNew)
        _ = exchange(index, output, sum)
    }

    /// The sum of the gradients of an output so far.
    func sum(of node: Node, output: Int) -> Tensor? {
        guard let index = index(of: node) else { return nil }
        if output == 0 { return entries[index].first }
        return output <= entries[index].others.count ? entries[index].others[output - 1] : nil
    }

    /// The sum so far, if it has no other references.
    func uniqueSum(of node: Node, output: Int) -> Tensor? {
        guard let index = index(of: node), var sum = exchange(index, output, nil) else { return nil }
        let isUnique = isUniquelyReferenced(&sum)
        _ = exchange(index, output, sum)
        return isUnique ? sum : nil
    }

    /// Removes the sum so far, to be put back after a change.
    func take(of node: Node, output: Int) -> Tensor? { index(of: node).flatMap { exchange($0, output, nil) } }

    /// Puts back a sum that was removed.
    func put(_ sum: Tensor, of node: Node, output: Int) {
        if let index = index(of: node) { _ = exchange(index, output, sum) }
    }

    @inline(__always)
    private func exchange(_ index: Int, _ output: Int, _ gradient: Tensor?) -> Tensor? {
        if output == 0 {
            let old = entries[index].first.take()
            entries[index].first = gradient
            return old
        }
        while entries[index].others.count < output { entries[index].others.append(nil) }
        let old = entries[index].others[output - 1].take()
        entries[index].others[output - 1] = gradient
        return old
    }

    /// Removes the newest waiting node. The gradients of its outputs are appended to `gradients`.
    func pop(_ gradients: inout Few<Tensor?>) -> Node? {
        guard let (_, position) = queue.pop() else { return nil }
        let entry = entries + Int(position)
        let node = entry.pointee.node.take().unsafelyUnwrapped
        gradients.append(entry.pointee.first.take())
        if node.outputCount > 1 {
            for i in 0..<(node.outputCount - 1) {
                gradients.append(i < entry.pointee.others.count ? entry.pointee.others[i] : nil)
            }
            entry.pointee.others = []
        }
        unused.append(position)
        if node.pass.load(ordering: .relaxed) == id {
            node.pass.store(0, ordering: .releasing)
        } else {
            elsewhere[ObjectIdentifier(node)] = nil
        }
        return node
    }

    /// The waiting nodes.
    var waiting: [Node] { (0..<count).compactMap { entries[$0].node } }

    // MARK: Leaves

    /// Locks the gradient of a leaf until the running rule has returned; false if another thread holds the lock.
    func tryLock(_ leaf: Tensor) -> Bool {
        if locked.contains(where: { $0 === leaf }) { return true }
        guard leaf.tryLockGradient() else { return false }
        locked.append(leaf)
        return true
    }

    func unlockLeaves() {
        for leaf in locked { leaf.unlockGradient() }
        if !locked.isEmpty { locked.removeAll(keepingCapacity: true) }
    }
}

/// An object that keeps data for the duration of a pass.
protocol BackwardPassObserver: AnyObject {
    func backwardPassDidEnd(_ id: UInt64)
}

/// Whether the tensor has no reference but the caller's and its memory is not shared.
func isUniquelyReferenced(_ tensor: inout Tensor) -> Bool {
    isKnownUniquelyReferenced(&tensor) && tensor.ownsStorageUniquely
}

/// Adds to a sum of gradients: in place if it has no other references, unless `intoNew` is set because the pass is
/// recorded for autograd, or the gradient is that of a function that is being recorded: the sum may have elements.
@inline(__always)
func addGradient(_ gradient: Tensor, to sum: inout Tensor, intoNew: Bool) {
    if !intoNew && !gradient.device.isRecording && isUniquelyReferenced(&sum) {
        sum.add_(gradient)
    } else {
        sum = sum + gradient
    }
}

/// A binary heap of nodes by their sequence numbers, the newest first.
private struct NodeHeap {
    typealias Item = (sequence: Int, position: Int32)
    private var items: [Item] = []

    mutating func push(_ item: Item) {
        items.append(item)
        var i = items.count - 1
        while i > 0 {
            let parent = (i - 1) / 2
            if items[parent].sequence >= items[i].sequence { break }
            items.swapAt(parent, i)
            i = parent
        }
    }

    mutating func pop() -> Item? {
        guard let top = items.first else { return nil }
        let last = items.removeLast()
        if items.isEmpty { return top }
        items[0] = last
        var i = 0
        while true {
            var child = 2 * i + 1
            if child + 1 < items.count && items[child + 1].sequence > items[child].sequence { child += 1 }
            guard child < items.count, items[child].sequence > items[i].sequence else { return top }
            items.swapAt(i, child)
            i = child
        }
    }
}

extension GradientContext {
    /// Runs a pass on this thread. Its memory is kept for the next one.
    static func forPass<R>(_ body: (GradientContext) throws(TensorError) -> R) throws(TensorError) -> R {
        let thread = ThreadContext.current
        let context = thread.sparePass ?? GradientContext()
        let outer = thread.pass
        thread.sparePass = nil
        thread.pass = context
        context.pending.begin()
        defer {
            context.end()
            thread.pass = outer
            if context.pending.isSmall { thread.sparePass = context }
        }
        return try body(context)
    }

    private func end() {
        clearNode()
        pending.end()
    }
}
