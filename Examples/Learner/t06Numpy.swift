import Torchlight

/// Views share memory; a tensor created from an array is a copy.
func t06Numpy() {
    let t = Tensor.ones(5)
    let n = t.view(5)
    t.add_(1)
    print("t: \(t)")
    print("n: \(n)")
    var a = [1.0, 1.0, 1.0]
    a = a.map { $0 + 1 }
    let b = Tensor(a, dtype: .float64)
    print(a)
    print(b)
    let c = Tensor(a, dtype: .float64)
    a[0] = 100
    print(c)
}
