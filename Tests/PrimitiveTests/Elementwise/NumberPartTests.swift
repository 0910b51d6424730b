import Glibc
import TestSupport
import Testing
@testable import TorchlightCore

extension ElementwiseRecords {
    private static let floatingPoint: [DType] = [.float64, .float32, .float16, .bfloat16]

    static let numberParts: [PrimitiveRecord] = [
        .binary(
            Ldexp.self, .real(), .real(-3...3), inPlace: { $0.ldexp_($1) }, run: { $0.ldexp($1) },
            reference: { $0 * Glibc.exp2($1) }),
        .unary(
            FrexpMantissa.self, .real(1.05...1.95), dtypes: floatingPoint, tolerance: .exact,
            gradient: .first("constant between powers of two"), run: { $0.frexp().mantissa },
            reference: { $0 == 0 ? 0 : $0.significand / 2 }),
        .unary(
            FrexpExponent.self, dtypes: floatingPoint, resultType: { _ in .int32 }, tolerance: .exact,
            gradient: .none("integers"), operation: "frexp", run: { $0.frexp().exponent },
            reference: { $0 == 0 ? 0 : Double($0.exponent + 1) }),
        .unary(
            Angle.self, .real(avoiding: [0]), gradient: .first("the gradient is 0"), run: { $0.angle() },
            reference: { $0 < 0 ? Double.pi : 0 }),
        .binary(
            NextAfter.self, dtypes: floatingPoint, tolerance: Tolerance(units: 1, reason: "one step"),
            gradient: .first("the gradient is constant"), inPlace: { $0.nextafter_($1) }, run: { $0.nextafter($1) },
            reference: { a, _ in a }),
    ]

    // Small enough for the multiples to fit into int8.
    private static let small = Operand(.integers(0...11))

    static let divisors: [PrimitiveRecord] = [
        .binary(
            Gcd.self, small, small, tolerance: .exact, gradient: .none("there is none on integers"),
            inPlace: { $0.gcd_($1) }, run: { $0.gcd($1) }, reference: { divisor($0, $1) }),
        .binary(
            Lcm.self, small, small, tolerance: .exact, gradient: .none("there is none on integers"),
            inPlace: { $0.lcm_($1) }, run: { $0.lcm($1) },
            reference: { $0 == 0 || $1 == 0 ? 0 : $0 * $1 / divisor($0, $1) }),
    ]

    @Sendable private static func divisor(_ a: Double, _ b: Double) -> Double { b == 0 ? a : divisor(b, fmod(a, b)) }
}

@Suite struct NumberPartTests {
    @Test func neighboursOfEveryDType() {
        let ends: [Double] = [1, -1, 0, -0.0, 2, .infinity, .nan, 3]
        let targets: [Double] = [2, 2, -1, 1, 1, 0, 1, 3]
        let x = Tensor(ends, dtype: .float64).nextafter(Tensor(targets, dtype: .float64))
        expectClose(
            x,
            [
                1.nextUp, (-1.0).nextUp, -.leastNonzeroMagnitude, .leastNonzeroMagnitude, 2.nextDown,
                .greatestFiniteMagnitude, .nan, 3,
            ], .exact)
        let single = Tensor(ends, dtype: .float32).nextafter(Tensor(targets, dtype: .float32)).toArray(Float.self)
        #expect(single[0] == Float(1).nextUp && single[4] == Float(2).nextDown)
        #expect(single[2] == -Float.leastNonzeroMagnitude && single[5] == Float.greatestFiniteMagnitude)
    }

    @Test func neighboursOfHalfTypes() {
        let a: [Double] = [1, -1, 0, 0x1p-14, 65504, .infinity]
        let b: [Double] = [2, 2, -1, 0, .infinity, 0]
        let half = Tensor(a, dtype: .float16).nextafter(Tensor(b, dtype: .float16))
        expectClose(
            half, [1 + 0x1p-10, -1 + 0x1p-11, -0x1p-24, 0x1p-14 - 0x1p-24, .infinity, 65504], .exact)
        let brain = Tensor(a, dtype: .bfloat16).nextafter(Tensor(b, dtype: .bfloat16)).toArray(Double.self)
        #expect(brain[0] == 1 + 0x1p-7 && brain[1] == -1 + 0x1p-8 && brain[2] == -0x1p-133)
        expectRefusal(by: "nextafter", .dtype) { Tensor([1]).nextafter(Tensor([2])) }
    }

    @Test func takesNumbersApart() {
        let x = Tensor([0, -0.0, 3, -0.1, .infinity, .nan, 0x1.8p-1030] as [Double], dtype: .float64)
        let (mantissa, exponent) = x.frexp()
        expectClose(mantissa, [0, -0.0, 0.75, -0.8, .infinity, .nan, 0x1.8p-1030.significand / 2], .exact)
        #expect(exponent.toArray(Int.self) == [0, 0, 2, -3, 0, 0, Int(0x1.8p-1030.exponent) + 1])
        let whole = Tensor([3.0, -0.1])
        expectClose(whole.frexp().mantissa.ldexp(whole.frexp().exponent), [3, Double(Float(-0.1))], .exact)
        expectRefusal(by: "frexp", .dtype) { Tensor([3]).frexp().mantissa }
        let leaf = Tensor([3.0, 0.1], requiresGrad: true)
        leaf.frexp().mantissa.sum().backward()
        #expect(leaf.grad!.toArray(Double.self) == [0.25, 8])
    }

    @Test func typesOfPowersOfTwo() {
        #expect(Tensor([3]).ldexp(Tensor([2])).dtype == .float32)
        #expect(Tensor([3.0], dtype: .float16).ldexp(Tensor([2])).dtype == .float16)
        expectClose(Tensor([0x1p-10], dtype: .float16).ldexp(Tensor([20])), [1024], .exact)
    }

    @Test func realNumbersAsComplexOnes() {
        let x = Tensor([-2.0, 0, .nan])
        expectClose(x.angle(), [Double.pi, 0, .nan])
        #expect(x.real === x && x.conj() === x && x.conjPhysical_() === x)
        #expect(x.isreal().toArray(Bool.self) == [true, true, true])
    }

    @Test func divisorsOfNegativeNumbers() {
        #expect(Tensor([-12, 0, 7]).gcd(Tensor([18, 0, 0])).toArray(Int.self) == [6, 0, 7])
        #expect(Tensor([-4, 0, 7]).lcm(Tensor([6, 0, 0])).toArray(Int.self) == [12, 0, 0])
        expectRefusal(by: "gcd", .dtype) { Tensor([true]).gcd(Tensor([true])) }
        expectRefusal(by: "lcm", .dtype) { Tensor([2.0]).lcm(Tensor([3])) }
    }
}
