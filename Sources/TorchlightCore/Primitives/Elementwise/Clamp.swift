import CKernels

/// `min(max(x, low), high)`, also where `low > high`. The gradient passes at the bounds and is 0 beyond; what a bound
/// replaced goes to the bound.
package struct Clamp: TernaryPrimitive {
    package static let name = "clamp"
    package static let kernel = TL_TERNARY_CLAMP

    package func resultType(of inputs: Specs) throws(TensorError) -> DType {
        let dtype = ResultType.of(inputs)
        guard dtype != .bool else {
            throw .dtype(Self.name, Array(inputs), expected: "numbers", fix: "convert it first, as in x.to(.int64)")
        }
        return dtype
    }

    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1), .input(2)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        let x = context.input(0)
        let low = context.input(1)
        let high = context.input(2)
        return Few(
            context.needs[0] ? Tensor.where((x >= low).logicalAnd(x <= high), g, 0.0) : nil,
            context.needs[1] ? Tensor.where((x < low).logicalAnd(low < high), g, 0.0) : nil,
            context.needs[2] ? Tensor.where((x > high).logicalOr(high < low), g, 0.0) : nil)
    }
}

extension Tensor {
    /// The elements held to `[min, max]`; one of the bounds may be left out.
    public func clamp(min: (any TensorScalar)? = nil, max: (any TensorScalar)? = nil) -> Tensor {
        bounds(min.map(bound), max.map(bound)).map { apply(Clamp(), self, $0, $1) } ?? self
    }

    /// The elements held to bounds that broadcast; one of them may be left out.
    public func clamp(min: Tensor?, max: Tensor?) -> Tensor {
        bounds(min, max).map { apply(Clamp(), self, $0, $1) } ?? self
    }

    /// The elements held to at least those of `min`.
    public func clamp(min: Tensor) -> Tensor { clamp(min: min, max: nil as Tensor?) }
    /// The elements held to at most those of `max`.
    public func clamp(max: Tensor) -> Tensor { clamp(min: nil as Tensor?, max: max) }
    /// The larger of the elements and those of `min`; where they are equal both share the gradient.
    public func clampMin(_ min: Tensor) -> Tensor { maximum(min) }
    /// The elements held to at least a number.
    public func clampMin(_ min: some TensorScalar) -> Tensor { clamp(min: min) }
    /// The smaller of the elements and those of `max`; where they are equal both share the gradient.
    public func clampMax(_ max: Tensor) -> Tensor { minimum(max) }
    /// The elements held to at most a number.
    public func clampMax(_ max: some TensorScalar) -> Tensor { clamp(max: max) }

    /// Holds the elements to `[min, max]`, in place.
    @discardableResult
    public func clamp_(min: (any TensorScalar)? = nil, max: (any TensorScalar)? = nil) -> Tensor {
        bounds(min.map(bound), max.map(bound)).map {
            applyInPlace(Clamp(), on: self, Few(self, $0, $1), name: "clamp_")
        } ?? self
    }

    /// Holds the elements to bounds that broadcast, in place; one of them may be left out.
    @discardableResult
    public func clamp_(min: Tensor?, max: Tensor?) -> Tensor {
        bounds(min, max).map { applyInPlace(Clamp(), on: self, Few(self, $0, $1), name: "clamp_") } ?? self
    }
    /// The larger of the elements and those of `min`, in place.
    @discardableResult
    public func clampMin_(_ min: Tensor) -> Tensor {
        applyInPlace(Maximum(), on: self, Few(self, min), name: "clampMin_")
    }
    /// Holds the elements to at least a number, in place.
    @discardableResult
    public func clampMin_(_ min: some TensorScalar) -> Tensor { clamp_(min: min) }
    /// The smaller of the elements and those of `max`, in place.
    @discardableResult
    public func clampMax_(_ max: Tensor) -> Tensor {
        applyInPlace(Minimum(), on: self, Few(self, max), name: "clampMax_")
    }
    /// Holds the elements to at most a number, in place.
    @discardableResult
    public func clampMax_(_ max: some TensorScalar) -> Tensor { clamp_(max: max) }

    /// A number as a bound, which the dtype of the result must hold.
    private func bound(_ number: any TensorScalar) -> Tensor {
        let wrapped = Tensor.wrap(number.scalar)
        if isPlaceholder { return wrapped }
        return .wrap(number.scalar, fitting: ResultType.of(self, wrapped), in: Clamp.name, like: self)
    }

    /// Both bounds, with the lowest or highest number of the category for one that is left out.
    private func bounds(_ low: Tensor?, _ high: Tensor?) -> (Tensor, Tensor)? {
        if isPlaceholder { return nil }
        guard low != nil || high != nil else {
            reportFailure(
                TensorError(
                    .value, in: Clamp.name, "neither bound is given", expected: "min, max or both", operands: [self]))
            return nil
        }
        let floating = dtype.isFloatingPoint || (low ?? high!).dtype.isFloatingPoint
        return (
            low ?? .wrap(floating ? .double(-.infinity) : .int(.min)),
            high ?? .wrap(floating ? .double(.infinity) : .int(.max))
        )
    }
}

/// The elements held to `[min, max]`; one of the bounds may be left out.
public func clamp(_ x: Tensor, min: (any TensorScalar)? = nil, max: (any TensorScalar)? = nil) -> Tensor {
    x.clamp(min: min, max: max)
}
