// The first program of the README: trains a network with two linear layers on MNIST, with an explicit training loop.
import Torchlight

final class Net: Module, Layer {
    let fc1 = Linear(784, 128)
    let fc2 = Linear(128, 10)
    func forward(_ x: Tensor) -> Tensor { fc2(relu(fc1(x))) }
}

let train = try MNIST(split: .train), test = try MNIST(split: .test)
let loader = DataLoader(train, batchSize: 64, shuffle: true)
let model = Net()
let optimizer = Adam(model.parameters(), lr: 1e-3)

for epoch in 1...5 {
    model.train()
    for (images, labels) in loader {
        optimizer.zeroGrad()
        let output = model(images.flatten(from: 1))
        let loss = crossEntropy(output, labels)
        loss.backward()
        optimizer.step()
    }
    model.eval()
    var correct = 0.0
    for (images, labels) in DataLoader(test, batchSize: 1000) {
        let predicted = noGrad { model(images.flatten(from: 1)).argmax(dim: 1) }
        correct += (predicted .== labels).sum().item()
    }
    print("epoch \(epoch): test accuracy \(correct / Double(test.count))")
}
try model.save("net.safetensors")
