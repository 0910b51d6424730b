import Torchlight

/// A linear layer with given weights.
func n09Linear() {
    let m = Linear(3, 2)
    noGrad {
        m.weight.copy_(Tensor([[1.0, 0.0, -1.0], [0.5, 0.5, 0.5]]))
        m.bias!.copy_(Tensor([0.1, -0.1]))
    }
    let x = Tensor([[1.0, 2.0, 3.0]])
    let y = m(x)
    print(y)
    y.sum().backward()
    print(m.weight.grad!)
    print(m.bias!.grad!)
    print(m)
}
