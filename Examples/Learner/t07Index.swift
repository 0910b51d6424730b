import Torchlight

/// Indexing and slicing.
func t07Index() {
    let t = Tensor.arange(12).reshape(3, 4)
    print(t)
    print("First row: \(t[0])")
    print("First column: \(t[.all, 0])")
    print("Last column: \(t[.ellipsis, -1])")
    t[.all, 1] = 0
    print(t)
    print(t[1, 2].item(Int.self), t[t > 5])
    print(t[Tensor([0, 2])])
    print(t[.slice(step: 2), 1..<3])
}
