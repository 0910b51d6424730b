import Torchlight

/// Printing a module.
func n01PrintModule() {
    final class SimpleNetwork: Module, Layer {
        let fc1 = Linear(784, 128)
        let relu = ReLU()
        let fc2 = Linear(128, 10)
        func forward(_ x: Tensor) -> Tensor {
            fc2(relu(fc1(x)))
        }
    }
    let model = SimpleNetwork()

    print(model)
}
