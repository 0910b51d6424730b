/// The order of a vector or matrix norm: `2`, `.fro`, `.infinity`, ...
public enum NormOrder: Sendable, Equatable, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
    /// The Frobenius norm: the square root of the sum of squares.
    case fro
    /// The nuclear norm: the sum of the singular values.
    case nuc
    /// The p-norm.
    case p(Double)

    /// The p-norm with this p.
    public init(integerLiteral value: Int) { self = .p(Double(value)) }
    /// The p-norm with this p.
    public init(floatLiteral value: Double) { self = .p(value) }

    /// The infinity norm: the largest magnitude of a vector, or the largest sum of magnitudes of a row of a matrix.
    public static let infinity = NormOrder.p(.infinity)
}

extension LinAlg {
    /// The vector p-norm `sum(|x|^p)^(1/p)` over dimensions, or of all elements: the largest (smallest) magnitude for
    /// `p` infinity (-infinity), and the number of elements other than 0 for `p` 0.
    ///
    /// Floating-point dtypes. With `dtype` the input is converted to it first.
    ///
    /// - Parameters:
    ///   - ord: the order `p`. Default: 2.
    ///   - dim: the dimensions. Default: all.
    ///   - keepdim: whether to keep the dimensions with size 1. Default: false.
    public static func vectorNorm(
        _ x: Tensor, ord: Double = 2, dim: [Int]? = nil, keepdim: Bool = false, dtype: DType? = nil
    ) -> Tensor {
        x.norm(p: ord, dim: dim ?? [], keepdim: keepdim, dtype: dtype)
    }

    /// The norm of matrices in two dimensions: Frobenius, nuclear, or p-norm for p = 1, -1 (largest, smallest sum of
    /// magnitudes of a column), 2, -2 (largest, smallest singular value), infinity and -infinity (largest, smallest sum
    /// of magnitudes of a row).
    ///
    /// Shapes: `[*, m, n] -> [*]`. Floating-point dtypes. With `dtype` the input is converted to it first.
    public static func matrixNorm(
        _ a: Tensor, ord: NormOrder = .fro, dim: (Int, Int) = (-2, -1), keepdim: Bool = false, dtype: DType? = nil
    ) -> Tensor {
        orFail(like: a) { () throws(TensorError) in
            if a.isPlaceholder { return a }
            let name = "matrixNorm"
            guard a.rank >= 2, a.dtype.isDifferentiable else {
                throw TensorError(
                    .shape, in: name, "the tensor is not a floating-point matrix",
                    expected: "a floating-point dtype and at least two dimensions", operands: [a])
            }
            let dims = try a.resolve([dim.0, dim.1], in: name)
            let x = try a.widened(to: dtype, in: name)
            /// Sums over one dimension, then takes the extreme over the other.
            func sums(over first: Int, then second: Int, largest: Bool) -> Tensor {
                let sums = x.abs().sum(dim: [first], keepdim: true)
                let extreme =
                    largest ? sums.amax(dim: [second], keepdim: true) : sums.amin(dim: [second], keepdim: true)
                return keepdim ? extreme : extreme.squeeze(dims)
            }
            func singular(_ fold: (Tensor) -> Tensor) -> Tensor {
                let values = fold(svdvals(x.movedim(dims, [-2, -1])))
                if !keepdim { return values }
                return dims.sorted().reduce(values) { $0.unsqueeze($1) }
            }
            switch ord {
            case .fro: return x.norm(p: 2, dim: dims, keepdim: keepdim)
            case .nuc: return singular { $0.sum(dim: [-1]) }
            case .p(2): return singular { $0.amax(dim: [-1]) }
            case .p(-2): return singular { $0.amin(dim: [-1]) }
            case .p(1): return sums(over: dims[0], then: dims[1], largest: true)
            case .p(-1): return sums(over: dims[0], then: dims[1], largest: false)
            case .p(.infinity): return sums(over: dims[1], then: dims[0], largest: true)
            case .p(-.infinity): return sums(over: dims[1], then: dims[0], largest: false)
            case .p(let p):
                throw TensorError(
                    .value, in: name, "the order is not a matrix norm", got: "ord \(p)",
                    expected: ".fro, .nuc, 1, -1, 2, -2 or an infinity", operands: [a])
            }
        }
    }

    /// The vector norm over one dimension or the matrix norm over two. Without `ord`, the 2-norm of all elements over
    /// `dim`.
    ///
    /// - Parameters:
    ///   - ord: the order of the norm. Default: the vector 2-norm.
    ///   - dim: one or two dimensions. Default: all; with `ord` the tensor must then have one or two dimensions.
    public static func norm(
        _ x: Tensor, ord: NormOrder? = nil, dim: [Int]? = nil, keepdim: Bool = false, dtype: DType? = nil
    ) -> Tensor {
        orFail(like: x) { () throws(TensorError) in
            if x.isPlaceholder { return x }
            guard let ord else { return vectorNorm(x, dim: dim, keepdim: keepdim, dtype: dtype) }
            let dims = dim ?? Array(0..<x.rank)
            if dims.count == 2 {
                return matrixNorm(x, ord: ord, dim: (dims[0], dims[1]), keepdim: keepdim, dtype: dtype)
            }
            guard dims.count <= 1, case .p(let p) = ord else {
                throw TensorError(
                    .value, in: "norm", "the order is not defined for this number of dimensions",
                    got: "\(ord) over \(dims)",
                    expected: "a number over one dimension, or a matrix norm over two", operands: [x])
            }
            return vectorNorm(x, ord: p, dim: dims, keepdim: keepdim, dtype: dtype)
        }
    }

    /// The condition number of matrices, `norm(A, p) norm(A^-1, p)`. For `p` 2 (the default) it is the ratio of the
    /// largest to the smallest singular value, for -2 the inverse ratio; matrices need not be square. For other orders it
    /// is infinite for singular matrices.
    ///
    /// Shapes: `[*, m, n] -> [*]`.
    public static func cond(_ a: Tensor, p: NormOrder? = nil) -> Tensor {
        if isAutocasting { return inFloat32 { cond($0(a), p: p) } }
        return orFail(like: a) { () throws(TensorError) in
            if a.isPlaceholder { return a }
            try MatrixRules.check(a, in: "cond")
            switch p ?? 2 {
            case .p(2):
                let values = svdvals(a)
                return values.amax(dim: [-1]) / values.amin(dim: [-1])
            case .p(-2):
                let values = svdvals(a)
                return values.amin(dim: [-1]) / values.amax(dim: [-1])
            case let order:
                try MatrixRules.checkSquare(a, in: "cond")
                if MatrixRules.rows(a) == 0 {
                    return Tensor.zeros(Array(MatrixRules.batch(a)), dtype: a.dtype.toReal, device: a.device)
                }
                let (inverse, info) = invEx(a)
                let product = matrixNorm(a, ord: order) * matrixNorm(inverse, ord: order)
                return product.maskedFill(info .!= 0, Double.infinity)
            }
        }
    }
}
