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
    /// Setting it is how a loop clears (`w.grad = nil`) or replaces it; shape and dtype must be the tensor's.
    public var grad: Tensor? {
        get { gradient }
        set {
            if let newValue, newValue.layout.shape != layout.shape || newValue.dtype != dtype {
                reportFailure(
                    TensorError(
                        .shape, in: "grad", "the gradient is not of the tensor's shape and dtype",
                        expected: "\(dtype) \(shape)", operands: [newValue]))
                return
            }
            gradient = newValue
        }
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
        node = nil
        requiresGradFlag = base.requiresGrad
        guard requiresGradFlag else { return }
        let rule = AsStrided(layout: layout, base: base.layout)
        node = Node(rule: rule, name: AsStrided.name, inputs: Few(base), needs: Needs(all: 1), outputs: Few(self))
        outputIndex = 0
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
    @discardableResult
    public func detach_() -> Tensor {
        guard base == nil else {
            return fail(
                TensorError(.autograd, in: "detach_", "a view cannot be cut in place", fix: "use detach()"), like: self)
        }
        node = nil
        requiresGradFlag = false
        historyStamp += 1
        return self
    }

    /// Makes `backward` keep the gradient of this tensor in `grad` although it is not a leaf.
    public func retainGrad() {
        guard let node = currentNode else { return }
        if node.extra == nil { node.extra = NodeExtra() }
        node.extra!.retaining[outputIndex] = WeakTensor(tensor: self)
        retainsGrad = true
    }

    /// Calls `hook` with the gradient of this tensor whenever it is computed; what it returns replaces the gradient.
    ///
    /// The hook is removed by the handle that is returned.
    @discardableResult
    public func registerHook(_ hook: @escaping (Tensor) -> Tensor?) -> HookHandle {
        guard requiresGrad else {
            reportFailure(
                TensorError(
                    .autograd, in: "registerHook", "the tensor requires no gradient, so the hook would never run",
                    fix: "call requiresGrad_() first", operands: [self]))
            return HookHandle(list: HookList(), id: 0)
        }
        if let node = currentNode {
            if node.extra == nil { node.extra = NodeExtra() }
            let list = node.extra!.hooks[outputIndex] ?? HookList()
            node.extra!.hooks[outputIndex] = list
            return list.add(hook)
        }
        let list = leafHooks ?? HookList()
        leafHooks = list
        return list.add(hook)
    }
}

/// Hooks on one gradient, in order of registration.
final class HookList {
    private var hooks: [(id: Int, body: (Tensor) -> Tensor?)] = []
    private var nextID = 1

    func add(_ body: @escaping (Tensor) -> Tensor?) -> HookHandle {
        defer { nextID += 1 }
        hooks.append((nextID, body))
        return HookHandle(list: self, id: nextID)
    }

    func remove(_ id: Int) { hooks.removeAll { $0.id == id } }

    func run(on gradient: Tensor) throws(TensorError) -> Tensor {
        var gradient = gradient
        for hook in hooks {
            guard let replaced = hook.body(gradient) else { continue }
            guard replaced.layout.shape == gradient.layout.shape else {
                throw TensorError(
                    .shape, in: "registerHook", "the hook returned a gradient of another shape",
                    expected: "\(gradient.shape)", operands: [replaced])
            }
            gradient = replaced
        }
        return gradient
    }
}

/// Removes a hook.
public struct HookHandle {
    let list: HookList
    let id: Int
    /// Takes the hook away; a second call does nothing.
    public func remove() { list.remove(id) }
}

extension Node {
    /// "AddBackward0", as PyTorch prints it.
    var displayName: String {
        name.prefix(1).uppercased() + name.dropFirst() + "Backward0"
    }
}
