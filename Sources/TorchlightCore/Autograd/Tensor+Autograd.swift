extension Tensor {
    /// Whether the tensor requires a gradient: autograd records operations on it. Setting it is the same as
    /// `requiresGrad_(_:)` and only possible for leaves.
    public var requiresGrad: Bool {
        @inline(__always) get {
            if base == nil { return requiresGradFlag }
            refreshView()
            return requiresGradFlag
        }
        set { requiresGrad_(newValue) }
    }

    /// Whether this tensor is a leaf: it was not computed by a recorded operation.
    public var isLeaf: Bool { currentNode == nil }

    /// The gradient accumulated by `backward()`, for leaves that require a gradient; nil before the first pass.
    ///
    /// Set it to nil to clear the gradient (`w.grad = nil`), or to a tensor to replace it. The shape, dtype and device
    /// must be those of the tensor. Assigning the tensor itself is an error.
    public var grad: Tensor? {
        get {
            if threadState.pointee.recording > 0 { activeRecorder?.readGradient(of: self) }
            return gradient
        }
        set {
            if let newValue, !newValue.isPlaceholder {
                if newValue.layout.shape != layout.shape || newValue.dtype != dtype || newValue.device != device {
                    reportFailure(
                        TensorError(
                            .shape, in: "grad", "the gradient does not have the shape, dtype and device of the tensor",
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
            if threadState.pointee.recording > 0 { activeRecorder?.willReplaceGradient(of: self) }
            gradient = newValue
        }
    }

    /// Sets the gradient to nil, or detaches it and fills it with 0 in place.
    package func clearGrad(setToNil: Bool) {
        if let recorder = activeRecorder {
            recorder.willReplaceGradient(of: self)
            if !setToNil { recorder.readGradient(of: self) }
        }
        guard !setToNil, var zero = gradient else {
            gradient = nil
            return
        }
        if zero.requiresGrad { zero = zero.detach() }
        noGrad { _ = zero.zero_() }
        gradient = zero
    }

    /// The name of the operation that computed this tensor, as in `grad_fn=<AddBackward0>`; nil for leaves.
    public var gradFnName: String? { currentNode.map { $0.displayName } }

    /// The name of the operation that computed this tensor, without prefix and suffix; nil for leaves.
    package var originName: String? { currentNode?.name }

    /// The current node: a view whose base was changed in place gets a new one from the base.
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
        if base.dtype == dtype {
            let rule = AsStrided(layout: layout, base: base.layout)
            node = Node(rule: rule, name: AsStrided.name, inputs: Few(base), needs: Needs(all: 1), outputs: Few(self))
        } else {
            let (origin, part) = (base.realsWithHistory(), withoutHistoryAsReals)
            let rule = AsStrided(layout: part.layout, base: origin.layout)
            let realView = Node(
                rule: rule, name: AsStrided.name, inputs: Few(origin), needs: Needs(all: 1), outputs: Few(part))
            node = nodeFrom(reals: part, through: realView)
        }
        outputIndex = 0
        retainGradAgain(insteadOf: old)
    }

    /// Sets whether a leaf requires a gradient, in place. Returns the tensor.
    ///
    /// Only floating-point and complex tensors can require gradients. For a result of a recorded operation,
    /// `requiresGrad_(false)` is an error; use `detach()`.
    @discardableResult
    public func requiresGrad_(_ value: Bool = true) -> Tensor {
        if isPlaceholder { return self }
        guard isLeaf else {
            return value
                ? self
                : fail(
                    TensorError(
                        .autograd, in: "requiresGrad_", "requiresGrad can be set to false only for a leaf",
                        fix: "use detach()", operands: [self]), like: self)
        }
        guard !value || dtype.isDifferentiable else {
            return fail(
                TensorError(
                    .dtype, in: "requiresGrad_", "only floating-point and complex tensors can require gradients",
                    fix: "convert it first, as in x.to(.float32)", operands: [self]), like: self)
        }
        requiresGradFlag = value
        return self
    }

    /// A view of the tensor without a history. No gradient flows through it. It shares memory with the tensor.
    public func detach() -> Tensor {
        if isPlaceholder { return self }
        let view = Tensor(storage: storage, layout: layout, dtype: dtype)
        if let recorder = activeRecorder { recorder.made(view: view) }
        return view
    }

    /// Detaches this tensor from its history, in place. An error for a view, because it shares the history of its base.
    ///
    /// Views that were made before keep their history until the memory is changed in place.
    @discardableResult
    public func detach_() -> Tensor {
        guard base == nil else {
            return fail(
                TensorError(.autograd, in: "detach_", "a view cannot be detached in place", fix: "use detach()"),
                like: self)
        }
        node = nil
        requiresGradFlag = false
        retainsGrad = false
        wasDetached = true
        return self
    }
}

extension Node {
    /// The name as PyTorch prints it, such as "AddBackward0".
    var displayName: String {
        name.prefix(1).uppercased() + name.dropFirst() + "Backward0"
    }
}
