import Torchlight

/// A second backward pass needs `retainGraph: true` in the first.
func a08Twice() throws {
    let x = Tensor(3.0, requiresGrad: true)
    let y = pow(x, 2)
    y.backward(retainGraph: true)
    y.backward()
    print(x.grad!)
    do {
        try checked { y.backward() }
    } catch {
        print(error)
    }
}
