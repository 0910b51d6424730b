import Torchlight

/// The gradient of max and topk is 0 except at the selected elements.
func a05Max() {
    let x = Tensor([1.0, 7.0, 3.0, 5.0], requiresGrad: true)
    x.max().backward()
    print(x.grad!)
    x.grad = nil
    let (v, i) = x.topk(2)
    v.sum().backward()
    print(i, x.grad!)
}
