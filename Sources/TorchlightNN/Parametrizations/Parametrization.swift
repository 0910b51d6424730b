import Synchronization
import TorchlightCore

/// Base class of parametrisations, which compute a parameter of a module from other learnable parameters, as in weight or
/// spectral normalisation.
///
/// The module on which it is registered stores it under the name `parametrizations.<name>`. Each call of the module
/// computes the parameter again; between calls the property has the value of the last call.
/// `registerParametrization(_:_:)` registers it.
open class Parametrization: Module {
    /// Creates a parametrisation without parameters.
    public override init() { super.init() }

    /// Returns the parameter, computed from the learnable parameters of this parametrisation. Subclasses must override it.
    open func compute() -> Tensor {
        fail(
            TensorError(
                .value, in: "\(type(of: self))", "the parametrisation does not implement compute()",
                expected: "an override of compute() that returns the parameter"))
    }

    /// The parameters and buffers of the module that contain the state of the parametrisation; nil if the state is in a
    /// submodule `parametrizations.<name>`.
    func stateTensors(of name: String) -> (parameters: [(String, Tensor)], buffers: [(String, Tensor)])? { nil }

    /// The names of its tensors in the module in files of PyTorch's older function for the same parametrisation, and the names here.
    func formerNames(of name: String) -> [(old: String, new: String)] { [] }
}

extension Module {
    /// Registers a parametrisation of a parameter. Returns the module.
    ///
    /// The learnable parameters of the parametrisation replace the parameter in `parameters()`; create the optimiser after
    /// this call.
    ///
    /// - Parameters:
    ///   - name: The name of the parameter in the state dictionary.
    ///   - make: Called with the value of the parameter; returns the parametrisation.
    @discardableResult
    public func registerParametrization(_ name: String, _ make: (Tensor) -> Parametrization) -> Self {
        parametrize(name, "registerParametrization") { weight throws(TensorError) in make(weight) }
    }

    /// Registers a layer f as the parametrisation of a parameter: the parameter is `f(original)`, as
    /// `register_parametrization` in PyTorch. Returns the module.
    ///
    ///     final class Symmetric: Module, Layer {
    ///         func forward(_ x: Tensor) -> Tensor { x.triu() + x.triu(1).mT }
    ///     }
    ///     let layer = Linear(3, 3).registerParametrization("weight", Symmetric())
    ///
    /// A second layer g for the same parameter is applied to the result of the first, `g(f(original))`; see
    /// ``ParametrizationList``. Create the optimiser after this call: `original` replaces the parameter in `parameters()`.
    /// A layer that changes the shape or dtype of the parameter is an error.
    ///
    /// - Parameters:
    ///   - name: The name of the parameter in the state dictionary.
    ///   - layer: The layer. If it is an ``InvertibleParametrization``, the first one determines `original` from the current
    ///     value of the parameter; otherwise `original` is the current value.
    @discardableResult
    public func registerParametrization(_ name: String, _ layer: any Layer) -> Self {
        let operation = "registerParametrization"
        guard let list = parametrization(of: name) as? ParametrizationList else {
            return parametrize(name, operation) { weight throws(TensorError) in
                let list = try ParametrizationList(weight, layer, operation)
                return list
            }
        }
        do throws(TensorError) {
            layer.train(isTraining)
            try list.append(layer, operation)
            contents = nil
            setParametrized(name, noGrad { list.compute().detach() })
        } catch {
            reportFailure(error)
        }
        return self
    }

    /// Returns whether a parameter of this module is parametrised; without a name, whether any is.
    public func isParametrized(_ name: String? = nil) -> Bool {
        parametrizations.contains { name == nil || $0.name == name }
    }

    /// Removes the parametrisation of a parameter, which becomes an ordinary parameter. Returns the module.
    ///
    /// Create the optimiser after this call. A parameter without a parametrisation is an error.
    ///
    /// - Parameters:
    ///   - name: The name of the parameter. Default: "weight".
    ///   - leaveParametrized: Whether the parameter gets its parametrised value; if false, it gets the value of
    ///     `original`, which is an error for parametrisations without a tensor of this name. Default: true.
    @discardableResult
    public func removeParametrizations(_ name: String = "weight", leaveParametrized: Bool = true) -> Self {
        guard let index = parametrizations.firstIndex(where: { $0.name == name }),
            let tensorProperty = TensorProperty(name, of: self)
        else {
            reportFailure(
                TensorError(
                    .value, in: "removeParametrizations",
                    "the parameter \"\(name)\" of \(type(of: self)) has no parametrisation",
                    expected: "one of \(parametrizations.map(\.name))"))
            return self
        }
        let parametrization = parametrizations[index].parametrization
        let isFrozen = parametrization.parameters().allSatisfy { !$0.requiresGrad }
        var value: Tensor?
        if !leaveParametrized {
            value = parametrization.currentContents.parameters.first { $0.name == "original" }?.tensor
            if value == nil {
                reportFailure(
                    TensorError(
                        .value, in: "removeParametrizations",
                        "the parametrisation \(type(of: parametrization)) has no tensor \"original\"",
                        fix: "pass leaveParametrized: true"))
                return self
            }
        }
        let kept = noGrad { (value ?? parametrization.compute()).detach().clone() }
        tensorProperty.set(Parameter(kept, requiresGrad: !isFrozen))
        parametrizations.remove(at: index)
        contents = nil
        return self
    }

    /// The parametrisation of a parameter; nil if it has none.
    final func parametrization(of name: String) -> Parametrization? {
        parametrizations.first { $0.name == name }?.parametrization
    }

    /// Computes the parametrised parameters, before each forward pass.
    final func computeParametrized() {
        if let cache = ParametrizationCache.current, !cache.isFirstCall(of: self) { return }
        for (name, parametrization) in parametrizations { setParametrized(name, parametrization.compute()) }
    }

    /// Stores the value of a parametrised parameter.
    final func setParametrized(_ name: String, _ value: Tensor) {
        if !value.isPlaceholder { TensorProperty(name, of: self)?.set(value) }
    }

    /// The replaceable parameter of this module with this name, which must not be parametrised.
    final func plainParameter(_ name: String, _ operation: String) throws(TensorError) -> Tensor {
        guard !isParametrized(name) else {
            throw TensorError(
                .value, in: operation, "the parameter \"\(name)\" already has a parametrisation",
                expected: "at most one for each parameter", fix: "call removeParametrizations(\"\(name)\") first")
        }
        guard let (_, weight) = currentContents.parameters.first(where: { $0.name == name }),
            TensorProperty(name, of: self) != nil
        else {
            throw TensorError(
                .value, in: operation, "\(type(of: self)) has no property \"\(name)\" that is a parameter",
                expected:
                    "one of \(currentContents.parameters.map(\.name).filter { TensorProperty($0, of: self) != nil })")
        }
        return weight
    }

    /// Registers the parametrisation that the closure returns for a parameter, and computes the parameter.
    final func parametrize(
        _ name: String, _ operation: String, _ make: (Tensor) throws(TensorError) -> Parametrization
    ) -> Self {
        do throws(TensorError) {
            let weight = try plainParameter(name, operation)
            let parametrization = try make(weight)
            if !weight.requiresGrad { parametrization.freeze() }
            parametrization.train(isTraining)
            if !computesParametrized {
                computesParametrized = true
                registerForwardPreHook(.all) { module, _ in
                    module.computeParametrized()
                    return nil
                }
            }
            parametrizations.append((name, parametrization))
            contents = nil
            setParametrized(name, noGrad { parametrization.compute().detach() })
        } catch {
            reportFailure(error)
        }
        return self
    }

    static func checkedDim(_ dim: Int, _ weight: Tensor, _ operation: String) throws(TensorError) -> Int {
        let resolved = dim < 0 ? dim + weight.rank : dim
        guard resolved >= 0, resolved < weight.rank else {
            throw TensorError(
                .index, in: operation, "the dimension is out of range", got: "\(dim)",
                expected: "\(-weight.rank) to \(weight.rank - 1)", operands: [weight])
        }
        return resolved
    }
}

/// Runs a closure in which each module computes its parametrised parameters only in its first call, as
/// `torch.nn.utils.parametrize.cached`.
///
/// This saves time if a module is called several times with the same parameters, such as a recurrent cell. Changes of
/// the underlying parameters in the closure take effect after it.
public func cachedParametrizations<Result>(_ body: () throws -> Result) rethrows -> Result {
    try ParametrizationCache.$current.withValue(ParametrizationCache.current ?? ParametrizationCache()) { try body() }
}

/// The modules whose parametrised parameters are cached.
private final class ParametrizationCache: Sendable {
    @TaskLocal static var current: ParametrizationCache?
    private let called = Mutex<[Module.Reference]>([])

    func isFirstCall(of module: Module) -> Bool {
        called.withLock { called in
            if called.contains(where: { $0.module === module }) { return false }
            called.append(Module.Reference(module))
            return true
        }
    }
}

extension Module {
    /// A retained module, so that no other module gets its address.
    fileprivate struct Reference: @unchecked Sendable {
        let module: Module
        init(_ module: Module) { self.module = module }
    }
}
