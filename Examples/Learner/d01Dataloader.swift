import Torchlight

/// Shapes of the batches of a DataLoader.
func d01Dataloader() {
    let ds = TensorDataset(Tensor.arange(20.0).reshape(10, 2), Tensor.arange(10))
    print(ds.count, ds[3])
    let dl = DataLoader(ds, batchSize: 4)
    print(dl.count)
    for (x, y) in dl {
        print(x.shape, y)
    }
    print(DataLoader(ds, batchSize: 4, dropLast: true).count)
    var seen: [Int] = []
    for (_, y) in DataLoader(ds, batchSize: 3, shuffle: true) {
        seen += y.toArray(Int.self)
    }
    print(seen.sorted())
}
