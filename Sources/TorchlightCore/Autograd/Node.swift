import CKernels
import Synchronization

/// A node of the computation graph: one recorded operation with its gradient rule, saved tensors and edges.
package final class Node: @unchecked Sendable {
    /// One operand or result, in 64 bytes: a graph has three of them for each of possibly millions of operations.
    struct Slot {
        private(set) var shape: SlotShape
        let dtype: DType
        /// For an operand: its index among the outputs of `node`.
        var outputIndex: Int32 = 0
        /// For an operand: the node that made it.
        var node: Node?
        /// For an operand: the leaf that accumulates its gradient.
        var leaf: Tensor?
        /// The saved tensor; `version` is the version of its storage at that time. A result is saved without its
        /// history, because the tensor itself holds this node.
        private(set) var saved: Tensor?
        private var version: UInt32 = 0

        init(_ tensor: Tensor) {
            shape = SlotShape(tensor.layout.shape)
            dtype = tensor.dtype
        }

        mutating func save(_ tensor: Tensor, version: Int) {
            saved = tensor
            self.version = UInt32(truncatingIfNeeded: version)
        }
        mutating func release() { saved = nil }
        /// Whether the saved tensor had this version. Only the last 32 bits are compared.
        func isVersion(_ version: Int) -> Bool { UInt32(truncatingIfNeeded: version) == self.version }
        var savedVersion: Int { Int(version) }
        /// Whether the saved tensor was written to since.
        var isOverwritten: Bool {
            @inline(__always) get { saved.map { !isVersion($0.storage.version) } ?? false }
        }
    }

    /// The order of creation. A backward pass runs nodes in decreasing order.
    let sequence: Int
    private(set) var rule: any GradientRule
    let name: String
    private let operandCount: Int32
    private let resultCount: Int32
    /// Operands, then results, in one block of memory.
    private let slots: UnsafeMutablePointer<Slot>
    /// Whether a backward pass has released the saved tensors. A node that saved nothing can be passed again.
    private(set) var isReleased = false
    /// The backward pass that has gradients for this node, 0 if there is none, and their position in it. Another pass
    /// at the same time uses a dictionary of its own.
    let pass = Atomic<UInt64>(0)
    var position: Int32 = 0
    /// The generation of the node: how many passes had freed their graphs when it was created.
    private let generation: UInt32
    /// Rarely used data: hooks, packed tensors and the source line of the call.
    var extra: NodeExtra?

    private static let counter = Atomic<Int>(0)
    /// The sequence number of the next node. Nodes that are created from now on have at least this one.
    static var nextSequence: Int { counter.load(ordering: .relaxed) }

    /// Whether at least two passes have freed their graphs since this node was created.
    var isFromEarlierStep: Bool { LiveNodes.isFromEarlierStep(generation) }

    var inputCount: Int {
        @inline(__always) get { Int(operandCount) }
    }
    var outputCount: Int {
        @inline(__always) get { Int(resultCount) }
    }

    /// The operands.
    var inputs: UnsafeMutableBufferPointer<Slot> { UnsafeMutableBufferPointer(start: slots, count: inputCount) }
    /// The results.
    var outputs: UnsafeMutableBufferPointer<Slot> {
        UnsafeMutableBufferPointer(start: slots + inputCount, count: outputCount)
    }

    convenience init(
        rule: any GradientRule, name: String, inputs: Few<Tensor>, needs: Needs, outputs: Few<Tensor>
    ) {
        self.init(rule: rule, name: name, inputCount: inputs.count, outputCount: outputs.count)
        for i in 0..<inputCount { setInput(i, inputs[i], needs: needs[i]) }
        for i in 0..<outputCount { setOutput(i, outputs[i]) }
    }

    /// A node whose slots must all be set before it is used.
    init(rule: any GradientRule, name: String, inputCount: Int, outputCount: Int) {
        sequence = Self.counter.add(1, ordering: .relaxed).oldValue
        generation = LiveNodes.countCreation()
        self.rule = rule
        self.name = name
        operandCount = Int32(truncatingIfNeeded: inputCount)
        resultCount = Int32(truncatingIfNeeded: outputCount)
        // From the caching allocator, which reuses memory of the thread without a call of the system's heap.
        guard let memory = tl_allocate(Self.byteCount(inputCount + outputCount)) else {
            fatalError("out of memory: cannot allocate a node of the computation graph")
        }
        slots = memory.assumingMemoryBound(to: Slot.self)
        if CallSites.areRecorded {
            extra = NodeExtra(site: CallSites.capture())
            RetainedGraphDetector.recordCreation(of: self)
        }
    }

    private static func byteCount(_ slots: Int) -> Int { slots &* MemoryLayout<Slot>.stride }

    func setInput(_ index: Int, _ input: Tensor, needs: Bool) {
        let slot = slots + index
        slot.initialize(to: Slot(input))
        guard needs else { return }
        if let node = input.currentNode {
            slot.pointee.node = node
            slot.pointee.outputIndex = Int32(truncatingIfNeeded: input.outputIndex)
        } else if input.requiresGradFlag {
            slot.pointee.leaf = input
        }
    }

    func setOutput(_ index: Int, _ output: Tensor) {
        (slots + inputCount + index).initialize(to: Slot(output))
    }

    func save(_ saved: Saved, inputs: Few<Tensor>, outputs: Few<Tensor>) {
        if saved.isEmpty { return }
        for i in 0..<inputs.count where saved.contains(.input(i)) {
            let input = inputs[i]
            if SavedTensorHooks.areUsed && pack(input, at: i) { continue }
            slots[i].save(input, version: input.storage.version)
        }
        for i in 0..<outputs.count where saved.contains(.output(i)) { saveOutput(outputs[i], at: i) }
    }

    func saveOutput(_ tensor: Tensor, at index: Int = 0) {
        if SavedTensorHooks.areUsed && pack(tensor, at: inputCount + index) { return }
        slots[inputCount + index].save(tensor.withoutHistory, version: tensor.storage.version)
    }

    /// Saves what the thread's hooks return for a tensor; false if there are no hooks.
    private func pack(_ tensor: Tensor, at slot: Int) -> Bool {
        guard let packed = SavedTensorHooks.pack(tensor) else { return false }
        if extra == nil { extra = NodeExtra() }
        extra!.packed.append((slot, packed))
        return true
    }

    /// Releases the saved tensors; the edges stay, so that a second pass can report the error.
    func release() {
        for i in 0..<(inputCount + outputCount) where slots[i].saved != nil {
            slots[i].release()
            isReleased = true
        }
        if let extra, !extra.packed.isEmpty {
            extra.packed = []
            isReleased = true
        }
        if rule.releaseSaved() { isReleased = true }
    }

    deinit {
        LiveNodes.countRelease(of: generation)
        // A graph is a chain of references. The last references of this node are moved to a list that the outermost
        // deinit releases, so that the depth of the stack does not grow with the graph.
        var context: ThreadContext?
        for i in 0..<inputCount {
            if slots[i].node != nil && !isKnownUniquelyReferenced(&slots[i].node) { slots[i].node = nil }
            guard slots[i].node != nil || (slots[i].saved.map { $0.node != nil || $0.base != nil } ?? false) else {
                continue
            }
            if context == nil { context = ThreadContext.current }
            if let node = slots[i].node { context!.released.append(node) }
            if let saved = slots[i].saved { context!.released.append(saved) }
        }
        if let object = rule.heldObject {
            if context == nil { context = ThreadContext.current }
            context!.released.append(object)
            // Otherwise the object would be released after this function, one stack frame deeper for each such node.
            rule = NoRule()
        }
        slots.deinitialize(count: inputCount + outputCount)
        tl_deallocate(slots, Self.byteCount(inputCount + outputCount))
        if let extra, !extra.packed.isEmpty {
            if context == nil { context = ThreadContext.current }
            context!.released.append(extra)
            self.extra = nil
        }
        guard let context, threadState.pointee.draining == 0 else { return }
        threadState.pointee.draining = 1
        while let last = context.released.popLast() { _ = last }
        threadState.pointee.draining = 0
    }
}

/// The backward function of a node: computes the gradients of its inputs from those of its outputs. Implemented by
/// primitives and custom functions.
package protocol GradientRule {
    func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?>
    /// For a view that selects a part: the region of the input's gradient that is the gradient of the result. Parts of
    /// one tensor then add to one gradient instead of each filling a tensor of its size.
    func region(of layout: Layout) -> Layout?
    /// For a view that selects a range of indices along one dimension: that range.
    var part: ViewPart? { get }
    /// The number of first inputs whose gradients the rule can write to given memory, in
    /// `GradientContext.destinations`.
    var destinationInputs: Int { get }
    /// Called when a backward pass frees the graph. Returns whether the rule released anything.
    func releaseSaved() -> Bool
    /// The object that holds saved tensors, if the node does not hold them itself.
    var heldObject: AnyObject? { get }
}

extension GradientRule {
    package func region(of layout: Layout) -> Layout? { nil }
    package var part: ViewPart? { nil }
    package var destinationInputs: Int { 0 }
}

/// The rule of a node that is being freed.
private struct NoRule: GradientRule {
    func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { Few() }
    func releaseSaved() -> Bool { false }
    var heldObject: AnyObject? { nil }
}

extension Primitive {
    package func releaseSaved() -> Bool { false }
    package var heldObject: AnyObject? { nil }
}

/// Hooks, packed tensors and the source line of the call, which most nodes do not have.
final class NodeExtra {
    var site: CallSite?
    /// Hooks on the gradient of each output.
    var hooks: [Int: HookList] = [:]
    /// Tensors that retain the gradient of an output, by output.
    var retaining: [Int: WeakTensor] = [:]
    /// Packed saved tensors, by the index of the slot: operands, then results.
    var packed: [(slot: Int, tensor: any PackedTensor)] = []
    /// What programs keep with the node; see `GradFn.metadata`.
    var metadata: [String: any Sendable] = [:]

    init(site: CallSite? = nil) { self.site = site }
}

struct WeakTensor {
    weak var tensor: Tensor?
}
