import CKernels
import Synchronization

/// One recorded operation: its gradient rule, what it saved and where its gradients go.
package final class Node: @unchecked Sendable {
    /// One operand or one result, in 64 bytes: a graph has three of them for each of perhaps millions of operations.
    struct Slot {
        private(set) var shape: SlotShape
        let dtype: DType
        /// Of an operand: its rule was handed the sum so far of the operand's gradient, to add to.
        var isSumOffered = false
        /// Which result of `node` an operand is.
        var outputIndex: Int32 = 0
        /// Where the gradient of an operand goes: the node that made it, or a leaf.
        var node: Node?
        private var tensor: Tensor?
        /// Kept for the gradient, with the version that its storage had. A result is kept as a twin without history,
        /// because the tensor itself holds this node.
        private(set) var saved: Tensor?
        private var version: UInt32 = 0

        init(_ tensor: Tensor) {
            shape = SlotShape(tensor.layout.shape)
            dtype = tensor.dtype
        }

        /// Of an operand: the leaf that accumulates its gradient.
        var leaf: Tensor? {
            get { tensor }
            set { tensor = newValue }
        }
        /// Of a result: its gradient while a backward pass is under way.
        var pending: Tensor? {
            get { tensor }
            set { tensor = newValue }
        }

        mutating func save(_ tensor: Tensor, version: Int) {
            saved = tensor
            self.version = UInt32(truncatingIfNeeded: version)
        }
        mutating func release() { saved = nil }
        /// Whether nobody else holds the gradient that waits here.
        var isPendingUniquelyHeld: Bool {
            mutating get { isKnownUniquelyReferenced(&tensor) && tensor.unsafelyUnwrapped.ownsStorageAlone }
        }
        /// The version that what was saved had; the last 32 bits, which tell any two apart that a pass can meet.
        func isVersion(_ version: Int) -> Bool { UInt32(truncatingIfNeeded: version) == self.version }
        var savedVersion: Int { Int(version) }
    }

    /// Nodes run in falling order of creation.
    let sequence: Int
    private(set) var rule: any GradientRule
    let name: String
    let inputCount: Int
    let outputCount: Int
    /// Operands, then results: one block, built where it lies.
    private let slots: UnsafeMutablePointer<Slot>
    /// Whether `backward` has been through and given back what was saved.
    private(set) var isReleased = false
    var isQueued = false
    /// What few nodes have: hooks and the place of the call.
    var extra: NodeExtra?

    private static let counter = Atomic<Int>(0)
    private static let live = Atomic<Int>(0)

    /// The number of nodes that exist now: a training loop that keeps its graphs shows it growing.
    package static var liveCount: Int { live.load(ordering: .relaxed) }

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
        Self.live.add(1, ordering: .relaxed)
        self.rule = rule
        self.name = name
        self.inputCount = inputCount
        self.outputCount = outputCount
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
            slots[i].save(inputs[i], version: inputs[i].storage.version)
        }
        for i in 0..<outputs.count where saved.contains(.output(i)) { saveOutput(outputs[i], at: i) }
    }

    func saveOutput(_ tensor: Tensor, at index: Int = 0) {
        slots[inputCount + index].save(
            Tensor(storage: tensor.storage, layout: tensor.layout, dtype: tensor.dtype), version: tensor.storage.version
        )
    }

    /// Gives back what was saved; the edges stay, so that a second pass can say what happened.
    func release() {
        isReleased = true
        for i in 0..<(inputCount + outputCount) where slots[i].saved != nil { slots[i].release() }
        rule.releaseSaved()
    }

    deinit {
        Self.live.subtract(1, ordering: .relaxed)
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
    /// Called when a backward pass frees the graph.
    func releaseSaved()
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
    func releaseSaved() {}
    var heldObject: AnyObject? { nil }
}

extension Primitive {
    package func releaseSaved() {}
    package var heldObject: AnyObject? { nil }
}

/// Hooks and provenance, which most nodes lack.
final class NodeExtra {
    var site: CallSite?
    /// By output.
    var hooks: [Int: HookList] = [:]
    /// Tensors that keep the gradient of an output, by output.
    var retaining: [Int: WeakTensor] = [:]

    init(site: CallSite? = nil) { self.site = site }
}

struct WeakTensor {
    weak var tensor: Tensor?
}

/// What a gradient rule sees.
package struct GradientContext {
    let node: Node
    /// Which inputs need a gradient.
    package let needs: Needs
    /// The gradients of the results; nil where nothing arrived.
    package let gradients: Few<Tensor?>
    private let keepsGraph: Bool
    /// Whether what was brought already may be added to; in leaves only where the pass collects nothing else.
    let addsToNodes: Bool
    let addsToLeaves: Bool
    /// Where the gradients of the first inputs are to be written and returned from, where they are parts that fill one
    /// tensor between them; nil where the rule takes memory of its own.
    package let places: Few<Tensor>?

    /// Checks that nothing that the rule will read was overwritten.
    init(
        node: Node, needs: Needs, gradients: Few<Tensor?>, keepsGraph: Bool, addsToNodes: Bool = false,
        addsToLeaves: Bool = false, places: Few<Tensor>? = nil
    ) throws(TensorError) {
        self.node = node
        self.needs = needs
        self.gradients = gradients
        self.keepsGraph = keepsGraph
        self.addsToNodes = addsToNodes
        self.addsToLeaves = addsToLeaves
        self.places = places
        for slot in node.inputs where slot.saved != nil { try Self.checkVersion(slot, node) }
        for slot in node.outputs where slot.saved != nil { try Self.checkVersion(slot, node) }
    }

    private static func checkVersion(_ slot: Node.Slot, _ node: Node) throws(TensorError) {
        guard let saved = slot.saved, !slot.isVersion(saved.storage.version) else { return }
        throw TensorError(
            .autograd, in: "backward",
            "\(node.name) saved a \(saved.dtype) tensor of shape \(saved.shape) for its gradient, and "
                + "\(saved.storage.lastWriter) overwrote it since",
            got: "version \(saved.storage.version)", expected: "version \(slot.savedVersion)",
            fix: "use the form of \(saved.storage.lastWriter) without the underscore, or save a copy with clone() first"
        )
    }

    /// The gradient of the only result.
    package var gradient: Tensor { gradients[0]! }
    /// An input that `saved` named.
    package func input(_ index: Int) -> Tensor { node.inputs[index].saved! }
    /// A result that `saved` named.
    package func output(_ index: Int = 0) -> Tensor {
        let saved = node.outputs[index].saved!
        guard keepsGraph && saved.dtype.isFloatingPoint else { return saved }
        let tensor = Tensor(storage: saved.storage, layout: saved.layout, dtype: saved.dtype)
        tensor.node = node
        tensor.outputIndex = index
        tensor.requiresGradFlag = true
        return tensor
    }
    /// The shape that an input had.
    package func shape(_ index: Int) -> Dims { node.inputs[index].shape.dims }
    package func dtype(_ index: Int) -> DType { node.inputs[index].dtype }
    package func outputShape(_ index: Int = 0) -> Dims { node.outputs[index].shape.dims }
    package func outputDType(_ index: Int = 0) -> DType { node.outputs[index].dtype }
    package var inputCount: Int { node.inputCount }
}
