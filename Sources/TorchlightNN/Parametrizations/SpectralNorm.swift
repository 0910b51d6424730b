import TorchlightCore

/// Spectral normalisation: the parameter is `W / σ`, where σ is the largest singular value of W (Miyato et al., 2018).
///
/// W is reshaped to a matrix with one dimension as rows. σ is estimated as `uᵀ W v` by power iteration: 15 iterations at the
/// start, then `powerIterations` in each call in training mode. Evaluation mode uses the current u and v. Files with
/// the older names `weight_orig`, `weight_u` and `weight_v` are loaded too.
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

    /// Those of `torch.nn.utils.spectral_norm`.
    override func formerNames(of name: String) -> [(old: String, new: String)] {
        let path = "parametrizations.\(name)"
        return [
            ("\(name)_orig", "\(path).original"), ("\(name)_u", "\(path).0._u"), ("\(name)_v", "\(path).0._v"),
        ]
    }

    /// The parameter as a matrix: dimension `dim` as rows, all other dimensions as columns.
    private static func matrix(_ weight: Tensor, _ dim: Int) -> Tensor {
        let moved = dim == 0 ? weight : weight.movedim(dim, 0)
        return moved.reshape([moved.shape[0], -1])
    }

    private func iterate(_ matrix: Tensor, _ times: Int) {
        noGrad {
            for _ in 0..<times {
                u.copy_(normalize(matmul(matrix, v), dim: 0, eps: eps))
                v.copy_(normalize(matmul(matrix.mT, u), dim: 0, eps: eps))
            }
        }
    }

    public override func compute() -> Tensor {
        let matrix = Self.matrix(original, dim)
        if isTraining { iterate(matrix.detach(), powerIterations) }
        // Copies are saved for the backward pass, because later calls change the vectors in place.
        let (u, v) = isTraining ? (self.u.clone(), self.v.clone()) : (self.u, self.v)
        return original / (u * matmul(matrix, v)).sum()
    }
}

extension Module {
    /// Applies spectral normalisation to a parameter: `weight / σ`, where σ is its largest singular value; see
    /// ``SpectralNorm``. Returns the module.
    ///
    /// Create the optimiser after this call, which replaces the parameter in `parameters()`. A parameter with fewer than two
    /// dimensions is an error.
    ///
    /// - Parameters:
    ///   - name: The name of the parameter in the state dictionary. Default: "weight".
    ///   - powerIterations: The number of power iterations in each call in training mode. Default: 1.
    ///   - eps: The lower bound of the norms by which vectors are divided. Default: 1e-12.
    ///   - dim: The dimension of the output features, which become the rows of the matrix. Default: 1 for transposed
    ///     convolutions, 0 for all other modules.
    ///   - generator: The generator of the initial u and v. Default: the default generator.
    @discardableResult
    public func spectralNorm(
        _ name: String = "weight", powerIterations: Int = 1, eps: Double = 1e-12, dim: Int? = nil,
        generator: Generator = .default
    ) -> Self {
        parametrize(name, "spectralNorm") { weight throws(TensorError) in
            guard weight.rank >= 2, powerIterations > 0 else {
                throw TensorError(
                    .value, in: "spectralNorm", "the parameter has too few dimensions, or powerIterations is below 1",
                    got: "shape \(weight.shape), \(quantity(powerIterations, "iteration"))",
                    expected: "at least 2 dimensions and at least 1 iteration")
            }
            let rows = try Self.checkedDim(dim ?? (self.isTransposedConvolution ? 1 : 0), weight, "spectralNorm")
            return SpectralNorm(weight, dim: rows, powerIterations: powerIterations, eps: eps, generator: generator)
        }
    }

    private var isTransposedConvolution: Bool {
        self is ConvTranspose1d || self is ConvTranspose2d || self is ConvTranspose3d
    }
}
