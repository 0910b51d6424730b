import CKernels

/// `a / b`. Bool and integers give float32; use `floorDivide` or `div(_:rounding:)` for whole quotients.
package struct Div: BinaryPrimitive {
    package static let name = "div"
    package static let supportsComplex = true
    package static let kernel = TL_BINARY_DIV
    package static let domain = BinaryDomain.floatingPoint
    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved {
        Saved.input(1).union(needs[1] ? Saved.input(0) : [])
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let quotient = context.gradient / context.input(1).conj()
        return Few(
            context.needs[0] ? quotient : nil,
            context.needs[1] ? -quotient * (context.input(0) / context.input(1)).conj() : nil)
    }
}

/// The largest whole number that is at most `a / b`, in the promoted dtype. The gradient is 0.
package struct FloorDivide: BinaryPrimitive {
    package static let name = "floorDivide"
    package static let kernel = TL_BINARY_FLOOR_DIVIDE
    package static let domain = BinaryDomain.checkedNumber
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package func validate(_ inputs: Few<Tensor>) throws(TensorError) { try refuseZeroDivisor(Self.name, inputs) }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let zero = Tensor.zeros(like: context.gradient)
        return Few(zero, zero)
    }
}

/// `a / b` rounded towards 0, in the promoted dtype. The gradient is 0.
package struct TruncDivide: BinaryPrimitive {
    package static let name = "truncDivide"
    package static let kernel = TL_BINARY_TRUNC_DIVIDE
    package static let domain = BinaryDomain.checkedNumber
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package func validate(_ inputs: Few<Tensor>) throws(TensorError) { try refuseZeroDivisor(Self.name, inputs) }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let zero = Tensor.zeros(like: context.gradient)
        return Few(zero, zero)
    }
}

/// Integers have no number for a division by 0, so it is an error. Costs a pass over the divisor.
func refuseZeroDivisor(_ operation: String, _ operands: Few<Tensor>) throws(TensorError) {
    let divisor = operands[1]
    guard !ResultType.of(operands[0], divisor).isDifferentiable, divisor.count > 0, operands[0].count > 0 else {
        return
    }
    guard noGrad({ divisor.all().item() }) == 0 else { return }
    throw TensorError(
        .value, in: operation, "an integer is divided by 0", expected: "a divisor without zeros",
        fix: "divide floating-point numbers, which give infinity or NaN", operands: Array(operands))
}

/// The rounding mode of `div`.
public enum DivisionRounding: Sendable, Hashable {
    /// No rounding; integers give float32.
    case none
    /// Rounds down, as `floorDivide`.
    case floor
    /// Rounds towards 0, as Swift's division of integers.
    case trunc
}

extension Tensor {
    /// Element-wise quotient `a / b`. Shapes broadcast; dtypes are promoted, integers give float32.
    public static func / (a: Tensor, b: Tensor) -> Tensor { apply(Div(), a, b) }
    /// Element-wise quotient of a tensor and a number.
    public static func / (a: Tensor, b: some TensorScalar) -> Tensor { apply(Div(), a, .wrap(b.scalar)) }
    /// Element-wise quotient of a number and a tensor.
    public static func / (a: some TensorScalar, b: Tensor) -> Tensor { apply(Div(), .wrap(a.scalar), b) }

    /// Element-wise quotient `self / other`, rounded with the mode `rounding`. Default: no rounding.
    public func div(_ other: Tensor, rounding: DivisionRounding = .none) -> Tensor {
        switch rounding {
        case .none: apply(Div(), self, other)
        case .floor: apply(FloorDivide(), self, other)
        case .trunc: apply(TruncDivide(), self, other)
        }
    }

    /// Element-wise quotient of the tensor and a number, rounded with the mode `rounding`.
    public func div(_ other: some TensorScalar, rounding: DivisionRounding = .none) -> Tensor {
        div(.wrap(other.scalar), rounding: rounding)
    }

    /// `self /= other`, in place, rounded with the mode `rounding`.
    @discardableResult
    public func div_(_ other: Tensor, rounding: DivisionRounding = .none) -> Tensor {
        switch rounding {
        case .none: applyInPlace(Div(), on: self, Few(self, other), name: "div_")
        case .floor: applyInPlace(FloorDivide(), on: self, Few(self, other), name: "div_")
        case .trunc: applyInPlace(TruncDivide(), on: self, Few(self, other), name: "div_")
        }
    }

    /// Divides the tensor by a number, in place, rounded with the mode `rounding`.
    @discardableResult
    public func div_(_ other: some TensorScalar, rounding: DivisionRounding = .none) -> Tensor {
        div_(.wrap(other.scalar), rounding: rounding)
    }

    /// Floor division: `floor(self / other)`, element by element, in the promoted dtype. Division of an integer by 0 is
    /// an error.
    public func floorDivide(_ other: Tensor) -> Tensor { apply(FloorDivide(), self, other) }
    /// Floor division by a number: `floor(self / other)`.
    public func floorDivide(_ other: some TensorScalar) -> Tensor { apply(FloorDivide(), self, .wrap(other.scalar)) }
    /// Floor division, in place.
    @discardableResult
    public func floorDivide_(_ other: Tensor) -> Tensor {
        applyInPlace(FloorDivide(), on: self, Few(self, other), name: "floorDivide_")
    }
    /// Floor division by a number, in place.
    @discardableResult
    public func floorDivide_(_ other: some TensorScalar) -> Tensor { floorDivide_(.wrap(other.scalar)) }
}

/// Element-wise quotient of a number and a tensor, rounded with the mode `rounding`.
public func div(_ a: some TensorScalar, _ b: Tensor, rounding: DivisionRounding = .none) -> Tensor {
    Tensor.wrap(a.scalar).div(b, rounding: rounding)
}
/// Floor division: `floor(a / b)`, element by element, in the promoted dtype.
public func floorDivide(_ a: Tensor, _ b: Tensor) -> Tensor { a.floorDivide(b) }
/// Floor division of a number by each element of `b`.
public func floorDivide(_ a: some TensorScalar, _ b: Tensor) -> Tensor { Tensor.wrap(a.scalar).floorDivide(b) }
