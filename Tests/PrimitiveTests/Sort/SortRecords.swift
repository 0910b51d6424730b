import TestSupport
@testable import TorchlightCore

/// The records of sorting and selection.
enum SortRecords {
    private static let lines: [([Int], Int)] = [
        ([2, 4], 1), ([4, 3], 0), ([2, 3, 2], 1), ([], 0), ([0, 3], 1), ([3, 0], 1), ([2, 67], 1),
    ]

    static let all: [PrimitiveRecord] = [
        PrimitiveRecord(
            Sort.self, operands: [.real()],
            samples: lines.flatMap { shape, dim in
                [true, false].map { descending in
                    Sample(
                        "dim: \(dim), descending: \(descending)", shapes: [shape],
                        run: {
                            let sorted = $0[0].sort(dim: dim, descending: descending)
                            return [sorted.values, sorted.indices]
                        },
                        reference: { x in
                            [
                                x[0].mapLines(along: dim) { line in order(line, descending).map { line[$0] } },
                                x[0].mapLines(along: dim) { order($0, descending).map(Double.init) },
                            ]
                        })
                }
            }, resultTypes: { [$0, .int64] }, tolerance: .exact),
        PrimitiveRecord(
            TopK.self, operands: [.real()],
            samples: lines.flatMap { shape, dim in
                [true, false].map { largest in
                    let k = shape.isEmpty ? 1 : min(shape[dim], 2)
                    return Sample(
                        "k: \(k), dim: \(dim), largest: \(largest)", shapes: [shape],
                        run: {
                            let top = $0[0].topk(k, dim: dim, largest: largest)
                            return [top.values, top.indices]
                        },
                        reference: { x in
                            [
                                x[0].mapLines(along: dim) { line in order(line, largest).prefix(k).map { line[$0] } },
                                x[0].mapLines(along: dim) { order($0, largest).prefix(k).map(Double.init) },
                            ]
                        })
                }
            }, resultTypes: { [$0, .int64] }, tolerance: .exact),
        PrimitiveRecord(
            SearchSorted.self, operands: [.real(), .real()],
            samples: [
                ([5], [2, 3]), ([2, 5], [2, 3]), ([4], []), ([0], [3]), ([4], [0, 2]), ([2, 3, 1], [2, 3, 4]),
                ([1], [130]),
            ].flatMap { (sequence: [Int], values: [Int]) in
                [true, false].map { right in
                    Sample(
                        "right: \(right)", shapes: [sequence, values],
                        run: { [$0[0].sort().values.searchsorted($0[1], right: right)] },
                        reference: { x in
                            let row = { (at: [Int]) in sequence.count == 1 ? [] : Array(at.dropLast()) }
                            return [
                                ReferenceArray(shape: values) { at in
                                    let smaller = (0..<(sequence.last ?? 0)).filter { i in
                                        let element = x[0][row(at) + [i]]
                                        return element < x[1][at] || (right && element == x[1][at])
                                    }
                                    return Double(smaller.count)
                                }
                            ]
                        })
                }
            }, resultTypes: { _ in [.int64] }, tolerance: .exact, gradient: .none("positions are whole numbers")),
        PrimitiveRecord(
            RowOrder.self, operands: [Operand(.values([0, 1, 2]))],
            samples: [[4, 3], [9, 2], [3, 1], [0, 2], [2, 0], [64, 2]].map { (shape: [Int]) in
                Sample(
                    shapes: [shape], run: { [apply(RowOrder(), $0[0])] },
                    reference: { x in
                        let rows = (0..<shape[0]).map { i in (0..<shape[1]).map { x[0][[i, $0]] } }
                        let order = rows.indices.sorted {
                            rows[$0] == rows[$1] ? $0 < $1 : rows[$0].lexicographicallyPrecedes(rows[$1])
                        }
                        return [ReferenceArray(order.map(Double.init), shape: [shape[0]])]
                    })
            }, resultTypes: { _ in [.int64] }, tolerance: .exact, gradient: .none("positions are whole numbers"),
            withoutScalar: "a single number has no rows"),
    ]

    /// The positions of a line in order of their numbers; equals in order of position.
    private static func order(_ line: [Double], _ descending: Bool) -> [Int] {
        line.indices.sorted {
            line[$0] == line[$1] ? $0 < $1 : descending ? line[$0] > line[$1] : line[$0] < line[$1]
        }
    }
}
