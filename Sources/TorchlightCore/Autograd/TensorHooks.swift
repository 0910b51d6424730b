extension Tensor {
    /// Makes `backward` keep the gradient of this tensor in `grad` although it is not a leaf. No effect on a leaf.
    ///
    /// What is kept is the gradient of the tensor as it is when the pass runs: after an in-place operation that of the new
    /// value, as in PyTorch. Fails for a tensor that requires no gradient.
    public func retainGrad() {
        if isPlaceholder { return }
        guard requiresGrad else {
            reportFailure(
                TensorError(
                    .autograd, in: "retainGrad", "the tensor requires no gradient, so none would be kept",
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

    /// After the tensor has become the result of another node: keeps its gradient there and no longer at the old one.
    func retainGradAgain(insteadOf old: Node?) {
        guard retainsGrad else { return }
        if let extra = old?.extra {
            for (output, holder) in extra.retaining where holder.tensor === self { extra.retaining[output] = nil }
        }
        if let node { retain(at: node) }
    }

    /// Calls `hook` with the gradient of this tensor when a backward pass has computed it; what it returns replaces the
    /// gradient, nil leaves it.
    ///
    /// The gradient is complete: a tensor that was used several times gets one call a pass, with the sum. On a leaf the hook
    /// runs before the gradient is added to `grad` or returned by `grad(outputs:inputs:)`. Hooks run in order of
    /// registration. After an in-place operation, hooks stay with the value for which they were registered. The
    /// replacement must have the gradient's shape, dtype and device. Fails for a tensor that requires no gradient.
    ///
    /// The hook lives as long as the tensor's graph: one that captures the tensor itself keeps both alive until it is removed.
    ///
    /// - Returns: what removes the hook.
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

    /// Calls `hook` with this leaf when a backward pass has added the whole of its gradient to `grad`: once a pass, as soon
    /// as nothing more can come, while the pass goes on for other leaves.
    ///
    /// For what needs finished gradients early: sums over several processes, optimisers that change a parameter and drop
    /// its gradient inside the backward pass. The hook may read and set `grad`. It does not run for
    /// `grad(outputs:inputs:)`, which adds to no `grad`. Fails for a tensor that is no leaf or requires no gradient.
    ///
    ///     weight.registerPostAccumulateGradHook { weight in
    ///         noGrad { weight.sub_(weight.grad! * 0.01) }
    ///         weight.grad = nil
    ///     }
    ///
    /// - Returns: what removes the hook.
    @discardableResult
    public func registerPostAccumulateGradHook(_ hook: @escaping (Tensor) -> Void) -> HookHandle {
        if isPlaceholder { return HookHandle(list: HookList(), id: 0) }
        guard requiresGrad, isLeaf else {
            reportFailure(
                TensorError(
                    .autograd, in: "registerPostAccumulateGradHook",
                    "gradients are added up only in leaves that require one",
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

/// The hooks of a leaf: on the sum of its gradients, and on the leaf when the sum has been added to `grad`.
final class LeafHooks {
    let before = HookList()
    let after = AccumulationHookList()

    var isEmpty: Bool { before.isEmpty && after.isEmpty }
    /// Whether hooks may change the gradient before it is added.
    var runBefore: Bool { !before.isEmpty }
}

/// Functions in order of registration, each with a number by which it can be removed.
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

/// Removes a hook.
public struct HookHandle {
    let list: any RemovableHooks
    let id: Int
    /// Takes the hook away; a second call does nothing.
    public func remove() { list.remove(id) }
}
