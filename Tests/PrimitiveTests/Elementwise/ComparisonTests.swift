import TestSupport
import Testing
@testable import TorchlightCore

extension ElementwiseRecords {
    static let comparison: [PrimitiveRecord] = [
        compare(Eq.self, { $0 .== $1 }, { $0 == $1 }), compare(Ne.self, { $0 .!= $1 }, { $0 != $1 }),
        compare(Lt.self, { $0 < $1 }, { $0 < $1 }), compare(Le.self, { $0 <= $1 }, { $0 <= $1 }),
        compare(Gt.self, { $0 > $1 }, { $0 > $1 }), compare(Ge.self, { $0 >= $1 }, { $0 >= $1 }),
    ]

    private static func compare<P: BinaryPrimitive>(
        _ primitive: P.Type, _ run: @escaping @Sendable (Tensor, Tensor) -> Tensor,
        _ reference: @escaping @Sendable (Double, Double) -> Bool
    ) -> PrimitiveRecord {
        // Few values, so that equal ones occur.
        let operand = Operand(.values([0, 1, 2]))
        return .binary(
            primitive, operand, operand, tolerance: .exact, gradient: .none("constant almost everywhere"), run: run,
            reference: { reference($0, $1) ? 1 : 0 })
    }
}
