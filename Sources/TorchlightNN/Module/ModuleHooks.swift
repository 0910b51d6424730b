import TorchlightCore

/// The hooks of a module.
final class ModuleHooks {
    /// Receives the input tensors; tensors that it returns replace them.
    typealias ForwardPre = (Module, [Tensor?]) -> [Tensor?]?
    /// Receives the input and output tensors; tensors that it returns replace the outputs.
    typealias Forward = (Module, [Tensor?], [Tensor?]) -> [Tensor?]?
    /// Receives the gradients of the outputs; tensors that it returns replace them.
    typealias BackwardPre = (Module, [Tensor?]) -> [Tensor?]?
    /// Receives the gradients of the inputs and outputs; tensors that it returns replace the gradients of the inputs.
    typealias Backward = (Module, [Tensor?], [Tensor?]) -> [Tensor?]?

    var forwardPre: [(id: Int, body: ForwardPre)] = []
    var forward: [(id: Int, body: Forward)] = []
    var backwardPre: [(id: Int, body: BackwardPre)] = []
    var backward: [(id: Int, body: Backward)] = []
    /// Receive the output tensors and change nothing.
    var observers: [(id: Int, body: (Module, [Tensor?]) -> Void)] = []
    /// Whether the adapters of the module change its output, before the hooks see it.
    var addsAdapters = false
    private var nextID = 0

    /// Whether there is no hook, not counting observers.
    var isEmpty: Bool { forwardPre.isEmpty && forward.isEmpty && backwardPre.isEmpty && backward.isEmpty }

    /// The numbers of all hooks.
    var identifiers: [Int] {
        forwardPre.map(\.id) + forward.map(\.id) + backwardPre.map(\.id) + backward.map(\.id) + observers.map(\.id)
    }

    func handle(_ add: (Int) -> Void) -> ModuleHookHandle {
        nextID += 1
        add(nextID)
        return ModuleHookHandle(hooks: self, id: nextID)
    }

    /// Continues the ids of another instance, so that new hooks get unused ids.
    func continueNumbering(of other: ModuleHooks) { nextID = other.nextID }

    func remove(_ id: Int) {
        forwardPre.removeAll { $0.id == id }
        forward.removeAll { $0.id == id }
        backwardPre.removeAll { $0.id == id }
        backward.removeAll { $0.id == id }
        observers.removeAll { $0.id == id }
    }

    /// Runs the forward pass with all hooks.
    ///
    /// - Parameters:
    ///   - slots: Returns the tensors of the results.
    ///   - replacing: Returns the results with other tensors.
    func run<each Argument: TensorStructure, Results, E: Error>(
        _ module: Module, _ arguments: repeat each Argument,
        forward body: (repeat each Argument) throws(E) -> Results,
        slots: (Results) -> [Tensor?], replacing: (Results, inout ArraySlice<Tensor?>) -> Results
    ) throws(E) -> Results {
        var inputs: [Tensor?] = []
        for argument in repeat each arguments { inputs += argument.tensorSlots }
        for (_, hook) in forwardPre { inputs = replaced(inputs, by: hook(module, inputs), "registerForwardPreHook") }
        let backwardCall = startBackwardCall(module, &inputs)
        var rest = inputs[...]
        let results = try body(repeat (each arguments).replacingTensors(from: &rest))
        var outputs = slots(results)
        if addsAdapters { outputs = module.adaptedOutputs(inputs, outputs) }
        for (_, hook) in forward {
            outputs = replaced(outputs, by: hook(module, inputs, outputs), "registerForwardHook")
        }
        for (_, observer) in observers { observer(module, outputs) }
        backwardCall?.watch(outputs: &outputs)
        rest = outputs[...]
        return replacing(results, &rest)
    }

    private func startBackwardCall(_ module: Module, _ inputs: inout [Tensor?]) -> BackwardCall? {
        guard !backward.isEmpty || !backwardPre.isEmpty, isGradEnabled else { return nil }
        return BackwardCall(self, module, &inputs)
    }
}

/// The tensors after a hook: the returned tensors, and the old ones where it returned nil.
private func replaced(_ tensors: [Tensor?], by new: [Tensor?]?, _ operation: String) -> [Tensor?] {
    guard let new else { return tensors }
    guard new.count == tensors.count else {
        reportFailure(
            TensorError(
                .value, in: operation, "the hook returned the wrong number of tensors", got: "\(new.count)",
                expected: "\(quantity(tensors.count, "tensor")), or nil to change none"))
        return tensors
    }
    return zip(new, tensors).map { $0 ?? $1 }
}

/// The backward pass of one call of a module. Keeps the gradients of the outputs until those of the inputs are computed.
private final class BackwardCall: @unchecked Sendable {
    private let hooks: ModuleHooks
    private weak var module: Module?
    private let inputCount: Int
    private var watchesInputs = false
    /// The gradients of the outputs, kept until those of the inputs are computed.
    private var outputGradients: [Tensor?]?

    init(_ hooks: ModuleHooks, _ module: Module, _ inputs: inout [Tensor?]) {
        self.hooks = hooks
        self.module = module
        inputCount = inputs.count
        watchesInputs = watchGradients(of: &inputs) { [self] in inputsReached($0) }
    }

    func watch(outputs: inout [Tensor?]) {
        _ = watchGradients(of: &outputs) { [self] in outputsReached($0) }
    }

    private func outputsReached(_ gradients: [Tensor?]) -> [Tensor?] {
        guard let module else { return gradients }
        var gradients = gradients
        for (_, hook) in hooks.backwardPre {
            gradients = replaced(gradients, by: hook(module, gradients), "registerFullBackwardPreHook")
        }
        if watchesInputs {
            outputGradients = gradients
        } else {
            let absent = [Tensor?](repeating: nil, count: inputCount)
            for (_, hook) in hooks.backward { _ = hook(module, absent, gradients) }
        }
        return gradients
    }

    private func inputsReached(_ gradients: [Tensor?]) -> [Tensor?] {
        guard let module, let outputGradients else { return gradients }
        self.outputGradients = nil
        var gradients = gradients
        for (_, hook) in hooks.backward {
            gradients = replaced(gradients, by: hook(module, gradients, outputGradients), "registerFullBackwardHook")
        }
        return gradients
    }
}

/// Adds one node to the computation graph after all tensors that require a gradient, whose backward pass calls `body` with
/// all their gradients; the returned gradients replace them. Returns false if no tensor requires a gradient.
private func watchGradients(
    of tensors: inout [Tensor?], _ body: @escaping @Sendable ([Tensor?]) -> [Tensor?]
) -> Bool {
    let watched = tensors.indices.filter { tensors[$0]?.requiresGrad == true }
    guard !watched.isEmpty else { return false }
    let count = tensors.count
    let all = GradientCallback { gradients in
        var spread = [Tensor?](repeating: nil, count: count)
        for (position, gradient) in zip(watched, gradients) { spread[position] = gradient }
        let result = body(spread)
        return watched.map { result[$0] }
    }
    let results = ModuleBackwardHook.$callback.withValue(all) {
        ModuleBackwardHook.apply(watched.compactMap { tensors[$0] })
    }
    for (position, tensor) in zip(watched, results) { tensors[position] = tensor }
    return true
}

private struct GradientCallback: Sendable {
    let body: @Sendable ([Tensor]) -> [Tensor?]
}

/// The identity of several tensors; its backward pass calls a callback with all their gradients.
private struct ModuleBackwardHook: CustomFunction {
    /// The callback of the current call of `forward`, which is static and cannot capture it.
    @TaskLocal static var callback: GradientCallback?

    static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
        context.values["callback"] = callback
        return inputs
    }

    static func backward(_ context: FunctionContext, _ gradients: [Tensor]) -> [Tensor?] {
        guard let callback = context.values["callback"] as? GradientCallback else { return gradients }
        return callback.body(gradients)
    }
}

/// A handle that removes a hook of a module.
public struct ModuleHookHandle {
    fileprivate let hooks: ModuleHooks
    fileprivate let id: Int

    /// Removes the hook. A second call does nothing.
    public func remove() { hooks.remove(id) }
}
