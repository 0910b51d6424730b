import Glibc
import TestSupport
import Testing
@testable import TorchlightCore

extension ElementwiseRecords {
    private static let atZero = Operand.real(-3...3, avoiding: [0])

    static let activations: [PrimitiveRecord] = [
        .unary(Relu.self, atZero, inPlace: { $0.relu_() }, run: { $0.relu() }, reference: { max($0, 0) }),
        .binary(
            ReluBackward.self, .real(), atZero, run: { apply(ReluBackward(), $0, $1) }, reference: { $1 > 0 ? $0 : 0 }),
        .unary(SigmoidForward.self, inPlace: { $0.sigmoid_() }, run: { $0.sigmoid() }, reference: logistic),
        .binary(
            SigmoidBackward.self, .real(), .real(0...1), run: { apply(SigmoidBackward(), $0, $1) },
            reference: { $0 * $1 * (1 - $1) }),
        .unary(
            LogSigmoidForward.self, inPlace: { $0.logsigmoid_() }, run: { $0.logsigmoid() },
            reference: { min($0, 0) - Glibc.log1p(Glibc.exp(-abs($0))) }),
        .unary(Gelu.self, run: { $0.gelu() }, reference: { $0 * normal($0) }),
        .unary(
            GeluTanh.self, run: { $0.gelu(approximate: .tanh) },
            reference: { $0 / 2 * (1 + Glibc.tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }),
        .binary(
            GeluBackward.self, run: { apply(GeluBackward(), $0, $1) },
            reference: { $0 * (normal($1) + $1 * Glibc.exp(-$1 * $1 / 2) / (2 * Double.pi).squareRoot()) }),
        .binary(
            GeluTanhBackward.self, run: { apply(GeluTanhBackward(), $0, $1) },
            reference: { g, x in
                let k = (2 / Double.pi).squareRoot()
                let t = Glibc.tanh(k * (x + 0.044715 * x * x * x))
                return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * k * (1 + 0.134145 * x * x))
            }),
        .unary(Silu.self, inPlace: { $0.silu_() }, run: { $0.silu() }, reference: { $0 * logistic($0) }),
        .binary(
            SiluBackward.self, run: { apply(SiluBackward(), $0, $1) },
            reference: { $0 * logistic($1) * (1 + $1 * (1 - logistic($1))) }),
        .unary(
            MishForward.self, inPlace: { $0.mish_() }, run: { $0.mish() },
            reference: { $0 * Glibc.tanh(Glibc.log1p(Glibc.exp($0))) }),
        .unary(
            SoftplusForward.self, .real(-3...3, avoiding: [2.5]), run: { $0.softplus(beta: 2, threshold: 5) },
            reference: { $0 * 2 > 5 ? $0 : Glibc.log1p(Glibc.exp($0 * 2)) / 2 }),
        .unary(
            LeakyRelu.self, atZero, inPlace: { $0.leakyRelu_(negativeSlope: 0.25) },
            run: { $0.leakyRelu(negativeSlope: 0.25) }, reference: { $0 > 0 ? $0 : 0.25 * $0 }),
        .unary(
            Elu.self, atZero, inPlace: { $0.elu_(alpha: 1.5) }, run: { $0.elu(alpha: 1.5) },
            reference: { $0 > 0 ? $0 : 1.5 * Glibc.expm1($0) }),
        .unary(TanhshrinkForward.self, run: { $0.tanhshrink() }, reference: { $0 - Glibc.tanh($0) }),
        .unary(
            HardtanhForward.self, .real(-3...3, avoiding: [-1, 2]),
            run: { apply(HardtanhForward(min: -1, max: 2), $0) }, reference: { max(-1, min($0, 2)) }),
        .unary(
            HardSigmoid.self, .real(-5...5, avoiding: [-3, 3]), inPlace: { $0.hardsigmoid_() },
            run: { $0.hardsigmoid() }, reference: { max(0, min($0 / 6 + 0.5, 1)) }),
        .unary(
            HardSwish.self, .real(-5...5, avoiding: [-3, 3]), inPlace: { $0.hardswish_() }, run: { $0.hardswish() },
            reference: { $0 * max(0, min($0 / 6 + 0.5, 1)) }),
    ]

    @Sendable private static func logistic(_ x: Double) -> Double { 1 / (1 + Glibc.exp(-x)) }
    @Sendable private static func normal(_ x: Double) -> Double { 0.5 * Glibc.erfc(-x / 2.0.squareRoot()) }
}

@Suite struct ActivationTests {
    private func gradient(_ values: [Double], _ f: (Tensor) -> Tensor) -> [Double] {
        let x = Tensor(values, dtype: .float64, requiresGrad: true)
        f(x).sum().backward()
        return x.grad!.toArray(Double.self)
    }

    @Test func gradientsAtKinks() {
        #expect(gradient([0, -0.0]) { $0.relu() } == [0, 0])
        #expect(gradient([0]) { $0.abs() } == [0])
        #expect(gradient([0]) { $0.leakyRelu(negativeSlope: 0.1) } == [0.1])
        #expect(gradient([0]) { $0.elu(alpha: 2) } == [2])
        #expect(gradient([-1, 1]) { $0.hardtanh() } == [0, 0])
        #expect(gradient([-3, 3]) { $0.hardsigmoid() } == [0, 0])
        #expect(gradient([0, 6]) { $0.relu6() } == [0, 0])
    }

    @Test func saturates() {
        for dtype in [DType.float32, .float64] {
            let x = Tensor([-.infinity, -200, 200, .infinity, .nan] as [Double], dtype: dtype)
            expectClose(x.sigmoid(), [0, 0, 1, 1, .nan], .elementwise, "sigmoid \(dtype)")
            expectClose(x.tanh(), [-1, -1, 1, 1, .nan], .exact, "tanh \(dtype)")
            expectClose(x.relu(), [0, 0, 200, .infinity, .nan], .exact, "relu \(dtype)")
            expectClose(x.softplus(), [0, 0, 200, .infinity, .nan], .elementwise, "softplus \(dtype)")
            expectClose(x.logsigmoid(), [-.infinity, -200, 0, 0, .nan], .elementwise, "logsigmoid \(dtype)")
        }
    }

    @Test func savesTheResultOfRelu() {
        // The result is what the gradient reads, so that writing over the operand is allowed.
        let x = Tensor([-1.0, 2], requiresGrad: true)
        let y = x * 1
        let z = y.relu()
        y.zero_()
        z.sum().backward()
        #expect(x.grad == nil || x.grad!.toArray(Double.self) == [0, 1])
    }

    @Test func integersHeldToARangeStayIntegers() {
        let x = Tensor([-5, 3, 9])
        #expect(x.relu6().toArray(Int.self) == [0, 3, 6] && x.relu6().dtype == .int64)
        x.hardtanh_(min: -1, max: 4)
        #expect(x.toArray(Int.self) == [-1, 3, 4])
        let y = Tensor([-5.0, 0.5, 9]).hardtanh_()
        #expect(y.toArray(Double.self) == [-1, 0.5, 1])
    }

    @Test func refusesAnEmptyRange() {
        expectRefusal(by: "hardtanh", .value) { Tensor([1.0]).hardtanh(min: 2, max: 1) }
    }
}
