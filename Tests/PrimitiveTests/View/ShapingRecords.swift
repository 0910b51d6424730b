import TestSupport
@testable import TorchlightCore

/// The records of padding, flipping, triangles, diagonals and windows.
enum ShapingRecords {
    static let all: [PrimitiveRecord] = [
        PrimitiveRecord(
            ConstantPad.self, operands: [.real(0...3)],
            samples: [
                ([2, 3], [1, 2]), ([2, 3], [1, 0, 0, 2]), ([2, 4], [-1, 2, 1, 1]), ([], []), ([0, 2], [1, 1, 1, 0]),
            ].map {
                shape, widths in
                Sample(
                    "widths: \(widths)", shapes: [shape], run: { [$0[0].pad(widths, value: 2)] },
                    reference: { x in
                        let rank = shape.count
                        var before = [Int](repeating: 0, count: rank)
                        var target = shape
                        for pair in 0..<(widths.count / 2) {
                            before[rank - 1 - pair] = widths[2 * pair]
                            target[rank - 1 - pair] += widths[2 * pair] + widths[2 * pair + 1]
                        }
                        return [
                            ReferenceArray(shape: target) { at in
                                let source = zip(at, before).map { $0 - $1 }
                                return zip(source, shape).allSatisfy { $0 >= 0 && $0 < $1 } ? x[0][source] : 2
                            }
                        ]
                    })
            }, resultTypes: { [$0] }, tolerance: .exact),
        PrimitiveRecord(
            Flip.self, operands: [.real(0...3)],
            samples: [([2, 3], [1]), ([2, 3], [0, 1]), ([], []), ([0, 2], [0]), ([3], [0])].map { shape, dims in
                Sample(
                    "dims: \(dims)", shapes: [shape], run: { [$0[0].flip(dims)] },
                    reference: { x in
                        [
                            ReferenceArray(shape: shape) { at in
                                x[0][at.enumerated().map { dims.contains($0) ? shape[$0] - 1 - $1 : $1 }]
                            }
                        ]
                    })
            }, tolerance: .exact),
        PrimitiveRecord(
            Triangle.self, operands: [.real(0...3)],
            samples: [
                ([3, 4], 0, true), ([3, 2], -1, false), ([2, 2, 3], 1, true), ([2, 3], 2, false), ([0, 3], 0, true),
            ].map {
                shape, diagonal, upper in
                Sample(
                    "diagonal: \(diagonal), upper: \(upper)", shapes: [shape],
                    run: { [upper ? $0[0].triu(diagonal) : $0[0].tril(diagonal)] },
                    reference: { x in
                        [
                            ReferenceArray(shape: shape) { at in
                                let distance = at[at.count - 1] - at[at.count - 2] - diagonal
                                return (upper ? distance >= 0 : distance <= 0) ? x[0][at] : 0
                            }
                        ]
                    })
            }, tolerance: .exact, inPlace: { $0[0].triu_() }, withoutScalar: "a matrix has two dimensions"),
        PrimitiveRecord(
            Diagonal.self, operands: [.real(0...3)],
            samples: [([3, 3], 0), ([3, 4], 1), ([4, 2], -2), ([2, 2], 5), ([0, 2], 0)].map { shape, offset in
                Sample(
                    "offset: \(offset)", shapes: [shape], run: { [$0[0].diagonal(offset: offset)] },
                    reference: { x in
                        let (down, right) = (max(-offset, 0), max(offset, 0))
                        let length = max(0, min(shape[0] - down, shape[1] - right))
                        return [ReferenceArray(shape: [length]) { x[0][[down + $0[0], right + $0[0]]] }]
                    })
            } + [
                Sample(
                    "of the outer dimensions", shapes: [[2, 3, 2]], run: { [$0[0].diagonal(dim1: 2, dim2: 0)] },
                    reference: { x in [ReferenceArray(shape: [3, 2]) { x[0][[$0[1], $0[0], $0[1]]] }] })
            ], tolerance: .exact, withoutScalar: "a diagonal has two dimensions"),
        PrimitiveRecord(
            DiagonalBackward.self, operands: [.real(0...3)],
            samples: [([3], 0), ([2], 1), ([2, 2], -1), ([0], 0)].map { shape, offset in
                Sample(
                    "offset: \(offset)", shapes: [shape], run: { [$0[0].diagEmbed(offset: offset)] },
                    reference: { x in
                        let size = shape.last! + abs(offset)
                        return [
                            ReferenceArray(shape: shape.dropLast() + [size, size]) { at in
                                let (row, column) = (at[at.count - 2], at[at.count - 1])
                                return column - row == offset ? x[0][at.dropLast(2) + [min(row, column)]] : 0
                            }
                        ]
                    })
            }, tolerance: .exact, withoutScalar: "a diagonal is a vector"),
        PrimitiveRecord(
            Unfold.self, operands: [.real(0...3)],
            samples: [([5], 0, 3, 1), ([2, 4], 1, 2, 2), ([4, 2], 0, 3, 1), ([0, 3], 1, 2, 1)].map {
                shape, dim, size, step in
                Sample(
                    "dim: \(dim), size: \(size), step: \(step)", shapes: [shape],
                    run: { [$0[0].unfold(dim, size: size, step: step)] },
                    reference: { x in
                        var target = shape
                        target[dim] = (shape[dim] - size) / step + 1
                        return [
                            ReferenceArray(shape: target + [size]) { at in
                                var source = Array(at.dropLast())
                                source[dim] = source[dim] * step + at.last!
                                return x[0][source]
                            }
                        ]
                    })
            }, tolerance: .exact, withoutScalar: "windows have a dimension"),
        PrimitiveRecord(
            UnfoldBackward.self, operands: [.real(0...1)],
            samples: [
                Sample(
                    "overlapping", shapes: [[3, 3]],
                    run: { [apply(UnfoldBackward(unfold: Unfold(dim: 0, size: 3, step: 1), shape: [5]), $0[0])] },
                    reference: { x in
                        var sum = ReferenceArray(shape: [5]) { _ in 0 }
                        for at in ReferenceArray.indices(of: [3, 3]) { sum.values[at[0] + at[1]] += x[0][at] }
                        return [sum]
                    })
            ], dtypes: DType.real.filter { $0 != .bool } + [.bool], withoutEmpty: "the shape is an attribute",
            withoutScalar: "windows have a dimension"),
    ]
}
