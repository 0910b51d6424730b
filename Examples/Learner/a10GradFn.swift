import Torchlight

/// `gradFnName` names the operation that created a tensor.
func a10GradFn() {
    let x = Tensor.ones(2, 2, requiresGrad: true)
    let y = x + 2
    let z = y * y * 3
    print(y.gradFnName!, z.gradFnName!, z.mean().gradFnName!)
    print(x.gradFnName as Any)
    print(y)
}
