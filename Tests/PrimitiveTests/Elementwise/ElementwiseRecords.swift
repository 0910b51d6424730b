import TestSupport

/// The records of the element-wise family; each file of this folder adds its own.
enum ElementwiseRecords {
    static let all: [PrimitiveRecord] =
        arithmetic + quotients + powers + exponential + trigonometric + hyperbolic + special + distributions
        + activations + rounding + magnitude + numberParts + divisors + extrema + comparison + predicates + bitwise
        + logical + choices + fused + copies
}
