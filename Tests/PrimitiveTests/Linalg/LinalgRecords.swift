import Glibc
import TestSupport
@testable import TorchlightCore

/// The records of linear algebra.
///
/// Most samples check the equation that defines a result (`A A^-1 = 1`), and a second sample without a reference has the
/// gradients of the raw results compared with finite differences. Operands are made well-conditioned, with distinct
/// singular values, inside the call.
enum LinalgRecords {
    private static let floating: [DType] = [.float32, .float64]
    private static let noScalar = "matrices have two dimensions"
    private static let tolerance = Tolerance(
        units: 16, scale: 64, reason: "rounding errors grow with the size, the condition and the entries of a matrix")
    private static let squares = [[3, 3], [2, 2, 2], [1, 1], [0, 0], [0, 2, 2], [17, 17]]
    private static let shapes = [[3, 3], [4, 2], [2, 3], [2, 3, 2], [0, 3], [2, 0], [0, 2, 2]]
    private static let entries = Operand.real(-1...1)

    /// Adds 3, 6, 9, ... to the diagonal: regular, and with singular values (eigenvalues) that lie apart.
    @Sendable private static func regular(_ x: Tensor) -> Tensor {
        guard x.rank >= 2, x.dtype.isDifferentiable else { return x }
        let (m, n) = (MatrixRules.rows(x), MatrixRules.columns(x))
        let spread = Tensor.arange(n, device: x.device).to(x.dtype) + 1
        return x + Tensor.eye(m, n, dtype: x.dtype, device: x.device) * spread * 3
    }
    /// The same, symmetric.
    @Sendable private static func symmetric(_ x: Tensor) -> Tensor {
        guard x.rank >= 2, x.dtype.isDifferentiable else { return x }
        return regular((x + x.mH) * 0.5)
    }

    /// Symmetric with eigenvalues of both signs, so that exchanges and blocks of size 2 occur.
    @Sendable private static func indefinite(_ x: Tensor) -> Tensor {
        guard x.rank >= 2, x.dtype.isDifferentiable, MatrixRules.rows(x) == MatrixRules.columns(x) else { return x }
        let ones = Tensor.eye(MatrixRules.rows(x), dtype: x.dtype, device: x.device).flip(-1)
        return (x + x.mH) * 0.25 + ones * 3
    }

    private static func identity(_ shape: [Int], _ size: Int) -> ReferenceArray {
        ReferenceArray(shape: Array(shape.dropLast(2)) + [size, size]) { index in
            index[index.count - 1] == index[index.count - 2] ? 1 : 0
        }
    }

    private static func zeros(_ shape: [Int]) -> ReferenceArray { ReferenceArray(shape: shape) { _ in 0 } }

    static let all: [PrimitiveRecord] = equations + factorisations + determinants

    // MARK: Equations

    private static let equations: [PrimitiveRecord] = [
        PrimitiveRecord(
            Inverse.self, operands: [entries],
            samples: squares.map { shape in
                Sample(
                    shapes: [shape],
                    run: {
                        let x = regular($0[0])
                        return [x.matmul(LinAlg.inv(x))]
                    },
                    reference: { _ in [identity(shape, shape.last!)] })
            } + [
                Sample(
                    "raw", shapes: [[2, 3, 3]], run: { [LinAlg.inv(regular($0[0]))] }, reference: nil)
            ],
            dtypes: floating, tolerance: tolerance, withoutScalar: noScalar),
        PrimitiveRecord(
            Solve.self, operands: [entries, entries],
            samples: [
                ([3, 3], [3, 2], [3, 2]), ([2, 2, 2], [2, 1], [2, 2, 1]), ([2, 2], [2, 2, 1], [2, 2, 1]),
                ([0, 0], [0, 2], [0, 2]), ([3, 3], [3, 0], [3, 0]), ([2, 1, 2, 2], [3, 2, 2], [2, 3, 2, 2]),
            ].map { a, b, result in
                Sample(
                    shapes: [a, b],
                    run: {
                        let x = regular($0[0])
                        return [x.matmul(LinAlg.solve(x, $0[1])) - $0[1]]
                    },
                    reference: { _ in [zeros(result)] })
            } + [
                Sample(
                    "raw", shapes: [[2, 3, 3], [3, 2]], run: { [LinAlg.solve(regular($0[0]), $0[1])] },
                    reference: nil),
                Sample(
                    "one matrix", shapes: [[3, 3], [2, 3, 2]],
                    run: { [apply(Solve(), regular($0[0]), $0[1])] }, reference: nil),
                Sample(
                    "right", shapes: [[3, 3], [2, 3]],
                    run: { [LinAlg.solve(regular($0[0]), $0[1], left: false)] }, reference: nil),
            ],
            dtypes: floating, tolerance: tolerance, withoutScalar: noScalar),
        PrimitiveRecord(
            SolveTriangular.self, operands: [entries, entries],
            samples: [true, false].flatMap { upper in
                [true, false].flatMap { left in
                    [true, false].flatMap { unit in
                        [
                            ([3, 3], left ? [3, 2] : [2, 3]), ([2, 2, 2], left ? [2, 1] : [1, 2]), ([0, 0], [0, 0]),
                        ].map {
                            a, b in
                            Sample(
                                "upper: \(upper), left: \(left), unit: \(unit)", shapes: [a, b],
                                run: {
                                    [
                                        LinAlg.solveTriangular(
                                            regular($0[0]), $0[1], upper: upper, left: left, unitriangular: unit)
                                    ]
                                },
                                reference: { [substitute($0[0], $0[1], upper, left, unit)] })
                        }
                    }
                }
            },
            dtypes: floating, tolerance: tolerance, withoutScalar: noScalar),
        PrimitiveRecord(
            PseudoInverse.self, operands: [entries],
            samples: shapes.map { shape in
                Sample(
                    shapes: [shape],
                    run: {
                        let x = regular($0[0])
                        return [x.matmul(LinAlg.pinv(x)).matmul(x) - x]
                    },
                    reference: { [zeros($0[0].shape)] })
            }
                + [[3, 2], [2, 3], [2, 2, 2]].map { shape in
                    Sample("raw", shapes: [shape], run: { [LinAlg.pinv(regular($0[0]))] }, reference: nil)
                } + [
                    Sample(
                        "symmetric", shapes: [[3, 3]], run: { [LinAlg.pinv(symmetric($0[0]), hermitian: true)] },
                        reference: nil)
                ],
            dtypes: floating, tolerance: tolerance, withoutScalar: noScalar),
        PrimitiveRecord(
            MatrixSquareRoot.self, operands: [entries],
            samples: squares.map { shape in
                Sample(
                    shapes: [shape],
                    run: {
                        let x = symmetric($0[0])
                        let root = LinAlg.matrixSqrth(x)
                        return [root.matmul(root) - x]
                    },
                    reference: { [zeros($0[0].shape)] })
            } + [
                Sample("raw", shapes: [[2, 3, 3]], run: { [LinAlg.matrixSqrth(symmetric($0[0]))] }, reference: nil)
            ],
            dtypes: floating, tolerance: tolerance, withoutScalar: noScalar),
    ]

    /// The solution of triangular equations, one unknown after the other.
    private static func substitute(
        _ a: ReferenceArray, _ b: ReferenceArray, _ upper: Bool, _ left: Bool, _ unit: Bool
    ) -> ReferenceArray {
        let batch = Array((a.shape.count >= b.shape.count ? a : b).shape.dropLast(2))
        let n = a.shape.last!
        let (x, y) = (
            a.broadcast(to: batch + [n, n]), b.broadcast(to: batch + b.shape.suffix(2))
        )
        func entry(_ lead: [Int], _ i: Int, _ j: Int) -> Double {
            i == j && unit ? 1 : x[lead + [i, j]] + (i == j ? Double(3 * (i + 1)) : 0)
        }
        // Unknowns of X A = B come in the order in which A^T would be solved.
        let isForward = upper != left
        func unknown(_ lead: [Int], _ i: Int, _ other: Int) -> Double {
            let earlier = isForward ? Array(0..<i) : Array((i + 1)..<n)
            let side = y[lead + (left ? [i, other] : [other, i])]
            let sum = earlier.reduce(0) {
                $0 + (left ? entry(lead, i, $1) : entry(lead, $1, i)) * unknown(lead, $1, other)
            }
            return (side - sum) / entry(lead, i, i)
        }
        return ReferenceArray(shape: y.shape) { index in
            let lead = Array(index.dropLast(2))
            let (i, j) = (index[index.count - 2], index[index.count - 1])
            return left ? unknown(lead, i, j) : unknown(lead, j, i)
        }
    }

    // MARK: Factorisations

    private static let factorisations: [PrimitiveRecord] = [
        PrimitiveRecord(
            Cholesky.self, operands: [entries],
            samples: [true, false].flatMap { upper in
                squares.map { shape in
                    Sample(
                        "upper: \(upper)", shapes: [shape],
                        run: {
                            let x = symmetric($0[0])
                            let factor = LinAlg.cholesky(x, upper: upper)
                            return [(upper ? factor.mH.matmul(factor) : factor.matmul(factor.mH)) - x]
                        },
                        reference: { [zeros($0[0].shape)] })
                } + [
                    Sample(
                        "raw, upper: \(upper)", shapes: [[2, 3, 3]],
                        run: { [LinAlg.cholesky(symmetric($0[0]), upper: upper)] }, reference: nil)
                ]
            },
            dtypes: floating, tolerance: tolerance, withoutScalar: noScalar),
        PrimitiveRecord(
            LUFactor.self, operands: [entries],
            samples: shapes.map { shape in
                Sample(
                    shapes: [shape],
                    run: {
                        let x = regular($0[0])
                        let (p, l, u) = LinAlg.lu(x)
                        return [p.matmul(l).matmul(u) - x]
                    },
                    reference: { [zeros($0[0].shape)] })
            }
                + [[3, 3], [4, 2], [2, 4], [2, 2, 3]].map { shape in
                    Sample(
                        "raw", shapes: [shape],
                        run: {
                            // With rows exchanged, so that the pivots are not trivial.
                            [LinAlg.luFactor(regular($0[0]).flip(-2)).LU]
                        }, reference: nil)
                },
            dtypes: floating, tolerance: tolerance, withoutScalar: noScalar),
        PrimitiveRecord(
            LDLFactor.self, operands: [entries],
            samples: squares.map { shape in
                Sample(
                    shapes: [shape],
                    run: {
                        let (ld, pivots) = LinAlg.ldlFactor(indefinite($0[0]))
                        return [indefinite($0[0]).matmul(LinAlg.ldlSolve(ld, pivots, $0[0])) - $0[0], ld.triu(1)]
                    },
                    reference: { [zeros($0[0].shape), zeros($0[0].shape)] })
            },
            dtypes: floating, resultTypes: { [$0, $0] }, tolerance: tolerance,
            gradient: .none("PyTorch has none"), withoutScalar: noScalar),
        PrimitiveRecord(
            LDLSolve.self, operands: [entries],
            samples: squares.map { shape in
                Sample(
                    shapes: [shape],
                    run: {
                        let x = $0[0]
                        let matrix = noGrad { indefinite(Tensor.ones(like: x).tril() * 0.25) }
                        // Of a dtype that has no factors, so that the solution refuses the right-hand side.
                        let type = floating.contains(x.dtype) ? x.dtype : .float32
                        let (ld, pivots) = LinAlg.ldlFactor(matrix.to(type))
                        return [matrix.matmul(LinAlg.ldlSolve(ld, pivots, x)) - x]
                    },
                    reference: { [zeros($0[0].shape)] })
            } + [
                Sample(
                    "raw", shapes: [[2, 3, 3]],
                    run: {
                        let x = $0[0]
                        let (ld, pivots) = LinAlg.ldlFactor(
                            noGrad { indefinite(Tensor.ones([3, 3], dtype: x.dtype, device: x.device)) })
                        return [LinAlg.ldlSolve(ld, pivots, x)]
                    }, reference: nil)
            ],
            dtypes: floating, tolerance: tolerance, withoutScalar: noScalar),
        PrimitiveRecord(
            PivotOrder.self, operands: [Operand(.integers(1...3), dtype: .int32)],
            samples: [[3], [2, 2], [2, 0]].map { shape in
                Sample(
                    shapes: [shape], run: { [apply(PivotOrder(rows: 3), $0[0])] },
                    reference: { pivots in
                        let batch = Array(shape.dropLast())
                        return [
                            ReferenceArray(shape: batch + [3]) { index in
                                var rows = [0.0, 1, 2]
                                for i in 0..<shape.last! {
                                    rows.swapAt(i, Int(pivots[0][Array(index.dropLast()) + [i]]) - 1)
                                }
                                return rows[index.last!]
                            }
                        ]
                    })
            },
            resultTypes: { _ in [.int64] }, tolerance: .exact, gradient: .none("an order of rows"),
            withoutScalar: "pivots belong to the rows of a matrix"),
        PrimitiveRecord(
            QRDecomposition.self, operands: [entries],
            samples: [LinAlg.QRMode.reduced, .complete].flatMap { mode in
                // A complete Q of a tall matrix has no derivative.
                shapes.filter { mode == .reduced || $0[$0.count - 2] <= $0[$0.count - 1] }.map { shape in
                    let (m, n) = (shape[shape.count - 2], shape[shape.count - 1])
                    let k = min(m, n)
                    return Sample(
                        "mode: \(mode)", shapes: [shape],
                        run: {
                            let x = regular($0[0])
                            let (q, r) = LinAlg.qr(x, mode: mode)
                            return [q.matmul(r) - x, q.mH.matmul(q), r.tril(-1)]
                        },
                        reference: {
                            [zeros($0[0].shape), identity(shape, k), zeros(Array(shape.dropLast(2)) + [k, n])]
                        })
                }
            }
                + [[3, 3], [4, 2], [2, 3], [2, 3, 2]].map { shape in
                    Sample(
                        "raw", shapes: [shape],
                        run: {
                            let (q, r) = LinAlg.qr(regular($0[0]))
                            return [q, r]
                        }, reference: nil)
                },
            dtypes: floating, tolerance: tolerance, withoutScalar: noScalar),
        PrimitiveRecord(
            SingularValues.self, operands: [entries],
            samples: [true, false].flatMap { isFull in
                shapes.map { shape in
                    let (m, n) = (shape[shape.count - 2], shape[shape.count - 1])
                    let k = min(m, n)
                    return Sample(
                        "full: \(isFull)", shapes: [shape],
                        run: {
                            let x = regular($0[0])
                            let (u, s, vh) = LinAlg.svd(x, fullMatrices: isFull)
                            let (left, right) = (u.narrow(-1, start: 0, length: k), vh.narrow(-2, start: 0, length: k))
                            return [
                                (left * s.unsqueeze(-2)).matmul(right) - x, left.mH.matmul(left),
                                right.matmul(right.mH),
                                noGrad { u.detach().mH.matmul(u.detach()) },
                                noGrad { vh.detach().matmul(vh.detach().mH) },
                            ]
                        },
                        reference: {
                            [
                                zeros($0[0].shape), identity(shape, k), identity(shape, k),
                                identity(shape, isFull ? m : k), identity(shape, isFull ? n : k),
                            ]
                        })
                }
            }
                + [[3, 3], [4, 2], [2, 4], [2, 2, 2]].map { shape in
                    Sample(
                        "raw", shapes: [shape],
                        run: {
                            let (u, s, vh) = LinAlg.svd(regular($0[0]), fullMatrices: false)
                            return [u, s, vh]
                        }, reference: nil)
                } + [
                    Sample("values", shapes: [[3, 2]], run: { [LinAlg.svdvals(regular($0[0]))] }, reference: nil)
                ],
            dtypes: floating, tolerance: tolerance, withoutScalar: noScalar),
        PrimitiveRecord(
            SymmetricEigen.self, operands: [entries],
            samples: [LinAlg.Triangle.lower, .upper].flatMap { triangle in
                squares.map { shape in
                    Sample(
                        "triangle: \(triangle)", shapes: [shape],
                        run: {
                            let x = symmetric($0[0])
                            let (w, v) = LinAlg.eigh(x, uplo: triangle)
                            return [(v * w.unsqueeze(-2)).matmul(v.mH) - x, v.mH.matmul(v)]
                        },
                        reference: { [zeros($0[0].shape), identity(shape, shape.last!)] })
                } + [
                    Sample(
                        "raw, triangle: \(triangle)", shapes: [[2, 3, 3]],
                        run: {
                            let (w, v) = LinAlg.eigh(symmetric($0[0]), uplo: triangle)
                            return [w, v]
                        }, reference: nil)
                ]
            } + [
                Sample("values", shapes: [[3, 3]], run: { [LinAlg.eigvalsh(symmetric($0[0]))] }, reference: nil)
            ],
            dtypes: floating, tolerance: tolerance, withoutScalar: noScalar),
    ]

    // MARK: Determinants

    private static let determinants: [PrimitiveRecord] = [
        PrimitiveRecord(
            Determinant.self, operands: [entries],
            samples: [[3, 3], [2, 2, 2], [1, 1], [0, 0], [0, 2, 2], [4, 4]].map { shape in
                Sample(shapes: [shape], run: { [LinAlg.det($0[0])] }, reference: { [determinants($0[0]) { $0 }] })
            },
            dtypes: floating, tolerance: tolerance, withoutScalar: noScalar),
        PrimitiveRecord(
            LogDeterminant.self, operands: [entries],
            samples: [[3, 3], [2, 2, 2], [1, 1], [0, 0], [0, 2, 2]].map { shape in
                Sample(
                    shapes: [shape],
                    run: {
                        let (sign, logarithm) = LinAlg.slogdet(regular($0[0]))
                        return [sign.dtype.isComplex ? sign : sign.detach(), logarithm]
                    },
                    reference: { x in
                        let moved = ReferenceArray(shape: shape) { index in
                            let (i, j) = (index[index.count - 2], index[index.count - 1])
                            return x[0][index] + (i == j ? Double(3 * (i + 1)) : 0)
                        }
                        return [determinants(moved) { $0 < 0 ? -1 : 1 }, determinants(moved) { Glibc.log(abs($0)) }]
                    })
            },
            dtypes: floating, tolerance: tolerance, withoutScalar: noScalar),
    ]

    /// The determinants by expansion along the first row.
    private static func determinants(_ x: ReferenceArray, _ f: (Double) -> Double) -> ReferenceArray {
        func expand(_ lead: [Int], _ row: Int, _ columns: [Int]) -> Double {
            if columns.isEmpty { return 1 }
            return columns.indices.reduce(0) { sum, place in
                var rest = columns
                rest.remove(at: place)
                return sum + (place % 2 == 0 ? 1 : -1) * x[lead + [row, columns[place]]] * expand(lead, row + 1, rest)
            }
        }
        let n = x.shape.last!
        return ReferenceArray(shape: Array(x.shape.dropLast(2))) { f(expand($0, 0, Array(0..<n))) }
    }
}
