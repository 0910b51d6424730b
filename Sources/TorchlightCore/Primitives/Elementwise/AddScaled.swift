import CKernels

/// `a + alpha b` or `a - alpha b`, in one pass and one rounding of the half types.
///
/// The result has the dtype that `a` and `b` give together, whose kind `alpha` may not leave: no fractions for integers,
/// and truth values for bool alone.
package struct AddScaled: TernaryPrimitive {
    package static let name = "addScaled"
    package static let supportsComplex = true
    package static let kernel = TL_TERNARY_ADDCMUL
    package var isDifference: Bool
    package var publicName: String { isDifference ? Sub.name : Add.name }
    /// `a + parameter b alpha`.
    package var parameter: Double { isDifference ? -1 : 1 }

    package func resultType(of inputs: Specs) throws(TensorError) -> DType {
        let spec = try binarySpec(publicName, isDifference ? Sub.domain : Add.domain, inputs[0], inputs[1])
        let alpha = inputs[2].dtype
        guard alpha.category <= spec.dtype.category, alpha != .bool || spec.dtype == .bool else {
            throw TensorError(
                .dtype, in: publicName, "alpha is of another kind than the result", got: "alpha of \(alpha)",
                expected: spec.dtype.isDifferentiable ? "a number" : "an integer",
                operands: [inputs[0], inputs[1]])
        }
        return spec.dtype
    }

    /// The kernel computes in the dtype of the result, to which `alpha` is converted.
    package func validate(_ inputs: Few<Tensor>) throws(TensorError) {
        if let alpha = inputs[2].wrappedScalar {
            try alpha.check(fits: resultType(of: Specs(of: inputs)), in: publicName)
        }
    }

    package func saved(for needs: Needs) -> Saved { needs[1] ? .input(2) : .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        guard context.needs[1] else { return Few(context.needs[0] ? g : nil, nil, nil) }
        let scaled = g * context.input(2).conj()
        return Few(context.needs[0] ? g : nil, isDifference ? -scaled : scaled, nil)
    }
}

extension Scalar {
    /// Whether a product with it changes nothing.
    fileprivate var isOne: Bool {
        switch self {
        case .int(1), .double(1): true
        default: false
        }
    }

    fileprivate var text: String {
        switch self {
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .complex(let value): "\(value)"
        }
    }
}

extension Tensor {
    /// `self + alpha * other`, element by element.
    ///
    /// Shapes broadcast; dtypes are promoted. For integers `alpha` must be an integer. Default: 1.
    public func add(_ other: Tensor, alpha: some TensorScalar = 1) -> Tensor {
        alpha.scalar.isOne
            ? apply(Add(), self, other) : apply(AddScaled(isDifference: false), self, other, .wrap(alpha.scalar))
    }
    /// `self + alpha * other` for a number `other`.
    public func add(_ other: some TensorScalar, alpha: some TensorScalar = 1) -> Tensor {
        add(.wrap(other.scalar), alpha: alpha)
    }
    /// `self += alpha * other`, in place.
    @discardableResult
    public func add_(_ other: Tensor, alpha: some TensorScalar = 1) -> Tensor {
        if alpha.scalar.isOne { return applyInPlace(Add(), on: self, Few(self, other), name: "add_") }
        let operands = Few(self, other, Tensor.wrap(alpha.scalar))
        return applyInPlace(AddScaled(isDifference: false), on: self, operands, name: "add_")
    }
    /// `self += alpha * other` for a number `other`, in place.
    @discardableResult
    public func add_(_ other: some TensorScalar, alpha: some TensorScalar = 1) -> Tensor {
        add_(.wrap(other.scalar), alpha: alpha)
    }

    /// `self - alpha * other`, element by element.
    ///
    /// Shapes broadcast; dtypes are promoted. For integers `alpha` must be an integer. Default: 1.
    public func sub(_ other: Tensor, alpha: some TensorScalar = 1) -> Tensor {
        alpha.scalar.isOne
            ? apply(Sub(), self, other) : apply(AddScaled(isDifference: true), self, other, .wrap(alpha.scalar))
    }
    /// `self - alpha * other` for a number `other`.
    public func sub(_ other: some TensorScalar, alpha: some TensorScalar = 1) -> Tensor {
        sub(.wrap(other.scalar), alpha: alpha)
    }
    /// `self -= alpha * other`, in place.
    @discardableResult
    public func sub_(_ other: Tensor, alpha: some TensorScalar = 1) -> Tensor {
        if alpha.scalar.isOne { return applyInPlace(Sub(), on: self, Few(self, other), name: "sub_") }
        let operands = Few(self, other, Tensor.wrap(alpha.scalar))
        return applyInPlace(AddScaled(isDifference: true), on: self, operands, name: "sub_")
    }
    /// `self -= alpha * other` for a number `other`, in place.
    @discardableResult
    public func sub_(_ other: some TensorScalar, alpha: some TensorScalar = 1) -> Tensor {
        sub_(.wrap(other.scalar), alpha: alpha)
    }
}
