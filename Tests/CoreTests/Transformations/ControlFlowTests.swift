import TestSupport
import Testing
import TorchlightCore

@Suite struct ControlFlowTests {
    private func expectSame(_ got: Tensor, _ expected: Tensor, _ label: String) {
        expectClose(got, ReferenceArray(expected), .absolute(1e-12), label)
    }

    @Test func condition() {
        let f: (Tensor) -> Tensor = { x in cond(x.sum() > 0, then: { x * x }, else: { -x }) }
        let x = Tensor([[1, 2], [-3, 1]], dtype: .float64)
        expectSame(f(x[0]), x[0] * x[0], "true")
        expectSame(f(x[1]), -x[1], "false")
        expectSame(grad { f($0).sum() }(x[0]), 2 * x[0], "gradient of the chosen function")
        expectSame(vmap(f)(x), stack([x[0] * x[0], -x[1]], dim: 0), "mapped")
        expectSame(
            vmap(grad { f($0).sum() })(x), stack([2 * x[0], x[1] * 0 - 1], dim: 0), "gradients of mapped functions")
        #expect(throws: TensorError.self) { try checked { cond(x > 0, then: { x }, else: { x }) } }
    }

    @Test func scans() {
        let x = Tensor([[1, 2], [3, 4], [5, 6]], dtype: .float64)
        let step: (Tensor, Tensor) -> (Tensor, Tensor) = { sum, x in (sum * 0.5 + x, sum) }
        let (state, outputs) = scan(step, Tensor.zeros([2], dtype: .float64), over: x)
        expectSame(state, x[0] * 0.25 + x[1] * 0.5 + x[2], "state")
        expectSame(outputs[2], x[0] * 0.5 + x[1], "outputs")
        let g = grad { scan(step, $0, over: x).state.sum() }(Tensor.zeros([2], dtype: .float64))
        expectSame(g, Tensor([0.125, 0.125], dtype: .float64), "gradient")
        let mapped = vmap({ s, x in scan(step, s, over: x).state }, inDims: [0, nil])(x, x)
        expectSame(mapped, stack((0..<3).map { scan(step, x[$0], over: x).state }, dim: 0), "mapped")
        let reversed = scan(step, Tensor.zeros([2], dtype: .float64), over: x, reverse: true)
        expectSame(reversed.state, x[2] * 0.25 + x[1] * 0.5 + x[0], "reversed")
        expectSame(reversed.outputs[2], x[0] * 0, "first output of the reversed scan")
        #expect(scan(step, x[0], over: Tensor.zeros([0, 2], dtype: .float64)).outputs.shape == [0, 2])
    }

    @Test func loops() {
        let root: (Tensor) -> Tensor = { a in
            whileLoop({ x in (x * x - a).abs() > 1e-13 * a }, { x in (x + a / x) / 2 }, a, maximumSteps: 20)
        }
        let a = Tensor([2, 9, 50], dtype: .float64)
        expectSame(root(a[0]), a[0].sqrt(), "root")
        expectSame(grad(root)(a[1]), 0.5 / a[1].sqrt(), "gradient")
        expectSame(vmap(root)(a), a.sqrt(), "mapped")
        expectSame(vmap(grad(root))(a), 0.5 / a.sqrt(), "gradients of mapped loops")
        #expect(throws: TensorError.self) {
            try checked { vmap { whileLoop({ $0 < 5 }, { $0 + 1 }, $0) }(a) }
        }
        #expect(whileLoop({ $0 < 5 }, { $0 + 1 }, a[0]).item() == 5)
    }
}
