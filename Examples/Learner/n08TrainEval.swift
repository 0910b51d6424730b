import Torchlight

/// Training mode and evaluation mode.
func n08TrainEval() {
    let d = Dropout(0.5)
    let x = Tensor.ones(6)
    d.eval()
    print(d(x), d.isTraining)
    d.train()
    let y = d(x)
    print(y.toArray(Float.self).allSatisfy { $0 == 0 || $0 == 2 }, d.isTraining)
    let bn = BatchNorm1d(2)
    _ = bn(Tensor([[1.0, 2.0], [3.0, 6.0]]))
    print(bn.runningMean!, bn.runningVar!, bn.numBatchesTracked!)
    bn.eval()
    print(bn(Tensor([[1.0, 2.0]])))
}
