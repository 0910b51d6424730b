import Torchlight

/// Mean squared error, L1 loss and smooth L1 loss.
func l02MseL1() {
    let p = Tensor([2.5, 0.0, 2.0, 8.0])
    let t = Tensor([3.0, -0.5, 2.0, 7.0])
    print(MSELoss()(p, t), L1Loss()(p, t), SmoothL1Loss()(p, t))
    print(MSELoss(reduction: .sum)(p, t), MSELoss(reduction: .none)(p, t))
}
