import CKernels
import Synchronization

/// One recorded operation: its gradient rule, what it saved and where its gradients go.
package final class Node: @unchecked Sendable {
    /// One operand or one result, in 64 bytes: a graph has three of them for each of perhaps millions of operations.
    struct Slot {
        private(set) var shape: SlotShape
        let dtype: DType
        /// Which result of `node` an operand is.
        var outputIndex: Int32 = 0
        /// Where the gradient of an operand goes: the node that made it, or a leaf.
        var node: Node?
        /// Of an operand: the leaf that accumulates its gradient.
        var leaf: Tensor?
        /// Kept for the gradient, with the version that its storage had. A result is kept as a twin without history,
        /// because the tensor itself holds this node.
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
        /// The version that what was saved had; the last 32 bits, which tell any two apart that a pass can meet.
        func isVersion(_ version: Int) -> Bool { UInt32(truncatingIfNeeded: version) == self.version }
        var savedVersion: Int { Int(version) }
    }

    /// Nodes run in falling order of creation.
    let sequence: Int
    private(set) var rule: any GradientRule
    let name: String
    private let operandCount: Int32
    private let resultCount: Int32
    /// Operands, then results: one block, built where it lies.
    private let slots: UnsafeMutablePointer<Slot>
    /// Whether a backward pass has given back what was saved. A node that saved nothing can be passed again.
    private(set) var isReleased = false
    /// The backward pass that has gradients for this node, 0 where none has, and where it keeps them. A pass that finds
    /// another's number here looks the place up in a dictionary of its own.
    let pass = Atomic<UInt64>(0)
    var position: Int32 = 0
    /// How many passes had freed their graphs when this node was made.
    private let generation: UInt32
    /// What few nodes have: hooks, packed tensors and the place of the call.
    var extra: NodeExtra?

    private static let counter = Atomic<Int>(0)

    /// Whether passes have freed their graphs twice since this node was made.
    var isOfPastStep: Bool { LiveNodes.isOfPastStep(generation) }

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

    /// A node whose slots must all be set before anything else is done with it.
    init(rule: any GradientRule, name: String, inputCount: Int, outputCount: Int) {
        sequence = Self.counter.add(1, ordering: .relaxed).oldValue
        generation = LiveNodes.noteCreation()
        self.rule = rule
        self.name = name
        operandCount = Int32(truncatingIfNeeded: inputCount)
        resultCount = Int32(truncatingIfNeeded: outputCount)
        // From the pool, where a thread gets back what it gave without a call of the system's heap.
        guard let memory = tl_allocate(Self.byteCount(inputCount + outputCount)) else {
            fatalError("no memory for the record of an operation")
        }
        slots = memory.assumingMemoryBound(to: Slot.self)
        if CallSites.areRecorded {
            extra = NodeExtra(site: CallSites.capture())
            GraphWatch.noteCreation(of: self)
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
            if SavedTensorHooks.areUsed && pack(inputs[i], at: i) { continue }
            slots[i].save(inputs[i], version: inputs[i].storage.version)
        }
        for i in 0..<outputs.count where saved.contains(.output(i)) { saveOutput(outputs[i], at: i) }
    }

    func saveOutput(_ tensor: Tensor, at index: Int = 0) {
        if SavedTensorHooks.areUsed && pack(tensor, at: inputCount + index) { return }
        slots[inputCount + index].save(tensor.withoutHistory, version: tensor.storage.version)
    }

    /// Keeps what the thread's hooks make of a tensor in its place; false where there are none.
    private func pack(_ tensor: Tensor, at slot: Int) -> Bool {
        guard let packed = SavedTensorHooks.pack(tensor) else { return false }
        if extra == nil { extra = NodeExtra() }
        extra!.packed.append((slot, packed))
        return true
    }

    /// Gives back what was saved; the edges stay, so that a second pass can say what happened.
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
        LiveNodes.noteEnd(of: generation)
        // A graph is a chain of references as long as the computation. What this node held last is handed to a list that
        // the outermost release works off, so that a million nodes need one stack frame.
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
            // Otherwise the object would go only after this function, one stack frame deeper for each such node.
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

/// What turns the gradients of a node's results into those of its inputs: a primitive, or a custom function.
package protocol GradientRule {
    func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?>
    /// Where in the gradient of the only input that of the result belongs, for views that pick a part and leave the rest.
    /// Parts of one tensor then add to one gradient, instead of filling one of its size each.
    func region(of layout: Layout) -> Layout?
    /// Of a view that picks a run of neighbours along one dimension: which.
    var part: ViewPart? { get }
    /// How many of the first inputs have gradients that the rule can write anywhere, in `GradientContext.places`.
    var placeableInputs: Int { get }
    /// Called when a backward pass frees the graph. Returns whether the rule held anything that it gave back.
    func releaseSaved() -> Bool
    /// The object that holds what the rule saved, where the node does not hold it itself.
    var heldObject: AnyObject? { get }
}

extension GradientRule {
    package func region(of layout: Layout) -> Layout? { nil }
    package var part: ViewPart? { nil }
    package var placeableInputs: Int { 0 }
}

/// Stands in for the rule of a node that is being freed.
private struct NoRule: GradientRule {
    func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { Few() }
    func releaseSaved() -> Bool { false }
    var heldObject: AnyObject? { nil }
}

extension Primitive {
    package func releaseSaved() -> Bool { false }
    package var heldObject: AnyObject? { nil }
}

/// Hooks, packed tensors and provenance, which most nodes lack.
final class NodeExtra {
    var site: CallSite?
    /// By output.
    var hooks: [Int: HookList] = [:]
    /// Tensors that keep the gradient of an output, by output.
    var retaining: [Int: WeakTensor] = [:]
    /// What stands for saved tensors, by the index of the slot: operands, then results.
    var packed: [(slot: Int, tensor: any PackedTensor)] = []

    init(site: CallSite? = nil) { self.site = site }
}

struct WeakTensor {
    weak var tensor: Tensor?
}
