import Torchlight

/// Shape, dtype, device, ndim, numel.
func t02Properties() {
    let t = Tensor.zeros(3, 4)
    print("Shape of tensor: \(t.shape)")
    print("Datatype of tensor: \(t.dtype)")
    print("Device tensor is stored on: \(t.device)")
    print(t.ndim, t.numel, t.size(0), t.strides, t.isContiguous)
}
