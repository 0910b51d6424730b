import Glibc
import TestSupport
import Testing
@testable import TorchlightCore

extension ElementwiseRecords {
    private static let divisor = Operand.real(1...4)

    static let quotients: [PrimitiveRecord] = [
        .binary(
            Div.self, .real(), divisor, inPlace: { $0.div_($1) }, run: { $0 / $1 }, reference: { $0 / $1 }),
        .binary(
            FloorDivide.self, .real(0...9, avoiding: []), divisor, gradient: .first("the gradient is constant"),
            inPlace: { $0.floorDivide_($1) }, run: { $0.floorDivide($1) },
            reference: { ($0 / $1).rounded(.down) }),
        .binary(
            TruncDivide.self, .real(-9...9), divisor, gradient: .first("the gradient is constant"),
            inPlace: { $0.div_($1, rounding: .trunc) }, run: { $0.div($1, rounding: .trunc) },
            reference: { ($0 / $1).rounded(.towardZero) }),
        .binary(
            Remainder.self, .real(-9...9), divisor, inPlace: { $0.remainder_($1) }, run: { $0 % $1 },
            reference: { a, b in
                let r = fmod(a, b)
                return r != 0 && (r < 0) != (b < 0) ? r + b : r
            }),
        .binary(
            Fmod.self, .real(-9...9), divisor, inPlace: { $0.fmod_($1) }, run: { $0.fmod($1) },
            reference: { fmod($0, $1) }),
    ]
}

@Suite struct QuotientTests {
    @Test func roundsQuotients() {
        let a = Tensor([7, -7, 7, -7])
        let b = Tensor([2, 2, -2, -2])
        #expect(a.floorDivide(b).toArray(Int.self) == [3, -4, -4, 3])
        #expect(a.div(b, rounding: .trunc).toArray(Int.self) == [3, -3, -3, 3])
        #expect((a % b).toArray(Int.self) == [1, 1, -1, -1])
        #expect(a.fmod(b).toArray(Int.self) == [1, -1, 1, -1])
        #expect((a / b).dtype == .float32)
        #expect((7 % Tensor([4])).item() == 3)
    }

    @Test func dividesByZero() {
        expectClose(Tensor([1.0, -1, 0]) / 0, [.infinity, -.infinity, .nan], .exact)
        expectClose(Tensor([1.0, -1]).floorDivide(0), [.infinity, -.infinity], .exact)
        expectRefusal(by: "floorDivide", .value) { Tensor([1, 2]).floorDivide(Tensor([1, 0])) }
        expectRefusal(by: "remainder", .value) { Tensor([1, 2]) % 0 }
        expectRefusal(by: "fmod", .value) { Tensor([1, 2]).fmod(0) }
        expectRefusal(by: "truncDivide", .value) { Tensor([1, 2]).div(0, rounding: .trunc) }
        #expect(Tensor([Int]()).floorDivide(0).numel == 0)
    }

    @Test func scalarsKeepTheType() {
        #expect((Tensor([1.0], dtype: .float16) / 3).dtype == .float16)
        #expect((3 / Tensor([1.0], dtype: .float64)).dtype == .float64)
        #expect((Tensor([4]) / 2).dtype == .float32)
    }

    @Test func refusesFractionsInIntegers() {
        expectRefusal(by: "div_", .dtype) { Tensor([1, 2]).div_(2) }
    }
}
