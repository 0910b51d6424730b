import TestSupport
import Testing
@testable import TorchlightCore

extension ElementwiseRecords {
    private static let betweenSteps = Operand.real(
        -3...3, avoiding: [-3, -2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3])
    private static let flat = GradientOrder.first("the gradient is constant")

    static let rounding: [PrimitiveRecord] = [
        .unary(
            Floor.self, betweenSteps, tolerance: .exact, gradient: flat, inPlace: { $0.floor_() },
            run: { $0.floor() }, reference: { $0.rounded(.down) }),
        .unary(
            Ceil.self, betweenSteps, tolerance: .exact, gradient: flat, inPlace: { $0.ceil_() }, run: { $0.ceil() },
            reference: { $0.rounded(.up) }),
        .unary(
            Round.self, betweenSteps, tolerance: .exact, gradient: flat, inPlace: { $0.round_() },
            run: { $0.round() }, reference: { $0.rounded(.toNearestOrEven) }),
        .unary(
            RoundDecimals.self, Operand.real(-3...3, avoiding: Array(stride(from: -2.75, through: 2.75, by: 0.5))),
            dtypes: [.float64, .float32, .float16, .bfloat16], gradient: flat, operation: "round",
            inPlace: { $0.round_(decimals: -1) }, run: { $0.round(decimals: -1) },
            reference: { ($0 / 10).rounded(.toNearestOrEven) * 10 }),
        .unary(
            Trunc.self, betweenSteps, tolerance: .exact, gradient: flat, inPlace: { $0.trunc_() },
            run: { $0.trunc() }, reference: { $0.rounded(.towardZero) }),
        .unary(
            Frac.self, betweenSteps, inPlace: { $0.frac_() }, run: { $0.frac() },
            reference: { $0 - $0.rounded(.towardZero) }),
    ]

    static let magnitude: [PrimitiveRecord] = [
        .unary(Abs.self, betweenSteps, inPlace: { $0.abs_() }, run: { $0.abs() }, reference: { $0.magnitude }),
        .unary(
            Sign.self, betweenSteps, gradient: flat, inPlace: { $0.sign_() }, run: { $0.sign() },
            reference: { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }),
        .binary(
            Copysign.self, betweenSteps, .real(0.5...2), gradient: .first("the gradient is constant"),
            inPlace: { $0.copysign_($1) }, run: { $0.copysign($1) },
            reference: { $1.sign == .minus ? -$0.magnitude : $0.magnitude }),
    ]
}

@Suite struct RoundingTests {
    @Test func halvesGoToEven() {
        #expect(Tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]).round().toArray(Double.self) == [-2, -2, -0.0, 0, 2, 2])
    }

    @Test func roundsToDecimals() {
        let x = Tensor([3.14159, -2.71828, 1250, .nan] as [Double], dtype: .float64)
        expectClose(x.round(decimals: 2), [3.14, -2.72, 1250, .nan])
        expectClose(x.round(decimals: -2), [0, -0.0, 1200, .nan], .exact)
        expectClose(x.round(decimals: 0), [3, -3, 1250, .nan], .exact)
        #expect(Tensor([7]).round(decimals: 0).toArray(Int.self) == [7])
        expectRefusal(by: "round", .dtype) { Tensor([7]).round(decimals: 1) }
        expectRefusal(by: "round", .dtype) { Tensor([7]).round_(decimals: -1) }
    }

    @Test func keepsLargeAndSpecialNumbers() {
        let x = Tensor([1e30, -1e30, .infinity, .nan, -0.0] as [Double], dtype: .float64)
        for result in [x.floor(), x.ceil(), x.round(), x.trunc()] {
            expectClose(result, [1e30, -1e30, .infinity, .nan, -0.0], .exact)
            #expect(result.signbit().toArray(Bool.self)[4])
        }
        #expect(Tensor([-3.7, 3.7]).frac().toArray(Float.self).map { ($0 * 10).rounded() } == [-7, 7])
    }

    @Test func signs() {
        let x = Tensor([-2.0, -0.0, 0, 3, .nan])
        expectClose(x.sign(), [-1, 0, 0, 1, 0], .exact)
        expectClose(Tensor([1.0, -1, 0]).copysign(Tensor([-0.0, 0.0, -1])), [-1, 1, -0.0], .exact)
        #expect(Tensor([Int8.min]).abs().toArray(Int8.self) == [Int8.min])
    }
}
