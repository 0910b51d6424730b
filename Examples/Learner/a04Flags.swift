import Torchlight

/// requiresGrad, detach, noGrad.
func a04Flags() {
    let x = Tensor.ones(2, requiresGrad: true)
    let y = x * 2
    print(x.requiresGrad, y.requiresGrad, x.isLeaf, y.isLeaf)
    let d = y.detach()
    print(d.requiresGrad)
    let z = noGrad {
        x * 2
    }
    print(z.requiresGrad)
    print((x * 2).requiresGrad)
    func f(_ v: Tensor) -> Tensor {
        noGrad { v * 3 }
    }
    print(f(x).requiresGrad)
    inferenceMode {
        print((x + 1).requiresGrad)
    }
}
