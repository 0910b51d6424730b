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
    ]
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
