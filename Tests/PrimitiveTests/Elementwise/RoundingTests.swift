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
            run: { $0.copysign($1) }, reference: { $1.sign == .minus ? -$0.magnitude : $0.magnitude }),
    ]
}

@Suite struct RoundingTests {
    @Test func halvesGoToEven() {
        #expect(Tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]).round().toArray(Double.self) == [-2, -2, -0.0, 0, 2, 2])
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
