// pytorch/examples: siamese_network. Two images pass the same network, and a classifier says whether they show the same
// digit.
//
// What differs: the images are the digits of 8 x 8 pixels that ship with Torchlight, and a small convolutional network
// takes the place of ResNet-18. The forward pass has two arguments; a module of two tensors to one is a PairLayer.
import Torchlight

private final class SiameseNetwork: Module, PairLayer {
    let trunk = Sequential(
        Conv2d(1, 16, 3, padding: 1), ReLU(), MaxPool2d(2, 2), Conv2d(16, 32, 3, padding: 1), ReLU(), Flatten())
    let fc = Sequential(Linear(32 * 4 * 4 * 2, 128), ReLU(inplace: true), Linear(128, 1))

    func forward(_ a: Tensor, _ b: Tensor) -> Tensor {
        let (first, second) = (trunk(a), trunk(b))
        // What the images have in common and where they differ; the original concatenates the two.
        return sigmoid(fc(cat([(first - second).abs(), first * second], 1)))
    }
}

/// Pairs of images and whether they show the same digit; half of them do.
private struct Pairs: Dataset {
    let images: Tensor
    let groups: [[Int]]
    let count: Int

    init(_ digits: Digits, count: Int) {
        images = digits.data.float().unsqueeze(1) / 16
        var groups = [[Int]](repeating: [], count: 10)
        for (index, label) in digits.images.labels.enumerated() { groups[Int(label)].append(index) }
        self.groups = groups
        self.count = count
    }

    subscript(index: Int) -> (Tensor, Tensor, Tensor) {
        var random = SampleKey.current?.generator ?? PhiloxGenerator(seed: UInt64(index))
        let digit = Int.random(in: 0..<10, using: &random)
        let isSame = index % 2 == 0
        let other = isSame ? digit : (digit + Int.random(in: 1..<10, using: &random)) % 10
        let (a, b) = (groups[digit].randomElement(using: &random)!, groups[other].randomElement(using: &random)!)
        return (images[a], images[b], tensor(isSame ? 1.0 : 0.0))
    }
}

func siameseNetwork(_ scale: Scale) throws {
    manualSeed(1)
    let train = DataLoader(
        Pairs(Digits(split: .train), count: scale.pick(small: 4000, full: 60_000)), batchSize: 64, shuffle: true)
    let test = DataLoader(Pairs(Digits(split: .test), count: 1000), batchSize: 500)
    let model = SiameseNetwork()
    let criterion = BCELoss()
    let optimizer = Adam(model.parameters(), lr: 1e-3)
    var accuracy = 0.0
    for epoch in 1...scale.pick(small: 3, full: 14) {
        model.train()
        var loss = 0.0
        for (a, b, target) in train {
            optimizer.zeroGrad()
            let output = model(a, b).squeeze(1)
            let error = criterion(output, target)
            error.backward()
            optimizer.step()
            loss = error.item()
        }
        model.eval()
        var correct = 0
        noGrad {
            for (a, b, target) in test {
                let predicted = (model(a, b).squeeze(1) > 0.5).float()
                correct += (predicted .== target).sum().item()
            }
        }
        accuracy = Double(correct) / 1000
        print("epoch \(epoch): loss \(text(loss)), accuracy \(text(accuracy))")
    }
    print("accuracy \(text(accuracy))")
}
