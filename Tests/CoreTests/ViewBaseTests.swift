import TestSupport
import Testing
import TorchlightCore

/// Which tensor has the history of memory that several tensors share. The replay of recorded answers checks the first rule for every
/// function.
@Suite("Bases of views") struct ViewBaseTests {
    private func values(_ tensor: Tensor?) -> [Double]? { tensor?.toArray(Double.self) }

    private let x = Tensor([[1.0, 2], [3, 4]], dtype: .float32).requiresGrad_()
    private let v = Tensor([0.5, -1], dtype: .float32)

    @Test("A result that is a view of a hidden tensor is a tensor of its own")
    func resultOfHiddenTensor() throws {
        let functions: [(String, (Tensor) -> Tensor)] = [
            ("addmv", { self.v.addmv($0, self.v) }), ("product and transpose", { ($0 * 2).t()[0] }),
            ("three views", { ($0 * 2).unsqueeze(0).transpose(0, 2).squeeze(2)[1] }),
        ]
        for (name, function) in functions {
            try checked {
                let y = function(x)
                let view = y.reshape(1, 2), viewOfView = view[0]
                y.mul_(3)
                let gradients = grad(
                    outputs: [view, viewOfView], inputs: [y], gradOutputs: [Tensor([[1.0, 2]]), Tensor([10.0, 20])])
                #expect(values(gradients[0]) == [11, 22], "\(name)")
            }
        }
    }

    @Test("A change of a view reaches the result that it is a view of")
    func changeOfView() throws {
        try checked {
            let y = v.addmv(x, v)
            let view = y.unsqueeze(0)
            view.mul_(3)
            #expect(y.sum().item() == (v.addmv(x, v) * 3).sum().item())
            y.sum().backward()
            #expect(values(x.grad) == [1.5, -3, 1.5, -3])
        }
    }

    @Test("A view of a tensor that is still in use stays a view of it")
    func baseInUse() throws {
        try checked {
            let base = x * 1, y = base.t()
            let view = y.reshape(1, 2, 2)
            y.mul_(2)
            #expect(base.gradFnName == "CopySlicesBackward0")
            #expect(grad(outputs: [view.sum()], inputs: [y], allowUnused: true)[0] == nil)
            base.sum().backward()
            #expect(values(x.grad) == [2, 2, 2, 2])
        }
    }

    @Test("A result of a function can be detached in place, a view of a leaf cannot be changed")
    func restrictions() throws {
        try checked {
            let y = v.addmv(x, v)
            #expect(!y.detach_().requiresGrad)
        }
        expectRefusal(by: "mul_", .autograd) { Tensor.ones([2, 2]).requiresGrad_().t().mul_(2) }
        expectRefusal(by: "detach_", .autograd) {
            let base = x * 1
            let refused = base.t().detach_()
            return (refused, base.shape)
        }
    }

    @Test("A chain of views, each of which replaces the one before, does not grow")
    func chainOfViews() throws {
        try checked {
            var y = (x * 2).t()
            for _ in 0..<100_000 { y = y.t() }
            y.mul_(2)
            y.sum().backward()
            #expect(values(x.grad) == [4, 4, 4, 4])
        }
    }
}
