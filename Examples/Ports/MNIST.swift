// pytorch/examples: mnist. A convolutional network that classifies digits, with dropout, Adadelta and StepLR.
//
// What differs: with --small the images are the digits of 8 x 8 pixels that ship with Torchlight, so that the program needs
// no download, and the fully connected layer has the size that follows. There are no command line options for batch size
// and devices.
import Torchlight

private final class Net: Module, Layer {
    let conv1 = Conv2d(1, 32, 3, 1)
    let conv2 = Conv2d(32, 64, 3, 1)
    let dropout1 = Dropout(0.25)
    let dropout2 = Dropout(0.5)
    let fc1: Linear
    let fc2 = Linear(128, 10)

    /// A network for images of `size` x `size` pixels.
    init(size: Int) { fc1 = Linear(64 * ((size - 4) / 2) * ((size - 4) / 2), 128) }

    func forward(_ x: Tensor) -> Tensor {
        var x = relu(conv1(x))
        x = relu(conv2(x))
        x = maxPool2d(x, 2)
        x = dropout1(x)
        x = flatten(x, 1)
        x = relu(fc1(x))
        x = dropout2(x)
        return logSoftmax(fc2(x), dim: 1)
    }
}

private func train(_ model: Net, _ loader: DataLoader<(Tensor, Tensor)>, _ optimizer: Adadelta, epoch: Int) {
    model.train()
    for (index, (data, target)) in loader.enumerated() {
        optimizer.zeroGrad()
        let output = model(data)
        let loss = nllLoss(output, target)
        loss.backward()
        optimizer.step()
        if index % 10 == 0 { print("epoch \(epoch) batch \(index)/\(loader.count) loss \(text(loss.item()))") }
    }
}

private func test(_ model: Net, _ loader: DataLoader<(Tensor, Tensor)>) -> Double {
    model.eval()
    var (loss, correct, count) = (0.0, 0, 0)
    noGrad {
        for (data, target) in loader {
            let output = model(data)
            loss += nllLoss(output, target, reduction: .sum).item()
            let predicted = output.argmax(dim: 1, keepdim: true)
            correct += Int((predicted .== target.view(predicted.shape)).sum())
            count += target.size(0)
        }
    }
    let accuracy = Double(correct) / Double(count)
    print("test set: average loss \(text(loss / Double(count))), accuracy \(correct)/\(count)")
    return accuracy
}

func mnist(_ scale: Scale) throws {
    manualSeed(1)
    let trainLoader: DataLoader<(Tensor, Tensor)>
    let testLoader: DataLoader<(Tensor, Tensor)>
    switch scale {
    case .small:
        trainLoader = DataLoader(Digits(split: .train), batchSize: 64, shuffle: true)
        testLoader = DataLoader(Digits(split: .test), batchSize: 1000)
    case .full:
        let transform = Compose([ToTensor(), Normalize(0.1307, 0.3081)])
        trainLoader = DataLoader(try MNIST(train: true, transform: transform), batchSize: 64, shuffle: true)
        testLoader = DataLoader(try MNIST(train: false, transform: transform), batchSize: 1000)
    }
    let model = Net(size: scale.pick(small: 8, full: 28))
    let optimizer = Adadelta(model.parameters(), lr: 1.0)
    let scheduler = StepLR(optimizer, stepSize: 1, gamma: 0.7)
    var accuracy = 0.0
    for epoch in 1...scale.pick(small: 4, full: 14) {
        train(model, trainLoader, optimizer, epoch: epoch)
        accuracy = test(model, testLoader)
        scheduler.step()
    }
    print("accuracy \(text(accuracy))")
}
