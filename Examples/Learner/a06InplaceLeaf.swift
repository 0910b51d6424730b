import Torchlight

/// In-place change of a leaf is refused.
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
