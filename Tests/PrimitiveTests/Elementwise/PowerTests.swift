import Glibc
import TestSupport
import Testing
@testable import TorchlightCore

extension ElementwiseRecords {
    static let powers: [PrimitiveRecord] = [
        .binary(
            Pow.self, .real(0.3...2), .real(0...3),
            tolerance: Tolerance(units: 16, reason: "exp of a product of a log"),
            inPlace: { $0.pow_($1) }, run: { $0.pow($1) }, reference: { Glibc.pow($0, $1) }),
        .unary(
            Sqrt.self, .real(0.2...9), inPlace: { $0.sqrt_() }, run: { $0.sqrt() }, reference: { $0.squareRoot() }),
        .unary(
            Rsqrt.self, .real(0.4...9), inPlace: { $0.rsqrt_() }, run: { $0.rsqrt() },
            reference: { 1 / $0.squareRoot() }),
        .unary(
            Reciprocal.self, .real(0.4...9), inPlace: { $0.reciprocal_() }, run: { $0.reciprocal() },
            reference: { 1 / $0 }),
        PrimitiveRecord(
            Square.self, operands: [.real()],
            samples: [[2, 3], [], [0, 2]].map { shape in
                Sample(shapes: [shape], run: { [$0[0].square()] }, reference: { [$0[0].map { $0 * $0 }] })
            }, resultTypes: { [$0 == .bool ? .int64 : $0] },
            inPlace: { $0[0].square_() }),
    ]
}

@Suite struct PowerTests {
    @Test func integersStayIntegers() {
        #expect(Tensor([2, 3, -2]).pow(3).toArray(Int.self) == [8, 27, -8])
        #expect(Tensor([2, 3]).pow(2).dtype == .int64)
        #expect(Tensor([2, 3]).pow(2.0).dtype == .float32)
        #expect(pow(2, Tensor([0, 10])).toArray(Int.self) == [1, 1024])
        let error = expectRefusal(by: "pow", .value) { Tensor([2, 3]).pow(-1) }
        #expect(error?.description.contains(".to(.float32)") == true)
        #expect(Tensor([2, 3]).pow(-1.0).toArray(Double.self) == [0.5, Double(Float(1) / 3)])
    }

    @Test func specialExponents() {
        let x = Tensor([-2.0, 0, 3], dtype: .float64)
        expectClose(x.pow(0), [1, 1, 1], .exact)
        expectClose(x.pow(2), [4, 0, 9], .exact)
        expectClose(x.pow(3), [-8, 0, 27])
        expectClose(x.pow(-1), [-0.5, .infinity, 1.0 / 3])
        expectClose(x.pow(0.5), [.nan, 0, 3.0.squareRoot()])
    }

    @Test func gradientsAtZero() {
        let x = Tensor([0.0, 0.0], dtype: .float64, requiresGrad: true)
        let y = Tensor([0.0, 2.0], dtype: .float64, requiresGrad: true)
        x.pow(y).sum().backward()
        #expect(x.grad!.toArray(Double.self) == [0, 0])
        #expect(y.grad!.toArray(Double.self) == [0, 0])
        let z = Tensor([0.0], dtype: .float64, requiresGrad: true)
        z.pow(0).sum().backward()
        #expect(z.grad!.toArray(Double.self) == [0])
    }
}
