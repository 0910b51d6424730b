import TestSupport
import Testing

@testable import TorchlightCore

/// The records of what makes tensors without operands. The operand of a sample says dtype and device only.
enum CreateRecords {
    private static let none = GradientOrder.none("there are no operands")

    static let all: [PrimitiveRecord] = [
        PrimitiveRecord(
            Full.self, operands: [.real(0...1)],
            samples: [[2, 3], [], [0, 3]].map { shape in
                Sample(
                    "1", shapes: [shape],
                    run: { [Tensor.full($0[0].shape, 1, dtype: $0[0].dtype, device: $0[0].device)] },
                    reference: { x in [ReferenceArray(shape: x[0].shape) { _ in 1 }] })
            }, tolerance: .exact, gradient: none),
        PrimitiveRecord(
            Arange.self, operands: [.real(0...1)],
            samples: [0, 1, 2].map { count in
                Sample(
                    "count: \(count)", shapes: [[count]],
                    run: { [Tensor.arange($0[0].count, dtype: $0[0].dtype, device: $0[0].device)] },
                    reference: { _ in [ReferenceArray(shape: [count]) { Double($0[0]) }] })
            }, tolerance: .exact, gradient: none, withoutScalar: "the result has one dimension"),
        PrimitiveRecord(
            Spaced.self, operands: [.real(0...1)],
            samples: [0, 1, 2].map { count in
                Sample(
                    "count: \(count)", shapes: [[count]],
                    run: { [Tensor.linspace(0, 1, steps: $0[0].count, dtype: $0[0].dtype, device: $0[0].device)] },
                    reference: { _ in [ReferenceArray(shape: [count]) { Double($0[0]) }] })
            }, tolerance: .exact, gradient: none, withoutScalar: "the result has one dimension"),
        PrimitiveRecord(
            ToDevice.self, operands: [.real()],
            samples: [[2, 3], [], [0, 3]].map { shape in
                Sample(
                    shapes: [shape], run: { [apply(ToDevice(device: $0[0].device, source: $0[0].device), $0[0])] },
                    reference: { [$0[0]] })
            }, tolerance: .exact),
    ]
}
