import TestSupport
@testable import TorchlightCore

/// The records of the primitives that join tensors and pick elements by position or mask.
enum IndexRecords {
    static let all: [PrimitiveRecord] = joins + selections + advanced + masks

    private static let noScalar = "a single number has no positions"
    private static let numbers = DType.real

    private static let joins: [PrimitiveRecord] = [
        PrimitiveRecord(
            Cat.self, operands: [.real(0...3)],
            samples: [
                ([[2, 3], [1, 3]], 0), ([[2, 1], [2, 2], [2, 1]], 1), ([[2, 2]], 0), ([[0, 3], [2, 3]], 0),
                ([[0], [2, 2], [1, 2]], 0), ([[1], [1], [1], [1], [1]], 0),
            ].map { shapes, dim in
                Sample(
                    "dim: \(dim)", shapes: shapes, run: { [cat($0, dim: dim)] },
                    reference: { arrays in
                        let parts = arrays.filter { $0.shape != [0] }
                        var shape = parts[0].shape
                        shape[dim] = parts.reduce(0) { $0 + $1.shape[dim] }
                        return [
                            ReferenceArray(shape: shape) { index in
                                var index = index
                                for part in parts {
                                    if index[dim] < part.shape[dim] { return part[index] }
                                    index[dim] -= part.shape[dim]
                                }
                                return .nan
                            }
                        ]
                    })
            }, tolerance: .exact, withoutScalar: noScalar)
    ]

    private static let selections: [PrimitiveRecord] = [
        PrimitiveRecord(
            IndexSelect.self, operands: [.real(0...3), .indices(below: 3)],
            samples: [
                ([3, 2], [4], 0), ([2, 3], [2], 1), ([2, 3, 2], [3], 1), ([3], [0], 0), ([0, 3], [2], 1),
                ([4, 37], [5], 0),
            ]
            .map { shape, index, dim in
                Sample(
                    "dim: \(dim)", shapes: [shape, index], run: { [$0[0].indexSelect(dim, $0[1])] },
                    reference: { operands in
                        var result = shape
                        result[dim] = index[0]
                        return [
                            ReferenceArray(shape: result) { at in
                                var at = at
                                at[dim] = Int(operands[1].values[at[dim]])
                                return operands[0][at]
                            }
                        ]
                    })
            }, tolerance: .exact, withoutScalar: "see IndexTests"),
        PrimitiveRecord(
            IndexAdd.self, operands: [.real(0...3), .indices(below: 3), .real(0...3)],
            samples: [([3, 2], 4, 0), ([2, 3], 2, 1), ([2, 3, 2], 3, 1), ([3], 0, 0), ([0, 3], 2, 1)].map {
                shape, k, dim in
                let source = shape.enumerated().map { $0.offset == dim ? k : $0.element }
                return Sample(
                    "dim: \(dim)", shapes: [shape, [k], source], run: { [$0[0].indexAdd(dim, $0[1], $0[2])] },
                    reference: { operands in
                        var sum = operands[0]
                        for index in ReferenceArray.indices(of: operands[2].shape) {
                            var place = index
                            place[dim] = Int(operands[1].values[index[dim]])
                            sum[place] += operands[2][index]
                        }
                        return [sum]
                    })
            }, tolerance: .sums, inPlace: { $0[0].indexAdd_(0, $0[1], $0[2]) }, withoutScalar: noScalar),
        PrimitiveRecord(
            Embedding.self, operands: [.real(0...3), .indices(below: 4)],
            samples: [([4, 2], [3]), ([4, 2], [2, 2]), ([5, 1], []), ([4, 2], [0, 2])].map { table, indices in
                Sample(
                    shapes: [table, indices], run: { [embedding($0[1], $0[0])] },
                    reference: { operands in
                        [
                            ReferenceArray(shape: indices + [table[1]]) { at in
                                operands[0][[Int(operands[1][Array(at.dropLast())]), at.last!]]
                            }
                        ]
                    })
            }, tolerance: .exact),
        PrimitiveRecord(
            Gather.self, operands: [.real(0...3), .indices(below: 3)],
            samples: [([3, 2], [4, 2], 0), ([2, 3], [1, 5], 1), ([3], [2], 0), ([2, 3], [0, 3], 1)].map {
                shape, index, dim in
                Sample(
                    "dim: \(dim)", shapes: [shape, index], run: { [$0[0].gather(dim, $0[1])] },
                    reference: { operands in
                        [
                            ReferenceArray(shape: index) { at in
                                var place = at
                                place[dim] = Int(operands[1][at])
                                return operands[0][place]
                            }
                        ]
                    })
            }, tolerance: .exact, withoutScalar: "see IndexTests"),
        PrimitiveRecord(
            Scatter.self, operands: [.real(0...3), .indices(below: 4), .real(0...3)],
            samples: [
                scatter([4, 2], [3, 2], 0, "add", { $0.scatterAdd(0, $1, $2) }, +),
                scatter([2, 4], [1, 6], 1, "add", { $0.scatterAdd(1, $1, $2) }, +),
                scatter([4], [3], 0, "max", { $0.scatterReduce(0, $1, $2, reduce: .amax) }, max),
                scatter([4], [3], 0, "min", { $0.scatterReduce(0, $1, $2, reduce: .amin) }, min),
                scatter([4, 1], [3, 1], 0, "set, distinct", { $0.scatter(0, $1.distinct(), $2) }) { $1 },
                scatter([4, 2], [0, 2], 0, "nothing", { $0.scatterAdd(0, $1, $2) }, +),
            ], tolerance: .sums, inPlace: { $0[0].scatterAdd_(0, $0[1], $0[2]) }, withoutScalar: "see IndexTests"),
    ]

    private static func scatter(
        _ shape: [Int], _ index: [Int], _ dim: Int, _ label: String,
        _ run: @escaping @Sendable (Tensor, Tensor, Tensor) -> Tensor,
        _ combine: @escaping @Sendable (Double, Double) -> Double
    ) -> Sample {
        Sample(
            label, shapes: [shape, index, index], run: { [run($0[0], $0[1], $0[2])] },
            reference: { operands in
                var result = operands[0]
                for (i, at) in ReferenceArray.indices(of: index).enumerated() {
                    var place = at
                    place[dim] = label.hasPrefix("set") ? i : Int(operands[1][at])
                    result[place] = combine(result[place], operands[2][at])
                }
                return [result]
            })
    }

    private static let advanced: [PrimitiveRecord] = [
        PrimitiveRecord(
            IndexGet.self, operands: [.real(0...3), .indices(below: 3), .indices(below: 3)],
            samples: [
                Sample(
                    "one", shapes: [[3, 2], [2, 2]], run: { [$0[0].indexGet([$0[1]])] },
                    reference: { x in
                        [ReferenceArray(shape: [2, 2, 2]) { x[0][[Int(x[1][[$0[0], $0[1]]]), $0[2]]] }]
                    }),
                Sample(
                    "two that broadcast", shapes: [[3, 4, 2], [2, 1], [3]],
                    run: { [$0[0].indexGet([$0[1] - 3, $0[2]])] },
                    reference: { x in
                        [
                            ReferenceArray(shape: [2, 3, 2]) {
                                x[0][[Int(x[1][[$0[0], 0]]), Int(x[2].values[$0[1]]), $0[2]]]
                            }
                        ]
                    }),
                Sample(
                    "a number", shapes: [[3, 2], []], run: { [$0[0].indexGet([$0[1]])] },
                    reference: { x in [ReferenceArray(shape: [2]) { x[0][[Int(x[1].values[0]), $0[0]]] }] }),
                Sample(
                    "none", shapes: [[3, 2], [0]], run: { [$0[0].indexGet([$0[1]])] },
                    reference: { _ in [ReferenceArray([], shape: [0, 2])] }),
            ], tolerance: .exact),
        PrimitiveRecord(
            IndexPut.self, operands: [.real(0...3), .real(0...3), .indices(below: 3)],
            samples: [
                Sample(
                    "accumulate", shapes: [[3, 2], [4, 2], [4]],
                    run: { [$0[0].indexPut([$0[2]], $0[1], accumulate: true)] },
                    reference: { operands in
                        var sum = operands[0]
                        for at in ReferenceArray.indices(of: [4, 2]) {
                            sum[[Int(operands[2].values[at[0]]), at[1]]] += operands[1][at]
                        }
                        return [sum]
                    }),
                Sample(
                    "one place", shapes: [[3, 3], [], [], []], run: { [$0[0].indexPut([$0[2], $0[3]], $0[1])] },
                    reference: { operands in
                        var result = operands[0]
                        result[[Int(operands[2].values[0]), Int(operands[3].values[0])]] = operands[1].values[0]
                        return [result]
                    }),
                Sample(
                    "nothing", shapes: [[3, 2], [0, 2], [0]], run: { [$0[0].indexPut([$0[2]], $0[1])] },
                    reference: { [$0[0]] }),
            ], tolerance: .sums, inPlace: { $0[0].indexPut_([$0[2]], $0[1], accumulate: true) }),
    ]

    private static let masks: [PrimitiveRecord] = [
        PrimitiveRecord(
            NonZero.self, operands: [Operand(.values([0, 0, 1, 2]))],
            samples: [[2, 3], [], [0, 2], [2, 2, 2]].map { shape in
                Sample(
                    shapes: [shape], run: { [$0[0].nonzero()] },
                    reference: { x in
                        let places = ReferenceArray.indices(of: shape).filter { x[0][$0] != 0 }
                        return [
                            ReferenceArray(places.flatMap { $0 }.map(Double.init), shape: [places.count, shape.count])
                        ]
                    })
            }, resultTypes: { _ in [.int64] }, tolerance: .exact, gradient: .none("positions are whole numbers")),
        PrimitiveRecord(
            MaskedSelect.self, operands: [.real(0...3), .mask],
            samples: [([2, 3], [2, 3]), ([2, 3], [3]), ([], []), ([0, 2], [2])].map { shape, mask in
                Sample(
                    shapes: [shape, mask], run: { [$0[0].maskedSelect($0[1])] },
                    reference: { operands in
                        let both = operands[1].broadcast(to: shape)
                        let kept = zip(operands[0].values, both.values).filter { $0.1 != 0 }.map(\.0)
                        return [ReferenceArray(kept, shape: [kept.count])]
                    })
            }, tolerance: .exact),
        PrimitiveRecord(
            MaskedScatter.self, operands: [.real(0...3), .mask, .real(0...3)],
            samples: [([2, 3], [2, 3], [7]), ([2, 3], [3], [2, 3]), ([], [], [1]), ([0, 2], [2], [0])].map {
                shape, mask, source in
                Sample(
                    shapes: [shape, mask, source], run: { [$0[0].maskedScatter($0[1], $0[2])] },
                    reference: { operands in
                        var rest = operands[2].values[...]
                        return [
                            ReferenceArray.combine([operands[0], operands[1].broadcast(to: shape)]) {
                                $0[1] != 0 ? rest.removeFirst() : $0[0]
                            }
                        ]
                    })
            }, tolerance: .exact, inPlace: { $0[0].maskedScatter_($0[1], $0[2]) }),
    ]
}

extension Tensor {
    /// 0, 1, ... in this shape: an index that names no place twice.
    fileprivate func distinct() -> Tensor { Tensor.arange(0, numel, device: device).reshape(shape) }
}
