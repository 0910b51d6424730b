import Testing
import TorchlightCore

/// The gradient of a leaf is nobody else's tensor, and belongs to leaves that want it.
@Suite struct GradientOwnershipTests {
    @Test(arguments: [false, true])
    func aGivenGradientIsNotKept(createGraph: Bool) {
        for view in [false, true] {
            let x = Tensor([1.0, 2, 3, 4], shape: [2, 2], dtype: .float32, requiresGrad: true)
            let given = Tensor([5.0, 6, 7, 8], shape: [2, 2], dtype: .float32)
            let before = given.clone()
            (view ? x.transpose(0, 1) : x).backward(gradient: given, createGraph: createGraph)
            (x * 2).sum().backward()
            #expect(given.equal(before), "view \(view): a later pass changed the caller's tensor to \(given)")
            let first = view ? before.transpose(0, 1) : before
            #expect(x.grad!.detach().equal(first + 2), "view \(view): \(x.grad!)")
        }
    }

    @Test func retainedGradientsStay() {
        let x = Tensor([1.0, 2, 3, 4], shape: [2, 2], dtype: .float32, requiresGrad: true)
        let y = x.transpose(0, 1)
        y.retainGrad()
        y.backward(gradient: Tensor.ones([2, 2], dtype: .float32), createGraph: true)
        let before = y.grad!.detach().clone()
        (x * 3).sum().backward()
        #expect(y.grad!.detach().equal(before), "\(y.grad!)")
    }

    @Test func leavesThatNeedNoGradientAnyMoreGetNone() {
        let x = Tensor([1.0, 2], dtype: .float32, requiresGrad: true)
        let w = Tensor([3.0, 4], dtype: .float32, requiresGrad: true)
        let y = (x * w).sum()
        _ = x.requiresGrad_(false)
        y.backward()
        #expect(x.grad == nil)
        #expect(w.grad!.equal(Tensor([1.0, 2], dtype: .float32)))
    }

    /// The gradient in float64 has its digits beside Swift numbers and integers: d/dx of `x^p` and of `p^x`.
    @Test func powersKeepTheirDigits() {
        for p in [2.3, -0.7, 1.0 / 3, 3] {
            let x = Tensor([0.3, 1.7], dtype: .float64, requiresGrad: true)
            x.pow(p).sum().backward()
            let base = Tensor([0.3, 1.7], dtype: .float64)
            let exact = base.pow(Tensor([p - 1, p - 1], dtype: .float64)) * p
            #expect(x.grad!.allclose(exact, rtol: 1e-13), "x^\(p): \(x.grad!.toArray(Double.self))")
        }
        for (name, base) in [("a number", Tensor([2.5], dtype: .float64)), ("an integer", Tensor([3], dtype: .int64))] {
            let x = Tensor([0.3, 1.7], dtype: .float64, requiresGrad: true)
            (name == "a number" ? pow(2.5, x) : base.pow(x)).sum().backward()
            let wide = base.to(.float64)
            let exact = wide.pow(x.detach()) * wide.log()
            #expect(x.grad!.allclose(exact, rtol: 1e-13), "\(name)^x: \(x.grad!.toArray(Double.self))")
        }
    }
}
