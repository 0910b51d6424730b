import TorchlightCore

/// Which tensors of a module's call a hook is given.
public enum HookTensors: Sendable {
    /// All of them in the order of the call, nil for those that are absent.
    case all
}

extension Module {
    /// Calls the function with the tensors of each call's results, where the call shows them.
    func observeResults(_ observer: @escaping (Module, [Tensor?]) -> Void) -> ModuleHookHandle {
        let hooks = ownHooks
        return hooks.handle { hooks.observers.append(($0, observer)) }
    }

    private var ownHooks: ModuleHooks {
        if let hooks { return hooks }
        let new = ModuleHooks()
        hooks = new
        return new
    }

    /// Calls the function with the module and the first tensor of its arguments before each forward pass; a tensor that it
    /// returns replaces that argument.
    ///
    /// Hooks run when a module is called, as in `model(x)`, and not when `forward` is called itself. They run on modules of
    /// every kind; a module of one's own that is not a ``Layer`` hands its tensors to ``scope(_:body:)``.
    @discardableResult
    public func registerForwardPreHook(_ hook: @escaping (Module, Tensor) -> Tensor?) -> ModuleHookHandle {
        registerForwardPreHook(.all) { module, inputs in
            guard let first = firstTensor(inputs, "registerForwardPreHook") else { return nil }
            return hook(module, first).map { [$0] + inputs.dropFirst() }
        }
    }

    /// Calls the function with the module and all tensors of its arguments before each forward pass; an array that it
    /// returns, as long as the given one, replaces them, but for its elements that are nil.
    ///
    ///     attention.registerForwardPreHook(.all) { module, inputs in
    ///         [inputs[0], inputs[1], inputs[2].map { $0 * 2 }, nil, nil]
    ///     }
    @discardableResult
    public func registerForwardPreHook(
        _ tensors: HookTensors, _ hook: @escaping (Module, _ inputs: [Tensor?]) -> [Tensor?]?
    ) -> ModuleHookHandle {
        let hooks = ownHooks
        return hooks.handle { hooks.forwardPre.append(($0, hook)) }
    }

    /// Calls the function with the module, the first tensor of its arguments and the first of its results after each
    /// forward pass; a tensor that it returns replaces that result.
    @discardableResult
    public func registerForwardHook(_ hook: @escaping (Module, Tensor, Tensor) -> Tensor?) -> ModuleHookHandle {
        registerForwardHook(.all) { module, inputs, outputs in
            guard let input = firstTensor(inputs, "registerForwardHook"),
                let output = firstTensor(outputs, "registerForwardHook")
            else { return nil }
            return hook(module, input, output).map { [$0] + outputs.dropFirst() }
        }
    }

    /// Calls the function with the module and all tensors of its arguments and results after each forward pass; an array
    /// that it returns, as long as that of the results, replaces these, but for its elements that are nil.
    ///
    ///     lstm.registerForwardHook(.all) { _, _, outputs in
    ///         print("output, h and c:", outputs.map { $0?.shape ?? [] })
    ///         return nil
    ///     }
    @discardableResult
    public func registerForwardHook(
        _ tensors: HookTensors, _ hook: @escaping (Module, _ inputs: [Tensor?], _ outputs: [Tensor?]) -> [Tensor?]?
    ) -> ModuleHookHandle {
        let hooks = ownHooks
        return hooks.handle { hooks.forward.append(($0, hook)) }
    }

    /// Calls the function with the module and the gradient of its first result before the module's backward pass; a tensor
    /// that it returns replaces that gradient.
    @discardableResult
    public func registerFullBackwardPreHook(
        _ hook: @escaping (Module, _ gradOutput: Tensor) -> Tensor?
    ) -> ModuleHookHandle {
        registerFullBackwardPreHook(.all) { module, gradients in
            guard let first = gradients.first ?? nil else { return nil }
            return hook(module, first).map { [$0] + gradients.dropFirst() }
        }
    }

    /// Calls the function with the module and the gradients of all tensors of its results before the module's backward
    /// pass, nil for those that require none; an array that it returns replaces them, but for its elements that are nil.
    @discardableResult
    public func registerFullBackwardPreHook(
        _ tensors: HookTensors, _ hook: @escaping (Module, _ gradOutputs: [Tensor?]) -> [Tensor?]?
    ) -> ModuleHookHandle {
        let hooks = ownHooks
        return hooks.handle { hooks.backwardPre.append(($0, hook)) }
    }

    /// Calls the function with the module, the gradient of its first argument (nil if that requires none) and the gradient
    /// of its first result in each backward pass; a tensor that it returns replaces the gradient of the argument.
    @discardableResult
    public func registerFullBackwardHook(
        _ hook: @escaping (Module, _ gradInput: Tensor?, _ gradOutput: Tensor) -> Tensor?
    ) -> ModuleHookHandle {
        registerFullBackwardHook(.all) { module, gradInputs, gradOutputs in
            guard let output = gradOutputs.first ?? nil else { return nil }
            return hook(module, gradInputs.first ?? nil, output).map { [$0] + gradInputs.dropFirst() }
        }
    }

    /// Calls the function with the module and the gradients of all tensors of its arguments and results in each backward
    /// pass, nil for tensors that require none; an array that it returns replaces the gradients of the arguments, but for
    /// its elements that are nil. A result that the loss does not depend on has a gradient of zeros.
    @discardableResult
    public func registerFullBackwardHook(
        _ tensors: HookTensors,
        _ hook: @escaping (Module, _ gradInputs: [Tensor?], _ gradOutputs: [Tensor?]) -> [Tensor?]?
    ) -> ModuleHookHandle {
        let hooks = ownHooks
        return hooks.handle { hooks.backward.append(($0, hook)) }
    }
}

/// The first tensor of a call, for hooks that see no more; nil where it has none, which is reported.
private func firstTensor(_ tensors: [Tensor?], _ operation: String) -> Tensor? {
    if let first = tensors.first ?? nil { return first }
    reportFailure(
        TensorError(
            .value, in: operation, "the module was called without a first tensor for the hook",
            expected: "a call whose arguments and results begin with a tensor",
            fix: "hand the tensors to scope, as in scope(x, y) { x, y in ... }, or register the hook with .all"))
    return nil
}
