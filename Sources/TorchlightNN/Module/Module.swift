import TorchlightCore

/// A part of a neural network: parameters, buffers and other modules, held in ordinary stored properties.
///
///     final class Net: Module, Layer {
///         let fc1 = Linear(784, 128)
///         let fc2 = Linear(128, 10)
///         func forward(_ x: Tensor) -> Tensor { fc2(relu(fc1(x))) }
///     }
///
/// What a subclass stores is found by reflection, in the order of declaration, those of its superclasses first: modules,
/// tensors that require a gradient (see ``Parameter(_:requiresGrad:)``) and ``Buffer``s, alone, optional, or in arrays,
/// dictionaries, tuples, structs and enums nested to any depth. Their names are those of the properties, with an element's
/// position, key or name after a dot: `layers.0.weight`. ``Key`` gives a property another name. What a class holds that is
/// no module is not found.
///
/// A reference to the module that holds this one must be `weak`; it is not followed.
open class Module {
    /// Whether the module is in training mode, in which dropout drops and batch normalisation uses the batch.
    public internal(set) final var isTraining = true
    final var hooks: ModuleHooks?
    final var contents: Contents?
    /// Whether a hook computes the parameters that have a rule.
    final var computesParametrized = false
    /// The parameters that are computed from others, by name.
    final var parametrizations: [(name: String, parametrization: Parametrization)] = []

    /// A module in training mode.
    public init() {}

    /// What stands between the parentheses when the module is printed; "" by default.
    open var extraDescription: String { "" }

    /// The type as it is printed, without the names of its generic parameters and modules.
    var printedName: String { String(describing: type(of: self)) }

    /// Whether the elements of its arrays are named by their positions alone, without the name of the property.
    var inlinesItsList: Bool { false }
    /// The names of those elements, where they are not their positions.
    var elementNames: [String]? { nil }

    /// Called before a state dict is loaded, with what it holds under a name of this module: for layers that take their
    /// sizes from what they are given.
    func willLoad(_ tensor: (String) -> Tensor?) {}

    /// Called before a state dict is loaded into this module, or reported on, with the tensors under this module's names: to
    /// bring what an earlier version saved to what the module has now. Override it to rename, convert or fill in tensors.
    ///
    ///     override func upgrade(_ state: inout ModuleState) {
    ///         if let old = state["gamma"] { (state["weight"], state["gamma"]) = (old, nil) }
    ///     }
    open func upgrade(_ state: inout ModuleState) {}

    /// Called after `train()` and `eval()` changed the mode of this module.
    open func modeDidChange() {}
}

// MARK: - Modes

extension Module {
    /// Puts the module and all inside it into training mode, or into evaluation mode with `false`.
    @discardableResult
    public func train(_ mode: Bool = true) -> Self {
        for module in modules() {
            module.isTraining = mode
            module.modeDidChange()
        }
        return self
    }

    /// Puts the module and all inside it into evaluation mode: no dropout, running statistics in batch normalisation.
    @discardableResult
    public func eval() -> Self { train(false) }

    /// Calls the function on every module inside this one, the innermost first, and then on this one.
    @discardableResult
    public func apply(_ body: (Module) throws -> Void) rethrows -> Self {
        var seen = Set<ObjectIdentifier>()
        try applyInside(body, &seen)
        return self
    }

    private func applyInside(_ body: (Module) throws -> Void, _ seen: inout Set<ObjectIdentifier>) rethrows {
        guard seen.insert(ObjectIdentifier(self)).inserted else { return }
        for (_, child) in currentContents.children { try child.applyInside(body, &seen) }
        try body(self)
    }
}

// MARK: - Dtype and device

extension Module {
    /// Converts the floating-point parameters and buffers in place: whoever holds them, such as an optimiser, sees them
    /// converted. Gradients are dropped.
    @discardableResult
    public func to(_ dtype: DType) -> Self {
        guard dtype.isFloatingPoint else {
            reportFailure(
                TensorError(
                    .dtype, in: "Module.to", "parameters can only be converted to a floating-point dtype",
                    got: "\(dtype)", expected: "float64, float32, float16 or bfloat16"))
            return self
        }
        return convert { $0.dtype.isFloatingPoint && $0.dtype != dtype ? $0.to(dtype) : nil }
    }

    /// Moves the parameters and buffers to a device, in place.
    @discardableResult
    public func to(_ device: Device) -> Self {
        convert { $0.device != device ? $0.to(device) : nil }
    }

    private func convert(_ converted: (Tensor) -> Tensor?) -> Self {
        noGrad {
            for tensor in parameters() + buffers() {
                guard let new = converted(tensor) else { continue }
                // A failed conversion inside `checked` leaves the tensor as it is.
                if !new.isPlaceholder { tensor.adopt(new) }
            }
        }
        return self
    }
}
