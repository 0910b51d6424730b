import Torchlight

/// Counting parameters.
func n03Count() {
    final class SimpleNetwork: Module, Layer {
        let fc1 = Linear(784, 128)
        let relu = ReLU()
        let fc2 = Linear(128, 10)
        func forward(_ x: Tensor) -> Tensor {
            fc2(relu(fc1(x)))
        }
    }
    let model = SimpleNetwork()

    let total = model.parameters().reduce(0) { $0 + $1.numel }
    print(withThousands(total))
    for p in model.fc1.parameters() {
        p.requiresGrad = false
    }
    print(withThousands(model.parameterCount(trainableOnly: true)))
}
