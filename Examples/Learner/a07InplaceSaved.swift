import Torchlight

/// An in-place change of a saved tensor is detected in the backward pass.
func a07InplaceSaved() throws {
    let x = Tensor([1.0, 2.0], requiresGrad: true)
    let y = exp(x)
    y.add_(1)
    do {
        try checked { y.sum().backward() }
    } catch {
        print(error)
    }
}
