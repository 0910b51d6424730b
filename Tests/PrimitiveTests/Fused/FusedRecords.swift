import Foundation
import TestSupport
import Testing

@testable import TorchlightCore

/// The records of fused groups, by one that promotes dtypes and rounds between its steps.
enum FusedRecords {
    /// `exp(a b)`.
    private static let group = FusedGroup(
        operandCount: 2, steps: [FusedGroup.Step(Mul(), [0, 1]), FusedGroup.Step(Exp(), [2])], results: [3])

    static let all: [PrimitiveRecord] = [
        PrimitiveRecord(
            FusedGroup.self, operands: [.real(-1...1)],
            samples: [[2, 3], [], [0, 3]].map { shape in
                Sample(
                    shapes: [shape, shape], run: { Array(applyAll(group, Few($0[0], $0[1]), count: 1)) },
                    reference: { x in [ReferenceArray(shape: x[0].shape) { Foundation.exp(x[0][$0] * x[1][$0]) }] })
            }, resultTypes: { [$0.isFloatingPoint ? $0 : .float32] })
    ]
}
