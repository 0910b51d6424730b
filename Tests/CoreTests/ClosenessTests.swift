import TestSupport
import Testing
import TorchlightCore

@Suite struct ClosenessTests {
    @Test func followsTheRule() {
        let a = Tensor([1.0, 1.0, .infinity, .infinity, .nan, 0], dtype: .float64)
        let b = Tensor([1.000009, 1.1, .infinity, -.infinity, .nan, 1e-9], dtype: .float64)
        #expect(a.isclose(b).toArray(Bool.self) == [true, false, true, false, false, true])
        #expect(a.isclose(b, equalNan: true).toArray(Bool.self)[4])
        #expect(!a.allclose(b))
        #expect(a.allclose(a, equalNan: true))
        #expect(Tensor([1, 2]).allclose(Tensor([1, 2])))
        expectRefusal(by: "isclose", .value) { a.isclose(b, rtol: -1) }
        #expect(!Tensor([Int.max]).allclose(Tensor([Int.min])))
    }
}

@Suite struct CompositeTests {
    @Test func activations() {
        let x = Tensor([-2.0, -0.3, 0, 0.4, 3], dtype: .float64)
        expectClose(x.softsign(), [-2.0 / 3, -0.3 / 1.3, 0, 0.4 / 1.4, 0.75])
        expectClose(x.hardshrink(), [-2, 0, 0, 0, 3], .exact)
        expectClose(x.softshrink(), [-1.5, 0, 0, 0, 2.5])
        expectClose(x.threshold(0, value: 7), [7, 7, 7, 0.4, 3], .exact)
        #expect(Tensor.zeros([3, 4]).glu().shape == [3, 2])
        expectRefusal(by: "glu", .shape) { Tensor.zeros([3]).glu() }
        for (name, f) in [("selu", { $0.selu() }), ("celu", { $0.celu(alpha: 2) })] as [(String, (Tensor) -> Tensor)] {
            expectGradients(order: 2, at: [Tensor([-2.0, -0.3, 0.4], dtype: .float64)], label: name) { [f($0[0])] }
        }
    }

    @Test func activationsAtTheEdgesOfNumbers() {
        let x = Tensor([-.infinity, .infinity, .nan] as [Double], dtype: .float64)
        let minus: [(String, Tensor)] = [
            ("silu", x.silu()), ("mish", x.mish()), ("gelu", x.gelu()), ("gelu", x.gelu(approximate: .tanh)),
            ("hardswish", x.hardswish()),
        ]
        // Minus infinity times a factor that tends to 0.
        for (name, y) in minus { expectClose(y, [.nan, .infinity, .nan], .exact, name) }
        expectClose(x.hardshrink(), [-.infinity, .infinity, .nan], .exact)
        expectClose(x.softshrink(), [-.infinity, .infinity, .nan], .exact)
        #expect(Tensor(3e38).hardswish().item() == Tensor(3e38).item())
        // A negative alpha bends the left side upwards.
        let y = Tensor([-1.0, 2], dtype: .float64)
        expectClose(y.celu(alpha: -1), [1 - 2.718281828459045, 2])
    }

    @Test func pointwise() {
        let x = Tensor([0.0, 0.5, 1], dtype: .float64)
        expectClose(x.sinc(), [1, 2 / Double.pi, 0])
        expectClose(x.logit(), [-.infinity, 0, .infinity], .exact)
        expectClose(Tensor([.nan, .infinity, -1] as [Double]).nanToNum(posinf: 9), [0, 9, -1], .exact)
        expectClose(Tensor([1, .nan, 3] as [Double]).nanmean(), [2], .exact)
        #expect(Tensor([2]).floatPower(Tensor([-1])).dtype == .float64)
        expectClose(Tensor([-1.0, 0, 2]).heaviside(Tensor([0.5])), [0, 0.5, 1], .exact)
    }
}
