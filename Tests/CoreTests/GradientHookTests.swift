import Testing
@testable import TorchlightCore

@Suite("Hooks on gradients")
struct GradientHookTests {
    @Test("A hook on a leaf sees the sum of all uses, once a pass, and what it returns is added")
    func completeSums() {
        let x = Tensor([2.0], requiresGrad: true)
        var seen: [Double] = []
        x.registerHook {
            seen.append($0.item())
            return $0.clamp(max: 5)
        }
        (x * 3 + x * 4).sum().backward()
        #expect(seen == [7])
        #expect(x.grad!.item() == 5)
        // The sum is that of the pass, without what an earlier one added.
        (x * 1 + x * 1).sum().backward()
        #expect(seen == [7, 2])
        #expect(x.grad!.item() == 7)
        // Through grad(outputs:inputs:) too, which adds to no leaf.
        #expect(grad(outputs: [(x * 3 + x * 4).sum()], inputs: [x])[0]!.item() == 5)
        #expect(seen == [7, 2, 7])
        #expect(x.grad!.item() == 7)
    }

    @Test("A hook that divides by the norm sees the whole gradient of a recurrent weight")
    func recurrentWeight() {
        let w = Tensor([[0.5, 0.25], [0.25, 0.5]], requiresGrad: true)
        var calls = 0
        w.registerHook {
            calls += 1
            return $0 / $0.norm()
        }
        var state = Tensor([[1.0, 2.0]])
        for _ in 0..<5 { state = matmul(state, w) }
        state.sum().backward()
        #expect(calls == 1)
        #expect(abs(w.grad!.norm().item() - 1) < 1e-6)
    }

    @Test("A leaf that is the root, and one hook in a chain of several")
    func chains() {
        let x = Tensor([1.0], requiresGrad: true)
        var order: [String] = []
        x.registerHook {
            order.append("first \($0.item())")
            return $0 * 2
        }
        let second = x.registerHook {
            order.append("second \($0.item())")
            return nil
        }
        x.backward()
        #expect(order == ["first 1.0", "second 2.0"])
        #expect(x.grad!.item() == 2)
        second.remove()
        x.backward()
        #expect(order == ["first 1.0", "second 2.0", "first 1.0"])
    }

    @Test("Hooks after accumulation run once, when the gradient is complete, and may use it up")
    func afterAccumulation() {
        let (a, b) = (Tensor([1.0], requiresGrad: true), Tensor([1.0], requiresGrad: true))
        var order: [String] = []
        for (name, leaf) in [("a", a), ("b", b)] {
            leaf.registerPostAccumulateGradHook {
                order.append("\(name) \($0.grad!.item())")
                #expect($0 === leaf)
            }
        }
        // Going back, b is complete before the gradient of y has been computed.
        let y = a * 3 + a
        let late = y * 2
        late.registerHook { _ in
            order.append("late")
            return nil
        }
        y.registerHook { _ in
            order.append("y")
            return nil
        }
        let out = late + b + b
        out.sum().backward()
        #expect(order == ["b 2.0", "late", "y", "a 8.0"])
        // A second pass adds to what is there.
        order = []
        (a * 1).sum().backward()
        #expect(order == ["a 9.0"])
    }

    @Test("An optimiser inside the backward pass: each parameter changes once and no gradient is left")
    func optimiserInThePass() {
        let weights = (0..<3).map { Tensor([Double($0 + 1)], requiresGrad: true) }
        for weight in weights {
            weight.registerPostAccumulateGradHook { weight in
                noGrad { _ = weight.sub_(weight.grad! * 0.5) }
                weight.grad = nil
            }
        }
        (weights[0] * 2 + weights[1] * 4 + weights[0] * 2 + weights[2]).sum().backward()
        #expect(weights.map { $0.item() } == [-1, 0, 2.5])
        #expect(weights.allSatisfy { $0.grad == nil })
    }

    @Test("Tensor hooks first, then the sum, then hooks after accumulation; removed ones no more")
    func bothKinds() {
        let x = Tensor([1.0], requiresGrad: true)
        var order: [String] = []
        let before = x.registerHook {
            order.append("before \($0.item())")
            return $0 * 10
        }
        let after = x.registerPostAccumulateGradHook { order.append("after \($0.grad!.item())") }
        (x + x).sum().backward()
        #expect(order == ["before 2.0", "after 20.0"])
        _ = grad(outputs: [(x + x).sum()], inputs: [x])
        #expect(order == ["before 2.0", "after 20.0", "before 2.0"])
        before.remove()
        after.remove()
        order = []
        (x + x).sum().backward()
        #expect(order == [])
        #expect(x.grad!.item() == 22)
    }

    @Test("A gradient that rules add to in place counts as arrived")
    func addedInPlace() {
        let weight = Tensor([[1.0, 2], [3, 4]], requiresGrad: true)
        var calls: [[Float]] = []
        weight.registerPostAccumulateGradHook { calls.append($0.grad!.toArray(Float.self)) }
        let x = Tensor([[1.0, 1], [2, 0]])
        (linear(x, weight) + linear(x, weight)).sum().backward()
        #expect(calls == [[6, 2, 6, 2]])
        linear(x, weight).sum().backward()
        #expect(calls == [[6, 2, 6, 2], [9, 3, 9, 3]])
    }

    @Test("Hooks where none can run are refused")
    func refusals() throws {
        let constant = Tensor([1.0])
        let result = Tensor([1.0], requiresGrad: true) * 2
        for (what, call) in [
            ("hook", { _ = constant.registerHook { $0 } }),
            ("after", { _ = constant.registerPostAccumulateGradHook { _ in } }),
            ("after on a result", { _ = result.registerPostAccumulateGradHook { _ in } }),
            ("retainGrad", { constant.retainGrad() }),
        ] {
            let error = #expect(throws: TensorError.self, "\(what)") { try checked { call() } }
            #expect(error?.kind == .autograd, "\(what)")
        }
    }

    @Test("retainGrad keeps the gradient of the tensor as it is, after in-place operations and through views")
    func retainedGradients() {
        let a = Tensor([1.0], requiresGrad: true).clone()
        a.retainGrad()
        a.mul_(2)
        (a + 1).sum().backward()
        #expect(a.grad!.item() == 1)

        let b = Tensor([1.0, 2], requiresGrad: true).clone()
        let part = b[0]
        part.retainGrad()
        b.mul_(3)
        (part * 2).backward()
        #expect(part.grad!.item() == 2)

        let c = Tensor([1.0, 2], requiresGrad: true).clone()
        c.retainGrad()
        c[0].mul_(5)
        (c * Tensor([3.0, 4])).sum().backward()
        #expect(c.grad!.toArray(Float.self) == [3, 4])

        let d = Tensor([1.0], requiresGrad: true) * 1
        d.retainGrad()
        d.fill_(2)
        (d * 7).sum().backward()
        #expect(d.grad!.item() == 7)
    }

    @Test("A view made under noGrad of a tensor with a history is not changed outside without a word")
    func viewsFromNoGrad() throws {
        let x = Tensor([1.0, 2, 3, 4], requiresGrad: true)
        let y = x * 1
        let view = noGrad { y[0..<2] }
        for (what, change) in [
            ("mul_", { _ = view.mul_(3) }), ("fill_", { _ = view.fill_(0) }), ("zero_", { _ = view.zero_() }),
        ] {
            let error = #expect(throws: TensorError.self, "\(what)") { try checked { change() } }
            #expect(error?.description.contains("noGrad") == true, "\(what)")
        }
        noGrad { _ = view.mul_(3) }
        #expect(y.toArray(Float.self) == [3, 6, 3, 4])
        // Of a constant, and of a leaf that learns from later on, views may be changed as before.
        let constant = Tensor([1.0, 2])
        let other = noGrad { constant[0..<1] }
        other.mul_(2)
        #expect(constant.toArray(Float.self) == [2, 2])
    }

    @Test("A custom function may save its result: nothing is kept alive by it, and it can be differentiated twice")
    func savedResult() {
        enum Exponential: CustomFunction {
            static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
                let y = inputs[0].exp()
                context.save(y)
                return [y]
            }
            static func backward(_ context: FunctionContext, _ gradients: [Tensor]) -> [Tensor?] {
                [gradients[0] * context.saved[0]]
            }
        }
        let x = Tensor([0.5], dtype: .float64, requiresGrad: true)
        weak var result: Tensor?
        weak var storage: Storage?
        do {
            let y = Exponential.apply(x)[0]
            result = y
            storage = y.storage
        }
        #expect(result == nil && storage == nil)
        let y = Exponential.apply(x)[0]
        let first = grad(of: y.sum(), withRespectTo: x, createGraph: true)
        let second = grad(of: first.sum(), withRespectTo: x, createGraph: true)
        let third = grad(of: second.sum(), withRespectTo: x)
        for (order, value) in [first, second, third].enumerated() {
            #expect(abs(value.item() - 1.6487212707001282) < 1e-12, "derivative \(order + 1)")
        }
    }

    /// A view that was changed in place is a part of its base: what flows through it flows through the base.
    @Test(
        "The base of a view that is changed in place is on the way of the view's gradient",
        arguments: ["mul_", "copy_", "fill_", "index"])
    func viewsThatAreChanged(_ change: String) {
        let x = Tensor([1.0, 2, 3, 4], requiresGrad: true)
        let base = x * 3
        let view = base[0..<2]
        switch change {
        case "mul_": view.mul_(2)
        case "copy_": view.copy_(x[2..<4] * 1)
        case "fill_": view.fill_(7)
        default: view[[0]] *= 5
        }
        base.retainGrad()
        var (ofBase, ofView): ([[Double]], [[Double]]) = ([], [])
        base.registerHook {
            ofBase.append($0.toArray(Double.self))
            return $0 * 10
        }
        view.registerHook {
            ofView.append($0.toArray(Double.self))
            return nil
        }
        #expect(
            grad(outputs: [view.sum()], inputs: [base], retainGraph: true)[0]!.toArray(Double.self) == [10, 10, 0, 0])
        view.sum().backward(retainGraph: true)
        #expect(ofView == [[1, 1], [1, 1]] && ofBase == [[1, 1, 0, 0], [1, 1, 0, 0]], "\(change)")
        // Retained in both passes.
        #expect(base.grad!.toArray(Double.self) == [20, 20, 0, 0], "\(change)")
        // What flows through the base alone does not pass the view's hook.
        base.sum().backward()
        #expect(ofView.count == 2 && ofBase.last! == [1, 1, 1, 1], "\(change)")
        let factors: [String: [Double]] = [
            "mul_": [120, 120, 30, 30], "copy_": [0, 0, 50, 50], "fill_": [0, 0, 30, 30], "index": [300, 60, 30, 30],
        ]
        #expect(x.grad!.toArray(Double.self) == factors[change]!, "\(change)")
    }
}
