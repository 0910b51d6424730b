import TestSupport
@testable import TorchlightCore

/// The records of products, convolutions and pooling.
enum ContractRecords {
    static let all: [PrimitiveRecord] = products + QuantizedLinearRecords.all + convolutions + pools

    private static let numbers = DType.real.filter { $0 != .bool }
    private static let floating = DType.real.filter(\.isFloatingPoint)
    static let noScalar = "the operands have dimensions of fixed meaning"

    // MARK: Products

    private static let products: [PrimitiveRecord] = [
        PrimitiveRecord(
            MatMul.self, operands: [.real(), .real()],
            samples: [
                ([2, 3], [3, 2]), ([3], [3]), ([2, 3], [3]), ([3], [3, 2]), ([2, 2, 3], [3, 2]), ([2, 3], [2, 3, 2]),
                ([2, 1, 2, 3], [1, 2, 3, 1]), ([2, 1, 3], [3]), ([0, 3], [3, 2]), ([2, 0], [0, 3]),
                ([0, 2, 3], [0, 3, 1]),
                ([17, 33], [33, 9]),
            ].map { a, b in
                Sample(shapes: [a, b], run: { [matmul($0[0], $0[1])] }, reference: { [product($0[0], $0[1])] })
            } + [
                Sample(
                    "both transposed", shapes: [[3, 2], [4, 3]],
                    run: { [apply(MatMul(transposeA: true, transposeB: true), $0[0], $0[1])] },
                    reference: { [product($0[0].permuted([1, 0]), $0[1].permuted([1, 0]))] }),
                Sample(
                    "first transposed", shapes: [[2, 3, 2], [2, 3, 1]],
                    run: { [apply(MatMul(transposeA: true), $0[0], $0[1])] },
                    reference: { [product($0[0].permuted([0, 2, 1]), $0[1])] }),
            ],
            dtypes: numbers, tolerance: .sums, withoutScalar: noScalar),
        PrimitiveRecord(
            AddMatMul.self, operands: [.real(), .real(), .real()],
            samples: [
                ([2, 2], [2, 3], [3, 2], 1, 1), ([2], [2, 3], [3, 2], 2, 3), ([2, 1], [2, 3], [3, 2], 0, 1),
                ([], [2, 2, 3], [2, 3, 2], 1, 2), ([2], [3, 0], [0, 2], 1, 1), ([2], [0, 3], [3, 2], 1, 1),
            ].map { c, a, b, beta, alpha in
                Sample(
                    "beta: \(beta), alpha: \(alpha)", shapes: [c, a, b],
                    run: { [$0[0].addmm($0[1], $0[2], beta: beta, alpha: alpha)] },
                    reference: {
                        [ReferenceArray.combine([$0[0], product($0[1], $0[2])]) { beta * $0[0] + alpha * $0[1] }]
                    })
            },
            dtypes: numbers, tolerance: .sums, inPlace: { $0[0].addmm_($0[1], $0[2]) }),
        PrimitiveRecord(
            Linear.self, operands: [.real(), .real(), .real()],
            samples: [[2, 3], [3], [2, 2, 3], [0, 3]].flatMap { x in
                [
                    Sample(
                        "with bias", shapes: [x, [2, 3], [2]], run: { [linear($0[0], $0[1], $0[2])] },
                        reference: {
                            [
                                ReferenceArray.combine([product($0[0], $0[1].permuted([1, 0])), $0[2]]) {
                                    $0[0] + $0[1]
                                }
                            ]
                        }),
                    Sample(
                        shapes: [x, [2, 3]], run: { [linear($0[0], $0[1])] },
                        reference: { [product($0[0], $0[1].permuted([1, 0]))] }),
                ]
            } + [
                Sample(
                    "no features", shapes: [[2, 0], [3, 0], [3]], run: { [linear($0[0], $0[1], $0[2])] },
                    reference: { [$0[2].broadcast(to: [2, 3])] })
            ],
            dtypes: numbers, tolerance: .sums, withoutScalar: noScalar),
    ]

    /// The matrix product by its definition; leading dimensions broadcast.
    static func product(_ a: ReferenceArray, _ b: ReferenceArray) -> ReferenceArray {
        let left = a.shape.count == 1 ? a.reshaped([1] + a.shape) : a
        let right = b.shape.count == 1 ? b.reshaped(b.shape + [1]) : b
        let (m, k, n) = (left.shape[left.shape.count - 2], left.shape.last!, right.shape.last!)
        let rank = max(left.shape.count, right.shape.count) - 2
        var batch = [Int](repeating: 1, count: rank)
        for shape in [left.shape.dropLast(2), right.shape.dropLast(2)] {
            for (back, size) in shape.reversed().enumerated() where size != 1 { batch[rank - 1 - back] = size }
        }
        let (x, y) = (left.broadcast(to: batch + [m, k]), right.broadcast(to: batch + [k, n]))
        let result = ReferenceArray(shape: batch + [m, n]) { index in
            let lead = Array(index.dropLast(2))
            return (0..<k).reduce(0) { $0 + x[lead + [index[rank], $1]] * y[lead + [$1, index[rank + 1]]] }
        }
        var shape = batch
        if a.shape.count > 1 { shape.append(m) }
        if b.shape.count > 1 { shape.append(n) }
        return result.reshaped(shape)
    }

    // MARK: Convolutions

    /// What a convolution is called with, and its shapes.
    private struct Call {
        var x: [Int]
        var weight: [Int]
        var bias: Bool
        var stride = [1, 1]
        var padding = [0, 0]
        var dilation = [1, 1]
        var groups = 1

        var primitive: Convolution {
            let spatial = x.count - 2
            return Convolution(
                stride: Dims(stride.prefix(spatial)), padding: Dims(padding.prefix(spatial)),
                dilation: Dims(dilation.prefix(spatial)), groups: groups)
        }

        var label: String { "stride: \(stride), padding: \(padding), dilation: \(dilation), groups: \(groups)" }

        var shapes: [[Int]] { bias ? [x, weight, [weight[0]]] : [x, weight] }

        /// The shape of the result.
        var out: [Int] {
            [x[0], weight[0]]
                + (0..<(x.count - 2)).map {
                    (x[$0 + 2] + 2 * padding[$0] - dilation[$0] * (weight[$0 + 2] - 1) - 1) / stride[$0] + 1
                }
        }

        /// All products that a convolution adds up: the flat positions in input, weight and result.
        func forEachTerm(_ body: (Int, Int, Int) -> Void) {
            let (perGroup, filters) = (weight[1], weight[0] / groups)
            let places = ReferenceArray.indices(of: Array(weight.dropFirst()))
            for (result, at) in ReferenceArray.indices(of: out).enumerated() {
                for (k, index) in places.enumerated() {
                    var source = at[0] * x[1] + at[1] / filters * perGroup + index[0]
                    var isInside = true
                    for i in 0..<(x.count - 2) {
                        let place = at[i + 2] * stride[i] + index[i + 1] * dilation[i] - padding[i]
                        isInside = isInside && place >= 0 && place < x[i + 2]
                        source = source * x[i + 2] + place
                    }
                    if isInside { body(source, at[1] * places.count + k, result) }
                }
            }
        }

        func result(_ operands: [ReferenceArray]) -> ReferenceArray {
            var sum = ReferenceArray(shape: out) { operands.count > 2 ? operands[2].values[$0[1]] : 0 }
            forEachTerm { sum.values[$2] += operands[0].values[$0] * operands[1].values[$1] }
            return sum
        }
    }

    private static let calls = [
        Call(x: [1, 1, 3, 4], weight: [2, 1, 2, 2], bias: true),
        Call(x: [1, 1, 3, 3], weight: [1, 1, 3, 2], bias: false, stride: [2, 1], padding: [1, 1]),
        Call(x: [1, 2, 2, 3], weight: [2, 1, 1, 2], bias: true, dilation: [1, 2], groups: 2),
        Call(x: [2, 2, 5], weight: [2, 2, 2], bias: true, stride: [2, 1], padding: [1, 0]),
        Call(
            x: [1, 2, 3, 2, 4], weight: [2, 1, 2, 2, 3], bias: true, stride: [1, 1, 2], padding: [1, 0, 1],
            dilation: [2, 1, 1], groups: 2),
        Call(x: [2, 4, 9, 8], weight: [6, 2, 3, 3], bias: true, stride: [2, 1], padding: [1, 2], groups: 2),
        Call(x: [0, 1, 3, 3], weight: [2, 1, 2, 2], bias: true),
    ]

    private static let convolutions: [PrimitiveRecord] = [
        PrimitiveRecord(
            Convolution.self, operands: [.real(), .real(), .real()],
            samples: calls.map { call in
                Sample(
                    call.label, shapes: call.shapes, run: { [applyFirst(call.primitive, Few($0))] },
                    reference: { [call.result($0)] })
            },
            dtypes: floating, tolerance: .sums, withoutScalar: noScalar, operation: "conv2d"),
        PrimitiveRecord(
            ConvolutionBackwardData.self, operands: [.real(), .real()],
            samples: calls.map { call in
                let backward = ConvolutionBackwardData(convolution: call.primitive, shape: Dims(call.x))
                return Sample(
                    call.label, shapes: [call.out, call.weight], run: { [apply(backward, $0[0], $0[1])] },
                    reference: { operands in
                        var sum = zeros(call.x)
                        call.forEachTerm { sum.values[$0] += operands[0].values[$2] * operands[1].values[$1] }
                        return [sum]
                    })
            },
            dtypes: floating, tolerance: .sums, withoutScalar: noScalar),
        PrimitiveRecord(
            ConvolutionBackwardWeights.self, operands: [.real(), .real()],
            samples: calls.map { call in
                let backward = ConvolutionBackwardWeights(
                    convolution: call.primitive, shape: Dims(call.weight), hasBias: true)
                return Sample(
                    call.label, shapes: [call.x, call.out],
                    run: { Array(applyAll(backward, Few($0[0], $0[1]), count: 2)) },
                    reference: { operands in
                        let dims = operands[1].shape.indices.filter { $0 != 1 }
                        var sum = zeros(call.weight)
                        call.forEachTerm { sum.values[$1] += operands[0].values[$0] * operands[1].values[$2] }
                        return [
                            sum,
                            operands[1].fold(dims) { $0.reduce(0, +) },
                        ]
                    })
            },
            dtypes: floating, resultTypes: { [$0, $0] }, tolerance: .sums, withoutScalar: noScalar),
    ]

    static func zeros(_ shape: [Int]) -> ReferenceArray { ReferenceArray(shape: shape) { _ in 0 } }

    /// The transpose of a linear map applied to `g`: each element is the product of `g` with the map of a unit.
    static func transposed(
        _ g: ReferenceArray, _ shape: [Int], _ map: (ReferenceArray) -> ReferenceArray
    ) -> ReferenceArray {
        ReferenceArray(shape: shape) { index in
            var unit = zeros(shape)
            unit[index] = 1
            return zip(g.values, map(unit).values).reduce(0) { $0 + $1.0 * $1.1 }
        }
    }

    // MARK: Pools

    private static let window = Window(kernel: [2, 2], stride: [1, 2], padding: [1, 0], dilation: [1, 1])
    private static let line = Window(kernel: [3], stride: [2], padding: [1], dilation: [1])
    private static let box = Window(kernel: [2, 1, 2], stride: [1, 1, 2], padding: [1, 0, 1], dilation: [1, 1, 1])
    private static let wide = Window(kernel: [2], stride: [1], padding: [0], dilation: [2])

    private static let pools: [PrimitiveRecord] = [
        PrimitiveRecord(
            MaxPool.self, operands: [.real()],
            samples: [
                (window, [1, 2, 3, 4], false), (line, [2, 1, 6], true), (wide, [1, 2, 5], false),
                (line, [0, 2, 4], false), (box, [1, 1, 3, 2, 4], false),
            ]
            .map { window, shape, ceil in
                Sample(
                    "\(window), ceilMode: \(ceil)", shapes: [shape],
                    run: { Array(applyAll(MaxPool(window: window, ceilMode: ceil), Few($0[0]), count: 2)) },
                    reference: { x in
                        let places = windows(window, shape, ceil)
                        let best = places.map { group in
                            ReferenceArray(shape: group.shape) { index in
                                let inside = group.members(index)
                                return Double(inside.max { (x[0].values[$0], -$0) < (x[0].values[$1], -$1) }!)
                            }
                        }!
                        let area = shape.dropFirst(2).reduce(1, *)
                        return [best.map { x[0].values[Int($0)] }, best.map { Double(Int($0) % area) }]
                    })
            },
            dtypes: numbers, resultTypes: { [$0, .int64] }, tolerance: .exact, withoutScalar: noScalar,
            operation: "maxPool2d"),
        PrimitiveRecord(
            MaxPoolBackward.self, operands: [.real(), .indices(below: 6)],
            samples: [
                Sample(
                    shapes: [[2, 1, 2, 2], [2, 1, 2, 2]],
                    run: { [apply(MaxPoolBackward(spatial: 2, shape: [2, 1, 2, 3]), $0[0], $0[1])] },
                    reference: { operands in
                        var sum = zeros([2, 1, 2, 3])
                        for (i, place) in operands[1].values.enumerated() {
                            sum.values[i / 4 * 6 + Int(place)] += operands[0].values[i]
                        }
                        return [sum]
                    })
            ],
            dtypes: floating, tolerance: .sums, withoutEmpty: "the shape is an attribute", withoutScalar: noScalar),
        PrimitiveRecord(
            // Numbers whose means over up to six are whole: integers are rounded towards zero.
            AvgPool.self, operands: [Operand(.values([0, 60, 120]))],
            samples: averages.map { pool, shape in
                Sample("\(pool)", shapes: [shape], run: { [apply(pool, $0[0])] }, reference: { [average(pool, $0[0])] })
            },
            dtypes: numbers, tolerance: .sums, withoutScalar: noScalar, operation: "avgPool2d"),
        PrimitiveRecord(
            AvgPoolBackward.self, operands: [.real()],
            samples: averages.map { pool, shape in
                Sample(
                    "\(pool)", shapes: [average(pool, zeros(shape)).shape],
                    run: { [apply(AvgPoolBackward(pool: pool, shape: Dims(shape)), $0[0])] },
                    reference: { [transposed($0[0], shape) { average(pool, $0) }] })
            },
            dtypes: floating, tolerance: .sums, withoutScalar: noScalar),
    ]

    private static let averages: [(AvgPool, [Int])] = [
        (AvgPool(window: window, ceilMode: false, countsPadding: true, divisor: 0), [1, 2, 3, 4]),
        (AvgPool(window: window, ceilMode: true, countsPadding: false, divisor: 0), [1, 1, 3, 5]),
        (AvgPool(window: line, ceilMode: true, countsPadding: true, divisor: 0), [2, 1, 6]),
        (AvgPool(window: line, ceilMode: false, countsPadding: true, divisor: 5), [1, 2, 5]),
        (AvgPool(window: line, ceilMode: false, countsPadding: true, divisor: 0), [0, 2, 5]),
        (AvgPool(window: box, ceilMode: true, countsPadding: false, divisor: 0), [1, 2, 2, 2, 3]),
    ]

    private static func average(_ pool: AvgPool, _ x: ReferenceArray) -> ReferenceArray {
        let group = windows(pool.window, x.shape, pool.ceilMode)!
        return ReferenceArray(shape: group.shape) { index in
            let members = group.members(index)
            let count = pool.divisor > 0 ? pool.divisor : pool.countsPadding ? group.padded(index) : members.count
            return members.reduce(0) { $0 + x.values[$1] } / Double(count)
        }
    }

    /// The windows over a shape: the shape of the result, the flat positions in each, and how many of its places lie
    /// within input and padding.
    private struct Windows {
        let shape: [Int]
        let members: ([Int]) -> [Int]
        let padded: ([Int]) -> Int
    }

    private static func windows(_ window: Window, _ shape: [Int], _ ceil: Bool) -> Windows? {
        let spatial = window.spatial
        var sizes: [Int] = []
        for i in 0..<spatial {
            let free = shape[i + 2] + 2 * window.padding[i] - window.dilation[i] * (window.kernel[i] - 1) - 1
            var count = (ceil ? free + window.stride[i] - 1 : free) / window.stride[i] + 1
            if ceil && (count - 1) * window.stride[i] >= shape[i + 2] + window.padding[i] { count -= 1 }
            sizes.append(count)
        }
        let kernel = ReferenceArray.indices(of: Array(window.kernel))
        @Sendable func place(_ index: [Int], _ k: [Int], _ i: Int) -> Int {
            index[i + 2] * window.stride[i] + k[i] * window.dilation[i] - window.padding[i]
        }
        return Windows(
            shape: Array(shape.prefix(2)) + sizes,
            members: { index in
                kernel.compactMap { k in
                    var flat = index[0] * shape[1] + index[1]
                    for i in 0..<spatial {
                        let p = place(index, k, i)
                        if p < 0 || p >= shape[i + 2] { return nil }
                        flat = flat * shape[i + 2] + p
                    }
                    return flat
                }
            },
            padded: { index in
                kernel.filter { k in
                    (0..<spatial).allSatisfy { place(index, k, $0) < shape[$0 + 2] + window.padding[$0] }
                }.count
            })
    }
}
