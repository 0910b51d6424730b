import TorchlightCore

/// Weight normalisation: the parameter is `g · v / ‖v‖` (Salimans and Kingma, 2016).
///
/// The norm is taken over all dimensions except `dim`; see ``Module/weightNorm(_:dim:)``. The learnable parameters are g and v,
/// named `original0` and `original1` in the state dictionary; they start as the norm and the value of the parameter. Files with the
/// older names `weight_g` and `weight_v` are loaded too.
public final class WeightNorm: Parametrization {
    /// The magnitude g: the norm for each index of the dimension, with size 1 in all other dimensions; 0-dimensional if there
    /// is one norm of the whole parameter.
    @Key public var length: Tensor
    /// The direction v, in the shape of the parameter. Its norm has no effect.
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

    /// The norm over these dimensions, 0-dimensional for all dimensions; the absolute value for no dimensions.
    static func norm(_ x: Tensor, _ dims: [Int]) -> Tensor {
        if dims.isEmpty { return x.abs() }
        return dims.count == x.rank ? x.norm() : x.norm(dim: dims, keepdim: true)
    }

    /// Earlier versions saved one norm of the whole parameter with a size of 1 in each dimension.
    public override func upgrade(_ state: inout ModuleState) {
        if let length = state["original0"], length.count == 1, self.length.rank == 0 {
            state["original0"] = length.reshape([])
        }
    }

    /// Those of `torch.nn.utils.weight_norm`.
    override func formerNames(of name: String) -> [(old: String, new: String)] {
        let path = "parametrizations.\(name)"
        return [("\(name)_g", "\(path).original0"), ("\(name)_v", "\(path).original1")]
    }

    public override func compute() -> Tensor { direction * (length / Self.norm(direction, dims)) }
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
    ///   - dim: The dimension with a norm for each index; nil for one norm of the whole parameter. Default: 0.
    @discardableResult
    public func weightNorm(_ name: String = "weight", dim: Int? = 0) -> Self {
        parametrize(name, "weightNorm") { weight throws(TensorError) in
            let resolved = try dim.map { (dim) throws(TensorError) in try Self.checkedDim(dim, weight, "weightNorm") }
            return WeightNorm(weight, dim: resolved)
        }
    }
}
