/// The arguments of a gradient rule: one object for each pass, set for the node that runs.
package final class GradientContext {
    /// Not retained: the pass holds the node.
    private unowned(unsafe) var current: Node?
    var node: Node { current.unsafelyUnwrapped }
    /// Which inputs need a gradient.
    package private(set) var needs = Needs()
    /// The gradients with respect to the outputs; nil if there is none.
    package internal(set) var gradients = Few<Tensor?>()
    /// The gradients that the pass has computed so far.
    let pending = PendingGradients()
    /// Whether the pass itself is recorded.
    var keepsGraph = false
    /// Whether rules may add to existing sums of gradients, of nodes and of leaves. Of leaves only if the pass
    /// accumulates in them.
    var addsToNodes = false
    var addsToLeaves = false
    /// The tensors to which the gradients of the first inputs must be written, if these inputs are parts that cover one
    /// tensor; nil if the rule allocates its own memory.
    package private(set) var destinations: Few<Tensor>?
    /// Unpacked saved tensors, by the index of the slot. Empty for most nodes.
    private var unpacked: [Int: Tensor] = [:]

    /// Sets the current node; `gradients` are set already. Throws if a saved tensor was overwritten.
    func setNode(_ node: Node, _ needs: Needs, destinations: Few<Tensor>?) throws(TensorError) {
        current = node
        self.needs = needs
        self.destinations = destinations
        // By index: a loop over the slots would copy each, with three references.
        let (inputs, outputs) = (node.inputs, node.outputs)
        for i in inputs.indices where inputs[i].isOverwritten { throw Self.overwritten(inputs[i], node) }
        for i in outputs.indices where outputs[i].isOverwritten { throw Self.overwritten(outputs[i], node) }
        if let extra = node.extra, !extra.packed.isEmpty { unpacked = try extra.unpack() }
    }

    /// Releases everything about the node, so that a gradient which a rule passes on has no other references.
    func clearNode() {
        gradients = Few()
        if destinations != nil { destinations = nil }
        if !unpacked.isEmpty { unpacked = [:] }
    }

    private static func overwritten(_ slot: Node.Slot, _ node: Node) -> TensorError {
        let saved = slot.saved!
        return TensorError(
            .autograd, in: "backward",
            "\(node.name) saved a \(saved.dtype) tensor of shape \(saved.shape) for its gradient, and "
                + "\(saved.storage.lastWriter) overwrote it since",
            got: "version \(saved.storage.version)", expected: "version \(slot.savedVersion)",
            fix: "use \(formWithoutUnderscore(saved.storage.lastWriter)), or save a copy with clone() first"
        )
    }

    /// The gradient with respect to the only output.
    package var gradient: Tensor { gradients[0]! }
    /// An input that `saved` contains.
    package func input(_ index: Int) -> Tensor {
        if let saved = node.inputs[index].saved { return saved }
        let tensor = unpacked[index]!
        return keepsGraph ? node.withHistory(tensor, ofInput: index) : tensor
    }
    /// An input for use in arithmetic, such as the logarithm of a base. If the gradient is float64, a number or an
    /// integer is converted to float64: otherwise it would be computed in the default dtype, float32.
    package func operand(_ index: Int) -> Tensor {
        let input = input(index)
        switch gradient.dtype {
        case .float64 where !input.dtype.isComplex: return input.to(.float64)
        case .complex128 where input.dtype.isComplex: return input.to(.complex128)
        case .complex128: return input.to(.float64)
        default: return input
        }
    }
    /// An output that `saved` contains.
    package func output(_ index: Int = 0) -> Tensor {
        let saved = node.outputs[index].saved ?? unpacked[node.inputCount + index]!
        return keepsGraph ? node.withHistory(saved, ofOutput: index) : saved
    }
    /// The shape of an input.
    package func shape(_ index: Int) -> Dims { node.inputs[index].shape.dims }
    package func dtype(_ index: Int) -> DType { node.inputs[index].dtype }
    package func outputShape(_ index: Int = 0) -> Dims { node.outputs[index].shape.dims }
    package func outputDType(_ index: Int = 0) -> DType { node.outputs[index].dtype }
    package var inputCount: Int { node.inputCount }
}

extension GradientContext {
    /// The sum of the gradients of an input that other rules have computed, for a rule that can add to it in place; nil
    /// if there is none, or if it must not be written.
    ///
    /// A rule that adds to it returns the sum as its gradient. The gradient of a leaf is locked until the rule returns.
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
            activeRecorder?.readGradient(of: leaf)
            sum = leaf.gradient
        }
        guard let sum, !sum.requiresGrad, sum.dtype == input.dtype, input.shape == sum.layout.shape,
            !sum.layout.mayOverlap, !sum.storage.isReadOnly, !isRead(sum.storage)
        else { return nil }
        pending.offered[index] = true
        return sum
    }

    /// Whether the rule reads the memory: the gradient of a leaf may be any tensor that the user assigned.
    private func isRead(_ storage: Storage) -> Bool {
        gradients.contains { $0?.storage === storage } || node.inputs.contains { $0.saved?.storage === storage }
            || node.outputs.contains { $0.saved?.storage === storage }
            || unpacked.contains { $0.value.storage === storage }
    }
}

extension Node {
    /// The elements of an input with the history of the input, for gradients that are recorded.
    func withHistory(_ elements: Tensor, ofInput index: Int) -> Tensor {
        let slot = inputs[index]
        guard let leaf = slot.leaf else {
            return slot.node.map { elements.asResult(Int(slot.outputIndex), of: $0) } ?? elements
        }
        if elements.storage === leaf.storage && elements.layout == leaf.layout { return leaf }
        let copy = elements.withoutHistory
        let node = Node(
            rule: IdentityGradient(), name: "view", inputs: Few(leaf), needs: Needs(all: 1), outputs: Few(copy))
        return copy.asResult(0, of: node)
    }

    /// The elements of an output as the output, for gradients that are recorded.
    func withHistory(_ elements: Tensor, ofOutput index: Int) -> Tensor {
        elements.dtype.isDifferentiable ? elements.asResult(index, of: self) : elements
    }
}

extension Tensor {
    /// The same elements without a history.
    var withoutHistory: Tensor { Tensor(storage: storage, layout: layout, dtype: dtype) }

    /// A view of all elements, which has no history of its own yet.
    var alias: Tensor {
        let view = Tensor(storage: storage, layout: layout, dtype: dtype, base: baseOfNewView)
        view.historyStamp = historyOwner.historyStamp
        return view
    }

    /// The same elements as an output of a node.
    fileprivate func asResult(_ index: Int, of node: Node) -> Tensor {
        let tensor = withoutHistory
        tensor.node = node
        tensor.outputIndex = index
        tensor.requiresGradFlag = true
        return tensor
    }
}

/// The gradient rule of an operation that returns its operand.
private struct IdentityGradient: GradientRule {
    func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { Few(context.gradient) }
    func releaseSaved() -> Bool { false }
    var heldObject: AnyObject? { nil }
}
