import TorchlightCore

/// The functions that a module calls around its forward pass.
final class ModuleHooks {
    /// Sees the module and its input; what it returns replaces the input.
    typealias Before = (Module, Tensor) -> Tensor?
    /// Sees the module, its input and its output; what it returns replaces the output.
    typealias After = (Module, Tensor, Tensor) -> Tensor?
    /// Sees the module and the gradients of its input and output; what it returns replaces that of the input.
    typealias Backward = (Module, Tensor?, Tensor) -> Tensor?

    fileprivate var before: [(id: Int, body: Before)] = []
    fileprivate var after: [(id: Int, body: After)] = []
    fileprivate var backward: [(id: Int, body: Backward)] = []
    private var nextID = 0

    fileprivate func handle(_ add: (Int) -> Void) -> ModuleHookHandle {
        nextID += 1
        add(nextID)
        return ModuleHookHandle(hooks: self, id: nextID)
    }

    fileprivate func remove(_ id: Int) {
        before.removeAll { $0.id == id }
        after.removeAll { $0.id == id }
        backward.removeAll { $0.id == id }
    }

    func run(_ module: Module, _ input: Tensor, _ forward: (Tensor) -> Tensor) -> Tensor {
        var input = input
        for (_, hook) in before { input = hook(module, input) ?? input }
        let watchesBackward = !backward.isEmpty && isGradEnabled
        // A view of its own, so that only the gradient that comes through this module is seen.
        if watchesBackward && input.requiresGrad { input = input.view(input.shape) }
        var output = forward(input)
        for (_, hook) in after { output = hook(module, input, output) ?? output }
        if watchesBackward && output.requiresGrad { watchBackward(module, input, output) }
        return output
    }

    private func watchBackward(_ module: Module, _ input: Tensor, _ output: Tensor) {
        // The gradient of the output comes first; it waits here for that of the input.
        final class Arrived { var gradient: Tensor? }
        let arrived = Arrived()
        let inputNeedsGradient = input.requiresGrad
        output.registerHook { [self, weak module] gradient in
            arrived.gradient = gradient
            if !inputNeedsGradient, let module {
                for (_, hook) in backward { _ = hook(module, nil, gradient) }
            }
            return nil
        }
        guard inputNeedsGradient else { return }
        input.registerHook { [self, weak module] gradient in
            guard let module, let outer = arrived.gradient else { return nil }
            arrived.gradient = nil
            var gradient = gradient
            for (_, hook) in backward { gradient = hook(module, gradient, outer) ?? gradient }
            return gradient
        }
    }
}

/// Removes a module's hook.
public struct ModuleHookHandle {
    fileprivate let hooks: ModuleHooks
    fileprivate let id: Int
    /// Takes the hook away; a second call does nothing.
    public func remove() { hooks.remove(id) }
}

extension Module {
    private var ownHooks: ModuleHooks {
        if let hooks { return hooks }
        let new = ModuleHooks()
        hooks = new
        return new
    }

    /// Calls the function with the module and its input before each forward pass; a tensor that it returns replaces the
    /// input.
    @discardableResult
    public func registerForwardPreHook(_ hook: @escaping (Module, Tensor) -> Tensor?) -> ModuleHookHandle {
        let hooks = ownHooks
        return hooks.handle { hooks.before.append(($0, hook)) }
    }

    /// Calls the function with the module, its input and its output after each forward pass; a tensor that it returns
    /// replaces the output.
    @discardableResult
    public func registerForwardHook(_ hook: @escaping (Module, Tensor, Tensor) -> Tensor?) -> ModuleHookHandle {
        let hooks = ownHooks
        return hooks.handle { hooks.after.append(($0, hook)) }
    }

    /// Calls the function with the module, the gradient of its input (nil if that needs none) and the gradient of its
    /// output in each backward pass; a tensor that it returns replaces the gradient of the input.
    @discardableResult
    public func registerFullBackwardHook(
        _ hook: @escaping (Module, _ gradInput: Tensor?, _ gradOutput: Tensor) -> Tensor?
    ) -> ModuleHookHandle {
        let hooks = ownHooks
        return hooks.handle { hooks.backward.append(($0, hook)) }
    }
}
