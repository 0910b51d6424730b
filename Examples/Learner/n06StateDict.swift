import Torchlight

/// Keys of the state dictionary, including buffers.
func n06StateDict() {
    let m = Sequential(Conv2d(3, 8, kernelSize: 3), BatchNorm2d(8), Linear(8, 2, bias: false))
    for (k, v) in m.namedState() {
        print(k, v.shape, v.dtype)
    }
    print(m.namedBuffers().map(\.name))
}
