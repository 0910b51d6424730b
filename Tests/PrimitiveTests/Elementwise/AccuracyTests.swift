import Glibc
import TestSupport
import Testing
import TorchlightCore

/// Every element function in float32 against float64, in units in the last place, over all exponents.
///
/// A unit is the distance of neighbouring floats at the exact result, also among the denormal ones. NaN agrees with NaN
/// only; an infinity counts as the float after the largest.
@Suite struct AccuracyTests {
    struct Function: Sendable, CustomTestStringConvertible {
        let name: String
        let bound: Double
        let run: @Sendable (Tensor) -> Tensor
        let reference: @Sendable (Double) -> Double
        /// Where the reference holds.
        let range: ClosedRange<Float>
        var testDescription: String { name }

        init(
            _ name: String, _ bound: Double = 2, _ range: ClosedRange<Float> = -Float.infinity...Float.infinity,
            run: @escaping @Sendable (Tensor) -> Tensor, _ reference: @escaping @Sendable (Double) -> Double
        ) {
            (self.name, self.bound, self.range) = (name, bound, range)
            (self.run, self.reference) = (run, reference)
        }
    }

    /// Bit patterns spread over all floats, with their neighbours where functions change their method or have zeros.
    static let samples: [Float] = {
        var samples: [Float] = [.nan, .infinity, -.infinity, 0, -0.0, .leastNonzeroMagnitude, .leastNormalMagnitude]
        samples += [Float.greatestFiniteMagnitude, -.greatestFiniteMagnitude, -.leastNonzeroMagnitude]
        for k: UInt32 in 0..<24_000 { samples.append(Float(bitPattern: k &* 178_957)) }
        // Where most of the structure is: 2^-12 to 2^8.
        for k: UInt32 in 0..<10_000 {
            let bits = 0x3980_0000 + k &* 16_777
            samples.append(Float(bitPattern: bits))
            samples.append(-Float(bitPattern: bits))
        }
        let critical: [Float] = [
            0.25, 0.4142, 0.47, 0.5, 0.6, 0.97, 1, 1.4616, 1.5708, 2, 2.3, 2.4142, 2.4571, 3, 3.1416, 4, 5, 6.2832, 8,
            10.5, 14.8, 16, 20, 64, 88.7, 88.9, 89, 103, 104, 126, 128, 149, 150, 1_048_576,
        ]
        for value in critical {
            var (up, down) = (value, value)
            for _ in 0..<40 {
                samples += [up, down, -up, -down]
                (up, down) = (up.nextUp, down.nextDown)
            }
        }
        return samples
    }()

    /// The distance in units, and infinity where only one is NaN.
    static func distance(_ got: Float, _ exact: Double) -> Double {
        if got.isNaN || exact.isNaN { return got.isNaN && exact.isNaN ? 0 : .infinity }
        let value = got.isInfinite ? (got < 0 ? -0x1p128 : 0x1p128) : Double(got)
        let target = min(max(exact, -0x1p128), 0x1p128)
        if value == target { return 0 }
        let exponent = max(target == 0 ? -126 : Double(target.exponent), -126)
        return abs(value - target) / exp2(min(exponent, 127) - 23)
    }

    @Test(arguments: functions) func unary(_ function: Function) {
        let samples = Self.samples.filter { $0.isNaN || function.range.contains($0) }
        let results = function.run(Tensor(samples)).toArray(Float.self)
        var worst = 0.0
        var place = 0
        var exact = 0.0
        results.withUnsafeBufferPointer { results in
            for i in 0..<results.count {
                let reference = function.reference(Double(samples[i]))
                let distance = Self.distance(results[i], reference)
                if distance > worst { (worst, place, exact) = (distance, i, reference) }
            }
        }
        #expect(
            worst <= function.bound,
            """
            \(function.name): \(worst) units at \(samples[place]) (\(String(samples[place].bitPattern, radix: 16))), \
            got \(results[place]), expected \(exact)
            """)
    }
}

// MARK: The functions of two operands

extension AccuracyTests {
    struct BinaryFunction: Sendable, CustomTestStringConvertible {
        let name: String
        let run: @Sendable (Tensor, Tensor) -> Tensor
        /// What float64 itself loses.
        var rounding: @Sendable (Double, Double) -> Double = { _, _ in 0 }
        let reference: @Sendable (Double, Double) -> Double
        var testDescription: String { name }
    }

    static let binaryFunctions: [BinaryFunction] = [
        BinaryFunction(name: "div", run: { $0 / $1 }) { $0 / $1 },
        BinaryFunction(name: "pow", run: { $0.pow($1) }) { pow($0, $1) },
        BinaryFunction(name: "atan2", run: { $0.atan2($1) }) { atan2($0, $1) },
        BinaryFunction(name: "hypot", run: { $0.hypot($1) }) { hypot($0, $1) },
        BinaryFunction(name: "fmod", run: { $0.fmod($1) }) { fmod($0, $1) },
        // Its two terms cancel where the result is near 0.
        BinaryFunction(
            name: "logaddexp", run: { $0.logaddexp($1) }, rounding: { 4 * Double.ulpOfOne * Swift.abs(max($0, $1)) }
        ) { a, b in
            a == b && a.isInfinite ? a : max(a, b) + log1p(exp(-Swift.abs(a - b)))
        },
    ]

    @Test func cancellingTermsOfLogAddExpKeepTheirDigits() {
        // exp(a) + exp(b) is almost 1, so that the logarithm is what is left of two terms of 0.0028.
        let (a, b) = (Float(-0.002761633), Float(-5.8817105))
        let exact = Double(a) + log1p(exp(Double(b) - Double(a)))
        #expect(Self.distance(Tensor([a]).logaddexp(Tensor([b])).item(Float.self), exact) <= 0.6)
    }

    /// Every sample with partners of every size, the seed printed where a bound is broken.
    @Test(arguments: binaryFunctions) func binary(_ function: BinaryFunction) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var state = seed
        let a = stride(from: 0, to: Self.samples.count, by: 5).map { Self.samples[$0] }
        let b = a.indices.map { i -> Float in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let other = a[Int(state >> 33) % a.count]
            // Mostly of the size at which results are neither 0 nor infinite.
            return i % 4 == 0 || !other.isFinite
                ? other : Float(Double(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-26)
        }
        let results = function.run(Tensor(a), Tensor(b)).toArray(Float.self)
        var worst = (distance: 0.0, place: 0)
        for i in a.indices {
            let exact = function.reference(Double(a[i]), Double(b[i]))
            let distance = Self.distance(results[i], exact)
            if Swift.abs(Double(results[i]) - exact) <= function.rounding(Double(a[i]), Double(b[i])) { continue }
            if distance > worst.distance { worst = (distance, i) }
        }
        #expect(
            worst.distance <= 2,
            "\(function.name): \(worst.distance) units at \(a[worst.place]), \(b[worst.place]), seed \(seed)")
    }
}

// MARK: The functions of one operand

extension AccuracyTests {
    static let functions = elementary + activations + special

    private static let elementary: [Function] = [
        Function("abs", 0, run: { $0.abs() }) { Swift.abs($0) },
        Function("neg", 0, run: { -$0 }) { -$0 },
        Function("square", run: { $0.square() }) { $0 * $0 },
        Function("sqrt", run: { $0.sqrt() }) { $0.squareRoot() },
        Function("rsqrt", run: { $0.rsqrt() }) { 1 / $0.squareRoot() },
        Function("reciprocal", run: { $0.reciprocal() }) { 1 / $0 },
        Function("floor", 0, run: { $0.floor() }) { $0.rounded(.down) },
        Function("ceil", 0, run: { $0.ceil() }) { $0.rounded(.up) },
        Function("round", 0, run: { $0.round() }) { $0.rounded(.toNearestOrEven) },
        Function("trunc", 0, run: { $0.trunc() }) { $0.rounded(.towardZero) },
        Function("frac", 0, run: { $0.frac() }) { $0 - $0.rounded(.towardZero) },
        Function("exp", run: { $0.exp() }) { exp($0) },
        Function("exp2", run: { $0.exp2() }) { exp2($0) },
        Function("expm1", run: { $0.expm1() }) { expm1($0) },
        Function("log", run: { $0.log() }) { log($0) },
        Function("log2", run: { $0.log2() }) { log2($0) },
        Function("log10", run: { $0.log10() }) { log10($0) },
        Function("log1p", run: { $0.log1p() }) { log1p($0) },
        Function("sin", run: { $0.sin() }) { sin($0) },
        Function("cos", run: { $0.cos() }) { cos($0) },
        Function("tan", run: { $0.tan() }) { tan($0) },
        Function("asin", run: { $0.asin() }) { asin($0) },
        Function("acos", run: { $0.acos() }) { acos($0) },
        Function("atan", run: { $0.atan() }) { atan($0) },
        Function("sinh", run: { $0.sinh() }) { sinh($0) },
        Function("cosh", run: { $0.cosh() }) { cosh($0) },
        Function("tanh", run: { $0.tanh() }) { tanh($0) },
        Function("asinh", run: { $0.asinh() }) { asinh($0) },
        Function("acosh", run: { $0.acosh() }) { acosh($0) },
        Function("atanh", run: { $0.atanh() }) { atanh($0) },
    ]

    /// Without fused multiplication and addition these reach 3.5 units.
    private static let fused: Double = instructionSet == "baseline" ? 4 : 2

    private static let activations: [Function] = [
        Function("sigmoid", fused, run: { $0.sigmoid() }) { 1 / (1 + exp(-$0)) },
        Function("logsigmoid", run: { $0.logsigmoid() }) { min($0, 0) - log1p(exp(-Swift.abs($0))) },
        Function("softplus", run: { $0.softplus() }) { $0 > 20 ? $0 : log1p(exp($0)) },
        // NaN at minus infinity, as in PyTorch.
        Function("silu", fused, run: { $0.silu() }) { $0 == -.infinity ? .nan : $0 / (1 + exp(-$0)) },
        Function("mish", run: { $0.mish() }) {
            $0 == -.infinity ? .nan : $0 < -800 ? 0 : $0 > 40 ? $0 : $0 * tanh(log1p(exp($0)))
        },
        Function("gelu", fused, run: { $0.gelu() }) {
            $0 == -.infinity ? .nan : $0 < -50 ? 0 : $0 * (0.5 * erfc(-$0 * 0.5.squareRoot()))
        },
        Function("gelu, tanh form", fused, run: { TorchlightCore.gelu($0, approximate: .tanh) }) {
            $0 == -.infinity
                ? .nan
                : $0 < -50 ? 0 : $0 / (1 + exp(-2 * (2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)))
        },
        Function("elu", run: { $0.elu() }) { $0 > 0 ? $0 : expm1($0) },
        Function("elu, alpha 1.5", run: { $0.elu(alpha: 1.5) }) { $0 > 0 ? $0 : 1.5 * expm1($0) },
        Function("selu", run: { $0.selu() }) {
            1.0507009873554805 * ($0 > 0 ? $0 : 1.6732632423543772 * expm1($0))
        },
        Function("celu", run: { $0.celu(alpha: 1.5) }) { $0 > 0 ? $0 : 1.5 * expm1($0 / 1.5) },
        Function("softsign", run: { $0.softsign() }) { $0.isInfinite ? .nan : $0 / (Swift.abs($0) + 1) },
        Function("tanhshrink", run: { $0.tanhshrink() }) {
            // The difference loses what x has more than x^3.
            Swift.abs($0) < 0x1p-10 ? $0 * $0 * $0 * (1.0 / 3 - $0 * $0 * (2.0 / 15)) : $0 - tanh($0)
        },
        Function("hardsigmoid", run: { $0.hardsigmoid() }) { $0.isNaN ? $0 : min(max($0 + 3, 0), 6) / 6 },
        Function("hardswish", run: { $0.hardswish() }) {
            $0.isNaN || $0 == -.infinity ? .nan : $0 * (min(max($0 + 3, 0), 6) / 6)
        },
        Function("softshrink", run: { $0.softshrink(lambda: 0.5) }) {
            $0 > 0.5 ? $0 - 0.5 : $0 < -0.5 ? $0 + 0.5 : $0 * 0
        },
        Function("hardshrink", 0, run: { $0.hardshrink(lambda: 0.5) }) { Swift.abs($0) <= 0.5 ? 0 : $0 },
        Function("relu6", 0, run: { $0.relu6() }) { $0.isNaN ? $0 : min(max($0, 0), 6) },
        Function("deg2rad", run: { $0.deg2rad() }) { $0 * (Double.pi / 180) },
        Function("rad2deg", run: { $0.rad2deg() }) { $0 * (180 / Double.pi) },
        Function("logit", run: { $0.logit() }) {
            $0 > 0.25 && $0 < 0.75 ? 2 * atanh(2 * $0 - 1) : log($0) - log1p(-$0)
        },
        Function("sinc", run: { $0.sinc() }) { x in
            // Exactly reduced to a turn.
            var r = x - 2 * (x / 2).rounded(.toNearestOrEven)
            if Swift.abs(r) > 0.5 { r = (r > 0 ? 1 : -1) - r }
            return x == 0 ? 1 : sin(.pi * r) / (.pi * x)
        },
        Function("relu", 0, run: { $0.relu() }) { $0.isNaN ? $0 : max($0, 0) },
        Function("leakyRelu", run: { $0.leakyRelu(negativeSlope: 0.25) }) { $0 > 0 ? $0 : $0 * 0.25 },
    ]

    private static let special: [Function] = [
        Function("erf", 4, run: { $0.erf() }) { erf($0) },
        Function("erfc", 4, run: { $0.erfc() }) { erfc($0) },
        Function("erfinv", 4, run: { $0.erfinv() }) { inverseErf($0) },
        Function("lgamma", 4, run: { $0.lgamma() }) { $0 == -.infinity ? .infinity : lgamma($0) },
        Function("digamma", 4, run: { $0.digamma() }, digamma),
        Function("erfcx", 4, run: { $0.erfcx() }, SpecialReferences.erfcx),
        Function("ndtr", 4, run: { $0.ndtr() }, SpecialReferences.ndtr),
        Function("logNdtr", 4, run: { $0.logNdtr() }, SpecialReferences.logNdtr),
        Function("ndtri", 4, run: { $0.ndtri() }, SpecialReferences.ndtri),
        Function("entr", 4, run: { $0.entr() }, SpecialReferences.entr),
        Function("airyAi", 4, -1000...Float.infinity, run: { $0.airyAi() }) {
            $0.isInfinite ? .nan : $0 > 200 ? 0 : SpecialReferences.airyAi($0)
        },
        Function("besselJ0", 4, run: { $0.besselJ0() }) { $0.isInfinite ? .nan : j0($0) },
        Function("besselJ1", 4, run: { $0.besselJ1() }) { $0.isInfinite ? .nan : j1($0) },
        Function("besselY0", 4, run: { $0.besselY0() }) { $0 < 0 || $0.isInfinite ? .nan : y0($0) },
        Function("besselY1", 4, run: { $0.besselY1() }) { $0 < 0 || $0.isInfinite ? .nan : y1($0) },
        Function("i0", 4, run: { $0.i0() }) {
            $0.isInfinite ? .nan : Swift.abs($0) > 600 ? .infinity : SpecialReferences.i0($0)
        },
        Function("i0e", 4, run: { $0.i0e() }) { SpecialReferences.scaledI(0, $0) },
        Function("i1", 4, run: { $0.i1() }) {
            $0.isInfinite ? .nan : Swift.abs($0) > 600 ? copysign(.infinity, $0) : SpecialReferences.i1($0)
        },
        Function("i1e", 4, run: { $0.i1e() }) { SpecialReferences.scaledI(1, $0) },
        Function("modifiedBesselK0", 4, run: { $0.modifiedBesselK0() }) {
            $0 > 600 ? 0 : SpecialReferences.k(0, $0)
        },
        Function("modifiedBesselK1", 4, run: { $0.modifiedBesselK1() }) {
            $0 > 600 ? 0 : SpecialReferences.k(1, $0)
        },
        Function("trigamma", 4, Float.leastNonzeroMagnitude...1e15, run: { $0.polygamma(1) }) {
            $0 > 1e4 ? 1 / $0 + 0.5 / ($0 * $0) : SpecialReferences.trigamma($0)
        },
    ]

    /// By Newton's method on `erf`, or on `erfc` in the tail.
    @Sendable private static func inverseErf(_ y: Double) -> Double {
        if !(Swift.abs(y) < 1) { return Swift.abs(y) == 1 ? y * .infinity : .nan }
        let a = Swift.abs(y)
        if a < 1e-5 { return y * (Double.pi.squareRoot() / 2) * (1 + a * a * Double.pi / 12) }
        if a > 0.5 { return copysign(SpecialReferences.ndtri((1 - a) / 2) * -0.5.squareRoot(), y) }
        var x = a
        for _ in 0..<8 { x -= (erf(x) - a) * exp(x * x) * Double.pi.squareRoot() / 2 }
        return copysign(x, y)
    }

    /// By the recurrence up to 20, the asymptotic series there, and the reflection to the left of 0.
    @Sendable private static func digamma(_ value: Double) -> Double {
        if value == 0 { return value.sign == .minus ? .infinity : -.infinity }
        if value < 0 {
            let r = value - value.rounded()
            return r == 0 || value.isInfinite ? .nan : digamma(1 - value) - Double.pi / tan(Double.pi * r)
        }
        if value.isInfinite { return value }
        var x = value
        var sum = 0.0
        while x < 20 {
            sum -= 1 / x
            x += 1
        }
        let r = 1 / (x * x)
        return sum + log(x) - 0.5 / x - r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r * (1.0 / 240 - r / 132))))
    }
}
