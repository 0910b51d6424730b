import CKernels

/// A tensor in which the elements that an index selects are set to those of a source, or combined with them: the inverse of
/// `gather`. For
/// dimension 1 of a matrix, `out = x; out[i, index[i, j]] = source[i, j]`.
///
/// Shapes: `index` and `source [*]` alike, `x` of the same rank and at least their sizes except along `dim`. Dtypes: `x`
/// and `source` the same, int64 `index` within `0 ..< size`. If several elements of the source are
/// written to one element, the last in row-major order stays, and each of them gets the gradient of that element.
package struct Scatter: Primitive {
    /// How an element of the source is combined with the element that is there.
    package enum Reduction: Int32, Sendable, Codable {
        case set, add, multiply, max, min
    }

    package static let name = "scatter"
    package static let supportsComplex = true
    package var dim: Int
    package var reduction = Reduction.set
    /// Whether the elements of `x` that the index selects take part in the reduction.
    package var includesSelf = true

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (x, index, source) = (inputs[0], inputs[1], inputs[2])
        try checkIndexShape(x, index, dim: dim, in: Self.name)
        guard source.layout.shape == index.layout.shape else {
            throw TensorError(
                .shape, in: Self.name, "the source does not cover the index",
                expected: "a source of at least the index's sizes", operands: [x, index, source])
        }
        try checkSourceType(x, source, in: Self.name)
        guard !x.dtype.isComplex || (reduction != .max && reduction != .min) else {
            throw .dtype(Self.name, [x, index, source], expected: "real numbers, which have an order")
        }
        return Few(ResultSpec(x.layout.shape, x.dtype))
    }

    package func validate(_ inputs: Few<Tensor>) throws(TensorError) {
        let x = inputs[0]
        let size = x.rank == 0 ? 1 : x.layout.shape[dim]
        try checkIndices(inputs[1], size: size, dim: dim, in: Self.name, of: [x])
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (x, index, source, out) = (inputs[0], inputs[1], inputs[2], outputs[0])
        x.copyForUpdate(to: out)
        if index.count == 0 { return }
        let written = cut(out.layout, to: index.layout.shape, except: dim).moved(toLast: dim)
        withKernelArguments {
            tl_scatter(
                reduction.rawValue, $0(out, written), $0(index, index.layout.moved(toLast: dim)),
                $0(source, source.layout.moved(toLast: dim)))
        }
    }

    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved {
        switch reduction {
        case .set: .input(1)
        case .add: needs[2] ? .input(1) : .none
        case .multiply: [.input(0), .input(1), .input(2)]
        case .max, .min: [.input(0), .input(1), .input(2), .output(0)]
        }
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        switch reduction {
        case .add:
            return Few(
                context.needs[0] ? g : nil, nil,
                context.needs[2] ? apply(Gather(dim: dim), g, context.input(1)) : nil)
        case .set:
            let index = context.input(1)
            var rest: Tensor?
            if context.needs[0] {
                let zeros = try Tensor.zeroView(index.layout.shape, g.dtype, g.device)
                rest = apply(Scatter(dim: dim), g, index, zeros)
            }
            return Few(rest, nil, context.needs[2] ? apply(Gather(dim: dim), g, index) : nil)
        case .multiply: return productGradient(context, g)
        case .max, .min:
            // The gradient is divided equally among equal elements.
            let (x, index, source, out) = (context.input(0), context.input(1), context.input(2), context.output())
            var own = (x .== out).to(g.dtype)
            if !includesSelf {
                own = apply(
                    Scatter(dim: dim), own, index, try Tensor.zeroView(index.layout.shape, own.dtype, own.device))
            }
            let theirs = (source .== apply(Gather(dim: dim), out, index)).to(g.dtype)
            let count = apply(Scatter(dim: dim, reduction: .add), own, index, theirs)
            let share = g / count
            return Few(
                context.needs[0] ? share * own : nil, nil,
                context.needs[2] ? apply(Gather(dim: dim), share, index) * theirs : nil)
        }
    }

    /// Each factor's gradient is the product of the others: of the factors that are not 0 where none is, of all
    /// others where this one is the only 0, and 0 where another factor is 0.
    private func productGradient(_ context: GradientContext, _ g: Tensor) -> Few<Tensor?> {
        let (x, index, source) = (context.input(0).conj(), context.input(1), context.input(2).conj())
        let (xZero, sourceZero) = ((x .== 0).to(x.dtype), (source .== 0).to(x.dtype))
        // Zeros are replaced by ones, and are counted.
        let (xFactor, sourceFactor) = (x + xZero, source + sourceZero)
        let product = apply(Scatter(dim: dim, reduction: .multiply), xFactor, index, sourceFactor)
        let zeros = apply(Scatter(dim: dim, reduction: .add), xZero, index, sourceZero)
        let weighted = g * product
        var gradients: Few<Tensor?> = [nil, nil, nil]
        if context.needs[0] {
            let isAlone = (zeros .== xZero).to(x.dtype)
            gradients[0] = weighted / xFactor * isAlone
        }
        if context.needs[2] {
            let isAlone = (apply(Gather(dim: dim), zeros, index) .== sourceZero).to(x.dtype)
            gradients[2] = apply(Gather(dim: dim), weighted, index) / sourceFactor * isAlone
        }
        return gradients
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.dim += 1
        return try operands.runShifted(primitive)
    }

    package var effects: Effects { .updates(0) }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { reduction == .set || reduction == .add ? .linear([0, 2]) : .other }
}

/// The reduction of `scatterReduce` and `indexReduce`: sum, product, mean, maximum or minimum.
public enum ScatterReduction: Sendable {
    case sum, prod, mean, amax, amin
}

/// The operation of `scatter` with the old element and that of the source.
public enum ScatterUpdate: Sendable {
    case add, multiply
}

extension Tensor {
    /// Returns a copy in which elements of a source are written to indices along a dimension: `out[i, index[i, j]] =
    /// source[i, j]` for dimension 1. The source must be at least as large as the index in each dimension and have the
    /// dtype of the tensor.
    public func scatter(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor {
        scattered(dim, index, source, .set, "scatter")
    }

    /// Returns a copy in which one number is written to indices along a dimension.
    public func scatter(_ dim: Int, _ index: Tensor, _ value: some TensorScalar) -> Tensor {
        scattered(dim, index, constant(value.scalar, like: index, "scatter"), .set, "scatter")
    }

    /// Writes elements of a source to indices along a dimension, in place: `self[i, index[i, j]] = source[i, j]` for
    /// dimension 1. It is the inverse of `gather`.
    ///
    ///     Tensor.zeros(2, 3).scatter_(1, Tensor([[0], [2]]), 1)       // [[1., 0., 0.], [0., 0., 1.]]
    ///
    /// An index outside the dimension is an error. If several elements have the same index, the last is written.
    ///
    /// - Parameters:
    ///   - dim: the dimension.
    ///   - index: the indices along `dim`, int64, with as many dimensions as the tensor.
    ///   - source: the elements, of the dtype of the tensor, at least as large as the index in each dimension.
    @discardableResult
    public func scatter_(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor {
        scattered(dim, index, source, .set, "scatter_", inPlace: true)
    }

    /// Writes one number to indices along a dimension, in place.
    @discardableResult
    public func scatter_(_ dim: Int, _ index: Tensor, _ value: some TensorScalar) -> Tensor {
        scattered(dim, index, constant(value.scalar, like: index, "scatter_"), .set, "scatter_", inPlace: true)
    }

    /// Returns a copy in which elements of a source are added to indices along a dimension: `out[i, index[i, j]] +=
    /// source[i, j]` for dimension 1. Elements for a repeated index are summed.
    public func scatterAdd(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor {
        scattered(dim, index, source, .add, "scatterAdd")
    }

    /// Adds elements of a source to indices along a dimension, in place.
    @discardableResult
    public func scatterAdd_(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor {
        scattered(dim, index, source, .add, "scatterAdd_", inPlace: true)
    }

    /// Returns a copy in which elements at indices along a dimension are added to, or multiplied by, those of a source.
    public func scatter(_ dim: Int, _ index: Tensor, _ source: Tensor, reduce: ScatterUpdate) -> Tensor {
        scattered(dim, index, source, reduce.reduction, "scatter")
    }

    /// Returns a copy in which elements at indices along a dimension are added to, or multiplied by, one number.
    public func scatter(_ dim: Int, _ index: Tensor, _ value: some TensorScalar, reduce: ScatterUpdate) -> Tensor {
        scattered(dim, index, constant(value.scalar, like: index, "scatter"), reduce.reduction, "scatter")
    }

    /// Adds elements of a source to those at indices along a dimension, or multiplies them, in place.
    @discardableResult
    public func scatter_(_ dim: Int, _ index: Tensor, _ source: Tensor, reduce: ScatterUpdate) -> Tensor {
        scattered(dim, index, source, reduce.reduction, "scatter_", inPlace: true)
    }

    /// Adds one number to the elements at indices along a dimension, or multiplies them by it, in place.
    @discardableResult
    public func scatter_(_ dim: Int, _ index: Tensor, _ value: some TensorScalar, reduce: ScatterUpdate) -> Tensor {
        scattered(
            dim, index, constant(value.scalar, like: index, "scatter_"), reduce.reduction, "scatter_", inPlace: true)
    }

    /// Returns a copy in which elements of a source are reduced into indices along a dimension.
    ///
    /// - Parameters:
    ///   - reduce: the reduction.
    ///   - includeSelf: whether the elements of the tensor at the indices are part of the reduction. Default: true.
    public func scatterReduce(
        _ dim: Int, _ index: Tensor, _ source: Tensor, reduce: ScatterReduction, includeSelf: Bool = true
    ) -> Tensor {
        scatterReduced(dim, index, source, reduce, includeSelf, "scatterReduce", inPlace: false)
    }

    /// Reduces elements of a source into indices along a dimension, in place; see
    /// `scatterReduce(_:_:_:reduce:includeSelf:)`.
    @discardableResult
    public func scatterReduce_(
        _ dim: Int, _ index: Tensor, _ source: Tensor, reduce: ScatterReduction, includeSelf: Bool = true
    ) -> Tensor {
        scatterReduced(dim, index, source, reduce, includeSelf, "scatterReduce_", inPlace: true)
    }

    func scatterReduced(
        _ dim: Int, _ index: Tensor, _ source: Tensor, _ reduce: ScatterReduction, _ includeSelf: Bool, _ name: String,
        inPlace: Bool
    ) -> Tensor {
        if isPlaceholder || index.isPlaceholder { return self }
        if inPlace && (!includeSelf || reduce == .mean) {
            // Several steps: the tensor must be unchanged if a later one throws.
            return copy_(scatterReduced(dim, index, source, reduce, includeSelf, name, inPlace: false))
        }
        var start = self
        if !includeSelf {
            let neutral: Scalar =
                switch reduce {
                case .sum, .mean: .int(0)
                case .prod: .int(1)
                case .amax: dtype.isFloatingPoint ? .double(-.infinity) : .int(dtype.bounds.lowerBound)
                case .amin: dtype.isFloatingPoint ? .double(.infinity) : .int(dtype.bounds.upperBound)
                }
            start = scattered(dim, index, constant(neutral, like: index, name), .set, name)
        }
        switch reduce {
        case .sum: return start.scattered(dim, index, source, .add, name, inPlace: inPlace)
        case .prod: return start.scattered(dim, index, source, .multiply, name, inPlace: inPlace)
        case .amax: return start.scattered(dim, index, source, .max, name, includeSelf, inPlace: inPlace)
        case .amin: return start.scattered(dim, index, source, .min, name, includeSelf, inPlace: inPlace)
        case .mean:
            let sum = start.scattered(dim, index, source, .add, name)
            var counts = Tensor.ones(like: self)
            if !includeSelf { counts = counts.scatter(dim, index, 0) }
            counts = counts.scatterAdd(dim, index, constant(.int(1), like: index, name))
            // Elements that the index does not select keep their values.
            if !includeSelf { counts = counts + (counts .== 0).to(dtype) }
            return dtype.isFloatingPoint ? sum / counts : sum.floorDivide(counts)
        }
    }

    private func scattered(
        _ dim: Int, _ index: Tensor, _ source: Tensor, _ reduction: Scatter.Reduction, _ name: String,
        _ includesSelf: Bool = true, inPlace: Bool = false
    ) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || source.isPlaceholder { return self }
            let primitive = Scatter(
                dim: try resolve(dim, in: name), reduction: reduction, includesSelf: includesSelf)
            let index = try indexOperand(index, in: name)
            var source = source
            if source.rank == index.rank {
                for d in 0..<source.rank where source.layout.shape[d] > index.layout.shape[d] {
                    source = source.narrow(d, start: 0, length: index.layout.shape[d])
                }
            }
            return inPlace
                ? applyInPlace(primitive, on: self, Few(self, index, source), name: name)
                : apply(primitive, self, index, source)
        }
    }

    /// One number of this tensor's dtype in the shape of an index.
    private func constant(_ value: Scalar, like index: Tensor, _ operation: String) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            try value.check(fits: dtype, in: operation)
            let one = try Tensor.filled(value, shape: Dims(), dtype: dtype, device: device)
            return one.expand(index.shape)
        }
    }
}

extension ScatterUpdate {
    fileprivate var reduction: Scatter.Reduction {
        switch self {
        case .add: .add
        case .multiply: .multiply
        }
    }
}

extension DType {
    /// The numbers that an integer dtype can represent.
    var bounds: ClosedRange<Int> {
        switch self {
        case .int32: Int(Int32.min)...Int(Int32.max)
        case .int16: Int(Int16.min)...Int(Int16.max)
        case .int8: Int(Int8.min)...Int(Int8.max)
        case .uint8: 0...255
        case .bool: 0...1
        default: Int.min...Int.max
        }
    }
}
