import TestSupport
import Testing

@testable import TorchlightCore

extension ReduceRecords {
    private static let calls: [(shape: [Int], dim: Int)] = [
        ([2, 3], 1), ([2, 3], 0), ([2, 3, 2], 1), ([], 0), ([0, 3], 1), ([3, 0], 1), ([37], 0),
    ]

    static let scans: [PrimitiveRecord] = [
        scan(CumSum.self, .real(), { $0.cumsum(dim: $1) }, 0, +),
        scan(CumProd.self, .real(0.5...1.5), { $0.cumprod(dim: $1) }, 1, *),
        PrimitiveRecord(
            CumExtreme.self, operands: [.real()],
            samples: calls.map { call in
                Sample(
                    "cummin, dim: \(call.dim)", shapes: [call.shape],
                    run: { x in
                        let (values, indices) = x[0].cummin(dim: call.dim)
                        return [values, indices]
                    },
                    reference: { x in
                        [
                            x[0].mapLines(along: call.dim) { line in line.indices.map { line[...$0].min()! } },
                            x[0].mapLines(along: call.dim) { line in
                                line.indices.map { Double(line[...$0].lastIndex(of: line[...$0].min()!)!) }
                            },
                        ]
                    })
            }, resultTypes: { [$0, .int64] }, tolerance: .exact),
    ]

    private static func scan(
        _ primitive: any Primitive.Type, _ operand: Operand, _ run: @escaping @Sendable (Tensor, Int) -> Tensor,
        _ start: Double, _ join: @escaping @Sendable (Double, Double) -> Double
    ) -> PrimitiveRecord {
        PrimitiveRecord(
            primitive, operands: [operand],
            samples: calls.map { call in
                Sample(
                    "dim: \(call.dim)", shapes: [call.shape], run: { [run($0[0], call.dim)] },
                    reference: { x in
                        [
                            x[0].mapLines(along: call.dim) { line in
                                var sum = start
                                return line.map { element in
                                    sum = join(sum, element)
                                    return sum
                                }
                            }
                        ]
                    })
            }, resultTypes: { [$0.isFloatingPoint ? $0 : .int64] }, tolerance: .sums)
    }
}

@Suite struct ScanTests {
    @Test(arguments: [[2.0, 0, 3, 4], [0, 5, 0, 2], [1, 2, 3, 0]])
    func runningProductsOfZeros(_ values: [Double]) {
        let x = Tensor([values, [1, 2, 3, 4]], dtype: .float64)
        expectGradients(order: 2, at: [x], label: "cumprod \(values)") { [$0[0].cumprod(dim: 1)] }
        expectGradients(order: 1, at: [x.T.contiguous()], label: "cumprod \(values)") { [$0[0].cumprod(dim: 0)] }
    }

    @Test func keepsTheFirstNaN() {
        let (values, indices) = Tensor([1, .nan, 3] as [Double]).cummax(dim: 0)
        expectClose(values, [1, .nan, .nan], .exact)
        #expect(indices.toArray(Int.self) == [0, 1, 1])
    }

    @Test func converts() {
        #expect(Tensor([1, 2]).cumsum(dim: 0, dtype: .float32).dtype == .float32)
        #expect(Tensor([true, true]).cumsum(dim: 0).toArray(Int.self) == [1, 2])
        expectRefusal(by: "cumsum", .index) { Tensor([1, 2]).cumsum(dim: 1) }
    }
}
