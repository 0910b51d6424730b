import Torchlight

/// Printing and indexing Sequential.
func n04Sequential() {
    let m = Sequential(Flatten(), Linear(28 * 28, 512), ReLU(), Dropout(0.2), Linear(512, 10))
    print(m)
    print(m[1])
    print(m.count)
    let n = Sequential(["conv": Conv2d(1, 6, kernelSize: 5), "bn": BatchNorm2d(6), "act": GELU()])
    print(n)
}
