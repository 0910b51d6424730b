import Glibc

/// Special functions in float64 by definitions other than those of the kernels: integrals, power series, Newton's method.
enum SpecialReferences {
    private static let pi = Double.pi

    /// The trapezoidal rule over a smooth integrand that vanishes, or is periodic, at both ends.
    private static func integral(_ from: Double, _ to: Double, _ steps: Int, _ f: (Double) -> Double) -> Double {
        let h = (to - from) / Double(steps)
        var sum = 0.5 * (f(from) + f(to))
        for k in 1..<steps { sum += f(from + Double(k) * h) }
        return sum * h
    }

    /// `sum of (+-1)^k a(k) / (8x)^k` with `a(k) = product of ((2n)^2 - (2j - 1)^2) / j`, Hankel's series at large `x`.
    private static func hankel(_ order: Double, _ x: Double, sign: Double) -> Double {
        var sum = 1.0
        var term = 1.0
        for k in 1..<20 {
            let odd = Double(2 * k - 1)
            term *= sign * (4 * order * order - odd * odd) / (Double(k) * 8 * x)
            sum += term
            if abs(term) < 1e-18 { break }
        }
        return sum
    }

    /// `e^-|x| I(x)` of order 0 or 1.
    static func scaledI(_ order: Double, _ x: Double) -> Double {
        let a = abs(x)
        let sign = order == 1 && x < 0 ? -1.0 : 1.0
        if a.isInfinite { return 0 * sign }
        if a > 50 { return sign * hankel(order, a, sign: -1) / (2 * pi * a).squareRoot() }
        // The power series: all terms are positive.
        var term = order == 1 ? a / 2 : 1
        var sum = term
        for k in 1..<200 {
            term *= a * a / 4 / (Double(k) * (Double(k) + order))
            sum += term
            if term < sum * 1e-18 { break }
        }
        return sign * sum * exp(-a)
    }
    static func i0(_ x: Double) -> Double { scaledI(0, x) * exp(abs(x)) }
    static func i1(_ x: Double) -> Double { scaledI(1, x) * exp(abs(x)) }

    /// K of order 0 or 1.
    static func k(_ order: Double, _ x: Double) -> Double {
        if !(x > 0) { return x == 0 ? .infinity : .nan }
        if x > 50 { return hankel(order, x, sign: 1) * (pi / (2 * x)).squareRoot() * exp(-x) }
        // e^(-x (cosh t - 1)) has vanished where x cosh t = 800.
        let end = acosh(1 + 800 / x)
        return exp(-x) * integral(0, end, 64 + Int(end * 16)) { exp(-x * (cosh($0) - 1)) * (order == 1 ? cosh($0) : 1) }
    }

    /// Ai by its power series between -8 and 6, by the asymptotic series beyond, for `x > -10^4`.
    static func airyAi(_ x: Double) -> Double {
        if x > 6 || x < -8 {
            let a = abs(x)
            let z = 2.0 / 3 * a * a.squareRoot()
            var terms = [1.0]
            for k in 1..<12 {
                let n = Double(6 * k)
                terms.append(terms[k - 1] * (n - 5) * (n - 3) * (n - 1) / (216 * Double(k) * Double(2 * k - 1) * z))
            }
            if x > 6 {
                let sum = terms.enumerated().reduce(0) { $0 + ($1.offset % 2 == 0 ? 1 : -1) * $1.element }
                return exp(-z) / (2 * pi.squareRoot() * a.squareRoot().squareRoot()) * sum
            }
            var p = 0.0
            var q = 0.0
            for k in 0..<6 {
                p += (k % 2 == 0 ? 1 : -1) * terms[2 * k]
                q += (k % 2 == 0 ? 1 : -1) * terms[2 * k + 1]
            }
            return (p * sin(z + pi / 4) - q * cos(z + pi / 4)) / (pi.squareRoot() * a.squareRoot().squareRoot())
        }
        // The terms reach e^15 and cancel.
        let cube = Wide(x) * Wide(x) * Wide(x)
        var f: Wide = 1
        var g = Wide(x)
        var sumF = f
        var sumG = g
        for k in 1..<120 {
            f *= cube / (Wide(3 * k) * Wide(3 * k - 1))
            g *= cube / (Wide(3 * k) * Wide(3 * k + 1))
            sumF += f
            sumG += g
        }
        return Double(0.355028053887817239260063 * sumF - 0.258819403792806798405184 * sumG)
    }
    #if arch(x86_64)
        private typealias Wide = Float80
    #else
        private typealias Wide = Double
    #endif

    static func erfcx(_ x: Double) -> Double {
        if x < 5 { return exp(x * x) * erfc(x) }
        var fraction = 0.0
        for k in stride(from: 60, to: 0, by: -1) { fraction = Double(k) / 2 / (x + fraction) }
        return 1 / (pi.squareRoot() * (x + fraction))
    }
    static func ndtr(_ x: Double) -> Double { 0.5 * erfc(-x * 0.5.squareRoot()) }
    static func logNdtr(_ x: Double) -> Double {
        x < -1 ? log(0.5 * erfcx(-x * 0.5.squareRoot())) - 0.5 * x * x : log1p(-0.5 * erfc(x * 0.5.squareRoot()))
    }
    /// By Newton's method on `logNdtr`.
    static func ndtri(_ p: Double) -> Double {
        if !(p > 0 && p < 1) { return p == 0 ? -.infinity : p == 1 ? .infinity : .nan }
        let q = min(p, 1 - p)
        if q == 0.5 { return 0 }
        var x = q < 0.1 ? -(-2 * log(q)).squareRoot() : (q - 0.5) * 2.5
        for _ in 0..<30 {
            let step = (logNdtr(x) - log(q)) * erfcx(-x * 0.5.squareRoot()) * (pi / 2).squareRoot()
            x -= step
            if abs(step) < 1e-16 * abs(x) { break }
        }
        return p < 0.5 ? x : -x
    }
    static func entr(_ x: Double) -> Double { x < 0 ? -.infinity : x == 0 ? 0 : -x * log(x) }

    /// The sum of `(q + k)^-s` for positive `q`: 400 terms, and the integral of the rest with two corrections.
    static func zeta(_ s: Double, _ q: Double) -> Double {
        if s <= 1 || q <= 0 { return s < 1 ? .nan : .infinity }
        var sum = 0.0
        for k in stride(from: 399, through: 0, by: -1) { sum += pow(q + Double(k), -s) }
        let w = q + 400
        return sum + pow(w, 1 - s) / (s - 1) + 0.5 * pow(w, -s) + s / 12 * pow(w, -s - 1)
    }
    static func trigamma(_ x: Double) -> Double { zeta(2, x) }

    /// The lower incomplete gamma function by its power series, for small arguments.
    static func igamma(_ a: Double, _ x: Double) -> Double {
        if a == 0 { return x > 0 ? 1 : .nan }
        if x == 0 { return 0 }
        var term = 1 / a
        var sum = term
        for n in 1..<400 {
            term *= x / (a + Double(n))
            sum += term
        }
        return sum * exp(a * log(x) - x - lgamma(a))
    }

    /// Chebyshev's polynomial of the first kind by its recurrence.
    static func chebyshevT(_ x: Double, _ degree: Double) -> Double {
        var (before, p) = (1.0, x)
        if degree < 1 { return degree < 0 ? 0 : 1 }
        for _ in 1..<max(Int(degree), 1) { (before, p) = (p, 2 * x * p - before) }
        return p
    }
}
