import Glibc
import TestSupport
import Testing
@testable import TorchlightCore

extension ElementwiseRecords {
    static let exponential: [PrimitiveRecord] = [
        .unary(Exp.self, inPlace: { $0.exp_() }, run: { $0.exp() }, reference: { Glibc.exp($0) }),
        .unary(Exp2.self, inPlace: { $0.exp2_() }, run: { $0.exp2() }, reference: { Glibc.exp2($0) }),
        .unary(Expm1.self, inPlace: { $0.expm1_() }, run: { $0.expm1() }, reference: { Glibc.expm1($0) }),
        .unary(Log.self, .real(0.2...9), inPlace: { $0.log_() }, run: { $0.log() }, reference: { Glibc.log($0) }),
        .unary(Log2.self, .real(0.2...9), inPlace: { $0.log2_() }, run: { $0.log2() }, reference: { Glibc.log2($0) }),
        .unary(
            Log10.self, .real(0.2...9), inPlace: { $0.log10_() }, run: { $0.log10() }, reference: { Glibc.log10($0) }),
        .unary(
            Log1p.self, .real(-0.5...9), inPlace: { $0.log1p_() }, run: { $0.log1p() }, reference: { Glibc.log1p($0) }),
    ]
}

@Suite struct ExponentialTests {
    @Test func specialPoints() {
        for dtype in [DType.float32, .float64] {
            let x = Tensor([0, .infinity, -.infinity, .nan, 1000, -1000] as [Double], dtype: dtype)
            expectClose(x.exp(), [1, .infinity, 0, .nan, .infinity, 0], .exact, "exp \(dtype)")
            expectClose(x.expm1(), [0, .infinity, -1, .nan, .infinity, -1], .exact, "expm1 \(dtype)")
            let y = Tensor([0, .infinity, -1, .nan, 1] as [Double], dtype: dtype)
            expectClose(y.log(), [-.infinity, .infinity, .nan, .nan, 0], .exact, "log \(dtype)")
            expectClose(
                y.log1p(), [0, .infinity, -.infinity, .nan, 0.693147180559945309], .elementwise, "log1p \(dtype)")
        }
    }

    @Test func keepsPrecisionNearZero() {
        let x = Tensor([1e-6, -1e-6], dtype: .float64)
        expectClose(
            x.expm1(), [Glibc.expm1(1e-6), Glibc.expm1(-1e-6)], Tolerance(units: 4, scale: 0, reason: "relative"))
        expectClose(
            x.log1p(), [Glibc.log1p(1e-6), Glibc.log1p(-1e-6)], Tolerance(units: 4, scale: 0, reason: "relative"))
    }
}
