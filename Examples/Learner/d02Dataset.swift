import Torchlight

/// A custom dataset.
func d02Dataset() {
    struct Squares: Dataset {
        var count: Int { 6 }
        subscript(i: Int) -> [String: Tensor] {
            ["x": Tensor(Double(i)), "y": Tensor(i * i)]
        }
    }
    for b in DataLoader(Squares(), batchSize: 3) {
        print(b["x"]!, b["y"]!)
    }
    let parts = randomSplit(Squares(), lengths: [4, 2])
    print(parts[0].count, parts[1].count)
}
