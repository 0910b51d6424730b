// Arithmetic on integers that a caller gave: sizes, counts, strides, offsets, steps.
//
// Swift's operators end the process where a result does not fit in an Int, before any check of the arguments could report
// it. These give the nearest Int instead. Every comparison with a limit then comes out as it would for the true result,
// and a shape with such a size is refused where a tensor is made (`checkShape`).

infix operator +| : AdditionPrecedence
infix operator -| : AdditionPrecedence
infix operator *| : MultiplicationPrecedence
infix operator *|= : AssignmentPrecedence
infix operator +|= : AssignmentPrecedence

extension Int {
    /// The sum, or the nearest Int.
    @inline(__always)
    package static func +| (a: Int, b: Int) -> Int {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? (b < 0 ? .min : .max) : sum
    }

    /// The difference, or the nearest Int.
    @inline(__always)
    package static func -| (a: Int, b: Int) -> Int {
        let (difference, overflow) = a.subtractingReportingOverflow(b)
        return overflow ? (b < 0 ? .max : .min) : difference
    }

    /// The product, or the nearest Int.
    @inline(__always)
    package static func *| (a: Int, b: Int) -> Int {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? ((a < 0) == (b < 0) ? .max : .min) : product
    }

    @inline(__always)
    package static func +|= (a: inout Int, b: Int) { a = a +| b }

    @inline(__always)
    package static func *|= (a: inout Int, b: Int) { a = a *| b }

    /// The magnitude, or the largest Int for the smallest.
    package var saturatingMagnitude: Int { self == .min ? .max : Swift.abs(self) }

    /// The quotient of a number of at least 0 by a positive one, rounded up.
    package func dividedRoundingUp(by divisor: Int) -> Int { self == 0 ? 0 : (self - 1) / divisor + 1 }

    /// A floating-point number rounded towards zero, or the nearest Int; 0 for NaN.
    package init(saturating value: Double) {
        self = value.isNaN ? 0 : value >= 0x1p63 ? .max : value <= -0x1p63 ? .min : Int(value)
    }
}
