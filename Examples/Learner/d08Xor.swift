import Torchlight

/// XOR with fixed initial weights.
func d08Xor() {
    let X = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    let Y = Tensor([[0.0], [1.0], [1.0], [0.0]])
    let m = Sequential(Linear(2, 4), Tanh(), Linear(4, 1))
    noGrad {
        (m[0] as! Linear).weight.copy_(sin(Tensor.arange(8.0) * 1.7).reshape(4, 2))
        (m[0] as! Linear).bias!.copy_(cos(Tensor.arange(4.0)) * 0.5)
        (m[2] as! Linear).weight.copy_(sin(Tensor.arange(4.0) * 2.3).reshape(1, 4))
        (m[2] as! Linear).bias!.zero_()
    }
    let opt = Adam(m.parameters(), lr: 0.1)
    let lossf = BCEWithLogitsLoss()
    for _ in 0..<300 {
        opt.zeroGrad()
        let loss = lossf(m(X), Y)
        loss.backward()
        opt.step()
    }
    print(lossf(m(X), Y).item() < 0.05)
    print((sigmoid(m(X)) > 0.5).to(.int32).flatten().toArray(Int32.self))
}
