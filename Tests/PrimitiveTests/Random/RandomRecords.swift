import TestSupport
import Testing

@testable import TorchlightCore

/// The records of what draws random numbers. Which numbers is tested apart; the laws hold for a fixed key.
enum RandomRecords {
    private static func key(for x: Tensor) -> Tensor {
        orFail { () throws(TensorError) in try RandomKey(seed: 1, call: 2).tensor(on: x.device) }
    }
    private static let shapes = [[2, 3], [], [0, 3]]
    private static let floats: [DType] = [.float64, .float32, .float16, .bfloat16]
    private static let drawn = GradientOrder.none("the numbers do not depend on what was there")

    static let all: [PrimitiveRecord] = [
        fill(floats) {
            UniformFill(low: 0, high: 1, shape: $0.layout.shape, dtype: $0.dtype)
        },
        fill(floats) {
            NormalFill(mean: 0, deviation: 1, shape: $0.layout.shape, dtype: $0.dtype)
        },
        fill(DType.real) {
            IntegerFill(low: 0, high: 2, shape: $0.layout.shape, dtype: $0.dtype)
        },
        PrimitiveRecord(
            Permutation.self, operands: [.real()],
            samples: [5, 0].map { count in
                Sample(
                    "n: \(count)", shapes: [[count]],
                    run: { [applyFirst(Permutation(count: $0[0].count), Few(key(for: $0[0])))] },
                    reference: nil)
            }, resultTypes: { _ in [.int64] }, tolerance: .exact, gradient: drawn,
            withoutScalar: "the number of elements is an attribute"),
        PrimitiveRecord(
            BernoulliDraw.self, operands: [.real(0...1)],
            samples: shapes.map { shape in
                Sample(
                    shapes: [shape],
                    run: {
                        [apply(BernoulliDraw(shape: $0[0].layout.shape, dtype: $0[0].dtype), $0[0], key(for: $0[0]))]
                    },
                    reference: nil)
            }, dtypes: floats, tolerance: .exact, gradient: drawn),
        PrimitiveRecord(
            DropoutForward.self, operands: [.real()],
            samples: shapes.map { shape in
                Sample(
                    "p: 0.5", shapes: [shape],
                    run: { Array(applyAll(DropoutForward(p: 0.5), Few($0[0], key(for: $0[0])), count: 2)) },
                    reference: nil)
            }, dtypes: floats, resultTypes: { [$0, .uint8] }),
        PrimitiveRecord(
            DropoutBackward.self, operands: [.real(), Operand(.values([0, 1]), dtype: .uint8)],
            samples: shapes.map { shape in
                Sample(
                    "p: 0.75", shapes: [shape, shape], run: { [apply(DropoutBackward(p: 0.75), $0[0], $0[1])] },
                    reference: { [ReferenceArray.combine($0) { $0[0] * $0[1] * 4 }] })
            }, dtypes: floats),
        variates(.gamma, [.real(0.5...4)]),
        variates(.logGamma, [.real(0.5...4)]),
        variates(.poisson, [.real(0...20)]),
        variates(.binomial, [.real(0...30), .real(0...1)]),
        variates(.vonMises, [.real(0...8)]),
        PrimitiveRecord(
            LogGammaDerivative.self, operands: [.real(0.5...4), .real(-2...2)],
            samples: shapes.map { shape in
                Sample(shapes: [shape, shape], run: { [apply(LogGammaDerivative(), $0[0], $0[1])] }, reference: nil)
            }, dtypes: floats, gradient: .none("second derivatives are not among the functions")),
    ]

    /// Draws by rejection, of parameters that the operands hold, without their history: finite differences at a fixed key follow the
    /// sampler and not the distribution function, by which the gradient is defined. `VariateTests` check it.
    private static func variates(
        _ distribution: RandomVariates.Distribution, _ operands: [Operand]
    ) -> PrimitiveRecord {
        PrimitiveRecord(
            RandomVariates.self, operands: operands,
            samples: shapes.map { shape in
                Sample(
                    "\(distribution)", shapes: operands.map { _ in shape },
                    run: { x in
                        var inputs = Few<Tensor>()
                        for operand in x { inputs.append(operand.detach()) }
                        inputs.append(key(for: x[0]))
                        return [applyFirst(RandomVariates(distribution: distribution), inputs)]
                    }, reference: nil)
            }, dtypes: floats, tolerance: .exact, gradient: drawn,
            operation: RandomVariates(distribution: distribution).publicName)
    }

    /// The first operand says shape, dtype and device, and is what the in-place form overwrites.
    private static func fill<P: RandomFill>(
        _ dtypes: [DType], _ make: @escaping @Sendable (Tensor) -> P
    ) -> PrimitiveRecord {
        PrimitiveRecord(
            P.self, operands: [.real()],
            samples: shapes.map { shape in
                Sample(shapes: [shape], run: { [applyFirst(make($0[0]), Few(key(for: $0[0])))] }, reference: nil)
            },
            dtypes: dtypes, tolerance: .exact, gradient: drawn,
            inPlace: { applyInPlace(make($0[0]), on: $0[0], Few(key(for: $0[0])), name: "\(P.name)_") })
    }
}
