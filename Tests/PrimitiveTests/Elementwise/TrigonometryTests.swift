import Glibc
import TestSupport
import Testing
@testable import TorchlightCore

extension ElementwiseRecords {
    private static let inside = Operand.real(-0.9...0.9)

    static let trigonometric: [PrimitiveRecord] = [
        .unary(Sin.self, inPlace: { $0.sin_() }, run: { $0.sin() }, reference: { Glibc.sin($0) }),
        .unary(Cos.self, inPlace: { $0.cos_() }, run: { $0.cos() }, reference: { Glibc.cos($0) }),
        .unary(Tan.self, .real(-1...1), inPlace: { $0.tan_() }, run: { $0.tan() }, reference: { Glibc.tan($0) }),
        .unary(Asin.self, inside, inPlace: { $0.asin_() }, run: { $0.asin() }, reference: { Glibc.asin($0) }),
        .unary(Acos.self, inside, inPlace: { $0.acos_() }, run: { $0.acos() }, reference: { Glibc.acos($0) }),
        .unary(Atan.self, inPlace: { $0.atan_() }, run: { $0.atan() }, reference: { Glibc.atan($0) }),
        .binary(
            Atan2.self, .real(), .real(0.5...3), inPlace: { $0.atan2_($1) }, run: { $0.atan2($1) },
            reference: { Glibc.atan2($0, $1) }),
        .binary(
            Hypot.self, .real(0.5...3), .real(0.5...3), inPlace: { $0.hypot_($1) }, run: { $0.hypot($1) },
            reference: { Glibc.hypot($0, $1) }),
    ]

    static let hyperbolic: [PrimitiveRecord] = [
        .unary(Sinh.self, inPlace: { $0.sinh_() }, run: { $0.sinh() }, reference: { Glibc.sinh($0) }),
        .unary(Cosh.self, inPlace: { $0.cosh_() }, run: { $0.cosh() }, reference: { Glibc.cosh($0) }),
        .unary(TanhForward.self, inPlace: { $0.tanh_() }, run: { $0.tanh() }, reference: { Glibc.tanh($0) }),
        .binary(
            TanhBackward.self, .real(), inside, run: { apply(TanhBackward(), $0, $1) },
            reference: { $0 * (1 - $1 * $1) }),
        .unary(Asinh.self, inPlace: { $0.asinh_() }, run: { $0.asinh() }, reference: { Glibc.asinh($0) }),
        .unary(
            Acosh.self, .real(1.2...4), inPlace: { $0.acosh_() }, run: { $0.acosh() }, reference: { Glibc.acosh($0) }),
        .unary(Atanh.self, inside, inPlace: { $0.atanh_() }, run: { $0.atanh() }, reference: { Glibc.atanh($0) }),
    ]
}

@Suite struct TrigonometryTests {
    @Test func quadrants() {
        let y = Tensor([0.0, -0.0, 1, -1], dtype: .float64)
        let x = Tensor([-1.0, -1, 0, 0], dtype: .float64)
        expectClose(y.atan2(x), [Double.pi, -Double.pi, Double.pi / 2, -Double.pi / 2])
    }

    @Test func largeAngles() {
        let x = [1e4, -31415.9, 1e6]
        expectClose(Tensor(x, dtype: .float64).sin(), x.map { Glibc.sin($0) })
        let rounded = x.map { Double(Float($0)) }
        expectClose(Tensor(x, dtype: .float32).cos(), rounded.map { Glibc.cos($0) })
    }

    @Test func outsideTheDomain() {
        expectClose(Tensor([1.5, -1.5]).asin(), [.nan, .nan], .exact)
        expectClose(Tensor([0.5]).acosh(), [.nan], .exact)
        expectClose(Tensor([1.0, -1, 2]).atanh(), [.infinity, -.infinity, .nan], .exact)
        expectClose(hypot(Tensor([3e38]), Tensor([0.0])), [Double(Float(3e38))], .elementwise)
    }
}
