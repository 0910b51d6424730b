import Torchlight

/// backward needs a scalar or a gradient.
func a09Nonscalar() throws {
    let x = Tensor([1.0, 2.0], requiresGrad: true)
    let y = x * 3
    do {
        try checked { y.backward() }
    } catch {
        print(error)
    }
    y.backward(gradient: Tensor([1.0, 0.5]))
    print(x.grad!)
}
