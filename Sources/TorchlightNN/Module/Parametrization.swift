import TorchlightCore

/// Base class of parametrisations, which compute a parameter of a module from other learnable parameters, as in weight or
/// spectral normalisation.
///
/// The module that it is registered on holds it under the name `parametrizations.<name>`. Each call of the module computes the
/// parameter again; between calls the property has the value of the last call. Register it with
/// ``Module/registerParametrization(_:_:)``.
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
}

/// Weight normalisation: the parameter is `g · v / ‖v‖` (Salimans and Kingma, 2016).
///
/// The norm is taken over all dimensions except `dim`; see ``Module/weightNorm(_:dim:)``. The learnable parameters are g and v,
/// named `original0` and `original1` in the state dictionary; they start as the norm and the value of the parameter.
public final class WeightNorm: Parametrization {
    /// The magnitude g: the norm for each index of the dimension, with size 1 in all other dimensions.
    @Key public var length: Tensor
    /// The direction v, in the shape of the parameter. Its norm does not matter.
    @Key public var direction: Tensor
    private let dims: [Int]

    init(_ weight: Tensor, dim: Int?) {
        let others = (0..<weight.rank).filter { $0 != dim }
        let values = weight.detach()
        dims = others
        _length = Key(wrappedValue: Parameter(noGrad { WeightNorm.norm(values, others) }), "original0")
        _direction = Key(wrappedValue: Parameter(noGrad { values.clone() }), "original1")
        super.init()
    }

    /// The norm over these dimensions; the absolute value if there are none.
    static func norm(_ x: Tensor, _ dims: [Int]) -> Tensor {
        dims.isEmpty ? x.abs() : x.norm(dim: dims, keepdim: true)
    }

    public override func compute() -> Tensor { direction * (length / Self.norm(direction, dims)) }
}

/// Spectral normalisation: the parameter is `W / σ`, where σ is the largest singular value of W (Miyato et al., 2018).
///
/// W is reshaped to a matrix whose rows are the indices of one dimension. σ is estimated as `uᵀ W v` by the power method: 15
/// iterations at the start, then `powerIterations` in each call in training mode. Evaluation mode uses the last u and v.
public final class SpectralNorm: Parametrization {
    /// The learnable parameter W before the division by σ.
    public var original: Tensor
    /// The estimate of the first left singular vector, `[rows]`.
    @Buffer public var u: Tensor
    /// The estimate of the first right singular vector, `[columns]`.
    @Buffer public var v: Tensor
    private let dim: Int
    private let powerIterations: Int
    private let eps: Double

    init(_ weight: Tensor, dim: Int, powerIterations: Int, eps: Double, generator: Generator) {
        (self.dim, self.powerIterations, self.eps) = (dim, powerIterations, eps)
        let values = noGrad { weight.detach().clone() }
        original = Parameter(values)
        let matrix = SpectralNorm.matrix(values, dim)
        func vector(_ count: Int) -> Tensor {
            noGrad {
                let drawn = Tensor.empty([count], dtype: values.dtype, device: values.device)
                return normalize(drawn.normal_(generator: generator), dim: 0, eps: eps)
            }
        }
        _u = Buffer(wrappedValue: vector(matrix.shape[0]), "0._u")
        _v = Buffer(wrappedValue: vector(matrix.shape[1]), "0._v")
        super.init()
        iterate(matrix, 15)
    }

    /// The parameter as a matrix: dimension `dim` as rows, all other dimensions as columns.
    private static func matrix(_ weight: Tensor, _ dim: Int) -> Tensor {
        let moved = dim == 0 ? weight : weight.movedim(dim, 0)
        return moved.reshape([moved.shape[0], -1])
    }

    private func iterate(_ matrix: Tensor, _ times: Int) {
        noGrad {
            for _ in 0..<times {
                u = normalize(matmul(matrix, v), dim: 0, eps: eps)
                v = normalize(matmul(matrix.mT, u), dim: 0, eps: eps)
            }
        }
    }

    public override func compute() -> Tensor {
        let matrix = Self.matrix(original, dim)
        if isTraining { iterate(matrix.detach(), powerIterations) }
        return original / (u * matmul(matrix, v)).sum()
    }
}

extension Module {
    /// Applies weight normalisation to a parameter: `weight = g · v / ‖v‖`; see ``WeightNorm``. Returns the module.
    ///
    ///     let layer = Linear(20, 40).weightNorm()
    ///
    /// Create the optimiser after this call: g and v replace the parameter in `parameters()`.
    ///
    /// - Parameters:
    ///   - name: The name of the parameter in the state dictionary. Default: "weight".
    ///   - dim: The dimension that keeps a norm for each index; nil for one norm of the whole tensor. Default: 0.
    @discardableResult
    public func weightNorm(_ name: String = "weight", dim: Int? = 0) -> Self {
        parametrize(name, "weightNorm") { weight throws(TensorError) in
            let resolved = try dim.map { (dim) throws(TensorError) in try Self.checkedDim(dim, weight, "weightNorm") }
            return WeightNorm(weight, dim: resolved)
        }
    }

    /// Applies spectral normalisation to a parameter: `weight / σ`, where σ is its largest singular value; see
    /// ``SpectralNorm``. Returns the module.
    ///
    /// Create the optimiser after this call, which replaces the parameter in `parameters()`. A parameter with fewer than two
    /// dimensions is an error.
    ///
    /// - Parameters:
    ///   - name: The name of the parameter in the state dictionary. Default: "weight".
    ///   - powerIterations: The number of power iterations in each call in training mode. Default: 1.
    ///   - eps: The smallest norm that vectors are divided by. Default: 1e-12.
    ///   - dim: The dimension of the output features, which become the rows of the matrix. Default: 1 for transposed
    ///     convolutions, 0 for all other modules.
    ///   - generator: The generator of the initial u and v.
    @discardableResult
    public func spectralNorm(
        _ name: String = "weight", powerIterations: Int = 1, eps: Double = 1e-12, dim: Int? = nil,
        generator: Generator = .default
    ) -> Self {
        parametrize(name, "spectralNorm") { weight throws(TensorError) in
            guard weight.rank >= 2, powerIterations > 0 else {
                throw TensorError(
                    .value, in: "spectralNorm", "the parameter has too few dimensions, or powerIterations is below 1",
                    got: "shape \(weight.shape), \(powerIterations) iterations",
                    expected: "at least 2 dimensions and at least 1 iteration")
            }
            let rows = try Self.checkedDim(dim ?? (self.isTransposedConvolution ? 1 : 0), weight, "spectralNorm")
            return SpectralNorm(weight, dim: rows, powerIterations: powerIterations, eps: eps, generator: generator)
        }
    }

    /// Registers a parametrisation of a parameter. Returns the module.
    ///
    /// The learnable parameters of the parametrisation replace the parameter in `parameters()`; create the optimiser after
    /// this call.
    ///
    /// - Parameters:
    ///   - name: The name of the parameter in the state dictionary.
    ///   - make: Returns the parametrisation for the current value of the parameter.
    @discardableResult
    public func registerParametrization(_ name: String, _ make: (Tensor) -> Parametrization) -> Self {
        parametrize(name, "registerParametrization") { weight throws(TensorError) in make(weight) }
    }

    /// Removes the parametrisation of a parameter. The current value becomes an ordinary parameter again. Returns the module.
    ///
    /// Create the optimiser after this call. A parameter without a parametrisation is an error.
    @discardableResult
    public func removeParametrizations(_ name: String = "weight") -> Self {
        guard let index = parametrizations.firstIndex(where: { $0.name == name }),
            let place = TensorProperty(name, of: self)
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
        place.set(Parameter(noGrad { parametrization.compute().detach().clone() }, requiresGrad: !isFrozen))
        parametrizations.remove(at: index)
        contents = nil
        return self
    }

    /// Computes the parametrised parameters, before each forward pass.
    final func computeParametrized() {
        for (name, parametrization) in parametrizations {
            let value = parametrization.compute()
            if !value.isPlaceholder { TensorProperty(name, of: self)?.set(value) }
        }
    }

    private func parametrize(
        _ name: String, _ operation: String, _ make: (Tensor) throws(TensorError) -> Parametrization
    ) -> Self {
        do throws(TensorError) {
            guard !parametrizations.contains(where: { $0.name == name }) else {
                throw TensorError(
                    .value, in: operation, "the parameter \"\(name)\" already has a parametrisation",
                    expected: "at most one for each parameter",
                    fix: "call removeParametrizations(\"\(name)\") first")
            }
            guard let (_, weight) = currentContents.parameters.first(where: { $0.name == name }),
                let place = TensorProperty(name, of: self)
            else {
                throw TensorError(
                    .value, in: operation, "\(type(of: self)) has no property \"\(name)\" that is a parameter",
                    expected:
                        "one of \(currentContents.parameters.map(\.name).filter { TensorProperty($0, of: self) != nil })"
                )
            }
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
            place.set(noGrad { parametrization.compute().detach() })
        } catch {
            reportFailure(error)
        }
        return self
    }

    private var isTransposedConvolution: Bool {
        self is ConvTranspose1d || self is ConvTranspose2d || self is ConvTranspose3d
    }

    private static func checkedDim(_ dim: Int, _ weight: Tensor, _ operation: String) throws(TensorError) -> Int {
        let resolved = dim < 0 ? dim + weight.rank : dim
        guard resolved >= 0, resolved < weight.rank else {
            throw TensorError(
                .index, in: operation, "the dimension is out of range", got: "\(dim)",
                expected: "\(-weight.rank) to \(weight.rank - 1)", operands: [weight])
        }
        return resolved
    }
}

/// The stored property of a module with a given name in the state dictionary.
private struct TensorProperty {
    private let module: Module
    private let name: String
    /// Nil for a tensor in the list.
    private let place: UnsafeMutableRawPointer?

    /// Nil if no property with that name is a tensor or an optional tensor.
    init?(_ name: String, of module: Module) {
        func isTensor(_ type: Any.Type) -> Bool { type == Tensor.self || type == Tensor?.self }
        func find(_ property: StoredProperty, _ address: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
            if isTensor(property.type) { return property.name == name ? address : nil }
            // ``Key`` and ``Buffer`` may give the property another name.
            func mark<T>(_: T.Type) -> (any PropertyMark)? {
                T.self is any PropertyMark.Type
                    ? address.assumingMemoryBound(to: T.self).pointee as? any PropertyMark : nil
            }
            guard let mark = _openExistential(property.type, do: mark) else { return nil }
            let own = property.name.hasPrefix("_") ? String(property.name.dropFirst()) : property.name
            guard mark.key ?? own == name else { return nil }
            return StoredProperty.all(of: property.type).first { isTensor($0.type) }.map { address + $0.offset }
        }
        self.module = module
        self.name = name
        let base = Unmanaged.passUnretained(module).toOpaque()
        for property in StoredProperty.all(of: type(of: module)) where property.isStrong && property.isCopyable {
            guard let place = find(property, base + property.offset) else { continue }
            self.place = place
            return
        }
        guard module.listedTensors.elements.contains(where: { $0.name == name }) else { return nil }
        place = nil
    }

    /// Sets the property. A tensor and an optional tensor have the same representation in memory.
    func set(_ tensor: Tensor) {
        guard let place else { return module.listedTensors.replace(name, by: tensor) }
        withExtendedLifetime(module) { place.assumingMemoryBound(to: Tensor?.self).pointee = tensor }
    }
}
