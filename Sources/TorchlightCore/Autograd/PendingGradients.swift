import Synchronization

/// The gradients that a backward pass has on the way: the sums that wait for the nodes of which they are the results'
/// gradients, and the order in which these nodes run.
///
/// They belong to the pass, so that passes run side by side, on other threads or one inside a hook of the other. A node
/// says where its gradients wait to the pass that reached it first; other passes that meet at the same node look it up by
/// its identity.
final class PendingGradients {
    private struct Entry {
        var node: Node?
        var first: Tensor?
        /// From the second result on; empty for the many nodes of one result.
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
    /// Places of nodes that another pass had reached before.
    private var elsewhere: [ObjectIdentifier: Int32] = [:]

    /// For the rule that runs: which inputs it was handed the sum so far of.
    var offered = Needs()
    /// The leaves whose gradients are locked for it.
    private var locked: [Tensor] = []
    /// Called when the pass ends.
    var endings: [any EndsWithPass] = []

    /// Starts a pass with nothing on the way.
    func begin() {
        id = Self.counter.add(1, ordering: .relaxed).newValue
    }

    /// Ends the pass: nothing may linger in the nodes after an error.
    func end() {
        var dropped = Few<Tensor?>()
        while pop(&dropped) != nil { dropped = Few() }
        unlockLeaves()
        offered = Needs()
        if endings.isEmpty { return }
        let ended = endings
        endings = []
        for ending in ended { ending.passEnded(id) }
    }

    /// Whether what was kept for the next pass is small enough to keep.
    var isSmall: Bool { capacity <= 4096 }

    // MARK: Places

    @inline(__always)
    private func place(of node: Node) -> Int? {
        if node.pass.load(ordering: .relaxed) == id { return Int(node.position) }
        return elsewhere.isEmpty ? nil : elsewhere[ObjectIdentifier(node)].map { Int($0) }
    }

    /// The place of a node's gradients, which then waits for its turn.
    private func makePlace(of node: Node) -> Int {
        if let place = place(of: node) { return place }
        let place: Int
        if let last = unused.popLast() {
            place = Int(last)
            entries[place].node = node
        } else {
            if count == capacity { grow() }
            place = count
            (entries + place).initialize(to: Entry(node: node))
            count += 1
        }
        let position = Int32(truncatingIfNeeded: place)
        if node.pass.compareExchange(expected: 0, desired: id, ordering: .acquiring).exchanged {
            node.position = position
        } else {
            elsewhere[ObjectIdentifier(node)] = position
        }
        queue.push((node.sequence, position))
        return place
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

    /// Adds to the gradient of a result of a node, which then waits for its turn. `intoNew`: what is there is not written,
    /// since the pass is recorded.
    func add(_ gradient: inout Tensor, to node: Node, output: Int, intoNew: Bool) {
        let place = makePlace(of: node)
        if output == 0 && entries[place].first == nil {
            entries[place].first = gradient
            return
        }
        guard var sum = exchange(place, output, nil) else {
            _ = exchange(place, output, gradient)
            return
        }
        addGradient(gradient, to: &sum, intoNew: intoNew)
        _ = exchange(place, output, sum)
    }

    /// The sum so far of the gradient of a result.
    func sum(of node: Node, output: Int) -> Tensor? {
        guard let place = place(of: node) else { return nil }
        if output == 0 { return entries[place].first }
        return output <= entries[place].others.count ? entries[place].others[output - 1] : nil
    }

    /// The sum so far where nobody else holds it.
    func uniqueSum(of node: Node, output: Int) -> Tensor? {
        guard let place = place(of: node), var sum = exchange(place, output, nil) else { return nil }
        let isUnique = isUniquelyHeld(&sum)
        _ = exchange(place, output, sum)
        return isUnique ? sum : nil
    }

    /// Takes the sum so far away, to be put back changed.
    func take(of node: Node, output: Int) -> Tensor? { place(of: node).flatMap { exchange($0, output, nil) } }

    /// Puts back what was taken.
    func put(_ sum: Tensor, of node: Node, output: Int) {
        if let place = place(of: node) { _ = exchange(place, output, sum) }
    }

    @inline(__always)
    private func exchange(_ place: Int, _ output: Int, _ gradient: Tensor?) -> Tensor? {
        if output == 0 {
            let old = entries[place].first.take()
            entries[place].first = gradient
            return old
        }
        while entries[place].others.count < output { entries[place].others.append(nil) }
        let old = entries[place].others[output - 1].take()
        entries[place].others[output - 1] = gradient
        return old
    }

    /// The youngest node that waits. The gradients of its results are appended to `gradients`.
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

    /// The nodes that wait.
    var waiting: [Node] { (0..<count).compactMap { entries[$0].node } }

    // MARK: Leaves

    /// Locks the gradient of a leaf until the rule that runs has returned; false where another thread adds to it now.
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

/// What keeps something for as long as a pass runs.
protocol EndsWithPass: AnyObject {
    func passEnded(_ id: UInt64)
}

/// Whether nobody but the caller holds the tensor or sees its memory.
func isUniquelyHeld(_ tensor: inout Tensor) -> Bool {
    isKnownUniquelyReferenced(&tensor) && tensor.ownsStorageAlone
}

/// Adds to a sum of gradients: in its memory where nobody else holds it, unless `intoNew`, since the pass is recorded.
@inline(__always)
func addGradient(_ gradient: Tensor, to sum: inout Tensor, intoNew: Bool) {
    if !intoNew && isUniquelyHeld(&sum) {
        sum.add_(gradient)
    } else {
        sum = sum + gradient
    }
}

/// A binary heap of nodes by their sequence numbers, the youngest on top.
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
    /// Runs a pass on this thread. What it needs memory for is kept for the next.
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
        turnAway()
        pending.end()
    }
}
