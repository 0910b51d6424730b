import Torchlight

/// An in-place operation on a leaf that requires gradients is an error.
func a06InplaceLeaf() throws {
    let x = Tensor([-1.0, 2.0], requiresGrad: true)
    do {
        _ = try checked { x.relu_() }
    } catch {
        print("TensorError:", error)
    }
    noGrad {
        _ = x.relu_()
    }
    print(x)
}
