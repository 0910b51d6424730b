// Saturating arithmetic on integers that a caller passes: sizes, counts, strides, offsets, steps.
//
// Swift's operators end the process on overflow, before any check of the arguments could report it. These clamp to the
// range of Int instead. Comparisons with a limit then give the same answer as for the exact result, and a shape with
// such a size is refused when a tensor is made (`checkShape`).

infix operator +| : AdditionPrecedence
infix operator -| : AdditionPrecedence
infix operator *| : MultiplicationPrecedence
infix operator *|= : AssignmentPrecedence
infix operator +|= : AssignmentPrecedence

extension Int {
    /// The sum, clamped to the range of Int.
    @inline(__always)
    package static func +| (a: Int, b: Int) -> Int {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? (b < 0 ? .min : .max) : sum
    }

    /// The difference, clamped to the range of Int.
    @inline(__always)
    package static func -| (a: Int, b: Int) -> Int {
        let (difference, overflow) = a.subtractingReportingOverflow(b)
        return overflow ? (b < 0 ? .max : .min) : difference
    }

    /// The product, clamped to the range of Int.
    @inline(__always)
    package static func *| (a: Int, b: Int) -> Int {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? ((a < 0) == (b < 0) ? .max : .min) : product
    }

    @inline(__always)
    package static func +|= (a: inout Int, b: Int) { a = a +| b }

    @inline(__always)
    package static func *|= (a: inout Int, b: Int) { a = a *| b }

    /// The absolute value, clamped to the range of Int.
    package var saturatingMagnitude: Int { self == .min ? .max : Swift.abs(self) }

    /// The quotient of a non-negative number by a positive one, rounded up.
    package func dividedRoundingUp(by divisor: Int) -> Int { self == 0 ? 0 : (self - 1) / divisor + 1 }

    /// A floating-point number truncated and clamped to the range of Int; 0 for NaN.
    package init(saturating value: Double) {
        self = value.isNaN ? 0 : value >= 0x1p63 ? .max : value <= -0x1p63 ? .min : Int(value)
    }
}
