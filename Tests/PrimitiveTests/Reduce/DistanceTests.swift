import Glibc
import TestSupport
import Testing

@testable import TorchlightCore

extension ReduceRecords {
    private static let powers: [Double] = [2, 1, 0, 3, 1.5, .infinity]
    private static let real: [DType] = [.float64, .float32, .float16, .bfloat16]
    private static let noScalar = "distances are those of rows"

    static let distances: [PrimitiveRecord] = [
        PrimitiveRecord(
            PairDistance.self, operands: [.real(), .real()],
            samples: shapes.map { pair in
                Sample(
                    "p: \(pair.p)", shapes: [pair.a, pair.b], run: { [cdist($0[0], $0[1], p: pair.p)] },
                    reference: { [all($0[0], $0[1], pair.p)] })
            }, dtypes: real, tolerance: .sums, withoutScalar: noScalar),
        PrimitiveRecord(
            PairDistanceBackward.self, operands: [.real(), .real()],
            samples: shapes.map { pair in
                Sample(
                    "p: \(pair.p), against the composition", shapes: [pair.a, pair.b],
                    run: { gradients($0, createGraph: false) { cdist($0[0], $0[1], p: pair.p) } },
                    reference: { operands in
                        gradients(operands.map { $0.tensor(.float64) }, createGraph: true) {
                            cdist($0[0], $0[1], p: pair.p)
                        }.map { ReferenceArray($0) }
                    })
            }, dtypes: real, resultTypes: { [$0, $0] }, tolerance: .sums,
            gradient: .none("the record differentiates already"), withoutScalar: noScalar, operation: "cdist"),
        PrimitiveRecord(
            CondensedDistance.self, operands: [.real()],
            samples: powers.flatMap { p in
                [[4, 3], [2, 1], [1, 3], [0, 3]].map { shape in
                    Sample(
                        "p: \(p)", shapes: [shape], run: { [pdist($0[0], p: p)] },
                        reference: { [upper($0[0], p)] })
                }
            }, dtypes: real, tolerance: .sums, withoutScalar: noScalar),
        PrimitiveRecord(
            CondensedDistanceBackward.self, operands: [.real()],
            samples: powers.flatMap { p in
                [[4, 3], [2, 1], [0, 3]].map { shape in
                    Sample(
                        "p: \(p), against the composition", shapes: [shape],
                        run: { gradients($0, createGraph: false) { pdist($0[0], p: p) } },
                        reference: { operands in
                            gradients(operands.map { $0.tensor(.float64) }, createGraph: true) { pdist($0[0], p: p) }
                                .map { ReferenceArray($0) }
                        })
                }
            }, dtypes: real, tolerance: .sums,
            gradient: .none("the record differentiates already"), withoutScalar: noScalar, operation: "pdist"),
    ]

    private static let shapes: [(p: Double, a: [Int], b: [Int])] =
        powers.map { ($0, [2, 3], [4, 3]) } + powers.map { ($0, [2, 2, 2], [2, 3, 2]) }
        + [(2, [2, 5], [1, 5]), (2, [0, 3], [2, 3]), (2, [2, 2, 1, 3], [2, 2, 3]), (3, [2, 0], [3, 0])]

    private static func gradients(
        _ operands: [Tensor], createGraph: Bool, _ f: ([Tensor]) -> Tensor
    ) -> [Tensor] {
        let leaves = operands.map { $0.dtype.isFloatingPoint ? $0.detach().requiresGrad_() : $0 }
        let result = f(leaves)
        let seeds = Tensor(
            (0..<result.count).map { 0.25 + 0.5 * Double($0 * 7 % 5) }, shape: result.shape, dtype: result.dtype,
            device: result.device)
        return grad(outputs: [result], inputs: leaves, gradOutputs: [seeds], createGraph: createGraph)
            .map { $0!.detach() }
    }

    private static func distance(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>, _ p: Double) -> Double {
        let sizes = zip(a, b).map { abs($0 - $1) }
        if p == .infinity { return sizes.max() ?? 0 }
        if p == 0 { return Double(sizes.filter { $0 != 0 }.count) }
        return pow(sizes.reduce(0) { $0 + pow($1, p) }, 1 / p)
    }

    private static func all(_ a: ReferenceArray, _ b: ReferenceArray, _ p: Double) -> ReferenceArray {
        let (n, m, width) = (a.shape[a.shape.count - 2], b.shape[b.shape.count - 2], a.shape.last!)
        let rank = max(a.shape.count, b.shape.count)
        func lead(_ x: ReferenceArray) -> [Int] {
            Array(repeating: 1, count: rank - x.shape.count) + x.shape.dropLast(2)
        }
        let batch = zip(lead(a), lead(b)).map { $0 == 1 ? $1 : $0 }
        let (left, right) = (a.broadcast(to: batch + [n, width]), b.broadcast(to: batch + [m, width]))
        return ReferenceArray(shape: batch + [n, m]) { index in
            let position = zip(index.dropLast(2), batch).reduce(0) { $0 * $1.1 + $1.0 }
            let (i, j) = (position * n + index[rank - 2], position * m + index[rank - 1])
            return distance(
                left.values[(i * width)..<((i + 1) * width)], right.values[(j * width)..<((j + 1) * width)], p)
        }
    }

    private static func upper(_ x: ReferenceArray, _ p: Double) -> ReferenceArray {
        let (n, width) = (x.shape[0], x.shape[1])
        func row(_ i: Int) -> ArraySlice<Double> { x.values[(i * width)..<((i + 1) * width)] }
        var values: [Double] = []
        for i in 0..<n { for j in (i + 1)..<max(n, i + 1) { values.append(distance(row(i), row(j), p)) } }
        return ReferenceArray(values, shape: [values.count])
    }
}

@Suite struct DistanceTests {
    @Test(arguments: [0, 0.5, 1, 1.5, 2, 3, Double.infinity])
    func broadcastPairsEqualTheirDifferences(_ p: Double) {
        var random = TestRandom("pairs \(p)")
        let a = Tensor(random.values(6 * 1 * 5, in: -2...2), shape: [6, 1, 5], dtype: .float64)
        let b = Tensor(random.values(4 * 5, in: -2...2), shape: [4, 5], dtype: .float64)
        let distances = pairwiseDistance(a, b, p: p)
        #expect(distances.shape == [6, 4])
        let expected = (a - b + 1e-6).norm(p: p, dim: -1)
        expectClose(distances, ReferenceArray(expected), .sums, "p: \(p), seed: \(TestRandom.seed)")
        expectGradients(order: p == 0 ? 1 : 2, at: [a.narrow(0, start: 0, length: 2), b], label: "p: \(p)") {
            [pairwiseDistance($0[0], $0[1], p: p, keepdim: true)]
        }
        let turned = cosineSimilarity(a, b, dim: -1)
        let product = (normalize(a, dim: -1) * normalize(b, dim: -1)).sum(dim: -1)
        expectClose(turned, ReferenceArray(product), .sums, "seed: \(TestRandom.seed)")
        expectGradients(order: 2, at: [a, b], label: "cosineSimilarity") { [cosineSimilarity($0[0], $0[1], dim: -1)] }
    }

    /// 300 rows of 37 take blocks, remainders and several threads.
    @Test(arguments: [1, 2, 3, Double.infinity])
    func manyRows(_ p: Double) {
        var random = TestRandom("rows \(p)")
        let x = Tensor(random.values(300 * 37, in: -2...2), shape: [300, 37], dtype: .float32)
        let expected = (x.unsqueeze(1) - x.unsqueeze(0)).to(.float64).norm(p: p, dim: -1)
        let label = "p: \(p), seed: \(TestRandom.seed)"
        expectClose(cdist(x, x, p: p), ReferenceArray(expected), .sums, label)
        let rows = Tensor.triuIndices(300, 300, offset: 1)
        expectClose(pdist(x, p: p), ReferenceArray(expected[rows[0], rows[1]]), .sums, label)
    }

    @Test func closePointsKeepTheirDigits() {
        let a = Tensor([[1000.0, 1000]], dtype: .float32)
        let b = Tensor([[1000.0 + 0x1p-13, 1000]], dtype: .float32)
        #expect(cdist(a, b).item() == 0x1p-13)
        #expect(pdist(cat([a, b])).item() == 0x1p-13)
    }

    @Test(arguments: [false, true])
    func infinitiesAndTies(_ requiresGrad: Bool) {
        let far = Tensor([[1, Double.infinity]], requiresGrad: requiresGrad)
        #expect(cdist(far, Tensor([[0.0, 0]]), p: .infinity).item() == .infinity)
        let big = Tensor([[3e38, 3e38]], dtype: .float32, requiresGrad: requiresGrad)
        let distance = cdist(big, Tensor.zeros([1, 2]), p: .infinity)
        #expect(distance.item() == Double(Float(3e38)))
        guard requiresGrad else { return }
        distance.sum().backward()
        // Each of several largest coordinates has the whole gradient.
        #expect(big.grad!.toArray(Double.self) == [1, 1])
    }

    @Test func equalPointsHaveNoSlope() {
        for p in [0, 0.5, 1, 2, 3, Double.infinity] {
            let x = Tensor([[1.0, 2], [1, 2]], dtype: .float64, requiresGrad: true)
            (cdist(x, x, p: p).sum() + pdist(x, p: p).sum()).backward()
            #expect(x.grad!.toArray(Double.self) == [0, 0, 0, 0], "p: \(p)")
        }
    }
}
