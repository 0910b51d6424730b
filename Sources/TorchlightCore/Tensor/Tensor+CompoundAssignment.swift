// Compound assignments: the in-place operation on the left side. All tensors that share its memory see the change. The
// left side keeps its dtype and shape; the operation fails if the result does not fit.
//
// Each operator exists twice. The form with an `inout` left side is used for variables, properties and subscripts:
// after `x[mask] *= 0` Swift passes the changed part to the subscript's setter. The other form is used for constants
// and results of functions, which have no setter.

extension Tensor {
    /// Writes `a + b` over `a`, in place.
    public static func += (a: inout Tensor, b: Tensor) { a.add_(b) }
    /// Writes `a + b` over `a`, in place.
    public static func += (a: inout Tensor, b: some TensorScalar) { a.add_(.wrap(b.scalar)) }
    /// Writes `a + b` over `a`, in place.
    @_disfavoredOverload
    public static func += (a: Tensor, b: Tensor) { a.add_(b) }
    /// Writes `a + b` over `a`, in place.
    @_disfavoredOverload
    public static func += (a: Tensor, b: some TensorScalar) { a.add_(.wrap(b.scalar)) }

    /// Writes `a - b` over `a`, in place.
    public static func -= (a: inout Tensor, b: Tensor) { a.sub_(b) }
    /// Writes `a - b` over `a`, in place.
    public static func -= (a: inout Tensor, b: some TensorScalar) { a.sub_(.wrap(b.scalar)) }
    /// Writes `a - b` over `a`, in place.
    @_disfavoredOverload
    public static func -= (a: Tensor, b: Tensor) { a.sub_(b) }
    /// Writes `a - b` over `a`, in place.
    @_disfavoredOverload
    public static func -= (a: Tensor, b: some TensorScalar) { a.sub_(.wrap(b.scalar)) }

    /// Writes `a * b` over `a`, in place.
    public static func *= (a: inout Tensor, b: Tensor) { a.mul_(b) }
    /// Writes `a * b` over `a`, in place.
    public static func *= (a: inout Tensor, b: some TensorScalar) { a.mul_(.wrap(b.scalar)) }
    /// Writes `a * b` over `a`, in place.
    @_disfavoredOverload
    public static func *= (a: Tensor, b: Tensor) { a.mul_(b) }
    /// Writes `a * b` over `a`, in place.
    @_disfavoredOverload
    public static func *= (a: Tensor, b: some TensorScalar) { a.mul_(.wrap(b.scalar)) }

    /// Writes `a / b` over `a`, in place.
    public static func /= (a: inout Tensor, b: Tensor) { a.div_(b) }
    /// Writes `a / b` over `a`, in place.
    public static func /= (a: inout Tensor, b: some TensorScalar) { a.div_(.wrap(b.scalar)) }
    /// Writes `a / b` over `a`, in place.
    @_disfavoredOverload
    public static func /= (a: Tensor, b: Tensor) { a.div_(b) }
    /// Writes `a / b` over `a`, in place.
    @_disfavoredOverload
    public static func /= (a: Tensor, b: some TensorScalar) { a.div_(.wrap(b.scalar)) }

    /// Writes `a % b` over `a`, in place.
    public static func %= (a: inout Tensor, b: Tensor) { a.remainder_(b) }
    /// Writes `a % b` over `a`, in place.
    public static func %= (a: inout Tensor, b: some TensorScalar) { a.remainder_(.wrap(b.scalar)) }
    /// Writes `a % b` over `a`, in place.
    @_disfavoredOverload
    public static func %= (a: Tensor, b: Tensor) { a.remainder_(b) }
    /// Writes `a % b` over `a`, in place.
    @_disfavoredOverload
    public static func %= (a: Tensor, b: some TensorScalar) { a.remainder_(.wrap(b.scalar)) }

    /// Writes `a & b` over `a`, in place.
    public static func &= (a: inout Tensor, b: Tensor) { a.bitwiseAnd_(b) }
    /// Writes `a & b` over `a`, in place.
    public static func &= (a: inout Tensor, b: some TensorScalar) { a.bitwiseAnd_(.wrap(b.scalar)) }
    /// Writes `a & b` over `a`, in place.
    @_disfavoredOverload
    public static func &= (a: Tensor, b: Tensor) { a.bitwiseAnd_(b) }
    /// Writes `a & b` over `a`, in place.
    @_disfavoredOverload
    public static func &= (a: Tensor, b: some TensorScalar) { a.bitwiseAnd_(.wrap(b.scalar)) }

    /// Writes `a | b` over `a`, in place.
    public static func |= (a: inout Tensor, b: Tensor) { a.bitwiseOr_(b) }
    /// Writes `a | b` over `a`, in place.
    public static func |= (a: inout Tensor, b: some TensorScalar) { a.bitwiseOr_(.wrap(b.scalar)) }
    /// Writes `a | b` over `a`, in place.
    @_disfavoredOverload
    public static func |= (a: Tensor, b: Tensor) { a.bitwiseOr_(b) }
    /// Writes `a | b` over `a`, in place.
    @_disfavoredOverload
    public static func |= (a: Tensor, b: some TensorScalar) { a.bitwiseOr_(.wrap(b.scalar)) }

    /// Writes `a ^ b` over `a`, in place.
    public static func ^= (a: inout Tensor, b: Tensor) { a.bitwiseXor_(b) }
    /// Writes `a ^ b` over `a`, in place.
    public static func ^= (a: inout Tensor, b: some TensorScalar) { a.bitwiseXor_(.wrap(b.scalar)) }
    /// Writes `a ^ b` over `a`, in place.
    @_disfavoredOverload
    public static func ^= (a: Tensor, b: Tensor) { a.bitwiseXor_(b) }
    /// Writes `a ^ b` over `a`, in place.
    @_disfavoredOverload
    public static func ^= (a: Tensor, b: some TensorScalar) { a.bitwiseXor_(.wrap(b.scalar)) }

    /// Writes `a << b` over `a`, in place.
    public static func <<= (a: inout Tensor, b: Tensor) { a.bitwiseLeftShift_(b) }
    /// Writes `a << b` over `a`, in place.
    public static func <<= (a: inout Tensor, b: some TensorScalar) { a.bitwiseLeftShift_(.wrap(b.scalar)) }
    /// Writes `a << b` over `a`, in place.
    @_disfavoredOverload
    public static func <<= (a: Tensor, b: Tensor) { a.bitwiseLeftShift_(b) }
    /// Writes `a << b` over `a`, in place.
    @_disfavoredOverload
    public static func <<= (a: Tensor, b: some TensorScalar) { a.bitwiseLeftShift_(.wrap(b.scalar)) }

    /// Writes `a >> b` over `a`, in place.
    public static func >>= (a: inout Tensor, b: Tensor) { a.bitwiseRightShift_(b) }
    /// Writes `a >> b` over `a`, in place.
    public static func >>= (a: inout Tensor, b: some TensorScalar) { a.bitwiseRightShift_(.wrap(b.scalar)) }
    /// Writes `a >> b` over `a`, in place.
    @_disfavoredOverload
    public static func >>= (a: Tensor, b: Tensor) { a.bitwiseRightShift_(b) }
    /// Writes `a >> b` over `a`, in place.
    @_disfavoredOverload
    public static func >>= (a: Tensor, b: some TensorScalar) { a.bitwiseRightShift_(.wrap(b.scalar)) }
}
