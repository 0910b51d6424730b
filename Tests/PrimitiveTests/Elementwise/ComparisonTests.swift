import TestSupport
import Testing
@testable import TorchlightCore

extension ElementwiseRecords {
    static let comparison: [PrimitiveRecord] = [
        compare(Eq.self, { $0 .== $1 }, { $0 == $1 }, { $0.eq_($1) }),
        compare(Ne.self, { $0 .!= $1 }, { $0 != $1 }, { $0.ne_($1) }),
        compare(Lt.self, { $0 < $1 }, { $0 < $1 }, { $0.lt_($1) }),
        compare(Le.self, { $0 <= $1 }, { $0 <= $1 }, { $0.le_($1) }),
        compare(Gt.self, { $0 > $1 }, { $0 > $1 }, { $0.gt_($1) }),
        compare(Ge.self, { $0 >= $1 }, { $0 >= $1 }, { $0.ge_($1) }),
    ]

    private static func compare<P: BinaryPrimitive>(
        _ primitive: P.Type, _ run: @escaping @Sendable (Tensor, Tensor) -> Tensor,
        _ reference: @escaping @Sendable (Double, Double) -> Bool,
        _ inPlace: @escaping @Sendable (Tensor, Tensor) -> Tensor
    ) -> PrimitiveRecord {
        // Few values, so that equal ones occur.
        let operand = Operand(.values([0, 1, 2]))
        return .binary(
            primitive, operand, operand, tolerance: .exact, gradient: .none("constant almost everywhere"),
            inPlace: inPlace, run: run, reference: { reference($0, $1) ? 1 : 0 })
    }
}

@Suite struct ComparisonTests {
    @Test func numbersOnEitherSide() {
        let x = Tensor([1, 2, 3])
        #expect((2 .== x).toArray(Bool.self) == [false, true, false])
        #expect((2 .!= x).toArray(Bool.self) == [true, false, true])
        #expect(x.ge(2).toArray(Bool.self) == (2 <= x).toArray(Bool.self))
        #expect(Tensor([0.5, 2.5]).gt_(1).toArray(Float.self) == [0, 1])
    }
}
