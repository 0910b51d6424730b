import Torchlight

/// Reshape, view, squeeze, transpose, permute.
func t11Shape() throws {
    let x = Tensor.arange(24)
    print(x.view(2, 3, 4).shape, x.reshape(4, -1).shape)
    let y = x.view(2, 3, 4)
    print(y.permute(2, 0, 1).shape, y.transpose(0, 2).shape, y.flatten(from: 1).shape)
    print(Tensor.zeros(1, 3, 1).squeeze().shape, Tensor.zeros(3).unsqueeze(0).shape)
    do {
        _ = try checked { y.transpose(0, 2).view(-1) }
    } catch {
        print("error:", error)
    }
    y[0, 0, 0] = 99
    print(x[0])
}
