import TestSupport
import Testing

@testable import TorchlightCore

/// The records of what draws random numbers. Which numbers is tested apart; the laws hold for a fixed key.
enum RandomRecords {
    private static let key = RandomKey(seed: 1, call: 2)
    private static let shapes = [[2, 3], [], [0, 3]]
    private static let floats: [DType] = [.float64, .float32, .float16, .bfloat16]
    private static let drawn = GradientOrder.none("the numbers do not depend on what was there")

    static let all: [PrimitiveRecord] = [
        fill(UniformFill.self, UniformFill(low: 0, high: 1, key: key), floats),
        fill(NormalFill.self, NormalFill(mean: 0, deviation: 1, key: key), floats),
        fill(IntegerFill.self, IntegerFill(low: 0, high: 2, key: key), DType.allCases),
        PrimitiveRecord(
            Bernoulli.self, operands: [.real(0...1)],
            samples: shapes.map { shape in
                Sample(shapes: [shape], run: { [apply(Bernoulli(key: key), $0[0], $0[0])] }, reference: nil)
            }, dtypes: floats, tolerance: .exact, gradient: drawn),
        PrimitiveRecord(
            DropoutForward.self, operands: [.real()],
            samples: shapes.map { shape in
                Sample(
                    "p: 0.5", shapes: [shape],
                    run: { Array(applyAll(DropoutForward(p: 0.5, key: key), Few($0[0]), count: 2)) }, reference: nil)
            }, dtypes: floats, resultTypes: { [$0, .uint8] }),
        PrimitiveRecord(
            DropoutGrad.self, operands: [.real(), Operand(.values([0, 1]), dtype: .uint8)],
            samples: shapes.map { shape in
                Sample(
                    "p: 0.75", shapes: [shape, shape], run: { [apply(DropoutGrad(p: 0.75), $0[0], $0[1])] },
                    reference: { [ReferenceArray.combine($0) { $0[0] * $0[1] * 4 }] })
            }, dtypes: floats),
    ]

    private static func fill<P: RandomFill>(
        _ primitive: P.Type, _ value: P, _ dtypes: [DType]
    ) -> PrimitiveRecord {
        PrimitiveRecord(
            primitive, operands: [.real()],
            samples: shapes.map { shape in Sample(shapes: [shape], run: { [apply(value, $0[0])] }, reference: nil) },
            dtypes: dtypes, tolerance: .exact, gradient: drawn,
            inPlace: { applyInPlace(value, on: $0[0], Few($0[0]), name: "\(P.name)_") })
    }
}
