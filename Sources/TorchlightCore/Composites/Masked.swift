/// Reductions and normalisations of the elements that a mask selects, as in `torch.masked`.
///
///     let scores = Tensor([[1.0, 2, 3], [4, 5, 6]])
///     let mask = Tensor([[true, true, false], [false, true, true]])
///     Masked.mean(scores, dim: 1, mask: mask)         // [1.5, 5.5]
///     Masked.softmax(scores, dim: 1, mask: mask)      // 0 where the mask is false
///
/// Elements where the mask is true take part in the operation; the values of all others, NaN included, have no effect, and
/// their gradients are 0. A mask broadcasts to the shape of the tensor and has at most its number of dimensions; a dtype
/// other than bool is converted (nonzero is true). Without a mask all elements take part. Sizes, dtypes and gradients are
/// those of the methods of ``Tensor`` with the same names unless stated otherwise.
public enum Masked {
    // MARK: Sums and products

    /// The sum of the selected elements over dimensions; 0 where none is selected.
    ///
    /// - Parameters:
    ///   - dim: the dimensions. Default: all.
    ///   - keepdim: whether to keep the dimensions with size 1. Default: false.
    ///   - dtype: the dtype of the sum. Default: that of `Tensor.sum`.
    ///   - mask: which elements are selected. Default: all.
    public static func sum(
        _ x: Tensor, dim: [Int] = [], keepdim: Bool = false, dtype: DType? = nil, mask: Tensor? = nil
    ) -> Tensor {
        selected(x, mask, otherwise: 0, in: "Masked.sum") { $0.sum(dim: dim, keepdim: keepdim, dtype: dtype) }
    }

    /// The product of the selected elements over dimensions; 1 where none is selected.
    ///
    /// - Parameters:
    ///   - dim: the dimensions. Default: all.
    ///   - keepdim: whether to keep the dimensions with size 1. Default: false.
    ///   - dtype: the dtype of the product. Default: that of `Tensor.prod`.
    ///   - mask: which elements are selected. Default: all.
    public static func prod(
        _ x: Tensor, dim: [Int] = [], keepdim: Bool = false, dtype: DType? = nil, mask: Tensor? = nil
    ) -> Tensor {
        selected(x, mask, otherwise: 1, in: "Masked.prod") { $0.prod(dim: dim, keepdim: keepdim, dtype: dtype) }
    }

    /// The cumulative sum of the selected elements along a dimension: element `i` is the sum of the selected elements up to
    /// `i`. The dtype is that of the input unless `dtype` is given.
    public static func cumsum(_ x: Tensor, dim: Int, dtype: DType? = nil, mask: Tensor? = nil) -> Tensor {
        selected(x, mask, otherwise: 0, in: "Masked.cumsum") { $0.cumsum(dim: dim, dtype: dtype ?? x.dtype) }
    }

    /// The cumulative product of the selected elements along a dimension: element `i` is the product of the selected
    /// elements up to `i`. The dtype is that of the input unless `dtype` is given.
    public static func cumprod(_ x: Tensor, dim: Int, dtype: DType? = nil, mask: Tensor? = nil) -> Tensor {
        selected(x, mask, otherwise: 1, in: "Masked.cumprod") { $0.cumprod(dim: dim, dtype: dtype ?? x.dtype) }
    }

    // MARK: Extremes and order statistics

    /// The largest selected element over dimensions; the smallest value of the dtype where none is selected.
    ///
    /// - Parameters:
    ///   - dim: the dimensions. Default: all.
    ///   - keepdim: whether to keep the dimensions with size 1. Default: false.
    ///   - dtype: the dtype of the result. Default: that of the input.
    ///   - mask: which elements are selected. Default: all.
    public static func amax(
        _ x: Tensor, dim: [Int] = [], keepdim: Bool = false, dtype: DType? = nil, mask: Tensor? = nil
    ) -> Tensor {
        selected(x, mask, otherwise: smallest(x.dtype), in: "Masked.amax") {
            converted($0.amax(dim: dim, keepdim: keepdim), to: dtype)
        }
    }

    /// The smallest selected element over dimensions; the largest value of the dtype where none is selected.
    ///
    /// - Parameters:
    ///   - dim: the dimensions. Default: all.
    ///   - keepdim: whether to keep the dimensions with size 1. Default: false.
    ///   - dtype: the dtype of the result. Default: that of the input.
    ///   - mask: which elements are selected. Default: all.
    public static func amin(
        _ x: Tensor, dim: [Int] = [], keepdim: Bool = false, dtype: DType? = nil, mask: Tensor? = nil
    ) -> Tensor {
        selected(x, mask, otherwise: largest(x.dtype), in: "Masked.amin") {
            converted($0.amin(dim: dim, keepdim: keepdim), to: dtype)
        }
    }

    /// The index of the largest selected element along a dimension, or in the flattened tensor, int64; 0 where none is
    /// selected. An element that is not selected is never the largest, also where all selected ones are -infinity.
    public static func argmax(_ x: Tensor, dim: Int? = nil, keepdim: Bool = false, mask: Tensor? = nil) -> Tensor {
        guard let mask else { return x.argmax(dim: dim, keepdim: keepdim) }
        return selected(x, mask, otherwise: smallest(x.dtype), in: "Masked.argmax") {
            index(of: $0.amax(dim: dim.map { [$0] } ?? [], keepdim: true), in: $0, mask, dim, keepdim)
        }
    }

    /// The index of the smallest selected element along a dimension, or in the flattened tensor, int64; 0 where none is
    /// selected. An element that is not selected is never the smallest, also where all selected ones are infinity.
    public static func argmin(_ x: Tensor, dim: Int? = nil, keepdim: Bool = false, mask: Tensor? = nil) -> Tensor {
        guard let mask else { return x.argmin(dim: dim, keepdim: keepdim) }
        return selected(x, mask, otherwise: largest(x.dtype), in: "Masked.argmin") {
            index(of: $0.amin(dim: dim.map { [$0] } ?? [], keepdim: true), in: $0, mask, dim, keepdim)
        }
    }

    /// The median of the selected elements along a dimension, the lower of two; NaN where none is selected. Selected NaNs
    /// are ignored, as by `Tensor.nanmedian`. Floating-point dtypes.
    public static func median(_ x: Tensor, dim: Int = -1, keepdim: Bool = false, mask: Tensor? = nil) -> Tensor {
        orFail(like: x) { () throws(TensorError) in
            if !x.isPlaceholder { try checkFloating(x, in: "Masked.median") }
            return selected(x, mask, otherwise: Double.nan, in: "Masked.median") {
                $0.nanmedian(dim: dim, keepdim: keepdim).values
            }
        }
    }

    // MARK: Means and deviations

    /// The mean of the selected elements over dimensions; NaN where none is selected. Floating-point and complex dtypes.
    ///
    /// - Parameters:
    ///   - dim: the dimensions. Default: all.
    ///   - keepdim: whether to keep the dimensions with size 1. Default: false.
    ///   - dtype: the dtype of the result, floating point or complex. Default: that of the input.
    ///   - mask: which elements are selected. Default: all.
    public static func mean(
        _ x: Tensor, dim: [Int] = [], keepdim: Bool = false, dtype: DType? = nil, mask: Tensor? = nil
    ) -> Tensor {
        guard let mask else { return x.mean(dim: dim, keepdim: keepdim, dtype: dtype) }
        return orFail(like: x) { () throws(TensorError) in
            let type = try differentiable(dtype ?? x.dtype, of: x, in: "Masked.mean")
            return selected(x, mask, otherwise: 0, in: "Masked.mean") { filled in
                let total = filled.sum(dim: dim, keepdim: keepdim, dtype: accumulator(type))
                return (total / count(of: mask, in: filled, dim, keepdim)).to(type)
            }
        }
    }

    /// The variance of the selected elements over dimensions: `sum(|x - mean|²) / max(0, n - correction)` for `n` selected
    /// elements. Infinity or NaN where `n <= correction`.
    ///
    /// The variance of complex numbers has their dtype, with imaginary part 0. Integers are converted to the default dtype.
    ///
    /// - Parameters:
    ///   - dim: the dimensions. Default: all.
    ///   - correction: the number that is subtracted from the number of elements. Default: 1.
    ///   - keepdim: whether to keep the dimensions with size 1. Default: false.
    ///   - dtype: the dtype of the result, floating point or complex. Default: that of the input.
    ///   - mask: which elements are selected. Default: all.
    public static func `var`(
        _ x: Tensor, dim: [Int] = [], correction: Double = 1, keepdim: Bool = false, dtype: DType? = nil,
        mask: Tensor? = nil
    ) -> Tensor {
        deviations(x, dim, keepdim, dtype, mask, in: "Masked.var") { differences, count in
            let squares =
                differences.dtype.isComplex ? (differences * differences.conj()).real : differences * differences
            return squares.sum(dim: dim, keepdim: keepdim) / (count - correction).clamp(min: 0)
        }
    }

    /// The standard deviation of the selected elements over dimensions: the square root of
    /// `Masked.var`. The gradient is 0 where the deviation is 0.
    public static func std(
        _ x: Tensor, dim: [Int] = [], correction: Double = 1, keepdim: Bool = false, dtype: DType? = nil,
        mask: Tensor? = nil
    ) -> Tensor {
        deviations(x, dim, keepdim, dtype, mask, in: "Masked.std") { differences, count in
            differences.norm(dim: dim, keepdim: keepdim) / (count - correction).clamp(min: 0).sqrt()
        }
    }

    // MARK: Norms and exponentials

    /// The p-norm of the selected elements over dimensions, as `LinAlg.vectorNorm`; 0 where
    /// none is selected, infinity for a negative order.
    ///
    /// - Parameters:
    ///   - ord: the order of the norm. Default: 2.
    ///   - dim: the dimensions. Default: all.
    ///   - keepdim: whether to keep the dimensions with size 1. Default: false.
    ///   - dtype: the dtype that the input is converted to first. Default: that of the input.
    ///   - mask: which elements are selected. Default: all.
    public static func norm(
        _ x: Tensor, ord: Double = 2, dim: [Int] = [], keepdim: Bool = false, dtype: DType? = nil, mask: Tensor? = nil
    ) -> Tensor {
        numeric(x, dtype, mask, otherwise: ord < 0 ? Double.infinity : 0, in: "Masked.norm") {
            $0.norm(p: ord, dim: dim, keepdim: keepdim)
        }
    }

    /// The selected elements of vectors along a dimension, divided by `max(norm, eps)`; 0 elsewhere.
    ///
    /// - Parameters:
    ///   - ord: the order of the norm.
    ///   - dim: the dimension of the vectors.
    ///   - eps: the smallest divisor. Default: 1e-12.
    ///   - dtype: the dtype that the norm is computed in. Default: that of the input.
    ///   - mask: which elements are selected. Default: all.
    public static func normalize(
        _ x: Tensor, ord: Double, dim: Int, eps: Double = 1e-12, dtype: DType? = nil, mask: Tensor? = nil
    ) -> Tensor {
        let norm = norm(x, ord: ord, dim: [dim], keepdim: true, dtype: dtype, mask: mask).clamp(min: eps)
        return selected(x, mask, otherwise: 0, in: "Masked.normalize") { $0 / norm }
    }

    /// The logarithm of the sum of the exponentials of the selected elements over dimensions; -infinity where none is
    /// selected.
    ///
    /// - Parameters:
    ///   - dim: the dimensions. Default: all.
    ///   - keepdim: whether to keep the dimensions with size 1. Default: false.
    ///   - dtype: the dtype of the result. Default: that of `Tensor.logsumexp`.
    ///   - mask: which elements are selected. Default: all.
    public static func logsumexp(
        _ x: Tensor, dim: [Int] = [], keepdim: Bool = false, dtype: DType? = nil, mask: Tensor? = nil
    ) -> Tensor {
        selected(x.to(x.dtype.orFloat), mask, otherwise: -Double.infinity, in: "Masked.logsumexp") {
            converted($0.logsumexp(dim: dim, keepdim: keepdim), to: dtype)
        }
    }

    /// `log(exp(a) + exp(b))`, element by element, where an element that its mask does not select counts as -infinity.
    ///
    /// - Parameters:
    ///   - dtype: the dtype of the result. Default: that of `Tensor.logaddexp`.
    ///   - inputMask: which elements of `a` are selected. Default: all.
    ///   - otherMask: which elements of `b` are selected. Default: all.
    public static func logaddexp(
        _ a: Tensor, _ b: Tensor, dtype: DType? = nil, inputMask: Tensor? = nil, otherMask: Tensor? = nil
    ) -> Tensor {
        selected(a.to(a.dtype.orFloat), inputMask, otherwise: -Double.infinity, in: "Masked.logaddexp") { first in
            selected(b.to(b.dtype.orFloat), otherMask, otherwise: -Double.infinity, in: "Masked.logaddexp") { second in
                converted(first.logaddexp(second), to: dtype)
            }
        }
    }

    /// The softmax of the selected elements along a dimension; 0 at all others, NaN where none is selected. Floating-point
    /// dtypes; with `dtype` the input is converted first.
    public static func softmax(_ x: Tensor, dim: Int, dtype: DType? = nil, mask: Tensor? = nil) -> Tensor {
        numeric(x, dtype, mask, otherwise: -Double.infinity, in: "Masked.softmax") { $0.softmax(dim: dim) }
    }

    /// The logarithm of ``softmax(_:dim:dtype:mask:)``: -infinity at elements that are not selected.
    public static func logSoftmax(_ x: Tensor, dim: Int, dtype: DType? = nil, mask: Tensor? = nil) -> Tensor {
        numeric(x, dtype, mask, otherwise: -Double.infinity, in: "Masked.logSoftmax") { $0.logSoftmax(dim: dim) }
    }

    /// The softmax of the negatives of the selected elements along a dimension; 0 at all others, NaN where none is
    /// selected. Floating-point dtypes; with `dtype` the input is converted first.
    public static func softmin(_ x: Tensor, dim: Int, dtype: DType? = nil, mask: Tensor? = nil) -> Tensor {
        numeric(x, dtype, mask, otherwise: Double.infinity, in: "Masked.softmin") { $0.softmin(dim: dim) }
    }

    // MARK: Shared parts

    /// The result of a function of the tensor with `value` in place of the elements that are not selected.
    private static func selected(
        _ x: Tensor, _ mask: Tensor?, otherwise value: some TensorScalar, in operation: String,
        _ body: (Tensor) -> Tensor
    ) -> Tensor {
        guard let mask else { return body(x) }
        return orFail(like: x) { () throws(TensorError) in
            if let placeholder = [x, mask].first(where: \.isPlaceholder) { return placeholder }
            guard Layout.broadcast(mask.layout.shape, x.layout.shape) == x.layout.shape else {
                throw TensorError(
                    .shape, in: operation, "the mask does not broadcast to the shape of the tensor",
                    expected: "a mask of shape \(x.shape), or with sizes 1", operands: [x, mask])
            }
            return body(x.maskedFill(mask.to(.bool).logicalNot(), value))
        }
    }

    /// As `selected`, for operations that integers do not have: the tensor is converted to the dtype first.
    private static func numeric(
        _ x: Tensor, _ dtype: DType?, _ mask: Tensor?, otherwise value: Double, in operation: String,
        _ body: (Tensor) -> Tensor
    ) -> Tensor {
        orFail(like: x) { () throws(TensorError) in
            let type = try differentiable(dtype ?? x.dtype, of: x, in: operation)
            return selected(x.to(type), mask, otherwise: value, in: operation, body)
        }
    }

    /// The number of selected elements over dimensions.
    private static func count(of mask: Tensor, in x: Tensor, _ dim: [Int], _ keepdim: Bool) -> Tensor {
        mask.to(.bool).expand(x.shape).sum(dim: dim, keepdim: keepdim)
    }

    /// The index of the first selected element that equals the extreme of its slice. NaN is the extreme of a slice with NaN,
    /// which no element equals.
    private static func index(
        of extreme: Tensor, in filled: Tensor, _ mask: Tensor, _ dim: Int?, _ keepdim: Bool
    ) -> Tensor {
        let matches = filled.eq(extreme).logicalOr(filled.isnan()).logicalAnd(mask.to(.bool))
        return matches.to(.uint8).argmax(dim: dim, keepdim: keepdim)
    }

    /// The result of a function of the differences from the mean, 0 at elements that are not selected, and of the number of
    /// selected elements; both in a dtype in which squares do not overflow.
    private static func deviations(
        _ x: Tensor, _ dim: [Int], _ keepdim: Bool, _ dtype: DType?, _ mask: Tensor?, in operation: String,
        _ body: (_ differences: Tensor, _ count: Tensor) -> Tensor
    ) -> Tensor {
        orFail(like: x) { () throws(TensorError) in
            if x.isPlaceholder { return x }
            let type = try differentiable(dtype ?? x.dtype.orFloat, of: x, in: operation)
            let wide = accumulator(x.dtype.isComplex ? type.toComplex : type)
            let mask = mask ?? Tensor.ones([], dtype: .bool, device: x.device)
            return selected(x.to(wide), mask, otherwise: 0, in: operation) { filled in
                let mean = filled.sum(dim: dim, keepdim: true) / count(of: mask, in: filled, dim, true)
                let differences = (filled - mean).maskedFill(mask.to(.bool).logicalNot(), 0)
                return body(differences, count(of: mask, in: filled, dim, keepdim).to(wide.toReal)).to(type)
            }
        }
    }

    /// A dtype in which sums of elements of this floating-point or complex dtype are accumulated.
    private static func accumulator(_ dtype: DType) -> DType {
        switch dtype {
        case .float32: .float64
        case .complex64: .complex128
        default: dtype.computeType
        }
    }

    private static func converted(_ x: Tensor, to dtype: DType?) -> Tensor { dtype.map { x.to($0) } ?? x }

    /// The dtype in which an operation computes that integers do not have.
    private static func differentiable(
        _ dtype: DType, of x: Tensor, in operation: String
    ) throws(TensorError) -> DType {
        guard x.isPlaceholder || dtype.isDifferentiable else {
            throw TensorError(
                .dtype, in: operation, "the dtype is not a floating-point or complex dtype", got: "\(dtype)",
                expected: ".float32 or another floating-point dtype", fix: "convert it first, as in x.to(.float32)",
                operands: [x])
        }
        return dtype
    }

    /// The smallest value of a dtype: -infinity for floating-point dtypes.
    private static func smallest(_ dtype: DType) -> any TensorScalar {
        dtype.isInteger ? iinfo(dtype).min : dtype == .bool ? false : -Double.infinity
    }

    /// The largest value of a dtype: infinity for floating-point dtypes.
    private static func largest(_ dtype: DType) -> any TensorScalar {
        dtype.isInteger ? iinfo(dtype).max : dtype == .bool ? true : Double.infinity
    }
}

// Reductions over one dimension.
extension Masked {
    /// Over one dimension: the same as `sum` with `dim: [dim]`.
    public static func sum(
        _ x: Tensor, dim: Int, keepdim: Bool = false, dtype: DType? = nil, mask: Tensor? = nil
    ) -> Tensor {
        sum(x, dim: [dim], keepdim: keepdim, dtype: dtype, mask: mask)
    }

    /// Over one dimension: the same as `prod` with `dim: [dim]`.
    public static func prod(
        _ x: Tensor, dim: Int, keepdim: Bool = false, dtype: DType? = nil, mask: Tensor? = nil
    ) -> Tensor {
        prod(x, dim: [dim], keepdim: keepdim, dtype: dtype, mask: mask)
    }

    /// Over one dimension: the same as `amax` with `dim: [dim]`.
    public static func amax(
        _ x: Tensor, dim: Int, keepdim: Bool = false, dtype: DType? = nil, mask: Tensor? = nil
    ) -> Tensor {
        amax(x, dim: [dim], keepdim: keepdim, dtype: dtype, mask: mask)
    }

    /// Over one dimension: the same as `amin` with `dim: [dim]`.
    public static func amin(
        _ x: Tensor, dim: Int, keepdim: Bool = false, dtype: DType? = nil, mask: Tensor? = nil
    ) -> Tensor {
        amin(x, dim: [dim], keepdim: keepdim, dtype: dtype, mask: mask)
    }

    /// Over one dimension: the same as `mean` with `dim: [dim]`.
    public static func mean(
        _ x: Tensor, dim: Int, keepdim: Bool = false, dtype: DType? = nil, mask: Tensor? = nil
    ) -> Tensor {
        mean(x, dim: [dim], keepdim: keepdim, dtype: dtype, mask: mask)
    }

    /// Over one dimension: the same as `var` with `dim: [dim]`.
    public static func `var`(
        _ x: Tensor, dim: Int, correction: Double = 1, keepdim: Bool = false, dtype: DType? = nil, mask: Tensor? = nil
    ) -> Tensor {
        `var`(x, dim: [dim], correction: correction, keepdim: keepdim, dtype: dtype, mask: mask)
    }

    /// Over one dimension: the same as `std` with `dim: [dim]`.
    public static func std(
        _ x: Tensor, dim: Int, correction: Double = 1, keepdim: Bool = false, dtype: DType? = nil, mask: Tensor? = nil
    ) -> Tensor {
        std(x, dim: [dim], correction: correction, keepdim: keepdim, dtype: dtype, mask: mask)
    }

    /// Over one dimension: the same as `norm` with `dim: [dim]`.
    public static func norm(
        _ x: Tensor, ord: Double = 2, dim: Int, keepdim: Bool = false, dtype: DType? = nil, mask: Tensor? = nil
    ) -> Tensor {
        norm(x, ord: ord, dim: [dim], keepdim: keepdim, dtype: dtype, mask: mask)
    }

    /// Over one dimension: the same as `logsumexp` with `dim: [dim]`.
    public static func logsumexp(
        _ x: Tensor, dim: Int, keepdim: Bool = false, dtype: DType? = nil, mask: Tensor? = nil
    ) -> Tensor {
        logsumexp(x, dim: [dim], keepdim: keepdim, dtype: dtype, mask: mask)
    }
}
