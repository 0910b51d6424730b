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
    ]

    /// The positions of a line in order of their numbers; equals in order of position.
    private static func order(_ line: [Double], _ descending: Bool) -> [Int] {
        line.indices.sorted {
            line[$0] == line[$1] ? $0 < $1 : descending ? line[$0] > line[$1] : line[$0] < line[$1]
        }
    }
}
