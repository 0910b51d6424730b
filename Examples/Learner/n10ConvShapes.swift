import Torchlight

/// Output shapes of the layers of a small CNN.
func n10ConvShapes() {
    var x = Tensor.zeros(4, 1, 28, 28)
    let layers: [any Layer] = [
        Conv2d(1, 32, kernelSize: 3, stride: 1), ReLU(), Conv2d(32, 64, kernelSize: 3, stride: 1), MaxPool2d(2),
        Flatten(),
        Linear(9216, 128), Linear(128, 10),
    ]
    for layer in layers {
        x = layer(x)
        print(type(of: layer), x.shape)
    }
}
