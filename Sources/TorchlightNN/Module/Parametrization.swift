import TorchlightCore

/// A rule that computes a parameter of a module from others, which are trained in its place: weight or spectral normalisation.
///
/// The module that it is registered on holds it as `parametrizations.<name>`. The parameter is computed anew in each call of that
/// module; between calls the property holds what the last call used.
open class Parametrization: Module {
    /// A rule without tensors.
    public override init() { super.init() }

    /// The parameter, from what is trained in its place.
    open func compute() -> Tensor {
        fail(
            TensorError(
                .value, in: "\(type(of: self))", "the parametrisation computes nothing",
                expected: "an override of compute()"))
    }
}

/// Length and direction apart: g · v / ‖v‖, the norm over all dimensions but one (Salimans and Kingma 2016).
public final class WeightNorm: Parametrization {
    /// The length along each index of the dimension.
    @Key public var length: Tensor
    /// The direction, of any length.
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

    /// The norm over these dimensions, which may be none.
    static func norm(_ x: Tensor, _ dims: [Int]) -> Tensor {
        dims.isEmpty ? x.abs() : x.norm(dim: dims, keepdim: true)
    }

    public override func compute() -> Tensor { direction * (length / Self.norm(direction, dims)) }
}

/// A matrix of spectral norm 1: W / σ with the largest singular value σ, which power iterations follow in training (Miyato et al.
/// 2018).
public final class SpectralNorm: Parametrization {
    /// The parameter before the division.
    public var original: Tensor
    /// The left singular vector.
    @Buffer public var u: Tensor
    /// The right singular vector.
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

    /// The dimension's rows, all others in the columns.
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
    /// Trains length and direction of a parameter apart; see ``WeightNorm``. Optimisers take `parameters()` after this.
    ///
    /// - Parameters:
    ///   - name: The parameter's property, as in the state dict.
    ///   - dim: The dimension whose indices have a length each; nil for one length of the whole.
    @discardableResult
    public func weightNorm(_ name: String = "weight", dim: Int? = 0) -> Self {
        parametrize(name, "weightNorm") { weight throws(TensorError) in
            let resolved = try dim.map { (dim) throws(TensorError) in try Self.checkedDim(dim, weight, "weightNorm") }
            return WeightNorm(weight, dim: resolved)
        }
    }

    /// Divides a parameter by its largest singular value; see ``SpectralNorm``. Optimisers take `parameters()` after this.
    ///
    /// - Parameters:
    ///   - name: The parameter's property, as in the state dict.
    ///   - powerIterations: The steps towards the singular vectors in each call in training.
    ///   - dim: The dimension of the matrix's rows; 1 for linear layers whose weight is `[in, out]` and transposed convolutions.
    ///   - eps: The least length that vectors are divided by.
    @discardableResult
    public func spectralNorm(
        _ name: String = "weight", powerIterations: Int = 1, eps: Double = 1e-12, dim: Int? = nil,
        generator: Generator = .default
    ) -> Self {
        parametrize(name, "spectralNorm") { weight throws(TensorError) in
            guard weight.rank >= 2, powerIterations > 0 else {
                throw TensorError(
                    .value, in: "spectralNorm", "the parameter is no matrix, or there is no iteration",
                    got: "\(weight.shape), \(powerIterations) iterations",
                    expected: "at least two dimensions and one iteration")
            }
            let rows = try Self.checkedDim(dim ?? (self.isTransposedConvolution ? 1 : 0), weight, "spectralNorm")
            return SpectralNorm(weight, dim: rows, powerIterations: powerIterations, eps: eps, generator: generator)
        }
    }

    /// Registers a rule for a parameter, which is then no parameter of this module any more.
    ///
    /// - Parameter make: the rule, from the parameter as it is.
    @discardableResult
    public func registerParametrization(_ name: String, _ make: (Tensor) -> Parametrization) -> Self {
        parametrize(name, "registerParametrization") { weight throws(TensorError) in make(weight) }
    }

    /// Makes a parameter of what a parametrisation computes now.
    @discardableResult
    public func removeParametrizations(_ name: String = "weight") -> Self {
        guard let index = parametrizations.firstIndex(where: { $0.name == name }),
            let place = TensorProperty(name, of: self)
        else {
            reportFailure(
                TensorError(
                    .value, in: "removeParametrizations", "\(type(of: self)) has none for \"\(name)\"",
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

    /// Computes the parameters that have a rule: what a call of this module does first.
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
                    .value, in: operation, "\"\(name)\" has a parametrisation already",
                    expected: "one for each parameter", fix: "removeParametrizations(\"\(name)\") first")
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
                .index, in: operation, "there is no such dimension", got: "\(dim)",
                expected: "\(-weight.rank) to \(weight.rank - 1)", operands: [weight])
        }
        return resolved
    }
}

/// The stored property of a module that a tensor's name in the state dict stands for.
private struct TensorProperty {
    private let module: Module
    private let place: UnsafeMutableRawPointer

    /// Nil where no property of that name is a tensor, or an optional one.
    init?(_ name: String, of module: Module) {
        func isTensor(_ type: Any.Type) -> Bool { type == Tensor.self || type == Tensor?.self }
        func find(_ property: StoredProperty, _ address: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
            if isTensor(property.type) { return property.name == name ? address : nil }
            // A wrapper may give its property another name.
            func mark<T>(_: T.Type) -> (any PropertyMark)? {
                T.self is any PropertyMark.Type
                    ? address.assumingMemoryBound(to: T.self).pointee as? any PropertyMark : nil
            }
            guard let mark = _openExistential(property.type, do: mark) else { return nil }
            let own = property.name.hasPrefix("_") ? String(property.name.dropFirst()) : property.name
            guard mark.key ?? own == name else { return nil }
            return StoredProperty.all(of: property.type).first { isTensor($0.type) }.map { address + $0.offset }
        }
        let base = Unmanaged.passUnretained(module).toOpaque()
        for property in StoredProperty.all(of: type(of: module)) where property.isStrong && property.isCopyable {
            guard let place = find(property, base + property.offset) else { continue }
            self.module = module
            self.place = place
            return
        }
        return nil
    }

    /// A tensor and an optional one that holds it are the same in memory.
    func set(_ tensor: Tensor) {
        withExtendedLifetime(module) { place.assumingMemoryBound(to: Tensor?.self).pointee = tensor }
    }
}
