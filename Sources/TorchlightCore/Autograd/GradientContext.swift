/// What a gradient rule sees: one object a pass, which holds what concerns the node that runs.
package final class GradientContext {
    /// The pass holds the node.
    private unowned(unsafe) var current: Node?
    var node: Node { current.unsafelyUnwrapped }
    /// Which inputs need a gradient.
    package private(set) var needs = Needs()
    /// The gradients of the results; nil where nothing arrived.
    package internal(set) var gradients = Few<Tensor?>()
    /// The gradients that the pass has so far.
    let pending = PendingGradients()
    /// Whether the pass is recorded itself.
    var keepsGraph = false
    /// Whether what was brought already may be added to; in leaves only where the pass collects nothing else.
    var addsToNodes = false
    var addsToLeaves = false
    /// Where the gradients of the first inputs are to be written and returned from, where they are parts that fill one
    /// tensor between them; nil where the rule takes memory of its own.
    package private(set) var places: Few<Tensor>?
    /// What hooks packed, as they give it back: by the index of the slot. Empty for most nodes.
    private var unpacked: [Int: Tensor] = [:]

    /// Turns to a node, whose results' gradients are here already. Checks that nothing that its rule will read was
    /// overwritten.
    func turn(to node: Node, _ needs: Needs, places: Few<Tensor>?) throws(TensorError) {
        current = node
        self.needs = needs
        self.places = places
        for slot in node.inputs where slot.saved != nil { try Self.checkVersion(slot, node) }
        for slot in node.outputs where slot.saved != nil { try Self.checkVersion(slot, node) }
        if let extra = node.extra, !extra.packed.isEmpty { unpacked = try extra.unpack() }
    }

    /// Lets go of all that concerns the node: a gradient that a rule passes on must not look shared.
    func turnAway() {
        gradients = Few()
        if places != nil { places = nil }
        if !unpacked.isEmpty { unpacked = [:] }
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
    package func input(_ index: Int) -> Tensor {
        if let saved = node.inputs[index].saved { return saved }
        let tensor = unpacked[index]!
        return keepsGraph ? node.withHistory(tensor, ofInput: index) : tensor
    }
    /// An input for arithmetic of its own, such as the logarithm of a base. Beside float64 a number or an integer is taken
    /// as float64 too: alone it would be computed in the default dtype, and the gradient would keep seven digits.
    package func operand(_ index: Int) -> Tensor {
        let input = input(index)
        return gradient.dtype == .float64 ? input.to(.float64) : input
    }
    /// A result that `saved` named.
    package func output(_ index: Int = 0) -> Tensor {
        let saved = node.outputs[index].saved ?? unpacked[node.inputCount + index]!
        return keepsGraph ? node.withHistory(saved, ofOutput: index) : saved
    }
    /// The shape that an input had.
    package func shape(_ index: Int) -> Dims { node.inputs[index].shape.dims }
    package func dtype(_ index: Int) -> DType { node.inputs[index].dtype }
    package func outputShape(_ index: Int = 0) -> Dims { node.outputs[index].shape.dims }
    package func outputDType(_ index: Int = 0) -> DType { node.outputs[index].dtype }
    package var inputCount: Int { node.inputCount }
}

extension GradientContext {
    /// The sum of what other rules brought already as the gradient of an input, for a rule that can add to it in place of
    /// making a tensor that is added; nil where there is none, or it may not be written.
    ///
    /// A rule that adds returns the sum as its gradient. The gradient of a leaf is locked until the rule returns.
    package func sum(_ index: Int) -> Tensor? {
        let input = node.inputs[index]
        let sum: Tensor?
        if let next = input.node {
            guard addsToNodes else { return nil }
            sum = pending.uniqueSum(of: next, output: Int(input.outputIndex))
        } else {
            guard addsToLeaves, let leaf = input.leaf, leaf.gradientHooks?.runBefore != true,
                pending.tryLock(leaf)
            else { return nil }
            sum = leaf.gradient
        }
        guard let sum, !sum.requiresGrad, sum.dtype == input.dtype, input.shape == sum.layout.shape,
            !sum.layout.mayOverlap, !sum.storage.isReadOnly, !isRead(sum.storage)
        else { return nil }
        pending.offered[index] = true
        return sum
    }

    /// Whether the rule reads the memory: a leaf's gradient may be anything that the program put there.
    private func isRead(_ storage: Storage) -> Bool {
        gradients.contains { $0?.storage === storage } || node.inputs.contains { $0.saved?.storage === storage }
            || node.outputs.contains { $0.saved?.storage === storage }
            || unpacked.contains { $0.value.storage === storage }
    }
}

extension Node {
    /// The elements of an input with the history that the input has, for gradients that are recorded themselves.
    func withHistory(_ elements: Tensor, ofInput index: Int) -> Tensor {
        let slot = inputs[index]
        guard let leaf = slot.leaf else {
            return slot.node.map { elements.asResult(Int(slot.outputIndex), of: $0) } ?? elements
        }
        if elements.storage === leaf.storage && elements.layout == leaf.layout { return leaf }
        let copy = elements.withoutHistory
        let node = Node(
            rule: PassedOn(), name: "view", inputs: Few(leaf), needs: Needs(all: 1), outputs: Few(copy))
        return copy.asResult(0, of: node)
    }

    /// The elements of a result as the result, for gradients that are recorded themselves.
    func withHistory(_ elements: Tensor, ofOutput index: Int) -> Tensor {
        elements.dtype.isFloatingPoint ? elements.asResult(index, of: self) : elements
    }
}

extension Tensor {
    /// The same elements without a history.
    var withoutHistory: Tensor { Tensor(storage: storage, layout: layout, dtype: dtype) }

    /// A view of all elements, without a history of its own yet.
    var alias: Tensor {
        let origin = base ?? self
        let view = Tensor(storage: storage, layout: layout, dtype: dtype, base: origin)
        view.historyStamp = origin.historyStamp
        return view
    }

    /// The same elements as a result of a node.
    fileprivate func asResult(_ index: Int, of node: Node) -> Tensor {
        let tensor = withoutHistory
        tensor.node = node
        tensor.outputIndex = index
        tensor.requiresGradFlag = true
        return tensor
    }
}

/// The rule of an operation whose result is its operand.
private struct PassedOn: GradientRule {
    func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { Few(context.gradient) }
    func releaseSaved() -> Bool { false }
    var heldObject: AnyObject? { nil }
}
