import TorchlightCore

/// Base class of all neural network modules: a container of parameters, buffers and submodules, held in ordinary stored
/// properties.
///
///     final class Net: Module, Layer {
///         let fc1 = Linear(784, 128)
///         let fc2 = Linear(128, 10)
///         func forward(_ x: Tensor) -> Tensor { fc2(relu(fc1(x))) }
///     }
///
/// Nothing has to be registered. Reflection finds the stored properties of a subclass, in the order of declaration,
/// superclasses first: modules, tensors that require a gradient (see ``Parameter(_:requiresGrad:)``) and ``Buffer``s.
/// They may be optional, or nested to any depth in arrays, dictionaries, tuples, structs and enums. Their names in the
/// state dictionary are the names of the properties, followed by a dot and the index, key or name of the element:
/// `layers.0.weight`. ``Key`` gives a property another name. The properties of an object that is not a module are not
/// searched.
///
/// A reference from a submodule to its parent module must be `weak`; weak references are not followed.
open class Module {
    /// Whether the module is in training mode, which affects layers such as ``Dropout`` and ``BatchNorm``. Default:
    /// true. Set it with `train()` and `eval()`.
    public internal(set) final var isTraining = true
    final var hooks: ModuleHooks?
    final var contents: Contents?
    /// Whether the forward pre-hook that computes the parametrised parameters is registered.
    final var computesParametrized = false
    /// The parametrisations of this module's parameters, by the name of the parameter.
    final var parametrizations: [(name: String, parametrization: Parametrization)] = []
    /// The low-rank adapters of this layer; nil if it has none.
    final var layerAdapters: LayerAdapters?
    /// The adapters that were added to this module and its submodules; nil if there are none.
    final var adapterRegistry: AdapterRegistry?

    /// Creates a module in training mode.
    public init() {}

    /// The settings of the module that are printed between its parentheses, as `extra_repr` in PyTorch. Default: "".
    open var extraDescription: String { "" }

    /// The name of the type in printed models, without generic parameters and the name of its Swift module.
    var printedName: String { String(describing: type(of: self)) }

    /// Whether elements of its arrays are named by their index alone (`0.weight`), without the name of the property.
    var inlinesItsList: Bool { false }
    /// The parameters that the module keeps in a list, under their names, instead of in properties.
    var listedTensors: OrderedTensors {
        get { OrderedTensors() }
        set {}
    }
    /// The names of those elements where they are not their indices.
    var elementNames: [String]? { nil }

    /// Called before a state dictionary is loaded, with a function that returns the tensor loaded for a name of this
    /// module. Lazy layers take their sizes from it.
    func willLoad(_ tensor: (String) -> Tensor?) {}

    /// Converts the state of this module as saved by an earlier version to the names and shapes of this version. Called
    /// before a state dictionary is loaded or reported on, with the tensors of this module. Override it to rename,
    /// convert or add tensors; the default changes nothing.
    ///
    ///     override func upgrade(_ state: inout ModuleState) {
    ///         if let old = state["gamma"] { (state["weight"], state["gamma"]) = (old, nil) }
    ///     }
    open func upgrade(_ state: inout ModuleState) {}

    /// Called after `train()` or `eval()` set the mode of this module. The default does nothing.
    open func modeDidChange() {}
}

// MARK: - Modes

extension Module {
    /// Sets this module and all submodules to training mode, or to evaluation mode if `mode` is false. Returns the
    /// module.
    @discardableResult
    public func train(_ mode: Bool = true) -> Self {
        for module in modules() {
            module.isTraining = mode
            module.modeDidChange()
        }
        ModuleModes.recordChange()
        return self
    }

    /// Sets this module and all submodules to evaluation mode, in which dropout is off and batch normalisation uses its
    /// running statistics. Returns the module. It does not turn off gradients; `noGrad` does.
    @discardableResult
    public func eval() -> Self { train(false) }

    /// Calls a function on every submodule, children before parents, and then on this module. Returns the module.
    ///
    ///     model.apply { if let linear = $0 as? Linear { Initializers.xavierUniform_(linear.weight) } }
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
    /// Converts all floating-point parameters and buffers to a dtype, in place. Integer buffers and the scales of
    /// quantised weights keep their dtype.
    ///
    /// The tensors stay the same objects, so an optimiser that holds them needs no update. Gradients are set to nil.
    /// Returns the module. A dtype that is not floating point is an error.
    @discardableResult
    public func to(_ dtype: DType) -> Self {
        guard dtype.isFloatingPoint else {
            reportFailure(
                TensorError(
                    .dtype, in: "Module.to", "parameters can only be converted to a floating-point dtype",
                    got: "\(dtype)", expected: "float64, float32, float16 or bfloat16"))
            return self
        }
        setQuantizedDType(dtype)
        let kept = Set(quantizationFactors.map { ObjectIdentifier($0) })
        return convert {
            $0.dtype.isFloatingPoint && $0.dtype != dtype && !kept.contains(ObjectIdentifier($0)) ? $0.to(dtype) : nil
        }
    }

    /// Moves all parameters and buffers to a device, in place. The tensors stay the same objects. Returns the module.
    @discardableResult
    public func to(_ device: Device) -> Self {
        convert { $0.device != device ? $0.to(device) : nil }
    }

    private func convert(_ converted: (Tensor) -> Tensor?) -> Self {
        noGrad {
            for tensor in parameters() + buffers() {
                guard let new = converted(tensor) else { continue }
                // A failed conversion inside `checked` does not change the tensor.
                if !new.isPlaceholder { tensor.adopt(new) }
            }
        }
        return self
    }
}
