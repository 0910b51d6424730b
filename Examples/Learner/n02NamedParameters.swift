import Torchlight

/// Names and shapes of parameters.
func n02NamedParameters() {
    final class SimpleNetwork: Module, Layer {
        let fc1 = Linear(784, 128)
        let relu = ReLU()
        let fc2 = Linear(128, 10)
        func forward(_ x: Tensor) -> Tensor {
            fc2(relu(fc1(x)))
        }
    }
    let model = SimpleNetwork()

    for (name, p) in model.namedParameters() {
        print(name, p.shape, p.requiresGrad)
    }
}
