import Torchlight

/// `load` reports missing and unexpected keys.
func n07LoadMistakes() throws {
    let m = Linear(2, 3)
    let sd = ["weight": Tensor.zeros(3, 2), "extra": Tensor.zeros(1)]
    do {
        try m.load(stateDict: sd)
    } catch {
        print(error)
    }
    print(try m.load(stateDict: sd, strict: false))
    do {
        try m.load(stateDict: ["weight": Tensor.zeros(2, 2), "bias": Tensor.zeros(3)])
    } catch {
        print(error)
    }
}
