import Torchlight

/// Matrix product and element-wise product.
func t09Arith() {
    let t = Tensor([[1.0, 2.0], [3.0, 4.0]])
    let y1 = matmul(t, t.T)
    let y2 = t.matmul(t.T)
    let y3 = Tensor.empty(like: t)
    y3.copy_(t.matmul(t.T))
    print(y1)
    print(y1.equal(y2), y1.equal(y3))
    print(t * t)
    let agg = t.sum()
    print(agg.item(), type(of: agg.item()))
    t.add_(5)
    print(t)
}
