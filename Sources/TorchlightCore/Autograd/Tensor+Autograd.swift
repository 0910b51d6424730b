import CKernels

extension Tensor {
    /// Whether gradients flow to or through this tensor. Setting it is `requiresGrad_(_:)`: for leaves only.
    public var requiresGrad: Bool {
        @inline(__always) get {
            if base == nil { return requiresGradFlag }
            refreshView()
            return requiresGradFlag
        }
        set { requiresGrad_(newValue) }
    }

    /// Whether the user made this tensor, rather than an operation that gradients flow through.
    public var isLeaf: Bool { currentNode == nil }

    /// The gradient that `backward()` accumulated here, for leaves that require one; nil before the first pass.
    ///
    /// Setting it is how a loop clears (`w.grad = nil`) or replaces it; shape, dtype and device must be the tensor's, and a
    /// tensor cannot be its own gradient.
    public var grad: Tensor? {
        get { gradient }
        set {
            if let newValue, !newValue.isPlaceholder {
                if newValue.layout.shape != layout.shape || newValue.dtype != dtype || newValue.device != device {
                    reportFailure(
                        TensorError(
                            .shape, in: "grad", "the gradient is not of the tensor's shape, dtype and device",
                            expected: TensorError.Operand(self).description, operands: [newValue])
                    )
                    return
                }
                if newValue === self {
                    reportFailure(
                        TensorError(
                            .autograd, in: "grad", "a tensor cannot be its own gradient", fix: "assign x.clone()",
                            operands: [self]))
                    return
                }
            }
            gradient = newValue
        }
    }

    /// Drops the gradient, or cuts it from its history and fills it with 0 in place.
    package func clearGrad(setToNil: Bool) {
        guard !setToNil, var zero = gradient else {
            gradient = nil
            return
        }
        if zero.requiresGrad { zero = zero.detach() }
        noGrad { _ = zero.zero_() }
        gradient = zero
    }

    /// The name of the operation whose result this is, as in `grad_fn=<AddBackward0>`.
    public var gradFnName: String? { currentNode.map { $0.displayName } }

    /// The operation whose result this is, by its own name; nil for leaves.
    package var originName: String? { currentNode?.name }

    /// The node as of now: a view whose base was rewritten gets a new one from the base.
    var currentNode: Node? {
        if base != nil { refreshView() }
        return node
    }

    private func refreshView() {
        guard let base, historyStamp != base.historyStamp, base.storage === storage else { return }
        historyStamp = base.historyStamp
        let old = node
        node = nil
        requiresGradFlag = base.requiresGrad
        guard requiresGradFlag else { return }
        let rule = AsStrided(layout: layout, base: base.layout)
        node = Node(rule: rule, name: AsStrided.name, inputs: Few(base), needs: Needs(all: 1), outputs: Few(self))
        outputIndex = 0
        retainGradAgain(insteadOf: old)
    }

    /// Makes a leaf require a gradient, or no longer. Returns the tensor.
    ///
    /// Only floating-point tensors have gradients, and only leaves can be told to; a result is cut off by `detach()`.
    @discardableResult
    public func requiresGrad_(_ value: Bool = true) -> Tensor {
        if isPlaceholder { return self }
        guard isLeaf else {
            return value
                ? self
                : fail(
                    TensorError(
                        .autograd, in: "requiresGrad_", "only leaves can be told to need no gradient",
                        fix: "use detach()", operands: [self]), like: self)
        }
        guard !value || dtype.isFloatingPoint else {
            return fail(
                TensorError(
                    .dtype, in: "requiresGrad_", "only floating-point tensors can require gradients",
                    fix: "convert it first, as in x.to(.float32)", operands: [self]), like: self)
        }
        requiresGradFlag = value
        return self
    }

    /// The same elements without a history: a view through which no gradient flows.
    public func detach() -> Tensor {
        if isPlaceholder { return self }
        return Tensor(storage: storage, layout: layout, dtype: dtype)
    }

    /// Cuts this tensor from its history. A view is refused, because it shares the history of its base.
    ///
    /// Views that were taken before keep theirs, until the memory is changed in place.
    @discardableResult
    public func detach_() -> Tensor {
        guard base == nil else {
            return fail(
                TensorError(.autograd, in: "detach_", "a view cannot be cut in place", fix: "use detach()"), like: self)
        }
        node = nil
        requiresGradFlag = false
        retainsGrad = false
        wasDetached = true
        return self
    }
}

extension Node {
    /// "AddBackward0", as PyTorch prints it.
    var displayName: String {
        name.prefix(1).uppercased() + name.dropFirst() + "Backward0"
    }
}
