import Glibc
import TestSupport
@testable import TorchlightCore

/// The records of softmax, cross entropy and the normalisations.
enum NormalizeRecords {
    private static let floating = DType.real.filter(\.isFloatingPoint)
    private static let composed = "gradients of higher order go another way"

    static let all: [PrimitiveRecord] = softmaxes + entropies + norms + [binaryCrossEntropy]

    private static let binaryCrossEntropy = PrimitiveRecord(
        BinaryCrossEntropy.self, operands: [.real(0.1...0.9), .real(0...1)],
        samples: [[2, 3], [], [0, 3], [37]].map { shape in
            Sample(
                shapes: [shape, shape], run: { [apply(BinaryCrossEntropy(), $0[0], $0[1])] },
                reference: {
                    [ReferenceArray.combine($0) { -($0[1] * log($0[0]) + (1 - $0[1]) * log(1 - $0[0])) }]
                })
        }, dtypes: floating,
        tolerance: Tolerance(units: 16, scale: 4, reason: "half types round the logarithms and the products"))

    // MARK: Softmax

    private static let lines: [([Int], Int)] = [
        ([2, 3], 1), ([3, 2, 2], 0), ([2, 3, 2], 1), ([], 0), ([0, 3], 1), ([3, 0], 1), ([2, 41], 1),
    ]

    private static let softmaxes: [PrimitiveRecord] = [
        PrimitiveRecord(
            Softmax.self, operands: [.real()],
            samples: lines.map { shape, dim in
                Sample(
                    "dim: \(dim)", shapes: [shape], run: { [$0[0].softmax(dim: dim)] },
                    reference: { [$0[0].mapLines(along: dim, share)] })
            }, dtypes: floating),
        PrimitiveRecord(
            LogSoftmax.self, operands: [.real()],
            samples: lines.map { shape, dim in
                Sample(
                    "dim: \(dim)", shapes: [shape], run: { [$0[0].logSoftmax(dim: dim)] },
                    reference: { [$0[0].mapLines(along: dim, share).map(log)] })
            }, dtypes: floating),
        PrimitiveRecord(
            SoftmaxBackward.self, operands: [.real(), .real()],
            samples: lines.map { shape, dim in
                Sample(
                    "dim: \(dim)", shapes: [shape, shape], run: { [apply(SoftmaxBackward(dim: dim), $0[0], $0[1])] },
                    reference: { operands in
                        let dot = ReferenceArray.combine(operands) { $0[0] * $0[1] }
                            .mapLines(along: dim) { Array(repeating: $0.reduce(0, +), count: $0.count) }
                        return [ReferenceArray.combine(operands + [dot]) { $0[1] * ($0[0] - $0[2]) }]
                    })
            }, dtypes: floating, tolerance: .sums),
        PrimitiveRecord(
            LogSoftmaxBackward.self, operands: [.real(), .real(-3...0)],
            samples: lines.map { shape, dim in
                Sample(
                    "dim: \(dim)", shapes: [shape, shape], run: { [apply(LogSoftmaxBackward(dim: dim), $0[0], $0[1])] },
                    reference: { operands in
                        let sum = operands[0].mapLines(along: dim) {
                            Array(repeating: $0.reduce(0, +), count: $0.count)
                        }
                        return [ReferenceArray.combine(operands + [sum]) { $0[0] - exp($0[1]) * $0[2] }]
                    })
            }, dtypes: floating, tolerance: .sums),
    ]

    private static func share(_ line: [Double]) -> [Double] {
        let largest = line.max() ?? 0
        let powers = line.map { exp($0 - largest) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }

    // MARK: Cross entropy

    private static let classWeights = [0.5, 2, 1.5]
    private static let losses: [(label: String, weight: Bool, ignore: Int, smoothing: Double)] = [
        ("plain", false, -100, 0), ("weighted", true, -100, 0), ("class 1 ignored", false, 1, 0),
        ("weighted, smoothed, class 0 ignored", true, 0, 0.25),
    ]

    private static let entropies: [PrimitiveRecord] = [
        PrimitiveRecord(
            CrossEntropyRows.self, operands: [.real(), .indices(below: 3)],
            samples: losses.map { loss in
                Sample(
                    loss.label, shapes: [[4, 3], [4]],
                    run: { operands in
                        let weight =
                            loss.weight
                            ? Tensor(classWeights, dtype: operands[0].dtype, device: operands[0].device) : nil
                        let rows = crossEntropyRows(
                            operands[0], operands[1], weight: weight, ignoreIndex: loss.ignore,
                            labelSmoothing: loss.smoothing)
                        return [rows.losses, rows.weights]
                    },
                    reference: { operands in
                        let p = operands[0].mapLines(along: 1, share)
                        let w = loss.weight ? classWeights : [1, 1, 1]
                        var weights = ReferenceArray(shape: [4]) { _ in 0 }
                        let losses = ReferenceArray(shape: [4]) { i in
                            let target = Int(operands[1].values[i[0]])
                            if target == loss.ignore { return 0 }
                            weights[i] = w[target]
                            let smooth = (0..<3).reduce(0) { $0 - w[$1] * log(p[[i[0], $1]]) } / 3
                            return (1 - loss.smoothing) * -w[target] * log(p[[i[0], target]]) + loss.smoothing * smooth
                        }
                        return [losses, weights]
                    })
            } + [
                Sample(
                    "no rows", shapes: [[0, 3], [0]],
                    run: { [crossEntropyRows($0[0], $0[1]).losses] },
                    reference: { _ in [ReferenceArray([], shape: [0])] })
            ], dtypes: floating, resultTypes: { [$0, $0] }, withoutScalar: ContractRecords.noScalar),
        PrimitiveRecord(
            CrossEntropyBackward.self, operands: [.real(), .real(), .indices(below: 3)],
            samples: [
                Sample(
                    shapes: [[4], [4, 3], [4]],
                    run: { operands in
                        let x = operands[1]
                        let total = x.detach().to(x.dtype == .float64 ? .float64 : .float32).exp().sum(dim: 1).log()
                        let backward = CrossEntropyBackward(ignoreIndex: -100, labelSmoothing: 0)
                        return [applyFirst(backward, [operands[0], x, operands[2], total])]
                    },
                    reference: { operands in
                        let p = operands[1].mapLines(along: 1, share)
                        return [
                            ReferenceArray(shape: [4, 3]) { at in
                                let isTarget = Int(operands[2].values[at[0]]) == at[1]
                                return operands[0].values[at[0]] * (p[at] - (isTarget ? 1 : 0))
                            }
                        ]
                    })
            ], dtypes: floating, tolerance: .sums, withoutEmpty: "as the forward primitive",
            withoutScalar: ContractRecords.noScalar),
    ]

    // MARK: Norms

    private static let widths: [(x: [Int], row: [Int])] = [
        ([3, 4], [4]), ([2, 2, 3], [2, 3]), ([5], [5]), ([0, 3], [3]), ([3, 37], [37]),
    ]
    private static let close = Tolerance(units: 64, scale: 4, reason: "sums of squares over a row")

    private static let norms: [PrimitiveRecord] = [
        PrimitiveRecord(
            LayerNorm.self, operands: [.real(), .real(), .real()],
            samples: widths.flatMap { x, row in
                [
                    Sample(
                        "weight and bias", shapes: [x, row, row],
                        run: { [layerNorm($0[0], row, $0[1], $0[2], eps: 0.1)] },
                        reference: { operands in
                            [
                                ReferenceArray.combine([normal(operands[0], row), operands[1], operands[2]]) {
                                    $0[0] * $0[1] + $0[2]
                                }
                            ]
                        }),
                    Sample(
                        "bias", shapes: [x, row], run: { [layerNorm($0[0], row, nil, $0[1], eps: 0.1)] },
                        reference: { [ReferenceArray.combine([normal($0[0], row), $0[1]]) { $0[0] + $0[1] }] }),
                ]
            }, dtypes: floating, tolerance: close, withoutScalar: ContractRecords.noScalar),
        PrimitiveRecord(
            LayerNormBackward.self, operands: [.real(), .real(), .real()],
            samples: [
                Sample(
                    "against the composition", shapes: [[3, 4], [3, 4], [4]],
                    run: { operands in
                        fused(operands) { layerNorm($0[0], [4], $0[1], $0[2], eps: 0.1) }
                    },
                    reference: { operands in
                        composed(operands) { layerNorm($0[0], [4], $0[1], $0[2], eps: 0.1) }
                    })
            ], dtypes: floating, resultTypes: { [$0, $0, $0] }, tolerance: close, gradient: .none(composed),
            withoutEmpty: "as the forward primitive", withoutScalar: ContractRecords.noScalar, operation: "layerNorm"),
        PrimitiveRecord(
            BatchNorm.self, operands: [.real(), .real(), .real()],
            samples: [[3, 2], [2, 2, 3], [2, 3, 2, 2], [0, 2]].flatMap { x in
                [
                    Sample(
                        "training", shapes: [x, [x[1]], [x[1]]],
                        run: { [batchNorm($0[0], nil, nil, $0[1], $0[2], training: true, eps: 0.1)] },
                        reference: { operands in [affine(channelNormal(operands[0]), operands[1], operands[2])] }),
                    Sample(
                        "evaluation", shapes: [x, [x[1]], [x[1]]],
                        run: { operands in
                            let device = operands[0].device
                            let mean = Tensor(means[..<x[1]].map { $0 }, dtype: .float64, device: device)
                            let variance = Tensor(variances[..<x[1]].map { $0 }, dtype: .float64, device: device)
                            return [batchNorm(operands[0], mean, variance, operands[1], operands[2], eps: 0.1)]
                        },
                        reference: { operands in
                            let normal = ReferenceArray(shape: x) {
                                (operands[0][$0] - means[$0[1]]) / (variances[$0[1]] + 0.1).squareRoot()
                            }
                            return [affine(normal, operands[1], operands[2])]
                        }),
                ]
            }, dtypes: floating, tolerance: close, withoutScalar: ContractRecords.noScalar),
        PrimitiveRecord(
            BatchNormBackward.self, operands: [.real(), .real(), .real()],
            samples: [true, false].map { training in
                Sample(
                    "training: \(training)", shapes: [[3, 2, 2], [3, 2, 2], [2]],
                    run: { operands in fused(operands) { batch($0, training) } },
                    reference: { operands in composed(operands) { batch($0, training) } })
            }, dtypes: floating, resultTypes: { [$0, $0, $0] }, tolerance: close, gradient: .none(composed),
            withoutEmpty: "as the forward primitive", withoutScalar: ContractRecords.noScalar, operation: "batchNorm"),
    ]

    private static let means = [0.5, -1, 0.25]
    private static let variances = [1.5, 0.5, 2]

    private static func batch(_ x: [Tensor], _ training: Bool) -> Tensor {
        let (mean, variance) = (
            Tensor(Array(means[..<2])).to(x[0].device), Tensor(Array(variances[..<2])).to(x[0].device)
        )
        return batchNorm(
            x[0], training ? nil : mean, training ? nil : variance, x[1], x[2], training: training, eps: 0.1)
    }

    /// The gradients by one fused pass of `(gradient, x, weight)`, with a bias of zeros.
    private static func fused(_ operands: [Tensor], _ f: ([Tensor]) -> Tensor) -> [Tensor] {
        gradients(operands, f, createGraph: false)
    }

    private static func composed(_ operands: [ReferenceArray], _ f: ([Tensor]) -> Tensor) -> [ReferenceArray] {
        gradients(operands.map { $0.tensor(.float64) }, f, createGraph: true).map { ReferenceArray($0) }
    }

    private static func gradients(_ operands: [Tensor], _ f: ([Tensor]) -> Tensor, createGraph: Bool) -> [Tensor] {
        let x = operands[1].detach()
        let weight = operands[2].detach()
        let leaves = [x, weight, Tensor.zeros(like: weight)]
        for leaf in leaves where leaf.dtype.isFloatingPoint { leaf.requiresGrad_() }
        let results = grad(
            outputs: [f(leaves)], inputs: leaves, gradOutputs: [operands[0].detach()], createGraph: createGraph)
        return results.map { $0!.detach() }
    }

    private static func normal(_ x: ReferenceArray, _ row: [Int]) -> ReferenceArray {
        let width = row.reduce(1, *)
        return x.reshaped([width == 0 ? 0 : x.values.count / width, width]).mapLines(along: 1, standard)
            .reshaped(x.shape)
    }

    private static func channelNormal(_ x: ReferenceArray) -> ReferenceArray {
        let order = [1, 0] + Array(2..<x.shape.count)
        let moved = x.permuted(order)
        let rows = moved.shape[0]
        return moved.reshaped([rows, moved.values.count / rows]).mapLines(along: 1, standard).reshaped(moved.shape)
            .permuted(order)
    }

    private static func affine(_ x: ReferenceArray, _ w: ReferenceArray, _ b: ReferenceArray) -> ReferenceArray {
        ReferenceArray(shape: x.shape) { x[$0] * w.values[$0[1]] + b.values[$0[1]] }
    }

    private static func standard(_ line: [Double]) -> [Double] {
        let mean = line.reduce(0, +) / Double(line.count)
        let variance = line.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(line.count)
        return line.map { ($0 - mean) / (variance + 0.1).squareRoot() }
    }
}
