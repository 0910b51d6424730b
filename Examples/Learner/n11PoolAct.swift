import Torchlight

/// Pooling and activations of fixed values.
func n11PoolAct() {
    let x = Tensor.arange(16.0).reshape(1, 1, 4, 4)
    print(MaxPool2d(2)(x))
    print(AvgPool2d(2)(x))
    let v = Tensor([-2.0, -0.5, 0.0, 1.0])
    print(relu(v), leakyRelu(v, negativeSlope: 0.1))
    print(sigmoid(v))
    print(tanh(v))
    print(gelu(v))
    print(softmax(v, dim: 0), softmax(v, dim: 0).sum())
}
