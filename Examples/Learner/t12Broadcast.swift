import Torchlight

/// Broadcasting.
func t12Broadcast() throws {
    let a = Tensor.arange(3).reshape(3, 1)
    let b = Tensor.arange(2).reshape(1, 2)
    print(a + b)
    print((Tensor.ones(3, 1, 5) + Tensor.ones(4, 1)).shape)
    do {
        _ = try checked { Tensor.ones(2, 3) + Tensor.ones(2, 4) }
    } catch {
        print(error)
    }
}
