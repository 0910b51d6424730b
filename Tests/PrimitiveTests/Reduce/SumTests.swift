import TestSupport
import Testing
@testable import TorchlightCore

extension ReduceRecords {
    static let sums: [PrimitiveRecord] = [
        .reduction(
            Sum.self, resultType: { $0.isFloatingPoint ? $0 : .int64 },
            run: { $0.sum(dim: $1, keepdim: $2) }, reference: { $0.reduce(0, +) })
    ]
}
