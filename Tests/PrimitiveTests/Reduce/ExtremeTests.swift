import TestSupport
import Testing

@testable import TorchlightCore

extension ReduceRecords {
    private static let alongOne: [(shape: [Int], dim: Int, keepdim: Bool)] = [
        ([2, 3], 1, false), ([2, 3], 0, true), ([3, 4, 2], 1, false), ([0, 3], 1, false), ([], 0, false),
        ([29], 0, false),
    ]

    static let extremes: [PrimitiveRecord] = [
        .reduction(
            Amax.self, tolerance: .exact, emptyFold: false, run: { $0.amax(dim: $1, keepdim: $2) },
            reference: { $0.max()! }),
        .reduction(
            Amin.self, tolerance: .exact, emptyFold: false, run: { $0.amin(dim: $1, keepdim: $2) },
            reference: { $0.min()! }),
        PrimitiveRecord(
            Extreme.self, operands: [.real()],
            samples: alongOne.map { call in
                Sample(
                    "dim: \(call.dim), keepdim: \(call.keepdim)", shapes: [call.shape],
                    run: { x in
                        let (values, indices) = x[0].max(dim: call.dim, keepdim: call.keepdim)
                        return [values, indices]
                    },
                    reference: { x in
                        [
                            x[0].fold([call.dim], keepdim: call.keepdim) { $0.max()! },
                            x[0].fold([call.dim], keepdim: call.keepdim) { Double($0.firstIndex(of: $0.max()!)!) },
                        ]
                    })
            }, resultTypes: { [$0, .int64] }, tolerance: .exact),
        PrimitiveRecord(
            ArgExtreme.self, operands: [.real()],
            samples: alongOne.map { call in
                Sample(
                    "argmin, dim: \(call.dim), keepdim: \(call.keepdim)", shapes: [call.shape],
                    run: { [$0[0].argmin(dim: call.dim, keepdim: call.keepdim)] },
                    reference: {
                        [$0[0].fold([call.dim], keepdim: call.keepdim) { Double($0.firstIndex(of: $0.min()!)!) }]
                    })
            } + [
                Sample(
                    "argmax of all", shapes: [[2, 3]], run: { [$0[0].argmax()] },
                    reference: { [$0[0].fold([]) { Double($0.firstIndex(of: $0.max()!)!) }] })
            ], resultTypes: { _ in [.int64] }, tolerance: .exact, gradient: .none("positions are whole numbers")),
        PrimitiveRecord(
            Median.self, operands: [.real()],
            samples: ([[5], [2, 3], [2, 1, 4], [], [1]] as [[Int]]).flatMap { shape in
                [
                    Sample(
                        "median", shapes: [shape], run: { [$0[0].median()] }, reference: { [$0[0].fold([], middle)] }),
                    Sample(
                        "nanmedian", shapes: [shape], run: { [$0[0].nanmedian()] },
                        reference: { [$0[0].fold([], middle)] }),
                ]
            }, dtypes: DType.real.filter { $0 != .bool }, tolerance: .exact,
            withoutEmpty: "nothing has no median"),
    ]

    /// The lower one of the two in the middle.
    @Sendable private static func middle(_ x: [Double]) -> Double { x.sorted()[(x.count - 1) / 2] }
}

@Suite struct ExtremeTests {
    @Test func tiesShareTheGradientOfTheWhole() {
        let x = Tensor([1.0, 3, 3, 2], requiresGrad: true)
        x.max().backward()
        #expect(x.grad!.toArray(Double.self) == [0, 0.5, 0.5, 0])
        x.grad = nil
        x.amax(dim: 0).backward()
        #expect(x.grad!.toArray(Double.self) == [0, 0.5, 0.5, 0])
        x.grad = nil
        let (value, index) = x.max(dim: 0)
        value.backward()
        #expect(index.item(Int.self) == 1)
        #expect(x.grad!.toArray(Double.self) == [0, 1, 0, 0])
    }

    @Test func mediansShareTheGradientAmongEqualElements() {
        let nan = Double.nan
        let third = 1.0 / 3
        let cases: [(name: String, values: [Double], median: (Tensor) -> Tensor, expected: [Double])] = [
            ("median", [1, 3, 3, 3, 9], { $0.median() }, [0, third, third, third, 0]),
            ("median, an even number", [2, 2, 5, 5], { $0.median() }, [0.5, 0.5, 0, 0]),
            ("median with NaN", [1, nan, nan], { $0.median() }, [0, 0.5, 0.5]),
            ("nanmedian", [1, 3, 3, nan, 9], { $0.nanmedian() }, [0, 0.5, 0.5, 0, 0]),
            ("nanmedian of NaN", [nan, nan], { $0.nanmedian() }, [0.5, 0.5]),
            ("infinities", [-.infinity, -.infinity, .infinity], { $0.median() }, [0.5, 0.5, 0]),
            ("along a dimension", [1, 3, 3, 3, 9], { $0.median(dim: 0).values }, []),
        ]
        for (name, values, median, expected) in cases {
            let x = Tensor(values, dtype: .float64, requiresGrad: true)
            median(x).backward()
            let gradient = x.grad!.toArray(Double.self)
            if expected.isEmpty {
                #expect(gradient.sorted() == [0, 0, 0, 0, 1], "\(name): the one that is named gets all")
            } else {
                #expect(gradient == expected, "\(name)")
            }
        }
        let matrix = Tensor([[1.0, 4], [4, 9]], dtype: .float64, requiresGrad: true)
        let slope = grad(of: matrix.median() * matrix.median(), withRespectTo: matrix, createGraph: true)
        #expect(slope.toArray(Double.self) == [0, 4, 4, 0])
        #expect(grad(of: slope.sum(), withRespectTo: matrix).toArray(Double.self) == [0, 1, 1, 0])
    }

    @Test func notANumberWins() {
        let x = Tensor([[1, .nan, 2], [3, 4, .infinity]] as [[Double]])
        expectClose(x.amax(dim: 1), [.nan, .infinity], .exact)
        expectClose(x.amin(dim: 1), [.nan, 3], .exact)
        #expect(x.argmax(dim: 1).toArray(Int.self) == [1, 2])
        #expect(x.argmin(dim: 1).toArray(Int.self) == [1, 0])
        #expect(x.argmax().item(Int.self) == 1)
    }

    @Test func nothingHasNoLargest() {
        for operation in ["amax", "amin", "argmax", "argmin", "max", "min"] {
            expectRefusal(by: operation, .shape) {
                let x = Tensor.zeros([2, 0])
                switch operation {
                case "amax": return x.amax(dim: 1)
                case "amin": return x.min()
                case "argmax": return x.argmax()
                case "argmin": return x.argmin(dim: 1)
                case "max": return x.max(dim: 1).values
                default: return x.min(dim: 1).indices
                }
            }
        }
        expectRefusal(by: "max", .index) { Tensor([1.0]).max(dim: 1).values }
    }
}
