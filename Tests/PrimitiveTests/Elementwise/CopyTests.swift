import TestSupport
import Testing
@testable import TorchlightCore

extension ElementwiseRecords {
    static let copies: [PrimitiveRecord] = DType.real.map(cast) + [fill]

    private static func cast(to target: DType) -> PrimitiveRecord {
        PrimitiveRecord(
            Cast.self, operands: [.real(0...3)],
            samples: [[2, 3], [], [0, 3]].map { shape in
                Sample(
                    "to \(target)", shapes: [shape], run: { [apply(Cast(dtype: target), $0[0])] },
                    reference: {
                        [
                            $0[0].map {
                                target == .bool ? ($0 == 0 ? 0 : 1) : target.isInteger ? $0.rounded(.towardZero) : $0
                            }
                        ]
                    })
            },
            resultTypes: { _ in [target] }, tolerance: Tolerance(units: 1, reason: "one rounding"),
            gradient: target.isFloatingPoint ? .second : .none("integers and bool are constant between steps"))
    }

    private static let fill = PrimitiveRecord(
        FillWith.self, operands: [.real()],
        samples: [[2, 3], [], [0, 3]].map { shape in
            Sample(
                "value: 1", shapes: [shape], run: { [apply(FillWith(value: .int(1)), $0[0])] },
                reference: { [$0[0].map { _ in 1 }] })
        }, tolerance: .exact, gradient: .first("the gradient is 0"),
        inPlace: { $0[0].fill_(1) })
}
