// Mode and histograms.

extension Tensor {
    /// The most frequent element along a dimension, and the index of its last occurrence. Of several equally frequent
    /// elements the smallest is returned. The gradient flows to the element at the index.
    ///
    /// Shapes: `[*] -> [*]` without dimension `dim`, or with size 1 with `keepdim`. The indices are int64. An empty
    /// dimension is an error.
    public func mode(dim: Int = -1, keepdim: Bool = false) -> (values: Tensor, indices: Tensor) {
        if isPlaceholder { return (self, self) }
        do throws(TensorError) {
            let d = try resolve(dim, in: "mode")
            if rank == 0 { return (clone(), Tensor.zeros([], dtype: .int64, device: device)) }
            let size = layout.shape[d]
            guard size > 0 else {
                throw TensorError(
                    .shape, in: "mode", "the dimension is empty",
                    expected: "at least one element in dimension \(d)", operands: [self])
            }
            let indices = noGrad { () -> Tensor in
                let (sorted, order) = sort(dim: d)
                var along = [Int](repeating: 1, count: rank)
                along[d] = size
                let positions = Tensor.arange(size, device: device).reshape(along)
                // Each run of equal elements counts from its start; the first of the longest runs ends where the count
                // is largest.
                let isOther =
                    sorted.narrow(d, start: 1, length: size - 1) .!= sorted.narrow(d, start: 0, length: size - 1)
                let starts = isOther.to(.int64) * positions.narrow(d, start: 1, length: size - 1)
                let first = Tensor.zeros(sorted.narrow(d, start: 0, length: 1).shape, dtype: .int64, device: device)
                let lengths = positions - cat([first, starts], dim: d).cummax(dim: d).values
                return order.gather(d, lengths.argmax(dim: d, keepdim: true))
            }
            let values = gather(d, indices)
            return keepdim ? (values, indices) : (values.squeeze(d), indices.squeeze(d))
        } catch {
            let placeholder = fail(error, like: self)
            return (placeholder, placeholder)
        }
    }

    /// The number, or total weight, of elements in each bin between the given increasing edges: `[*], [n + 1] -> [n],
    /// [n + 1]`.
    ///
    /// Each bin includes its lower edge; the last one also includes its upper edge. Elements outside are ignored. All
    /// tensors must have the same floating-point dtype. There is no gradient.
    ///
    /// - Parameters:
    ///   - weight: the weight of each element, with the shape of the tensor. Default: 1.
    ///   - density: whether to normalise the histogram to an integral of 1. Default: false.
    /// - Returns: the histogram and the edges.
    public func histogram(
        _ edges: Tensor, weight: Tensor? = nil, density: Bool = false
    ) -> (hist: Tensor, binEdges: Tensor) {
        if let placeholder = [self, edges, weight].compactMap({ $0 }).first(where: \.isPlaceholder) {
            return (placeholder, placeholder)
        }
        do throws(TensorError) {
            guard dtype.isFloatingPoint, edges.dtype == dtype, weight.map({ $0.dtype == dtype }) ?? true else {
                throw TensorError(
                    .dtype, in: "histogram", "the dtypes differ or are not floating point",
                    expected: "one floating-point dtype for all",
                    operands: [self, edges] + (weight.map { [$0] } ?? []))
            }
            guard edges.rank == 1, edges.count >= 2 else {
                throw TensorError(
                    .shape, in: "histogram", "there are no bins", expected: "a vector of at least 2 edges",
                    operands: [edges])
            }
            guard weight.map({ $0.layout.shape == layout.shape }) ?? true else {
                throw TensorError(
                    .shape, in: "histogram", "the shape of the weights is not that of the tensor", expected: "\(shape)",
                    operands: [self, weight!])
            }
            return (noGrad { counted(edges.detach(), weight?.detach(), density) }, edges.detach())
        } catch {
            let placeholder = fail(error, like: self)
            return (placeholder, placeholder)
        }
    }

    /// The number, or total weight, of elements in each of `bins` equal bins of a range: `[*] -> [bins], [bins + 1]`.
    ///
    /// - Parameters:
    ///   - range: the lower and upper edge. Default: the minimum and maximum of the tensor.
    ///   - weight: the weight of each element. Default: 1.
    ///   - density: whether to normalise the histogram to an integral of 1. Default: false.
    /// - Returns: the histogram and the edges.
    public func histogram(
        bins: Int, range: (Double, Double)? = nil, weight: Tensor? = nil, density: Bool = false
    ) -> (hist: Tensor, binEdges: Tensor) {
        if isPlaceholder { return (self, self) }
        do throws(TensorError) {
            guard dtype.isFloatingPoint, bins > 0 else {
                throw TensorError(
                    .value, in: "histogram", "the number of bins is not positive, or the dtype is not floating point",
                    got: quantity(bins, "bin"),
                    expected: "at least 1 bin and a floating-point tensor", operands: [self])
            }
            var (low, high) = range ?? (0, 1)
            if range == nil && count > 0 {
                let (smallest, largest) = noGrad { aminmax() }
                (low, high) = (smallest.item(), largest.item())
            }
            guard low <= high, low.isFinite, high.isFinite else {
                throw TensorError(
                    .value, in: "histogram", "the range is not finite or its lower end exceeds the upper one",
                    got: "\(low) ... \(high)",
                    fix: "pass a finite range, or remove NaN and infinities", operands: [self])
            }
            if low == high { (low, high) = (low - 0.5, high + 0.5) }
            let edges = Tensor.linspace(low, high, steps: bins +| 1, dtype: dtype, device: device)
            return histogram(edges, weight: weight, density: density)
        } catch {
            let placeholder = fail(error, like: self)
            return (placeholder, placeholder)
        }
    }

    private func counted(_ edges: Tensor, _ weight: Tensor?, _ density: Bool) -> Tensor {
        let bins = edges.count - 1
        let (low, high) = (edges.select(0, 0), edges.select(0, bins))
        let isInside = (self >= low).logicalAnd(self <= high)
        let inside = detach().maskedSelect(isInside)
        // Edges sort before elements equal to them: the number of edges so far is the element's bin, counted from 1.
        let order = cat([edges, inside], dim: 0).argsort(dim: 0)
        let isEdge = order < bins + 1
        let parts = (isEdge.to(.int64).cumsum(dim: 0) - 1).clamp(max: bins - 1)
        let isElement = isEdge.logicalNot()
        var result: Tensor
        if let weight {
            let sorted = weight.maskedSelect(isInside).indexSelect(0, order.maskedSelect(isElement) - (bins + 1))
            result = Tensor.zeros([bins], dtype: dtype, device: device).indexAdd(
                0, parts.maskedSelect(isElement), sorted)
        } else {
            result = parts.maskedSelect(isElement).bincount(minLength: bins).to(dtype)
        }
        if density { result = result / (result.sum() * edges.diff()) }
        return result
    }
}
