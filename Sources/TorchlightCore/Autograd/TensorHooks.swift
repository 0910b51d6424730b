extension Tensor {
    /// Makes `backward` keep the gradient of this tensor in `grad` although it is not a leaf. No effect on a leaf.
    ///
    /// After an in-place operation on the tensor, the gradient with respect to the new value is kept, as in PyTorch. An
    /// error if the tensor does not require a gradient.
    public func retainGrad() {
        if isPlaceholder { return }
        guard requiresGrad else {
            reportFailure(
                TensorError(
                    .autograd, in: "retainGrad", "the tensor requires no gradient, so there is none to retain",
                    fix: "call requiresGrad_() before the computation", operands: [self]))
            return
        }
        guard let node = currentNode else { return }
        retainsGrad = true
        retain(at: node)
    }

    private func retain(at node: Node) {
        if node.extra == nil { node.extra = NodeExtra() }
        node.extra!.retaining[outputIndex] = WeakTensor(tensor: self)
    }

    /// Called when an in-place operation gave the tensor another node: retains the gradient there and no longer at the
    /// old node.
    func retainGradAgain(insteadOf old: Node?) {
        guard retainsGrad else { return }
        if let extra = old?.extra {
            for (output, holder) in extra.retaining where holder.tensor === self { extra.retaining[output] = nil }
        }
        if let node { retain(at: node) }
    }

    /// Registers a hook that is called with the gradient of this tensor in each backward pass. If it returns a tensor,
    /// that replaces the gradient; if it returns nil, the gradient stays.
    ///
    /// The gradient is complete: for a tensor with several uses the hook is called once in a pass, with the sum. On a
    /// leaf the hook runs before the gradient is accumulated in `grad` or returned by `grad(outputs:inputs:)`. Hooks
    /// run in order of registration. After an in-place operation, hooks stay with the value for which they were
    /// registered. The replacement must have the shape, dtype and device of the gradient. An error if the tensor does
    /// not require a gradient.
    ///
    /// The hook is kept as long as the graph of the tensor. A hook that captures the tensor itself keeps both in memory
    /// until it is removed.
    ///
    /// - Returns: a handle that removes the hook.
    @discardableResult
    public func registerHook(_ hook: @escaping (Tensor) -> Tensor?) -> HookHandle {
        if isPlaceholder { return HookHandle(list: HookList(), id: 0) }
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
        return leafHooks.before.add(hook)
    }

    /// Registers a hook that is called with this leaf when a backward pass has accumulated its complete gradient in
    /// `grad`: once in a pass, as early as possible, while the pass continues for other leaves.
    ///
    /// For uses such as summing gradients over processes, or optimisers that update a parameter and free its gradient
    /// during the backward pass. The hook may read and set `grad`. It is not called by `grad(outputs:inputs:)`, which
    /// does not change `grad`. An error if the tensor is not a leaf or does not require a gradient.
    ///
    ///     weight.registerPostAccumulateGradHook { weight in
    ///         noGrad { weight.sub_(weight.grad! * 0.01) }
    ///         weight.grad = nil
    ///     }
    ///
    /// - Returns: a handle that removes the hook.
    @discardableResult
    public func registerPostAccumulateGradHook(_ hook: @escaping (Tensor) -> Void) -> HookHandle {
        if isPlaceholder { return HookHandle(list: HookList(), id: 0) }
        guard requiresGrad, isLeaf else {
            reportFailure(
                TensorError(
                    .autograd, in: "registerPostAccumulateGradHook",
                    "the tensor is not a leaf that requires a gradient",
                    fix: requiresGrad ? "use registerHook for a result" : "call requiresGrad_() first",
                    operands: [self]))
            return HookHandle(list: HookList(), id: 0)
        }
        return leafHooks.after.add(hook)
    }

    private var leafHooks: LeafHooks {
        if let gradientHooks { return gradientHooks }
        let hooks = LeafHooks()
        gradientHooks = hooks
        return hooks
    }

    /// Whether hooks on this leaf wait for the sum of its gradients.
    var hasGradientHooks: Bool {
        @inline(__always) get { gradientHooks != nil && !gradientHooks!.isEmpty }
    }
}

/// The hooks of a leaf: on the sum of its gradients, and on the leaf after the sum was accumulated in `grad`.
final class LeafHooks {
    let before = HookList()
    let after = AccumulationHookList()

    var isEmpty: Bool { before.isEmpty && after.isEmpty }
    /// Whether there are hooks that may change the gradient before it is accumulated.
    var runBefore: Bool { !before.isEmpty }
}

/// Hooks in order of registration, each with a number by which it can be removed.
class NumberedHooks<Body> {
    private(set) final var hooks: [(id: Int, body: Body)] = []
    private final var nextID = 1

    final var isEmpty: Bool { hooks.isEmpty }

    final func append(_ body: Body) -> Int {
        defer { nextID += 1 }
        hooks.append((nextID, body))
        return nextID
    }

    final func remove(_ id: Int) { hooks.removeAll { $0.id == id } }
}

/// Hooks on one gradient.
final class HookList: NumberedHooks<(Tensor) -> Tensor?>, RemovableHooks {
    func add(_ body: @escaping (Tensor) -> Tensor?) -> HookHandle { HookHandle(list: self, id: append(body)) }

    func run(on gradient: Tensor) throws(TensorError) -> Tensor {
        var gradient = gradient
        for hook in hooks {
            guard let replaced = hook.body(gradient) else { continue }
            guard replaced.layout.shape == gradient.layout.shape, replaced.dtype == gradient.dtype,
                replaced.device == gradient.device
            else {
                try throwPendingError()
                throw TensorError(
                    .shape, in: "registerHook", "the hook returned a gradient of another shape, dtype or device",
                    expected: TensorError.Operand(gradient).description, operands: [replaced])
            }
            gradient = replaced
        }
        return gradient
    }
}

/// Hooks on a leaf whose gradient is complete.
final class AccumulationHookList: NumberedHooks<(Tensor) -> Void>, RemovableHooks {
    func add(_ body: @escaping (Tensor) -> Void) -> HookHandle { HookHandle(list: self, id: append(body)) }

    func run(_ leaf: Tensor) { for hook in hooks { hook.body(leaf) } }
}

protocol RemovableHooks: AnyObject {
    func remove(_ id: Int)
}

/// A handle that removes a hook.
public struct HookHandle {
    let list: any RemovableHooks
    let id: Int
    /// Removes the hook; a second call has no effect.
    public func remove() { list.remove(id) }
}
