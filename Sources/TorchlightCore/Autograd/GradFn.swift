/// A function of the computation graph: the operation that computed a tensor, or the accumulation of the gradient of a leaf. It is what
/// `grad_fn` is in PyTorch.
///
///     let y = (x * 2).sum()
///     y.gradFn!.name                                  // "SumBackward0"
///     y.gradFn!.nextFunctions[0].function!.name       // "MulBackward0"
///
/// Two values are equal if they are the same function of one graph. A value keeps the graph before it alive.
public struct GradFn: Sendable, Hashable, CustomStringConvertible {
    private enum Origin {
        case operation(Node)
        case leaf(Tensor)
    }

    private let origin: Origin

    init(_ node: Node) { origin = .operation(node) }
    init(leaf: Tensor) { origin = .leaf(leaf) }

    private var object: AnyObject {
        switch origin {
        case .operation(let node): node
        case .leaf(let tensor): tensor
        }
    }

    /// The name of the function, as in PyTorch: "AddBackward0", or "AccumulateGrad" for a leaf.
    public var name: String {
        switch origin {
        case .operation(let node): node.displayName
        case .leaf: "AccumulateGrad"
        }
    }

    /// The functions that get the gradients of the operands, in their order, each with the index of the operand among the results of
    /// that function. nil means an operand without a gradient. Empty for a leaf.
    public var nextFunctions: [(function: GradFn?, index: Int)] {
        guard case .operation(let node) = origin else { return [] }
        return node.inputs.map { slot in
            if let node = slot.node { return (GradFn(node), Int(slot.outputIndex)) }
            return (slot.leaf.map(GradFn.init(leaf:)), 0)
        }
    }

    /// The leaf whose gradient the function accumulates; nil for an operation.
    public var variable: Tensor? {
        if case .leaf(let tensor) = origin { tensor } else { nil }
    }

    /// The tensors that the operation saved for its gradient. Those that a backward pass released, and those that were packed
    /// by hooks, are left out.
    public var savedTensors: [Tensor] {
        guard case .operation(let node) = origin else { return [] }
        return node.inputs.compactMap(\.saved) + node.outputs.compactMap(\.saved)
    }

    /// The position of the operation in the order in which operations were recorded: a backward pass runs in the reverse order. The
    /// largest number for a leaf, whose gradient is accumulated as soon as it is known.
    public var sequenceNumber: Int {
        if case .operation(let node) = origin { node.sequence } else { .max }
    }

    /// Values that belong to the operation, by any names: for programs that inspect graphs. They live as long as the operation. A leaf
    /// has none, and keeps none.
    public var metadata: [String: any Sendable] {
        get {
            guard case .operation(let node) = origin else { return [:] }
            return node.extra?.metadata ?? [:]
        }
        nonmutating set {
            guard case .operation(let node) = origin else { return }
            if node.extra == nil { node.extra = NodeExtra() }
            node.extra!.metadata = newValue
        }
    }

    /// The name of the function.
    public var description: String { "<\(name)>" }

    /// Whether both are the same function of one graph.
    public static func == (a: GradFn, b: GradFn) -> Bool { a.object === b.object }
    /// Hashes the identity of the function.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(object)) }
}

extension Tensor {
    /// The function of the computation graph that computed this tensor; nil for leaves.
    public var gradFn: GradFn? { currentNode.map(GradFn.init) }
}
