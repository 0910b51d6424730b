import Glibc
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
        PrimitiveRecord(
            LogCumSumExp.self, operands: [.real()],
            samples: calls.map { call in
                Sample(
                    "dim: \(call.dim)", shapes: [call.shape], run: { [$0[0].logcumsumexp(dim: call.dim)] },
                    reference: { x in
                        [
                            x[0].mapLines(along: call.dim) { line in
                                line.indices.map { end in Glibc.log(line[...end].reduce(0) { $0 + Glibc.exp($1) }) }
                            }
                        ]
                    })
            }, resultTypes: { [$0.isFloatingPoint ? $0 : .float32] }, tolerance: .sums),
        PrimitiveRecord(
            LinearScan.self, operands: [.real(), .real(-0.9...0.9)],
            samples: calls.flatMap { call in
                [false, true].map { isReversed in
                    Sample(
                        "dim: \(call.dim), isReversed: \(isReversed)", shapes: [call.shape, call.shape],
                        run: { [apply(LinearScan(dim: call.dim, isReversed: isReversed), $0[0], $0[1])] },
                        reference: { [recurrence($0[0], $0[1], call.dim, isReversed)] })
                }
            }, dtypes: floats, tolerance: .sums),
    ]

    /// `y[i] = x[i] + a[i] y[i - 1]` along a dimension, or from its other end.
    private static func recurrence(
        _ x: ReferenceArray, _ a: ReferenceArray, _ dim: Int, _ isReversed: Bool
    ) -> ReferenceArray {
        ReferenceArray(shape: x.shape) { index in
            if index.isEmpty { return x[index] }
            let steps = isReversed ? Array((index[dim]..<x.shape[dim]).reversed()) : Array(0...index[dim])
            var (place, y) = (index, 0.0)
            for (number, step) in steps.enumerated() {
                place[dim] = step
                y = x[place] + (number == 0 ? 0 : a[place] * y)
            }
            return y
        }
    }

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

    @Test func runningLogSumsDoNotOverflow() {
        let x = Tensor([-.infinity, -.infinity, 1000, 1000, -2000] as [Double], dtype: .float64, requiresGrad: true)
        let y = x.logcumsumexp(dim: 0)
        let two = 1000.6931471805599
        expectClose(y, [-.infinity, -.infinity, 1000, two, two])
        y[2...].sum().backward()
        // Logarithms of about 1000 are good to 1e-13, and so are the exponentials of their differences.
        expectClose(x.grad!, [0, 0, 2, 1, 0], Tolerance(units: 1024, reason: "results of about 1000 are rounded"))
        let spread = Tensor([500, -3, 510, 2, -400] as [Double], dtype: .float64)
        expectGradients(order: 2, at: [spread], label: "logcumsumexp") { [$0[0].logcumsumexp(dim: 0)] }
    }

    @Test func runningSumsInPlace() {
        let x = Tensor([[1, 2], [3, 4]] as [[Double]], dtype: .float64, requiresGrad: true)
        let y = (x * 1).cumsum_(dim: 0).cumprod_(dim: 1)
        expectClose(y, [1, 2, 4, 24])
        y.sum().backward()
        expectClose(x.grad!, [10, 5, 7, 4])
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
