import Glibc
import TestSupport
import Testing
@testable import TorchlightCore

extension ElementwiseRecords {
    static let special: [PrimitiveRecord] = [
        .unary(Erf.self, inPlace: { $0.erf_() }, run: { $0.erf() }, reference: { Glibc.erf($0) }),
        .unary(Erfc.self, inPlace: { $0.erfc_() }, run: { $0.erfc() }, reference: { Glibc.erfc($0) }),
        .unary(
            Erfinv.self, .real(-0.9...0.9),
            tolerance: Tolerance(units: 32, reason: "a rational fit and one Newton step"),
            inPlace: { $0.erfinv_() }, run: { $0.erfinv() }, reference: inverseErf),
        .unary(
            Lgamma.self, .real(0.3...6), tolerance: Tolerance(units: 32, reason: "a series"),
            inPlace: { $0.lgamma_() }, run: { $0.lgamma() }, reference: { Glibc.lgamma($0) }),
        .unary(
            Digamma.self, .real(0.3...6), tolerance: Tolerance(units: 64, reason: "a recurrence and a series"),
            inPlace: { $0.digamma_() }, run: { $0.digamma() }, reference: digamma),
        .binary(
            Xlogy.self, .real(0.2...3), .real(0.2...3), inPlace: { $0.xlogy_($1) }, run: { $0.xlogy($1) },
            reference: { $0 == 0 ? 0 : $0 * Glibc.log($1) }),
        .binary(
            LogAddExp.self, run: { $0.logaddexp($1) },
            reference: { max($0, $1) + Glibc.log1p(Glibc.exp(-abs($0 - $1))) }),
        .binary(
            LogAddExp2.self, run: { $0.logaddexp2($1) },
            reference: { max($0, $1) + Glibc.log2(1 + Glibc.exp2(-abs($0 - $1))) }),
    ]

    /// By Newton's method on `erf`.
    @Sendable private static func inverseErf(_ y: Double) -> Double {
        if y == 0 { return y }
        if abs(y) >= 1 { return abs(y) > 1 ? .nan : y * .infinity }
        var x = 0.0
        for _ in 0..<60 { x -= (Glibc.erf(x) - y) * Glibc.exp(x * x) * Double.pi.squareRoot() / 2 }
        return x
    }

    /// By the recurrence up to 20 and the asymptotic series there.
    @Sendable private static func digamma(_ value: Double) -> Double {
        if value <= 0 { return value == 0 ? -.infinity : .nan }
        var x = value
        var sum = 0.0
        while x < 20 {
            sum -= 1 / x
            x += 1
        }
        let r = 1 / (x * x)
        return sum + Glibc.log(x) - 0.5 / x - r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r / 240)))
    }
}

@Suite struct SpecialFunctionTests {
    @Test func tails() {
        expectClose(
            Tensor([5.0, 10], dtype: .float64).erfc(), [Glibc.erfc(5.0), Glibc.erfc(10.0)],
            Tolerance(units: 64, scale: 0, reason: "relative, although the numbers are tiny"))
        expectClose(Tensor([1.0, -1, 1.5]).erfinv(), [.infinity, -.infinity, .nan], .exact)
        expectClose(
            Tensor([.infinity, 0, -1] as [Double], dtype: .float64).lgamma(), [.infinity, .infinity, .infinity], .exact)
        expectClose(
            Tensor([0.0, 0, 2], dtype: .float64).xlogy(Tensor([0, .nan, 0] as [Double], dtype: .float64)),
            [0, .nan, -.infinity], .exact)
        expectClose(
            Tensor([1000.0, -.infinity]).logaddexp(Tensor([1000.0, -.infinity])), [1000.69314718, -.infinity])
    }

    @Test func derivativesLeftOfZero() {
        // The gradients of lgamma, twice, across the reflection.
        expectGradients(order: 2, at: [Tensor([-1.4, -0.6, 0.4, 0.51], dtype: .float64)], label: "lgamma") {
            [$0[0].lgamma()]
        }
        expectGradients(order: 2, at: [Tensor([-0.6, 0.4, 2.5], dtype: .float64)], label: "digamma") {
            [$0[0].digamma()]
        }
    }
}
