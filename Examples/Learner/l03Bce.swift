import Torchlight

/// Binary cross entropy with and without logits.
func l03Bce() {
    let z = Tensor([0.0, 2.0, -1.0])
    let y = Tensor([0.0, 1.0, 1.0])
    print(BCEWithLogitsLoss()(z, y))
    print(BCELoss()(sigmoid(z), y))
    print(NLLLoss()(logSoftmax(Tensor([[1.0, 2.0]]), dim: 1), Tensor([1])))
}
