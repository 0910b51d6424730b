import TestSupport
import Testing
@testable import TorchlightCore

extension ReduceRecords {
    static let logical: [PrimitiveRecord] = [
        .reduction(
            AnyTrue.self, Operand(.values([0, 0, 1])), resultType: { $0 == .uint8 ? .uint8 : .bool }, tolerance: .exact,
            gradient: .none("the result is bool"), run: { $0.any(dim: $1, keepdim: $2) },
            reference: { $0.contains { $0 != 0 } ? 1 : 0 }),
        .reduction(
            AllTrue.self, Operand(.values([0, 1, 1])), resultType: { $0 == .uint8 ? .uint8 : .bool }, tolerance: .exact,
            gradient: .none("the result is bool"), run: { $0.all(dim: $1, keepdim: $2) },
            reference: { $0.allSatisfy { $0 != 0 } ? 1 : 0 }),
    ]
}
