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

    @Test func containersAndDerivativesOfScans() {
        let x = Tensor([[0.5, 1], [1.5, -1], [0.2, 2]], dtype: .float64)
        let step: ([String: Tensor], [Tensor]) -> ([String: Tensor], [Tensor]) = { state, x in
            let next = ["h": (state["h"]! * x[0]).tanh(), "n": state["n"]! + 1]
            return (next, [next["h"]!.sum(), x[0]])
        }
        let initial = ["h": Tensor([1.0, 2], dtype: .float64), "n": Tensor(0.0, dtype: .float64)]
        func last(_ h: Tensor, _ x: Tensor) -> Tensor {
            scan(step, ["h": h, "n": initial["n"]!], over: [x]).state["h"]!
        }
        let (state, outputs) = scan(step, initial, over: [x])
        #expect(state["n"]!.item() == 3 && outputs[0].shape == [3] && outputs[1].equal(x))
        var h = initial["h"]!
        for i in 0..<3 { h = (h * x[i]).tanh() }
        expectSame(state["h"]!, h, "state")
        let (start, v) = (initial["h"]!, Tensor([0.3, -0.7], dtype: .float64))
        let tangent = jvp({ last($0, x) }, primals: start, tangents: v).tangent
        let difference = (last(start + v * 1e-6, x) - last(start - v * 1e-6, x)) / 2e-6
        expectClose(tangent, ReferenceArray(difference), .absolute(1e-8), "jvp of a scan")
        expectSame(jacfwd { last($0, x) }(start), jacrev { last($0, x) }(start), "Jacobians of a scan")
        expectSame(
            vmap(grad { last($0, x).sum() })(stack([start, v], dim: 0)),
            stack([grad { last($0, x).sum() }(start), grad { last($0, x).sum() }(v)], dim: 0), "mapped gradients")
    }

    @Test func examplesLeaveALoopAtDifferentSteps() {
        // Halves until below 1; the number of steps is in the state.
        let halve: (Tensor) -> [Tensor] = { x in
            whileLoop({ $0[0] >= 1 }, { [$0[0] / 2, $0[1] + 1] }, [x, x * 0], maximumSteps: 10)
        }
        let x = Tensor([0.5, 3, 100], dtype: .float64)
        let all = vmap(halve)(x)
        for i in 0..<3 {
            let one = halve(x[i])
            expectSame(all[0][i], one[0], "value \(i)")
            expectSame(all[1][i], one[1], "steps \(i)")
        }
        expectSame(vmap(grad { halve($0)[0] })(x), Tensor([1, 0.25, 1.0 / 128], dtype: .float64), "gradients")
        #expect(halve(Tensor(1e9, dtype: .float64))[1].item() == 10, "the limit holds outside of vmap too")
    }

    @Test func whatDoesNotFitIsNamed() {
        let x = Tensor([[1.0, 2], [3, 4]], dtype: .float64)
        expectRefusal(by: "cond", .shape, "shapes") {
            vmap { x in cond(x.sum() > 4, then: { x }, else: { x.sum() }) }(x)
        }
        expectRefusal(by: "cond", .dtype, "no condition") { cond(x, then: { x }, else: { x }) }
        expectRefusal(by: "scan", .shape, "state") { scan({ ($0.sum(), $1) }, x, over: x).state }
        expectRefusal(by: "scan", .shape, "lengths") {
            scan({ (s: Tensor, x: [Tensor]) in (s, s) }, x[0], over: [x, Tensor.zeros([3], dtype: .float64)]).state
        }
        expectRefusal(by: "scan", .shape, "no steps") { scan({ ($0, $1) }, x, over: Tensor(1.0)).state }
        expectRefusal(by: "whileLoop", .shape, "state") { whileLoop({ $0.sum() < 100 }, { $0.sum() }, x) }
        expectRefusal(by: "whileLoop", .dtype, "condition") { whileLoop({ $0 < 100 }, { $0 + 1 }, x) }
        expectRefusal(by: "whileLoop", .value, "number of steps") {
            vmap { whileLoop({ $0.sum() < 5 }, { $0 + 1 }, $0) }(x)
        }
    }
}
