import Torchlight

/// The models of `train mnist` and of the benchmarks.
enum DigitModels {
    /// Creates a model for grayscale images of `size` by `size` pixels.
    static func make(_ kind: ModelKind, imageSize size: Int) -> any Layer {
        switch kind {
        case .mlp: MLP(inputs: size * size)
        case .cnn: CNN(imageSize: size)
        }
    }
}

/// Multilayer perceptron: linear layers with 256, 128 and 10 outputs, with ReLU and dropout (0.2) in between.
final class MLP: Module, Layer {
    let fc1: Linear
    let fc2 = Linear(256, 128)
    let fc3 = Linear(128, 10)
    let drop = Dropout(0.2)

    init(inputs: Int = 784) {
        fc1 = Linear(inputs, 256)
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor {
        var x = x.flatten(from: 1)
        x = drop(relu(fc1(x)))
        x = drop(relu(fc2(x)))
        return fc3(x)
    }
}

/// Convolutional network: two 3x3 convolutions with 32 and 64 channels, max pooling, and linear layers with 128 and 10
/// outputs, with dropout.
final class CNN: Module, Layer {
    let conv1 = Conv2d(1, 32, kernelSize: 3)
    let conv2 = Conv2d(32, 64, kernelSize: 3)
    let d1 = Dropout(0.25)
    let d2 = Dropout(0.5)
    let fc1: Linear
    let fc2 = Linear(128, 10)

    init(imageSize: Int = 28) {
        let pooled = (imageSize - 4) / 2
        fc1 = Linear(64 * pooled * pooled, 128)
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor {
        var x = relu(conv1(x))  // [n, 32, 26, 26]
        x = relu(conv2(x))  // [n, 64, 24, 24]
        x = d1(maxPool2d(x, 2)).flatten(from: 1)  // [n, 9216]
        x = d2(relu(fc1(x)))
        return fc2(x)
    }
}
