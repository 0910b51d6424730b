import Torchlight

/// `backward` of a tensor with several elements needs a gradient argument.
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
