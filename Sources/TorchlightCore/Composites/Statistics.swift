// Differences, integrals, covariances and counts.

extension Tensor {
    /// The `n`-th forward difference along a dimension: `x[i + 1] - x[i]`, computed `n` times. For bool, whether
    /// adjacent elements differ.
    ///
    /// `prepend` and `append` are concatenated to the ends first.
    ///
    ///     Tensor([1, 4, 9, 16]).diff()        // tensor([3, 5, 7])
    public func diff(_ n: Int = 1, dim: Int = -1, prepend: Tensor? = nil, append: Tensor? = nil) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            guard rank > 0, n >= 0 else {
                throw TensorError(
                    .shape, in: "diff", "the tensor is 0-dimensional, or n is negative", got: "n = \(n)",
                    expected: "at least one dimension and n of at least 0", operands: [self])
            }
            let d = try resolve(dim, in: "diff")
            if n == 0 { return clone() }
            let parts = [prepend, self, append].compactMap { $0 }
            var result = parts.count > 1 ? cat(parts, dim: d) : self
            for _ in 0..<n {
                if result.isPlaceholder { return result }
                let size = result.shape[d]
                if size == 0 { break }
                let later = result.narrow(d, start: 1, length: size - 1)
                let earlier = result.narrow(d, start: 0, length: size - 1)
                result = dtype == .bool ? later .!= earlier : later - earlier
            }
            return result
        }
    }

    /// The integral along a dimension by the trapezoidal rule, `sum of (y[i] + y[i + 1]) / 2 * dx`.
    public func trapezoid(dx: Double = 1, dim: Int = -1) -> Tensor {
        trapezoids("trapezoid", nil, dx, dim).sum(dim: dim)
    }

    /// The integral along a dimension by the trapezoidal rule for points with coordinates `x`, which is a vector or
    /// broadcasts to the shape of the tensor.
    public func trapezoid(x: Tensor, dim: Int = -1) -> Tensor { trapezoids("trapezoid", x, 1, dim).sum(dim: dim) }

    /// The cumulative integral along a dimension by the trapezoidal rule. The size of the dimension decreases by 1.
    public func cumulativeTrapezoid(dx: Double = 1, dim: Int = -1) -> Tensor {
        trapezoids("cumulativeTrapezoid", nil, dx, dim).cumsum(dim: dim)
    }

    /// The cumulative integral along a dimension by the trapezoidal rule for points with coordinates `x`.
    public func cumulativeTrapezoid(x: Tensor, dim: Int = -1) -> Tensor {
        trapezoids("cumulativeTrapezoid", x, 1, dim).cumsum(dim: dim)
    }

    private func trapezoids(_ operation: String, _ x: Tensor?, _ dx: Double, _ dim: Int) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || x?.isPlaceholder == true { return self }
            guard rank > 0 else {
                throw TensorError(
                    .shape, in: operation, "the tensor is 0-dimensional", expected: "at least one dimension",
                    operands: [self])
            }
            let d = try resolve(dim, in: operation)
            let size = shape[d]
            if size == 0 { return self }
            let sums = narrow(d, start: 1, length: size - 1) + narrow(d, start: 0, length: size - 1)
            guard let x else { return sums * (dx / 2) }
            var abscissas = x
            if x.rank == 1 {
                guard x.count == size else {
                    throw TensorError(
                        .shape, in: operation, "the number of x is not the number of points",
                        expected: quantity(size, "element"),
                        operands: [self, x])
                }
                var column = [Int](repeating: 1, count: rank)
                column[d] = size
                abscissas = x.reshape(column)
            }
            return sums * abscissas.diff(dim: d - rank) / 2
        }
    }

    /// The covariance matrix of variables (rows) over observations (columns): `[v, n] -> [v, v]`; for one variable, its
    /// variance as a 0-dimensional tensor.
    ///
    /// `sum of w (x - mean) conj(y - mean)` divided by `sum w - correction sum(w a) / sum w`, with `w = frequencies a`,
    /// where `a` are the `weights`. Floating-point and complex dtypes; integers are converted to float32.
    ///
    /// - Parameters:
    ///   - correction: the reduction of the degrees of freedom. Default: 1 (Bessel's correction).
    ///   - frequencies: the number of occurrences of each observation, `[n]`. Default: 1.
    ///   - weights: the importance of each observation, `[n]`. Default: 1.
    public func cov(correction: Int = 1, frequencies: Tensor? = nil, weights: Tensor? = nil) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            guard rank <= 2 else {
                throw TensorError(
                    .shape, in: "cov", "there are too many dimensions",
                    expected: "[variables, observations] or a vector",
                    operands: [self])
            }
            let type: DType = dtype.isDifferentiable ? dtype : .default
            let realType = type.toReal
            let x = (dtype == type ? self : to(type)).atLeast2d()
            let observations = x.shape[1]
            for (name, extra) in [("frequencies", frequencies), ("weights", weights)] {
                guard let extra else { continue }
                func invalid(_ extra: Tensor) -> TensorError {
                    TensorError(
                        .value, in: "cov", "the \(name) are negative or not one for each observation",
                        expected: "\(observations) non-negative numbers", operands: [extra])
                }
                guard extra.rank <= 1, extra.count == observations else { throw invalid(extra) }
                try checkValues("cov", [extra]) { operands throws(TensorError) in
                    guard (operands[0] >= 0).all().item(Bool.self) else { throw invalid(operands[0]) }
                }
            }
            var w: Tensor?
            if let frequencies { w = frequencies.to(realType) }
            if let weights { w = w.map { $0 * weights.to(realType) } ?? weights.to(realType) }
            let total = w?.sum() ?? Tensor.full([], Double(observations), dtype: realType, device: device)
            var centred = x.centredRows
            if let w { centred = centred - (centred * w).sum(dim: 1, keepdim: true) / total }
            var degrees: Tensor
            if let w, let weights, correction != 0 {
                degrees = total - (w * weights.to(realType)).sum() / total * Double(correction)
            } else {
                degrees = total - Double(correction)
            }
            degrees = degrees.clamp(min: 0)
            let result = (w.map { centred * $0 } ?? centred).matmul(centred.mH) / degrees
            return x.shape[0] == 1 ? result.reshape([]) : result
        }
    }

    /// The correlation matrix of variables (rows) over observations (columns), with elements between -1 and 1: `[v, n]
    /// -> [v, v]`.
    public func corrcoef() -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            guard rank <= 2 else {
                throw TensorError(
                    .shape, in: "corrcoef", "the tensor has more than 2 dimensions",
                    expected: "[observations] or [variables, observations]", operands: [self])
            }
            // Products of rows of unit length do not overflow, as covariances do.
            let centred = floatingPoint.atLeast2d().centredRows
            let unit = centred / centred.norm(dim: 1, keepdim: true)
            var result = unit.matmul(unit.mH)
            if rank < 2 { result = result.reshape([]) }
            guard result.dtype.isComplex else { return result.clamp(min: -1, max: 1) }
            return complex(result.real.clamp(min: -1, max: 1), result.imag.clamp(min: -1, max: 1))
        }
    }

    /// Rows minus their means. The rounding error of a mean far from 0 is subtracted afterwards.
    private var centredRows: Tensor {
        let centred = self - mean(dim: 1, keepdim: true)
        return centred - centred.mean(dim: 1, keepdim: true)
    }

    /// Counts the occurrences of each number 0, 1, 2, ... in a vector, or sums the weights of its occurrences.
    ///
    /// The result has `max(x) + 1` elements, at least `minLength`. Integer dtypes, no negative elements. Counts are
    /// int64.
    ///
    ///     Tensor([0, 1, 1, 3]).bincount()     // tensor([1, 2, 0, 1])
    public func bincount(weights: Tensor? = nil, minLength: Int = 0) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            guard rank == 1, dtype.isInteger, minLength >= 0 else {
                throw TensorError(
                    .value, in: "bincount", "the tensor is not a vector of integers, or minLength is negative",
                    got: "minLength \(minLength)",
                    expected: "a vector of integers and minLength of at least 0", operands: [self])
            }
            if let weights, weights.shape != shape {
                throw TensorError(
                    .shape, in: "bincount", "the shape of the weights is not that of the tensor",
                    operands: [self, weights])
            }
            let numbers = to(.int64)
            guard count == 0 || numbers.min().item(Int.self) >= 0 else {
                throw TensorError(
                    .value, in: "bincount", "an element is negative", expected: "elements of at least 0",
                    operands: [self])
            }
            let length = Swift.max(minLength, count == 0 ? 0 : numbers.max().item(Int.self) +| 1)
            // Weights of other dtypes than float32 are summed in float64, as in PyTorch.
            let type: DType = weights.map { $0.dtype == .float32 ? .float32 : .float64 } ?? .int64
            let amounts = weights?.to(type) ?? Tensor.ones([count], dtype: .int64, device: device)
            return Tensor.zeros([length], dtype: type, device: device).scatterAdd(0, numbers, amounts)
        }
    }

    /// Histogram with `bins` equal bins of the range `min ... max`, which the last bin includes.
    ///
    /// If `min` and `max` are equal, as by default, the range is that of the elements. Elements outside are ignored.
    public func histc(bins: Int = 100, min: Double = 0, max: Double = 0) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            guard bins > 0, min <= max, min.isFinite, max.isFinite, dtype.isFloatingPoint else {
                throw TensorError(
                    .value, in: "histc", "the bins, the range or the dtype is invalid",
                    got: "\(quantity(bins, "bin")) from \(min) to \(max)",
                    expected: "at least 1 bin, finite min <= max, and a floating-point tensor", operands: [self]
                )
            }
            var (low, high) = (min, max)
            let flat = detach().ravel()
            if low == high && count > 0 {
                (low, high) = (flat.min().item(), flat.max().item())
                guard low.isFinite, high.isFinite else {
                    throw TensorError(
                        .value, in: "histc", "an element is not finite", fix: "pass min and max", operands: [self])
                }
            }
            if low == high { (low, high) = (low - 1, high + 1) }
            let inside = flat.maskedSelect((flat >= low) * (flat <= high))
            let binIndex = ((inside - low) * (Double(bins) / (high - low))).to(.int64).clamp(min: 0, max: bins - 1)
            return binIndex.bincount(minLength: bins).to(dtype)
        }
    }

    /// Returns a copy in which slices of a dimension whose `p`-norm exceeds `maxNorm` are scaled down to this norm.
    public func renorm(p: Double, dim: Int, maxNorm: Double) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            guard rank > 1, p > 0, maxNorm >= 0, dtype.isDifferentiable else {
                throw TensorError(
                    .value, in: "renorm", "the tensor or the norm is invalid", got: "p = \(p), maxNorm = \(maxNorm)",
                    expected: "two dimensions or more, p above 0, maxNorm of at least 0, floating point or complex",
                    operands: [self])
            }
            let d = try resolve(dim, in: "renorm")
            let others = (0..<rank).filter { $0 != d }
            let isLarger = noGrad { norm(p: p, dim: others, keepdim: true) > maxNorm }
            // Slices that are not changed are excluded from the norm, whose derivative may be NaN there.
            let norms = maskedFill(isLarger.logicalNot(), 1).norm(p: p, dim: others, keepdim: true)
            return Tensor.where(isLarger, self * (maxNorm / (norms + 1e-7)), self)
        }
    }

    /// Scales slices of a dimension whose `p`-norm exceeds `maxNorm` down to this norm, in place.
    @discardableResult
    public func renorm_(p: Double, dim: Int, maxNorm: Double) -> Tensor {
        overwrite(by: "renorm_") { $0.renorm(p: p, dim: dim, maxNorm: maxNorm) }
    }

    /// Sums the tensor to a shape that broadcasts to its shape: over the dimensions along which that shape is
    /// broadcast.
    public func sumToSize(_ target: [Int]) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            guard let both = Layout.broadcast(Dims(target), layout.shape), both == layout.shape else {
                throw TensorError(
                    .shape, in: "sumToSize", "the target shape does not broadcast to the shape of the tensor",
                    got: "\(target)",
                    expected: "equal sizes, or 1, in each dimension counted from the last", operands: [self])
            }
            let lead = rank - target.count
            let dims = (0..<rank).filter { $0 < lead || (target[$0 - lead] == 1 && shape[$0] != 1) }
            return dims.isEmpty ? self : sum(dim: dims, keepdim: true).reshape(target)
        }
    }

    /// The `p`-norm of the difference of all elements: `norm(self - other, p)`.
    public func dist(_ other: Tensor, p: Double = 2) -> Tensor { (self - other).norm(p: p) }
}
