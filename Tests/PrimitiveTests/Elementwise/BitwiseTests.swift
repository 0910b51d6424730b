import TestSupport
import Testing
@testable import TorchlightCore

extension ElementwiseRecords {
    private static let bits = Operand(.integers(0...100))
    private static let none = GradientOrder.none("there is none on integers")

    static let bitwise: [PrimitiveRecord] = [
        bitwise(BitwiseAnd.self, { $0 & $1 }, { $0 & $1 }, { $0.bitwiseAnd_($1) }),
        bitwise(BitwiseOr.self, { $0 | $1 }, { $0 | $1 }, { $0.bitwiseOr_($1) }),
        bitwise(BitwiseXor.self, { $0 ^ $1 }, { $0 ^ $1 }, { $0.bitwiseXor_($1) }),
        .binary(
            ShiftLeft.self, Operand(.integers(0...7)), Operand(.integers(0...4)), tolerance: .exact, gradient: none,
            inPlace: { $0.bitwiseLeftShift_($1) }, run: { $0 << $1 }, reference: { Double(Int($0) << Int($1)) }),
        .binary(
            ShiftRight.self, bits, Operand(.integers(0...4)), tolerance: .exact, gradient: none,
            inPlace: { $0.bitwiseRightShift_($1) }, run: { $0 >> $1 },
            reference: { Double(Int($0) >> Int($1)) }),
        PrimitiveRecord(
            BitwiseNot.self, operands: [Operand(.integers(0...100))],
            samples: [[2, 3], [], [0]].map { shape in
                Sample(shapes: [shape], run: { [~$0[0]] }, reference: nil)
            }, dtypes: UnaryDomain.integral.dtypes, tolerance: .exact, gradient: none,
            inPlace: { $0[0].bitwiseNot_() }),
    ]

    private static func bitwise<P: BinaryPrimitive>(
        _ primitive: P.Type, _ run: @escaping @Sendable (Tensor, Tensor) -> Tensor,
        _ reference: @escaping @Sendable (Int, Int) -> Int, _ inPlace: @escaping @Sendable (Tensor, Tensor) -> Tensor
    ) -> PrimitiveRecord {
        .binary(
            primitive, bits, bits, tolerance: .exact, gradient: none, inPlace: inPlace, run: run,
            reference: { Double(reference(Int($0), Int($1))) })
    }

    static let logical: [PrimitiveRecord] = [
        logical(LogicalAnd.self, { $0.logicalAnd($1) }, { $0 && $1 }, { $0.logicalAnd_($1) }),
        logical(LogicalOr.self, { $0.logicalOr($1) }, { $0 || $1 }, { $0.logicalOr_($1) }),
        logical(LogicalXor.self, { $0.logicalXor($1) }, { $0 != $1 }, { $0.logicalXor_($1) }),
    ]

    private static func logical<P: BinaryPrimitive>(
        _ primitive: P.Type, _ run: @escaping @Sendable (Tensor, Tensor) -> Tensor,
        _ reference: @escaping @Sendable (Bool, Bool) -> Bool,
        _ inPlace: @escaping @Sendable (Tensor, Tensor) -> Tensor
    ) -> PrimitiveRecord {
        let operand = Operand(.values([0, 0, 1, 2]))
        return .binary(
            primitive, operand, operand, tolerance: .exact, gradient: .none("the result is bool"),
            inPlace: inPlace, run: run,
            reference: { reference($0 != 0, $1 != 0) ? 1 : 0 })
    }
}

@Suite struct BitwiseTests {
    @Test func negativeNumbers() {
        #expect((~Tensor([0, -1, 5])).toArray(Int.self) == [-1, 0, -6])
        #expect((Tensor([-8]) >> 1).toArray(Int.self) == [-4])
        #expect((Tensor([-8, 7]) & 12).toArray(Int.self) == [8, 4])
        #expect((~Tensor([UInt8(1)])).toArray(UInt8.self) == [254])
    }

    @Test func numbersOnEitherSide() {
        let x = Tensor([1, 2], dtype: .int8)
        #expect((3 << x).toArray(Int.self) == [6, 12] && (3 << x).dtype == .int8)
        #expect((-8 >> x).toArray(Int.self) == [-4, -2])
        #expect(x.bitwiseOr_(4).toArray(Int.self) == [5, 6])
        expectRefusal(by: "bitwiseLeftShift", .dtype) { Tensor([1.5]) << 2 }
    }

    @Test func boolsAreLogical() {
        let a = Tensor([true, true, false, false])
        let b = Tensor([true, false, true, false])
        #expect((a & b).toArray(Bool.self) == [true, false, false, false])
        #expect((a | b).toArray(Bool.self) == [true, true, true, false])
        #expect((a ^ b).toArray(Bool.self) == [false, true, true, false])
        #expect((~a).toArray(Bool.self) == [false, false, true, true])
        #expect((a & b).dtype == .bool && (~a).dtype == .bool)
    }
}
