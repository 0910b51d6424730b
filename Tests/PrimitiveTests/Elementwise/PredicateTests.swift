import TestSupport
import Testing
@testable import TorchlightCore

extension ElementwiseRecords {
    static let predicates: [PrimitiveRecord] = [
        predicate(IsNaN.self, { $0.isnan() }, \.isNaN), predicate(IsInf.self, { $0.isinf() }, \.isInfinite),
        predicate(IsFinite.self, { $0.isfinite() }, \.isFinite),
        predicate(LogicalNot.self, { $0.logicalNot() }, { $0 == 0 }),
        predicate(SignBit.self, { $0.signbit() }, { $0.sign == .minus }),
    ]

    private static func predicate<P: UnaryPrimitive>(
        _ primitive: P.Type, _ run: @escaping @Sendable (Tensor) -> Tensor,
        _ reference: @escaping @Sendable (Double) -> Bool
    ) -> PrimitiveRecord {
        .unary(
            primitive, Operand(.values([0, 1, -0.0, .nan, .infinity, -.infinity, -2])), tolerance: .exact,
            gradient: .none("constant almost everywhere"), run: run, reference: { reference($0) ? 1 : 0 })
    }
}
