// Medians, quantiles and other order statistics. They gather elements at indices of the sorted order, so the gradient
// flows to these elements.

/// The value of a quantile between two adjacent elements `a <= b`: `.linear` interpolates, `.lower` is `a`, `.higher` is
/// `b`, `.nearest` is the nearer one (ties round to the even index), `.midpoint` is `(a + b) / 2`.
public enum Interpolation: String, Sendable {
    case linear, lower, higher, nearest, midpoint
}

extension Tensor {
    /// The median along a dimension, and its index. For an even size it is the lower of the two middle elements.
    ///
    /// NaN if an element is NaN. Any dtype except bool. An empty dimension is an error.
    public func median(dim: Int, keepdim: Bool = false) -> (values: Tensor, indices: Tensor) {
        ranked("median", dim, keepdim) { sorted, d, size in
            let middle = Tensor.full([], (size - 1) / 2, device: sorted.device)
            guard sorted.dtype.isFloatingPoint else { return middle }
            // NaN sorts last.
            return Tensor.where(
                sorted.isnan().any(dim: d, keepdim: true), Tensor.full([], size - 1, device: sorted.device), middle)
        }
    }

    /// The median along a dimension, ignoring NaN, and its index; NaN if all elements are NaN.
    public func nanmedian(dim: Int, keepdim: Bool = false) -> (values: Tensor, indices: Tensor) {
        ranked("nanmedian", dim, keepdim) { sorted, d, size in
            guard sorted.dtype.isFloatingPoint else { return Tensor.full([], (size - 1) / 2, device: sorted.device) }
            let numbers = sorted.isnan().logicalNot().sum(dim: d, keepdim: true)
            return (numbers - 1).clamp(min: 0).div(2, rounding: .floor)
        }
    }

    /// The `k`-th smallest element along a dimension, counted from 1, and its index. NaN is treated as the largest
    /// number.
    public func kthvalue(_ k: Int, dim: Int = -1, keepdim: Bool = false) -> (values: Tensor, indices: Tensor) {
        ranked("kthvalue", dim, keepdim) { (_, _, size) throws(TensorError) in
            guard k >= 1, k <= size else {
                throw TensorError(
                    .value, in: "kthvalue", "k is out of range", got: "k = \(k)", expected: "1 ... \(size)",
                    operands: [self])
            }
            return Tensor.full([], k - 1, device: device)
        }
    }

    /// The elements at an index of the sorted dimension; `rank` returns that index, with size 1 in the dimension.
    private func ranked(
        _ operation: String, _ dim: Int, _ keepdim: Bool,
        _ rank: (_ sorted: Tensor, _ d: Int, _ size: Int) throws(TensorError) -> Tensor
    ) -> (values: Tensor, indices: Tensor) {
        do throws(TensorError) {
            if isPlaceholder { return (self, self) }
            let d = try resolve(dim, in: operation)
            guard dtype != .bool else { throw .dtype(operation, [self], expected: "numbers") }
            let whole = atLeast1d()
            let size = whole.shape[d]
            guard size > 0 else {
                throw TensorError(
                    .shape, in: operation, "the dimension is empty", expected: "at least one element", operands: [self])
            }
            let (sorted, order) = whole.detach().sort(dim: d)
            var shape = whole.shape
            shape[d] = 1
            let indices = order.gather(d, try rank(sorted, d, size).to(.int64).expand(shape))
            let values = whole.gather(d, indices)
            if self.rank == 0 { return (values.reshape([]), indices.reshape([])) }
            return keepdim ? (values, indices) : (values.squeeze(d), indices.squeeze(d))
        } catch { return (fail(error, like: self), fail(error, like: self)) }
    }

    /// The quantiles along a dimension, or of all elements.
    ///
    /// For `n` elements the quantile `q` is at index `q (n - 1)` of the sorted elements; if that is not an integer,
    /// `interpolation` determines the value. Shapes: a 0-dimensional `q` removes the dimension; a vector `q` adds a
    /// first dimension. NaN if an element is NaN. Dtypes: float32, float64.
    ///
    /// - Parameters:
    ///   - q: one number or a vector of numbers between 0 and 1, with the dtype of the tensor.
    ///   - dim: the dimension. Default: all elements.
    ///   - keepdim: whether to keep the dimension with size 1. Default: false.
    ///   - interpolation: the value between two elements. Default: `.linear`.
    public func quantile(
        _ q: Tensor, dim: Int? = nil, keepdim: Bool = false, interpolation: Interpolation = .linear
    ) -> Tensor {
        quantiles("quantile", q, dim, keepdim, interpolation, skipsNaN: false)
    }

    /// The quantile `q` along a dimension, or of all elements.
    public func quantile(
        _ q: Double, dim: Int? = nil, keepdim: Bool = false, interpolation: Interpolation = .linear
    ) -> Tensor {
        if isAutocasting {
            return inFloat32 { $0(self).quantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation) }
        }
        return quantile(
            Tensor.full([], q, dtype: dtype, device: device), dim: dim, keepdim: keepdim, interpolation: interpolation)
    }

    /// The quantiles along a dimension, or of all elements, ignoring NaN; NaN if all elements are NaN.
    public func nanquantile(
        _ q: Tensor, dim: Int? = nil, keepdim: Bool = false, interpolation: Interpolation = .linear
    ) -> Tensor {
        quantiles("nanquantile", q, dim, keepdim, interpolation, skipsNaN: true)
    }

    /// The quantile `q` along a dimension, or of all elements, ignoring NaN; NaN if all elements are NaN.
    public func nanquantile(
        _ q: Double, dim: Int? = nil, keepdim: Bool = false, interpolation: Interpolation = .linear
    ) -> Tensor {
        if isAutocasting {
            return inFloat32 { $0(self).nanquantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation) }
        }
        return nanquantile(
            Tensor.full([], q, dtype: dtype, device: device), dim: dim, keepdim: keepdim, interpolation: interpolation)
    }

    private func quantiles(
        _ operation: String, _ q: Tensor, _ dim: Int?, _ keepdim: Bool, _ interpolation: Interpolation, skipsNaN: Bool
    ) -> Tensor {
        if isAutocasting {
            return inFloat32 { $0(self).quantiles(operation, $0(q), dim, keepdim, interpolation, skipsNaN: skipsNaN) }
        }
        return orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || q.isPlaceholder { return self }
            guard dtype == .float32 || dtype == .float64, q.dtype == dtype else {
                throw .dtype(operation, [self, q], expected: "float32 or float64, and q of the same dtype")
            }
            func outOfRange(_ q: Tensor) -> TensorError {
                TensorError(
                    .value, in: operation, "q must be between 0 and 1",
                    expected: "one number or a vector of numbers from 0 to 1",
                    operands: [q])
            }
            guard q.rank <= 1 else { throw outOfRange(q) }
            try checkValues(operation, [q]) { operands throws(TensorError) in
                let q = operands[0]
                guard ((q >= 0) * (q <= 1)).all().item(Bool.self) else { throw outOfRange(q) }
            }
            guard count > 0 else {
                throw TensorError(
                    .shape, in: operation, "the tensor is empty", expected: "at least one element", operands: [self])
            }
            // The sorted dimension is moved to the end, so that one gather selects all quantiles.
            let d = try dim.map { (d) throws(TensorError) in try resolve(d, in: operation) }
            let rows = d.map { rank == 0 ? reshape([1]) : movedim($0, -1) } ?? ravel()
            let sorted = rows.sort(dim: -1).values
            let n = sorted.shape[sorted.rank - 1]
            let nan = sorted.detach().isnan()
            let wanted = q.reshape([-1])
            var positions: Tensor
            if skipsNaN {
                let numbers = (nan.logicalNot().sum(dim: -1, keepdim: true) - 1).clamp(min: 0)
                positions = wanted * numbers.to(dtype)
            } else {
                positions = Tensor.where(
                    nan.any(dim: -1, keepdim: true), Tensor.full([], Double(n - 1), dtype: dtype, device: device),
                    wanted * Double(n - 1))
            }
            switch interpolation {
            case .lower: positions = positions.floor()
            case .higher: positions = positions.ceil()
            case .nearest: positions = positions.round()
            case .linear, .midpoint: break
            }
            let below = positions.floor()
            var result = sorted.gather(-1, below.to(.int64))
            if interpolation == .linear || interpolation == .midpoint {
                let above = sorted.gather(-1, positions.ceil().to(.int64))
                let weight =
                    interpolation == .midpoint ? Tensor.full([], 0.5, dtype: dtype, device: device) : positions - below
                result = result.lerp(above, weight: weight)
            }
            // [..., q] to [q, ...], or without q if it is 0-dimensional.
            result = q.rank == 0 ? result.squeeze(-1) : result.movedim(-1, 0)
            if keepdim {
                let shift = q.rank
                result =
                    d.map { rank == 0 ? result : result.unsqueeze($0 + shift) }
                    ?? result.reshape((q.rank == 0 ? [] : [wanted.count]) + [Int](repeating: 1, count: rank))
            }
            return rank == 0 && d != nil && q.rank == 0 ? result.reshape([]) : result
        }
    }
}
