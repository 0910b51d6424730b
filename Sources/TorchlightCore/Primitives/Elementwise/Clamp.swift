import CKernels

/// `min(max(x, low), high)`, also where `low > high`. The gradient of a replaced element is added to the bound. At a
/// bound that is a number the gradient is 0, as that of `relu` at 0; a bound that is a tensor shares it half and half,
/// as `maximum` does.
package struct Clamp: TernaryPrimitive {
    package static let name = "clamp"
    package static let kernel = TL_TERNARY_CLAMP
    package var low: ClampBound
    package var high: ClampBound

    package func resultType(of inputs: Specs) throws(TensorError) -> DType {
        let dtype = ResultType.of(inputs)
        guard dtype != .bool else {
            throw .dtype(Self.name, Array(inputs), expected: "numbers", fix: "convert it first, as in x.to(.int64)")
        }
        return dtype
    }

    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1), .input(2)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        // min(max(x, low), high), from the outside in. NaN is within no bounds: it has the gradient 0.
        let x = context.input(0)
        let low = context.input(1)
        let high = context.input(2)
        var inner = context.gradient
        var (ofLow, ofHigh): (Tensor?, Tensor?)
        if self.high != .absent {
            let raised = noGrad { self.low == .absent ? x : x.maximum(low) }
            let isEqual = raised .== high
            if context.needs[2] { ofHigh = inner.replaced(raised > high, isEqual) }
            inner = inner.left(raised < high, isEqual, self.high)
        }
        if self.low != .absent {
            let isEqual = x .== low
            if context.needs[1] { ofLow = inner.replaced(x < low, isEqual) }
            inner = inner.left(x > low, isEqual, self.low)
        }
        return Few(context.needs[0] ? inner : nil, ofLow, ofHigh)
    }
}

/// What bounds one side of a `clamp`.
package enum ClampBound: String, Sendable, Hashable, Codable {
    case absent, number, tensor
}

extension Tensor {
    /// The factor of the gradient at a bound: 1 inside, 0 outside; at the bound 0 for a number, 1/2 for a tensor.
    fileprivate func left(_ isWithin: Tensor, _ isEqual: Tensor, _ bound: ClampBound) -> Tensor {
        let within = Tensor.where(isWithin, self, 0.0)
        return bound == .number ? within : Tensor.where(isEqual, self * 0.5, within)
    }

    /// What a bound that is a tensor gets of a gradient.
    fileprivate func replaced(_ isBeyond: Tensor, _ isEqual: Tensor) -> Tensor {
        Tensor.where(isBeyond, self, Tensor.where(isEqual, self * 0.5, 0.0))
    }
}

extension Tensor {
    /// Clamps all elements to `[min, max]`; one of the bounds may be nil. The gradient is 0 for clamped elements.
    ///
    ///     Tensor([-2, 0.5, 3]).clamp(min: 0, max: 1)      // tensor([0.0000, 0.5000, 1.0000])
    public func clamp(min: (any TensorScalar)? = nil, max: (any TensorScalar)? = nil) -> Tensor {
        let primitive = Clamp(low: min == nil ? .absent : .number, high: max == nil ? .absent : .number)
        return bounds(min.map(bound), max.map(bound)).map { apply(primitive, self, $0, $1) } ?? self
    }

    /// Clamps all elements to bounds that broadcast; one of them may be nil.
    public func clamp(min: Tensor?, max: Tensor?) -> Tensor {
        let primitive = Clamp(low: min == nil ? .absent : .tensor, high: max == nil ? .absent : .tensor)
        return bounds(min, max).map { apply(primitive, self, $0, $1) } ?? self
    }

    /// Clamps all elements to a minimum of `min`, which broadcasts.
    public func clamp(min: Tensor) -> Tensor { clamp(min: min, max: nil as Tensor?) }
    /// Clamps all elements to a maximum of `max`, which broadcasts.
    public func clamp(max: Tensor) -> Tensor { clamp(min: nil as Tensor?, max: max) }
    /// The element-wise maximum of the tensor and `min`. Equal elements share the gradient equally.
    public func clampMin(_ min: Tensor) -> Tensor { maximum(min) }
    /// Clamps all elements to a minimum.
    public func clampMin(_ min: some TensorScalar) -> Tensor { clamp(min: min) }
    /// The element-wise minimum of the tensor and `max`. Equal elements share the gradient equally.
    public func clampMax(_ max: Tensor) -> Tensor { minimum(max) }
    /// Clamps all elements to a maximum.
    public func clampMax(_ max: some TensorScalar) -> Tensor { clamp(max: max) }

    /// Clamps all elements to `[min, max]`, in place.
    @discardableResult
    public func clamp_(min: (any TensorScalar)? = nil, max: (any TensorScalar)? = nil) -> Tensor {
        let primitive = Clamp(low: min == nil ? .absent : .number, high: max == nil ? .absent : .number)
        return bounds(min.map(bound), max.map(bound)).map {
            applyInPlace(primitive, on: self, Few(self, $0, $1), name: "clamp_")
        } ?? self
    }

    /// Clamps all elements to bounds that broadcast, in place; one of them may be nil.
    @discardableResult
    public func clamp_(min: Tensor?, max: Tensor?) -> Tensor {
        let primitive = Clamp(low: min == nil ? .absent : .tensor, high: max == nil ? .absent : .tensor)
        return bounds(min, max).map { applyInPlace(primitive, on: self, Few(self, $0, $1), name: "clamp_") } ?? self
    }
    /// The element-wise maximum of the tensor and `min`, in place.
    @discardableResult
    public func clampMin_(_ min: Tensor) -> Tensor {
        applyInPlace(Maximum(), on: self, Few(self, min), name: "clampMin_")
    }
    /// Clamps all elements to a minimum, in place.
    @discardableResult
    public func clampMin_(_ min: some TensorScalar) -> Tensor { clamp_(min: min) }
    /// The element-wise minimum of the tensor and `max`, in place.
    @discardableResult
    public func clampMax_(_ max: Tensor) -> Tensor {
        applyInPlace(Minimum(), on: self, Few(self, max), name: "clampMax_")
    }
    /// Clamps all elements to a maximum, in place.
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
        // An upper bound of -1 is 255 to uint8, and bounds nothing.
        let high = high.map { $0.dtype != .uint8 && ResultType.of(self, $0) == .uint8 ? $0.to(.uint8) : $0 }
        let floating = dtype.isFloatingPoint || (low ?? high!).dtype.isFloatingPoint
        return (
            low ?? .wrap(floating ? .double(-.infinity) : .int(.min)),
            high ?? .wrap(floating ? .double(.infinity) : .int(.max))
        )
    }
}

/// Clamps all elements to `[min, max]`; one of the bounds may be nil.
public func clamp(_ x: Tensor, min: (any TensorScalar)? = nil, max: (any TensorScalar)? = nil) -> Tensor {
    x.clamp(min: min, max: max)
}
