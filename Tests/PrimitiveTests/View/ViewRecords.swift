import TestSupport
import Testing
@testable import TorchlightCore

/// The records of the views, and of the gradients that belong to them.
enum ViewRecords {
    static let all: [PrimitiveRecord] = [
        view(Permute.self, Permute(order: [2, 0, 1]), [2, 3, 2]) { $0.permuted([2, 0, 1]) },
        view(Expand.self, Expand(shape: [2, 3, 2]), [3, 1]) { $0.broadcast(to: [2, 3, 2]) },
        view(Slice.self, Slice(dim: 1, start: 1, count: 2, step: 2), [2, 4]) { x in
            ReferenceArray(shape: [2, 2]) { x[[$0[0], 1 + 2 * $0[1]]] }
        },
        view(Select.self, Select(dim: 0, index: 1), [3, 2]) { x in ReferenceArray(shape: [2]) { x[[1, $0[0]]] } },
        view(Squeeze.self, Squeeze(dims: [1]), [2, 1, 3]) { $0.reshaped([2, 3]) },
        view(Unsqueeze.self, Unsqueeze(dim: 1), [2, 3]) { $0.reshaped([2, 1, 3]) },
        PrimitiveRecord(
            View.self, operands: [.real(0...3)],
            samples: [([2, 6], [3, 4]), ([], [1, 1]), ([0, 3], [0])].map { from, to in
                Sample(
                    "shape: \(to)", shapes: [from], run: { [apply(View(shape: Dims(to)), $0[0].contiguous())] },
                    reference: { [$0[0].reshaped(to)] })
            }, tolerance: .exact),
        PrimitiveRecord(
            AsStrided.self, operands: [.real(0...3)],
            samples: [
                Sample(
                    "overlapping windows", shapes: [[5]],
                    run: { [$0[0].clone().asStrided([3, 3], stride: [1, 1], offset: 0)] },
                    reference: { x in [ReferenceArray(shape: [3, 3]) { x[0].values[$0[0] + $0[1]] }] })
            ], tolerance: .exact, withoutEmpty: "the layout is given with the call",
            withoutScalar: "the layout is given with the call"),
        PrimitiveRecord(
            AsStridedBackward.self, operands: [.real(0...2)],
            samples: [
                Sample(
                    "overlapping windows", shapes: [[3, 3]],
                    run: { [apply(AsStridedBackward(source: windows, target: row, shared: row), $0[0])] },
                    reference: { x in
                        var sum = ReferenceArray(shape: [5]) { _ in 0 }
                        for index in ReferenceArray.indices(of: [3, 3]) {
                            sum.values[index[0] + index[1]] += x[0][index]
                        }
                        return [sum]
                    })
            ], dtypes: DType.real.filter(\.isFloatingPoint) + [.int64, .int32, .int16, .int8, .uint8, .bool],
            withoutEmpty: "the layout is given with the call", withoutScalar: "the layout is given with the call"),
        PrimitiveRecord(
            SliceBackward.self, operands: [.real(0...3)],
            samples: [
                Sample(
                    "start: 1, step: 2", shapes: [[2, 2]],
                    run: { [apply(SliceBackward(slice: everyOther, shape: [2, 4]), $0[0])] },
                    reference: { x in
                        [ReferenceArray(shape: [2, 4]) { $0[1] % 2 == 1 ? x[0][[$0[0], $0[1] / 2]] : 0 }]
                    })
            ], tolerance: .exact, withoutEmpty: "covered by indexing", withoutScalar: "a slice has a dimension"),
        PrimitiveRecord(
            ScatterView.self, operands: [.real(0...3), .real(0...3)],
            samples: [
                Sample(
                    "second row", shapes: [[3, 2], [2]],
                    run: { [apply(ScatterView(view: secondRow, base: matrix), $0[0], $0[1])] },
                    reference: { x in [ReferenceArray(shape: [3, 2]) { $0[0] == 1 ? x[1][[$0[1]]] : x[0][$0] }] })
            ], tolerance: .exact, withoutEmpty: "recorded by writes through views only",
            withoutScalar: "recorded by writes through views only"),
    ]

    private static let row = Layout(shape: [5])
    private static let matrix = Layout(shape: [3, 2])
    private static let windows = Layout(shape: [3, 3], strides: [1, 1], offset: 0)
    private static let everyOther = Slice(dim: 1, start: 1, count: 2, step: 2)
    private static let secondRow = Layout(shape: [2], strides: [1], offset: 2)

    /// A view with fixed attributes, which make sense for one shape only.
    private static func view<P: ViewPrimitive>(
        _ primitive: P.Type, _ value: P, _ shape: [Int],
        _ reference: @escaping @Sendable (ReferenceArray) -> ReferenceArray
    ) -> PrimitiveRecord {
        PrimitiveRecord(
            primitive, operands: [.real(0...3)],
            samples: [Sample(shapes: [shape], run: { [applyView(value, $0[0])] }, reference: { [reference($0[0])] })],
            tolerance: .exact, withoutEmpty: "the attributes fit one shape",
            withoutScalar: "the attributes fit one shape")
    }
}
