import TorchlightCore

/// Parametrises a matrix to have orthonormal columns, or rows if it has more columns than rows, as
/// `torch.nn.utils.parametrizations.orthogonal`. ``Module/orthogonal(_:orthogonalMap:useTrivialization:generator:)``
/// registers it on a parameter.
///
/// Shapes: `[*, n, k] -> [*, n, k]`. For n < k, the map is applied to the transpose and the result is transposed. For n
/// ≥ k it is one of:
///
/// - ``OrthogonalMap/matrixExp``: the first k columns of `exp(A)`, where `A = L − Lᴴ` and L is the lower triangle of x,
///   zero-padded to `[n, n]`.
/// - ``OrthogonalMap/cayley``: the first k columns of `(I − A/2)⁻¹ (I + A/2)` with the same A.
/// - ``OrthogonalMap/householder``: the product of k Householder reflections, whose vectors are below the diagonal of
///   x; column j is multiplied by the integer part of the diagonal element j, which is 1 or −1 and has no gradient.
///   Real dtypes only.
///
/// With a ``base``, the result is `base · map(x)` (a dynamic trivialisation; Lezcano-Casado, 2019).
public final class Orthogonal: Module, InvertibleParametrization {
    /// A map from matrices to orthogonal matrices.
    public enum OrthogonalMap: String, Sendable, CaseIterable {
        /// The matrix exponential of a skew-symmetric matrix.
        case matrixExp
        /// The Cayley map of a skew-symmetric matrix.
        case cayley
        /// A product of Householder reflections.
        case householder
    }

    /// The map.
    public let orthogonalMap: OrthogonalMap
    /// The orthogonal matrix `[*, n, n]` by which the result of the map is multiplied, with n the larger size; nil for
    /// none.
    @Buffer public private(set) var base: Tensor?
    private let usesTrivialization: Bool
    private let generator: Generator

    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - orthogonalMap: The map.
    ///   - base: The orthogonal matrix by which the result of the map is multiplied. Default: none.
    public init(_ orthogonalMap: OrthogonalMap, base: Tensor? = nil) {
        self.orthogonalMap = orthogonalMap
        usesTrivialization = base != nil
        generator = .default
        super.init()
        self.base = base
    }

    init(_ orthogonalMap: OrthogonalMap, usesTrivialization: Bool, generator: Generator) {
        self.orthogonalMap = orthogonalMap
        self.usesTrivialization = usesTrivialization
        self.generator = generator
        super.init()
    }

    /// Returns the orthogonal matrix of x.
    public func forward(_ x: Tensor) -> Tensor {
        if x.isPlaceholder { return x }
        do throws(TensorError) { try check(x) } catch { return fail(error, like: x) }
        let isWide = x.size(-2) < x.size(-1)
        let tall = isWide ? x.mT : x
        var q = orthogonalMap == .householder ? Self.reflections(tall) : rotation(tall)
        if let base { q = base.matmul(q) }
        return isWide ? q.mT : q
    }

    private func check(_ x: Tensor) throws(TensorError) {
        guard x.rank >= 2, x.dtype.isFloatingPoint || x.dtype.isComplex else {
            throw TensorError(
                .shape, in: "orthogonal", "the parameter is not a floating-point or complex matrix",
                expected: "[*, n, k]", operands: [x])
        }
        guard orthogonalMap != .householder || !x.dtype.isComplex else {
            throw TensorError(
                .dtype, in: "orthogonal", "the householder map has no complex form", expected: "a real dtype",
                fix: "use .matrixExp or .cayley", operands: [x])
        }
    }

    /// The first k columns of the rotation given by the lower triangle of x `[*, n, k]`, n ≥ k.
    private func rotation(_ x: Tensor) -> Tensor {
        let (n, k) = (x.size(-2), x.size(-1))
        var lower = x.tril()
        if n != k { lower = lower.pad([0, n - k]) }
        let skew = lower - lower.mH
        let square: Tensor
        if orthogonalMap == .matrixExp {
            square = LinAlg.matrixExp(skew)
        } else {
            let eye = Tensor.eye(n, dtype: x.dtype, device: x.device)
            square = LinAlg.solve(eye - skew * 0.5, eye + skew * 0.5)
        }
        return n == k ? square : square.narrow(-1, start: 0, length: k)
    }

    /// The product of the reflections whose vectors are below the diagonal of x `[*, n, k]`, n ≥ k.
    private static func reflections(_ x: Tensor) -> Tensor {
        let vectors = x.tril(-1)
        let tau = 2 / (1 + (vectors * vectors).sum(dim: -2))
        let signs = x.detach().diagonal(dim1: -2, dim2: -1).trunc()
        return LinAlg.householderProduct(vectors, tau) * signs.unsqueeze(-2)
    }

    /// Returns a matrix x with `forward(x)` equal to `value`, or to the nearest orthogonal matrix by QR decomposition
    /// if `value` is not orthogonal.
    ///
    /// With trivialisation, `value` becomes the ``base`` and the result is −I, which is mapped to I. Without it, only
    /// the householder map has an inverse; other maps are an error.
    public func rightInverse(_ value: Tensor) -> Tensor {
        if value.isPlaceholder { return value }
        do throws(TensorError) {
            try check(value)
            guard usesTrivialization || orthogonalMap == .householder else {
                throw TensorError(
                    .unsupported, in: "orthogonal", "the map \(orthogonalMap) has no inverse without trivialisation",
                    fix: "use .householder or useTrivialization: true")
            }
        } catch {
            return fail(error, like: value)
        }
        return noGrad {
            let isWide = value.size(-2) < value.size(-1)
            let tall = isWide ? value.mT : value
            if usesTrivialization {
                base = Self.completed(tall, generator)
                let negative = Tensor.zeros(value.shape, dtype: value.dtype, device: value.device)
                negative.diagonal(dim1: -2, dim2: -1).fill_(-1)
                return negative
            }
            // LAPACK sets tau to 0 for a column that needs no reflection; its sign is then the opposite.
            let (vectors, tau) = tall.geqrf()
            let diagonal = vectors.diagonal(dim1: -2, dim2: -1)
            diagonal.copy_(Tensor.where(tau .== 0, -diagonal.sign(), diagonal.sign()))
            return isWide ? vectors.mT : vectors
        }
    }

    /// A square orthogonal matrix whose first columns are the orthonormalised columns of q `[*, n, k]`; the others are
    /// random.
    private static func completed(_ q: Tensor, _ generator: Generator) -> Tensor {
        let (n, k) = (q.size(-2), q.size(-1))
        var square = q
        if n != k {
            var shape = q.shape
            shape[shape.count - 1] = n - k
            let random = Tensor.randn(shape, dtype: q.dtype, device: q.device, generator: generator)
            square = cat([q, random], dim: -1)
        }
        let (vectors, tau) = square.geqrf()
        let signs = vectors.diagonal(dim1: -2, dim2: -1).sgn()
        return LinAlg.householderProduct(vectors, tau) * signs.unsqueeze(-2)
    }

    public override var extraDescription: String { "orthogonal_map=\(orthogonalMap)" }
}

extension Module {
    /// Registers an orthogonal parametrisation of a parameter, as `torch.nn.utils.parametrizations.orthogonal`: its
    /// columns, or its rows if there are fewer rows than columns, are orthonormal; see ``Orthogonal``. Returns the
    /// module.
    ///
    ///     let layer = Linear(20, 40).orthogonal()
    ///
    /// The initial value is the orthogonal factor of the QR decomposition of the parameter, or the parameter itself if
    /// it is orthogonal. Create the optimiser after this call, which replaces the parameter in `parameters()`. A
    /// parameter with fewer than 2 dimensions is an error; with more than 2 it is a batch of matrices.
    ///
    /// - Parameters:
    ///   - name: The name of the parameter in the state dictionary. Default: "weight".
    ///   - orthogonalMap: The map. Default: `.matrixExp` for square and complex matrices, `.householder` for others.
    ///   - useTrivialization: Whether the result of the map is multiplied by the initial value, which improves training
    ///     with `.matrixExp` and `.cayley`. Default: true.
    ///   - generator: The generator of the random columns that complete the matrix to a square one. Default: the
    ///     default generator.
    @discardableResult
    public func orthogonal(
        _ name: String = "weight", orthogonalMap: Orthogonal.OrthogonalMap? = nil, useTrivialization: Bool = true,
        generator: Generator = .default
    ) -> Self {
        let operation = "orthogonal"
        return parametrize(name, operation) { weight throws(TensorError) in
            guard weight.rank >= 2 else {
                throw TensorError(
                    .shape, in: operation, "the parameter has fewer than 2 dimensions", expected: "[*, n, k]",
                    operands: [weight])
            }
            let usesExponential = weight.size(-2) == weight.size(-1) || weight.dtype.isComplex
            let layer = Orthogonal(
                orthogonalMap ?? (usesExponential ? .matrixExp : .householder),
                usesTrivialization: useTrivialization, generator: generator)
            let list = try ParametrizationList(weight, layer, operation)
            return list
        }
    }
}
