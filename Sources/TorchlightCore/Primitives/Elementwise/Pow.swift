import CKernels

/// `a^b`. Integers stay integers, for which a negative number as the exponent is refused.
///
/// The gradients are those of the real power, `b a^(b-1)` and `a^b log a`, and 0 where `b` is 0 or where `a` is 0 and
/// `b` is not negative, respectively.
package struct Pow: BinaryPrimitive {
    package static let name = "pow"
    package static let supportsComplex = true
    package static let kernel = TL_BINARY_POW
    package static let domain = BinaryDomain.checkedNumber
    package var differentiability: Differentiability { .differentiable }

    package func validate(_ inputs: Few<Tensor>) throws(TensorError) {
        let exponent = inputs[1]
        guard exponent.isWrappedScalar, !ResultType.of(inputs[0], exponent).isDifferentiable else { return }
        let power = exponent.item(Int.self)
        guard power >= 0 else {
            throw TensorError(
                .value, in: Self.name, "an integer to a negative power is not an integer",
                got: "the exponent \(power)", expected: "an exponent of at least 0",
                fix: "convert first, as in x.to(.float32)", operands: [inputs[0]])
        }
    }

    package func saved(for needs: Needs) -> Saved {
        Saved([.input(0), .input(1)]).union(needs[1] ? Saved.output(0) : [])
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        let a = context.operand(0)
        let b = context.operand(1).withOwnDType
        var ofBase: Tensor?
        if context.needs[0] {
            // 0 where b is 0, whatever a^(b - 1) is.
            ofBase = Tensor.where(b .== 0, 0.0, g * (a.pow(b - 1) * b).conj())
        }
        var ofExponent: Tensor?
        if context.needs[1] {
            // The logarithm of a negative base is complex where the result is.
            let base = g.dtype.isComplex ? a.to(a.dtype.toComplex) : a
            ofExponent = Tensor.where(
                (a .== 0).logicalAnd(b.real >= 0), 0.0, g * (context.output() * base.log()).conj())
        }
        return Few(ofBase, ofExponent)
    }
}

extension Tensor {
    /// The power `self^exponent`, element by element. Shapes broadcast; dtypes are promoted.
    public func pow(_ exponent: Tensor) -> Tensor { apply(Pow(), self, exponent) }

    /// The power `self^exponent` for a number as exponent.
    public func pow(_ exponent: some TensorScalar) -> Tensor {
        switch exponent.scalar {
        // Truth values: true to any power is true, and false to the power false too.
        case .bool(let isOne) where dtype == .bool && !isPlaceholder:
            return isOne ? clone() : Tensor.ones(like: self)
        case .int(2): return apply(Square(), self)
        case .double(let value) where dtype.isDifferentiable:
            if value == 2 { return apply(Square(), self) }
            if value == 0.5 { return apply(Sqrt(), self) }
            if value == -0.5 { return apply(Rsqrt(), self) }
            if value == -1 { return apply(Reciprocal(), self) }
        default: break
        }
        return apply(Pow(), self, .wrap(exponent.scalar))
    }

    /// The power `self^exponent`, in place.
    @discardableResult
    public func pow_(_ exponent: Tensor) -> Tensor {
        applyInPlace(Pow(), on: self, Few(self, exponent), name: "pow_")
    }

    /// The power `self^exponent` for a number as exponent, in place.
    @discardableResult
    public func pow_(_ exponent: some TensorScalar) -> Tensor { pow_(.wrap(exponent.scalar)) }
}

/// The power `base^exponent`, element by element. Shapes broadcast; dtypes are promoted.
public func pow(_ base: Tensor, _ exponent: Tensor) -> Tensor { base.pow(exponent) }
/// The power `base^exponent` for a number as exponent.
public func pow(_ base: Tensor, _ exponent: some TensorScalar) -> Tensor { base.pow(exponent) }
/// The power `base^exponent` for a number as base.
public func pow(_ base: some TensorScalar, _ exponent: Tensor) -> Tensor { Tensor.wrap(base.scalar).pow(exponent) }
