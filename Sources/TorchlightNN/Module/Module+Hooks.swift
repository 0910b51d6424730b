import TorchlightCore

/// The tensors of a forward or backward pass that a module hook receives.
public enum HookTensors: Sendable {
    /// All tensors in the order of the arguments or results, nil for optional tensors that are absent.
    case all
}

extension Module {
    /// Registers a function that receives the output tensors of each forward pass that passes its tensors to hooks.
    func observeResults(_ observer: @escaping (Module, [Tensor?]) -> Void) -> ModuleHookHandle {
        let hooks = ownHooks
        return hooks.handle { hooks.observers.append(($0, observer)) }
    }

    final var ownHooks: ModuleHooks {
        if let hooks { return hooks }
        let new = ModuleHooks()
        hooks = new
        return new
    }

    /// Registers a hook that runs before each forward pass. It receives the module and the first input tensor; a tensor that
    /// it returns replaces this input, nil keeps it.
    ///
    /// Hooks run when the module is called, `model(x)`, but not when `forward` is called directly. A custom module that is
    /// not a ``Layer`` must pass its tensors to ``Module/scope(_:body:)->_``.
    ///
    /// - Returns: A handle that removes the hook.
    @discardableResult
    public func registerForwardPreHook(_ hook: @escaping (Module, Tensor) -> Tensor?) -> ModuleHookHandle {
        registerForwardPreHook(.all) { module, inputs in
            guard let first = firstTensor(inputs, "registerForwardPreHook") else { return nil }
            return hook(module, first).map { [$0] + inputs.dropFirst() }
        }
    }

    /// Registers a hook that runs before each forward pass. It receives the module and all input tensors. The elements of an
    /// array that it returns replace the inputs, except elements that are nil; the array must have as many elements as the
    /// inputs.
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

    /// Registers a hook that runs after each forward pass. It receives the module, the first input tensor and the first
    /// output tensor; a tensor that it returns replaces this output, nil keeps it.
    ///
    /// - Returns: A handle that removes the hook.
    @discardableResult
    public func registerForwardHook(_ hook: @escaping (Module, Tensor, Tensor) -> Tensor?) -> ModuleHookHandle {
        registerForwardHook(.all) { module, inputs, outputs in
            guard let input = firstTensor(inputs, "registerForwardHook"),
                let output = firstTensor(outputs, "registerForwardHook")
            else { return nil }
            return hook(module, input, output).map { [$0] + outputs.dropFirst() }
        }
    }

    /// Registers a hook that runs after each forward pass. It receives the module and all input and output tensors. The
    /// elements of an array that it returns replace the outputs, except elements that are nil; the array must have as many
    /// elements as the outputs.
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

    /// Registers a hook that runs before the backward pass of this module. It receives the module and the gradient of the
    /// first output; a tensor that it returns replaces this gradient, nil keeps it.
    ///
    /// - Returns: A handle that removes the hook.
    @discardableResult
    public func registerFullBackwardPreHook(
        _ hook: @escaping (Module, _ gradOutput: Tensor) -> Tensor?
    ) -> ModuleHookHandle {
        registerFullBackwardPreHook(.all) { module, gradients in
            guard let first = gradients.first ?? nil else { return nil }
            return hook(module, first).map { [$0] + gradients.dropFirst() }
        }
    }

    /// Registers a hook that runs before the backward pass of this module. It receives the module and the gradients of all
    /// outputs, nil for outputs that require none. The elements of an array that it returns replace the gradients, except
    /// elements that are nil.
    @discardableResult
    public func registerFullBackwardPreHook(
        _ tensors: HookTensors, _ hook: @escaping (Module, _ gradOutputs: [Tensor?]) -> [Tensor?]?
    ) -> ModuleHookHandle {
        let hooks = ownHooks
        return hooks.handle { hooks.backwardPre.append(($0, hook)) }
    }

    /// Registers a hook that runs when the gradients of the inputs are computed. It receives the module, the gradient of the
    /// first input (nil if the input requires none) and the gradient of the first output; a tensor that it returns replaces
    /// the gradient of the input, nil keeps it.
    ///
    /// - Returns: A handle that removes the hook.
    @discardableResult
    public func registerFullBackwardHook(
        _ hook: @escaping (Module, _ gradInput: Tensor?, _ gradOutput: Tensor) -> Tensor?
    ) -> ModuleHookHandle {
        registerFullBackwardHook(.all) { module, gradInputs, gradOutputs in
            guard let output = gradOutputs.first ?? nil else { return nil }
            return hook(module, gradInputs.first ?? nil, output).map { [$0] + gradInputs.dropFirst() }
        }
    }

    /// Registers a hook that runs when the gradients of the inputs are computed. It receives the module and the gradients of
    /// all inputs and outputs, nil for tensors that require none. The elements of an array that it returns replace the
    /// gradients of the inputs, except elements that are nil. The gradient of an output that the loss does not depend on is
    /// zeros.
    @discardableResult
    public func registerFullBackwardHook(
        _ tensors: HookTensors,
        _ hook: @escaping (Module, _ gradInputs: [Tensor?], _ gradOutputs: [Tensor?]) -> [Tensor?]?
    ) -> ModuleHookHandle {
        let hooks = ownHooks
        return hooks.handle { hooks.backward.append(($0, hook)) }
    }
}

/// The first tensor, for hooks that receive only one. Reports an error and returns nil if there is none.
private func firstTensor(_ tensors: [Tensor?], _ operation: String) -> Tensor? {
    if let first = tensors.first ?? nil { return first }
    reportFailure(
        TensorError(
            .value, in: operation, "the first input or output of the module is not a tensor, which the hook needs",
            expected: "a forward pass whose first input and first output are tensors",
            fix: "pass the tensors to scope, as in scope(x, y) { x, y in ... }, or register the hook with .all"))
    return nil
}
