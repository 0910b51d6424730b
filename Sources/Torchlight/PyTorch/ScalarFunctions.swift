// Functions of numbers that Python's `math` has, so that a program needs no `import Foundation` for them. With that import
// Foundation's functions are called.

import Glibc

/// The square root of a number; NaN for a negative number.
@_disfavoredOverload
public func sqrt(_ x: Double) -> Double { x.squareRoot() }
/// The square root of an integer: `scores / sqrt(headDim)`; NaN for a negative number.
@_disfavoredOverload
public func sqrt(_ x: Int) -> Double { Double(x).squareRoot() }
/// The exponential function of a number.
@_disfavoredOverload
public func exp(_ x: Double) -> Double { Glibc.exp(x) }
/// The natural logarithm of a number; NaN for a negative number.
@_disfavoredOverload
public func log(_ x: Double) -> Double { Glibc.log(x) }
/// The sine of a number in radians.
@_disfavoredOverload
public func sin(_ x: Double) -> Double { Glibc.sin(x) }
/// The cosine of a number in radians.
@_disfavoredOverload
public func cos(_ x: Double) -> Double { Glibc.cos(x) }
/// The hyperbolic tangent of a number.
@_disfavoredOverload
public func tanh(_ x: Double) -> Double { Glibc.tanh(x) }
/// The number to the power of another.
@_disfavoredOverload
public func pow(_ x: Double, _ y: Double) -> Double { Glibc.pow(x, y) }
