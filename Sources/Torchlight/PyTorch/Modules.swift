import TorchlightIO

// Methods of modules, optimisers, schedulers and data loaders by the names of PyTorch.

extension Module {
    /// Whether the module is in training mode; the same as `isTraining`.
    public var training: Bool { isTraining }

    /// Loads a state dictionary: `load(stateDict:strict:)`.
    @discardableResult
    public func loadStateDict(_ stateDict: StateDict, strict: Bool = true) throws -> LoadReport {
        try load(stateDict: stateDict, strict: strict)
    }

    /// Converts the module to float32: `to(.float32)`.
    @discardableResult
    public func float() -> Self { to(.float32) }
    /// Converts the module to float64: `to(.float64)`.
    @discardableResult
    public func double() -> Self { to(.float64) }
    /// Converts the module to float16: `to(.float16)`.
    @discardableResult
    public func half() -> Self { to(.float16) }
    /// Converts the module to bfloat16: `to(.bfloat16)`.
    @discardableResult
    public func bfloat16() -> Self { to(.bfloat16) }
    /// Moves the module to the CPU: `to(.cpu)`.
    @discardableResult
    public func cpu() -> Self { to(.cpu) }
    /// Moves the module to the first NVIDIA GPU: `to(.cuda)`.
    @discardableResult
    public func cuda() -> Self { to(.cuda) }
}

extension Module {
    /// Moves the module to a device and converts its floating-point parameters and buffers: `to(device).to(dtype)`.
    @discardableResult
    public func to(dtype: DType, device: Device) -> Self { to(device).to(dtype) }
    /// Converts the floating-point parameters and buffers: `to(dtype)`.
    @discardableResult
    public func to(dtype: DType) -> Self { to(dtype) }
    /// Moves the module: `to(device)`.
    @discardableResult
    public func to(device: Device) -> Self { to(device) }

    /// The submodule with a name as in `namedModules()`, such as "layers.0"; "" is the module itself. Another name is an error.
    public func getSubmodule(_ name: String) -> Module {
        if let found = namedModules().first(where: { $0.name == name }) { return found.module }
        reportFailure(
            TensorError(
                .value, in: "getSubmodule", "there is no submodule of this name", got: "\"\(name)\"",
                expected: "a name of namedModules()"))
        return self
    }
    /// The parameter with a name as in `namedParameters()`, such as "layers.0.weight". Another name is an error.
    public func getParameter(_ name: String) -> Tensor { tensor(name, namedParameters(), "Parameter") }
    /// The buffer with a name as in `namedBuffers()`. Another name is an error.
    public func getBuffer(_ name: String) -> Tensor { tensor(name, namedBuffers(), "Buffer") }

    private func tensor(_ name: String, _ tensors: [(name: String, tensor: Tensor)], _ kind: String) -> Tensor {
        tensors.first { $0.name == name }?.tensor
            ?? fail(
                TensorError(
                    .value, in: "get\(kind)", "there is no \(kind.lowercased()) of this name", got: "\"\(name)\"",
                    expected: "a name of named\(kind)s()"))
    }

    /// Registers a hook that runs before each forward pass and does not change the input.
    @_disfavoredOverload
    @discardableResult
    public func registerForwardPreHook(_ hook: @escaping (Module, Tensor) -> Void) -> ModuleHookHandle {
        registerForwardPreHook { (module: Module, input: Tensor) -> Tensor? in
            hook(module, input)
            return nil
        }
    }
    /// Registers a hook that runs after each forward pass and does not change the output.
    @_disfavoredOverload
    @discardableResult
    public func registerForwardHook(_ hook: @escaping (Module, Tensor, Tensor) -> Void) -> ModuleHookHandle {
        registerForwardHook { (module: Module, input: Tensor, output: Tensor) -> Tensor? in
            hook(module, input, output)
            return nil
        }
    }
    /// Registers a hook that runs in the backward pass and does not change the gradient.
    @_disfavoredOverload
    @discardableResult
    public func registerFullBackwardHook(
        _ hook: @escaping (Module, _ gradInput: Tensor?, _ gradOutput: Tensor) -> Void
    ) -> ModuleHookHandle {
        registerFullBackwardHook { (module: Module, gradInput: Tensor?, gradOutput: Tensor) -> Tensor? in
            hook(module, gradInput, gradOutput)
            return nil
        }
    }
    /// Not available: a copy of a module is `deepCopy()`.
    @available(*, unavailable, renamed: "deepCopy()")
    public func copy() -> Self { deepCopy() }
}

/// Returns a copy of the module with its own parameters and buffers: `model.deepCopy()`.
public func deepcopy<Model: Module>(_ model: Model) -> Model { model.deepCopy() }
/// Adds spectral normalisation to a parameter of the module: `module.spectralNorm(name)`.
@discardableResult
public func spectralNorm<Model: Module>(_ module: Model, name: String = "weight") -> Model { module.spectralNorm(name) }
/// Adds weight normalisation to a parameter of the module: `module.weightNorm(name, dim: dim)`.
@discardableResult
public func weightNorm<Model: Module>(_ module: Model, name: String = "weight", dim: Int? = 0) -> Model {
    module.weightNorm(name, dim: dim)
}
/// Returns a table of the layers, output shapes and numbers of parameters: `model.summary(input: inputSize)`. The shape has
/// the batch dimension.
public func summary(_ model: some Layer, _ inputSize: [Int]) -> ModuleSummary { model.summary(input: inputSize) }
/// Returns a table of the layers, output shapes and numbers of parameters: `model.summary(input: inputSize)`. The shape has
/// the batch dimension.
public func summary(_ model: some Layer, inputSize: [Int]) -> ModuleSummary { model.summary(input: inputSize) }

extension LoadReport {
    /// The names that the module has and the state dictionary has not; the same as `missing`.
    public var missingKeys: [String] { missing }
    /// The names that the state dictionary has and the module has not; the same as `unexpected`.
    public var unexpectedKeys: [String] { unexpected }
}

extension AveragedModel {
    /// Updates the averages with the parameters of `model`: `update(model)`.
    public func updateParameters(_ model: Model) { update(model) }
}

extension GroupedOptimizer {
    /// The parameter groups with their settings; the same as `groups`: `optimizer.paramGroups[0].lr = 0.01`.
    public var paramGroups: [ParameterGroup<Options>] { groups }
}

extension ParameterGroup {
    /// Not available: the settings are properties.
    @available(*, unavailable, message: "settings are properties: 'group.lr'")
    public subscript(name: String) -> Double {
        get { fatalError() }
        set { fatalError() }
    }
}

extension Optimizer {
    /// The learning rate of the first parameter group. Setting it sets the learning rate of all groups.
    public var lr: Double {
        get { learningRates.first ?? .nan }
        set { learningRates = learningRates.map { _ in newValue } }
    }

    /// Returns the state of the optimiser: `state()`.
    public func stateDict() -> OptimizerState { state() }

    /// Restores a state: `load(state)`.
    public func loadStateDict(_ state: OptimizerState) throws { try load(state) }

    /// Sets the gradients of all parameters to nil, or fills them with 0: `zeroGrad(setToNil:)`.
    public func zeroGrad(setToNone: Bool) { zeroGrad(setToNil: setToNone) }
}

extension LRScheduler {
    /// The learning rates that the scheduler has set last; the same as `lastRates`.
    public func getLastLR() -> [Double] { lastRates }

    /// Returns the state of the scheduler: `state()`.
    public func stateDict() -> [String: String] { state() }

    /// Restores a state: `load(state)`.
    public func loadStateDict(_ state: [String: String]) throws { try load(state) }
}

extension ReduceLROnPlateau {
    /// Ends an epoch with a value of type `Float`: `step(Double(metric))`.
    @_disfavoredOverload
    public func step(_ metric: Float) { step(Double(metric)) }

    /// Creates a scheduler with one smallest learning rate for all groups.
    public convenience init(
        _ optimizer: any Optimizer, mode: Mode = .min, factor: Double = 0.1, patience: Int = 10,
        threshold: Double = 1e-4, thresholdMode: ThresholdMode = .rel, cooldown: Int = 0, minLR: Double,
        eps: Double = 1e-8
    ) {
        self.init(
            optimizer, mode: mode, factor: factor, patience: patience, threshold: threshold,
            thresholdMode: thresholdMode, cooldown: cooldown, minLR: [minLR], eps: eps)
    }
}

extension LambdaLR {
    /// Creates a scheduler with the label of PyTorch.
    public convenience init(_ optimizer: any Optimizer, lrLambda: @escaping (_ epoch: Int) -> Double) {
        self.init(optimizer, lrLambda)
    }
}

extension SequentialLR {
    /// Not available: a closure creates the schedulers.
    @available(
        *, unavailable,
        message:
            "a closure creates the schedulers: 'SequentialLR(optimizer, milestones: [5]) { [LinearLR($0), StepLR($0, stepSize: 10)] }'"
    )
    public convenience init(_ optimizer: any Optimizer, schedulers: [LRScheduler], milestones: [Int]) { fatalError() }
}
extension ChainedScheduler {
    /// Not available: a closure creates the schedulers.
    @available(
        *, unavailable,
        message:
            "a closure creates the schedulers: 'ChainedScheduler(optimizer) { [LinearLR($0), ExponentialLR($0, gamma: 0.9)] }'"
    )
    public convenience init(_ schedulers: [LRScheduler], optimizer: (any Optimizer)? = nil) { fatalError() }
}

/// Scales the gradients so that their norm is at most `maxNorm`: `clipGradNorm(parameters, maxNorm: maxNorm)`.
@discardableResult
public func clipGradNorm(_ parameters: [Tensor], _ maxNorm: Double, normType: Double = 2) -> Tensor {
    clipGradNorm(parameters, maxNorm: maxNorm, normType: normType)
}

/// Scales the gradients so that their norm is at most `maxNorm`: `clipGradNorm(parameters, maxNorm: maxNorm)`.
@discardableResult
public func clipGradNorm_(_ parameters: [Tensor], _ maxNorm: Double, normType: Double = 2) -> Tensor {
    clipGradNorm(parameters, maxNorm: maxNorm, normType: normType)
}

/// Scales the gradients so that their norm is at most `maxNorm`: `clipGradNorm(parameters, maxNorm: maxNorm)`.
@discardableResult
public func clipGradNorm_(_ parameters: [Tensor], maxNorm: Double, normType: Double = 2) -> Tensor {
    clipGradNorm(parameters, maxNorm: maxNorm, normType: normType)
}

/// Limits each element of the gradients: `clipGradValue(parameters, clipValue)`.
public func clipGradValue_(_ parameters: [Tensor], _ clipValue: Double) { clipGradValue(parameters, clipValue) }

/// Limits each element of the gradients: `clipGradValue(parameters, clipValue)`.
public func clipGradValue_(_ parameters: [Tensor], clipValue: Double) { clipGradValue(parameters, clipValue) }

/// Saves named tensors to a file in the format of its name: `TensorFile.write`.
public func save(_ tensors: StateDict, _ path: String) throws {
    let names = tensors.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    try TensorFile.write(names.map { ($0, tensors[$0]!) }, to: path, metadata: [:])
}

/// Not available: the state of a training run is a `TrainingState`.
@available(
    *, unavailable,
    message:
        "write 'try TrainingState(step: step, model: model, optimizer: optimizer).save(path)', or 'model.save(path)'"
)
public func save(_ checkpoint: [String: Any], _ path: String) {}

/// Loads the tensors of a file by name, in any format that `TensorFile` detects.
public func load(_ path: String) throws -> StateDict { try TensorFile.load(path) }

extension Tensor {
    /// Saves the tensor to a file in the format of its name: `.npy` is NumPy's format; `.pt` and `.pth` are PyTorch's,
    /// which `torch.load` reads as a tensor; others are safetensors with the name "tensor".
    ///
    /// - Throws: `IOError` if the file cannot be written.
    public func save(_ path: String) throws {
        if path.hasSuffix(".npy") { return try NumpyFile.save(self, to: path) }
        if path.hasSuffix(".pt") || path.hasSuffix(".pth") { return try TorchFile.save(.tensor(self), to: path) }
        try TensorFile.write([("tensor", self)], to: path, metadata: [:])
    }

    /// Loads the tensor of a file that `save(_:)` wrote, or of another file with one tensor.
    ///
    /// - Throws: `IOError` if the file cannot be read or does not hold exactly one tensor.
    public static func load(_ path: String) throws -> Tensor {
        let tensors = Array(try TensorFile.load(path).values)
        guard tensors.count == 1 else {
            throw IOError(
                .unsupported, "load", file: path, "the file holds \(quantity(tensors.count, "tensor"))",
                expected: "one tensor",
                fix: "use TensorFile.load(path)")
        }
        return tensors[0]
    }
}
