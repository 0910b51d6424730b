import Glibc
import TestSupport
import Testing

@testable import TorchlightCore

extension ReduceRecords {
    static let floats: [DType] = [.float64, .float32, .float16, .bfloat16]

    static let sums: [PrimitiveRecord] = [
        .reduction(
            Sum.self, resultType: { $0.isFloatingPoint ? $0 : .int64 },
            run: { $0.sum(dim: $1, keepdim: $2) }, reference: { $0.reduce(0, +) }),
        .reduction(
            Mean.self, dtypes: floats, run: { $0.mean(dim: $1, keepdim: $2) },
            reference: { $0.reduce(0, +) / Double($0.count) }),
        .reduction(
            LogSumExp.self, resultType: { $0.isFloatingPoint ? $0 : .float32 },
            run: { $0.logsumexp(dim: $1, keepdim: $2) },
            reference: { x in
                let top = x.max() ?? 0
                return top + Glibc.log(x.reduce(0) { $0 + Glibc.exp($1 - top) })
            }),
    ]

    static let products: [PrimitiveRecord] = [
        .reduction(
            Prod.self, .real(0.5...1.5), resultType: { $0.isFloatingPoint ? $0 : .int64 },
            tolerance: Tolerance(units: 64, scale: 1, reason: "every factor adds a rounding error"),
            run: { $0.prod(dim: $1, keepdim: $2) }, reference: { $0.reduce(1, *) })
    ]
}

@Suite struct SumTests {
    @Test func integersGiveInt64() {
        #expect(Tensor([UInt8(200), 200]).sum().item(Int.self) == 400)
        #expect(Tensor([true, true, false]).sum().item(Int.self) == 2)
        #expect(Tensor([1, 2]).sum(dtype: .float32).dtype == .float32)
    }

    @Test func meanOfIntegersIsRefused() {
        let error = expectRefusal(by: "mean", .dtype) { Tensor([1, 2]).mean() }
        #expect(error?.description.contains(".to(.float32)") == true)
        #expect(Tensor([1, 2]).mean(dtype: .float32).item() == 1.5)
        #expect(Tensor([Float]()).mean().item().isNaN)
    }

    @Test func manySmallNumbersDoNotDrown() {
        // One running float32 would stop growing at 2^24.
        #expect(Tensor.ones([20_000_000]).sum().item() == 20_000_000)
        #expect(Tensor.ones([4096], dtype: .float16).sum().item() == 4096)
    }

    @Test(arguments: [49_152, 65_536, 65_537, 82_920, 200_003])
    func longRowsFoldEveryElementOnce(_ count: Int) {
        // Four chunks of 16,384 elements are read side by side, the chunks left over one by one. Sums stay below 2^24,
        // so that they are exact in float32.
        let numbers = (0..<count).map { Int64($0 % 31) }
        let expected = numbers.reduce(0, +)
        for dtype in [DType.float32, .float64, .int64] {
            let x = Tensor(numbers).to(dtype)
            #expect(x.sum().item(Int64.self) == expected, "\(dtype)")
            for place in [0, 16_383, 16_384, 40_000, count - 1] {
                #expect(x.scatter(0, Tensor([place]), 100).max().item(Int64.self) == 100, "\(dtype), \(place)")
            }
        }
    }

    /// Contiguous rows of few elements have loops of their own, for some lengths each.
    @Test(arguments: 1...34)
    func shortRows(_ length: Int) {
        var random = TestRandom("short rows of \(length)")
        let folds: [(name: String, call: (Tensor) -> Tensor, reference: ([Double]) -> Double)] = [
            ("sum", { $0.sum(dim: 1) }, { $0.reduce(0, +) }),
            ("prod", { $0.prod(dim: 1) }, { $0.reduce(1, *) }),
            ("amax", { $0.amax(dim: 1) }, { $0.max()! }), ("amin", { $0.amin(dim: 1) }, { $0.min()! }),
            ("any", { $0.any(dim: 1) }, { $0.contains { $0 != 0 } ? 1 : 0 }),
            ("all", { $0.all(dim: 1) }, { $0.contains(0) ? 0 : 1 }),
            ("norm", { $0.to(.float64).norm(dim: 1) }, { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }),
        ]
        for rows in [16, 127, 128, 300] {
            // Small integers, and products below 2^24, so that every dtype is exact.
            let numbers = (0..<rows).map { _ in
                (0..<length).map { $0 < 8 ? Double(Int.random(in: -3...3, using: &random)) : 1.0 }
            }
            for dtype in DType.real where dtype.isSigned && dtype != .bool && dtype != .bfloat16 {
                let x = Tensor(numbers.flatMap { $0 }, shape: [rows, length]).to(dtype)
                for (name, call, reference) in folds {
                    let got = call(x).to(.float64).toArray(Double.self)
                    for (row, value) in got.enumerated() {
                        let expected = reference(numbers[row])
                        // float16 counts to 2048 exactly.
                        if dtype == .float16 || dtype == .int8 || dtype == .int16, abs(expected) > 100 { continue }
                        #expect(
                            abs(value - expected) <= 1e-12 * abs(expected), "\(name), \(dtype) \(rows) x \(length)")
                    }
                }
            }
        }
    }

    @Test func logSumExpOfNothing() {
        let x = Tensor([-.infinity, -.infinity] as [Double], dtype: .float64, requiresGrad: true)
        let y = x.logsumexp()
        #expect(y.item() == -.infinity)
        y.backward()
        #expect(x.grad!.toArray(Double.self) == [0, 0])
        #expect(Tensor([1000.0, 1000]).logsumexp().item() == Double(Float(1000.6931471805599)))
    }

    @Test(arguments: [[2.0, 0, 3], [0, 0, 3], [2, 5, 3]])
    func productsOfZeros(_ values: [Double]) {
        let x = Tensor([values, [1, 2, 3]], dtype: .float64)
        expectGradients(order: 2, at: [x], label: "prod \(values)") { [$0[0].prod(dim: 1)] }
        expectGradients(order: 2, at: [x], label: "prod of all \(values)") { [$0[0].prod()] }
        expectGradients(order: 2, at: [x], label: "prod, keepdim \(values)") { [$0[0].prod(dim: 0, keepdim: true)] }
    }
}
