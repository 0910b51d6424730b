import TestSupport
import Testing
@testable import TorchlightCore

extension ElementwiseRecords {
    private static let shapes = [
        [[2, 3], [2, 3], [2, 3]], [[3], [2, 1], []], [[], [], []], [[0, 2], [2], [1, 2]], [[2, 1], [], [3]],
    ]

    static let choices: [PrimitiveRecord] = [
        PrimitiveRecord(
            Where.self, operands: [.mask, .real(), .real()],
            samples: shapes.map { shapes in
                Sample(
                    shapes: shapes, run: { [Tensor.where($0[0], $0[1], $0[2])] },
                    reference: { [ReferenceArray.combine($0) { $0[0] != 0 ? $0[1] : $0[2] }] })
            }, tolerance: .exact),
        PrimitiveRecord(
            Clamp.self, operands: [.real(-3...3), .real(-2...(-1)), .real(1...2)],
            samples: shapes.map { shapes in
                Sample(
                    shapes: shapes, run: { [$0[0].clamp(min: $0[1], max: $0[2])] },
                    reference: { [ReferenceArray.combine($0) { min(max($0[0], $0[1]), $0[2]) }] })
            }, dtypes: DType.real.filter { $0 != .bool }, tolerance: .exact),
    ]

    static let fused: [PrimitiveRecord] = [
        PrimitiveRecord(
            AddCMul.self, operands: [.real(), .real(0...3), .real(0...3)],
            samples: shapes.map { shapes in
                Sample(
                    "value: 2", shapes: shapes, run: { [$0[0].addcmul($0[1], $0[2], value: 2)] },
                    reference: { [ReferenceArray.combine($0) { $0[0] + 2 * $0[1] * $0[2] }] })
            }, dtypes: DType.real.filter { $0 != .bool },
            tolerance: Tolerance(units: 8, scale: 20, reason: "terms of up to 18 cancel"),
            inPlace: { $0[0].addcmul_($0[1], $0[2], value: 2) }),
        PrimitiveRecord(
            AddScaled.self, operands: [.real(6...9), .real(0...3)],
            samples: [[[2, 3], [2, 3]], [[3], [2, 1]], [[], []], [[0, 2], [2]], [[2, 1], []]].map { shapes in
                Sample(
                    "alpha: 2", shapes: shapes, run: { [$0[0].sub($0[1], alpha: 2)] },
                    reference: { [ReferenceArray.combine($0) { $0[0] - 2 * $0[1] }] })
            }, dtypes: DType.real.filter { $0 != .bool }, inPlace: { $0[0].sub_($0[1], alpha: 2) }, operation: "sub"
        ),
        PrimitiveRecord(
            AddCDiv.self, operands: [.real(), .real(), .real(0.5...3)],
            samples: shapes.map { shapes in
                Sample(
                    "value: 0.5", shapes: shapes, run: { [$0[0].addcdiv($0[1], $0[2], value: 0.5)] },
                    reference: { [ReferenceArray.combine($0) { $0[0] + 0.5 * $0[1] / $0[2] }] })
            }, dtypes: [.float64, .float32, .float16, .bfloat16],
            tolerance: Tolerance(units: 8, scale: 4, reason: "terms cancel"),
            inPlace: { $0[0].addcdiv_($0[1], $0[2], value: 0.5) }),
        PrimitiveRecord(
            Lerp.self, operands: [.real(), .real(), .real(0...1)],
            samples: shapes.map { shapes in
                Sample(
                    shapes: shapes, run: { [$0[0].lerp($0[1], weight: $0[2])] },
                    reference: { [ReferenceArray.combine($0) { $0[0] + $0[2] * ($0[1] - $0[0]) }] })
            }, dtypes: [.float64, .float32, .float16, .bfloat16],
            tolerance: Tolerance(units: 8, scale: 4, reason: "terms cancel"),
            inPlace: { $0[0].lerp_($0[1], weight: $0[2]) }),
    ]
}

@Suite struct ChoiceTests {
    @Test func whereKeepsTypesAndSkipsNaN() {
        let condition = Tensor([true, false])
        #expect(Tensor.where(condition, Tensor([1, 2]), 0.5).dtype == .float32)
        expectClose(Tensor.where(condition, Tensor([1.0, .nan]), 0), [1, 0], .exact)
        expectRefusal(by: "where", .dtype) { Tensor.where(Tensor([1, 0]), Tensor([1.0, 2]), 0.0) }
        let x = Tensor([4.0, -1], dtype: .float64, requiresGrad: true)
        Tensor.where(condition, x, 0.0).sum().backward()
        #expect(x.grad!.toArray(Double.self) == [1, 0])
    }

    @Test func maskedFillKeepsTheType() {
        let x = Tensor([1, 2, 3], dtype: .int32)
        let mask = Tensor([true, false, true])
        #expect(x.maskedFill(mask, 7.9).toArray(Int.self) == [7, 2, 7])
        #expect(x.maskedFill(mask, 7.9).dtype == .int32)
        let y = Tensor.zeros([2, 3])
        y.maskedFill_(mask, 1)
        #expect(y.toArray(Int.self) == [1, 0, 1, 1, 0, 1])
        expectRefusal(by: "maskedFill", .shape) { y.maskedFill(mask, Tensor([1.0, 2, 3])) }
        let z = Tensor([1.0, 2, 3], requiresGrad: true)
        let w = z * 2
        w.maskedFill_(mask, -Double.infinity)
        w.sum().backward()
        #expect(z.grad!.toArray(Double.self) == [0, 2, 0])
    }

    @Test func clampsWithOneBoundAndTypes() {
        let x = Tensor([-2, 0, 5])
        #expect(x.clamp(min: 0).toArray(Int.self) == [0, 0, 5])
        #expect(x.clamp(max: 1).toArray(Int.self) == [-2, 0, 1])
        #expect(x.clamp(min: 0.5).dtype == .float32)
        #expect(x.clamp(min: 0).dtype == .int64)
        #expect(x.clamp(min: 3, max: 1).toArray(Int.self) == [1, 1, 1])
        expectClose(Tensor([.nan, 1] as [Double]).clamp(min: 0, max: 2), [.nan, 1], .exact)
        expectRefusal(by: "clamp", .value) { x.clamp() }
        x.clamp_(min: 0)
        #expect(x.toArray(Int.self) == [0, 0, 5])
    }

    @Test func clampPassesGradientsBetweenTheBounds() {
        let x = Tensor([0.0, 0.5, 1, 2], requiresGrad: true)
        x.clamp(min: 0, max: 1).sum().backward()
        #expect(x.grad!.toArray(Double.self) == [0, 1, 0, 0])
        let low = Tensor([1.0, 0], requiresGrad: true)
        Tensor([0.0, 1]).clamp(min: low).sum().backward()
        #expect(low.grad!.toArray(Double.self) == [1, 0])
    }

    @Test func sumsWithAlpha() {
        let x = Tensor([1, 2], dtype: .int8)
        #expect(x.add(Tensor([true, false]), alpha: 2).toArray(Int.self) == [3, 2])
        #expect(x.add(Tensor([true, false]), alpha: 2).dtype == .int8)
        #expect(x.sub(3, alpha: 2).toArray(Int.self) == [-5, -4])
        #expect(Tensor([true, false]).add(Tensor([false, false]), alpha: true).toArray(Bool.self) == [true, false])
        expectRefusal(by: "add", .dtype) { x.add(x, alpha: 0.5) }
        expectRefusal(by: "sub", .dtype) { x.sub(x, alpha: true) }
        expectRefusal(by: "sub", .dtype) { Tensor([true]).sub(Tensor([true])) }
        let (a, b) = (Tensor([1.0, 2], requiresGrad: true), Tensor([3.0, 5], requiresGrad: true))
        let difference = a.sub(b, alpha: 0.5)
        difference.sum().backward()
        expectClose(difference, [-0.5, -0.5], .exact)
        #expect(a.grad!.toArray(Float.self) == [1, 1] && b.grad!.toArray(Float.self) == [-0.5, -0.5])
    }

    @Test func fusedSumsOfIntegers() {
        #expect(Tensor([1, 2]).addcmul(Tensor([3, 4]), Tensor([5, 6]), value: 2).toArray(Int.self) == [31, 50])
        expectRefusal(by: "addcdiv", .dtype) { Tensor([1.0]).addcdiv(Tensor([1]), Tensor([2])) }
    }
}
