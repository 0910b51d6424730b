// pytorch/examples: vae. A variational autoencoder of digits (Kingma and Welling, 2013).
//
// What differs: the images are the digits of 8 x 8 pixels that ship with Torchlight. The forward pass has three results, so
// the module declares Forward1. Images are not saved to files.
import Torchlight

private final class VAE: Module, Forward1 {
    let fc1 = Linear(64, 100)
    let fc21 = Linear(100, 8)
    let fc22 = Linear(100, 8)
    let fc3 = Linear(8, 100)
    let fc4 = Linear(100, 64)

    func encode(_ x: Tensor) -> (Tensor, Tensor) {
        let h1 = relu(fc1(x))
        return (fc21(h1), fc22(h1))
    }

    func reparameterize(_ mu: Tensor, _ logvar: Tensor) -> Tensor {
        let std = exp(0.5 * logvar)
        let eps = randnLike(std)
        return mu + eps * std
    }

    func decode(_ z: Tensor) -> Tensor {
        let h3 = relu(fc3(z))
        return sigmoid(fc4(h3))
    }

    func forward(_ x: Tensor) -> (Tensor, Tensor, Tensor) {
        let (mu, logvar) = encode(x.view(-1, 64))
        let z = reparameterize(mu, logvar)
        return (decode(z), mu, logvar)
    }
}

/// The reconstruction error and the Kullback-Leibler divergence, summed over elements and batch.
private func lossFunction(_ reconstruction: Tensor, _ x: Tensor, _ mu: Tensor, _ logvar: Tensor) -> Tensor {
    let bce = binaryCrossEntropy(reconstruction, x.view(-1, 64), reduction: .sum)
    let kld = -0.5 * sum(1 + logvar - mu.pow(2) - logvar.exp())
    return bce + kld
}

func vae(_ scale: Scale) throws {
    manualSeed(1)
    let (train, test) = (Digits(split: .train), Digits(split: .test))
    let model = VAE()
    let optimizer = Adam(model.parameters(), lr: 1e-3)
    var testLoss = 0.0
    for epoch in 1...scale.pick(small: 10, full: 100) {
        model.train()
        var trainLoss = 0.0
        for (data, _) in DataLoader(train, batchSize: 32, shuffle: true) {
            optimizer.zeroGrad()
            let (reconstruction, mu, logvar) = model(data)
            let loss = lossFunction(reconstruction, data, mu, logvar)
            loss.backward()
            trainLoss += loss.item()
            optimizer.step()
        }
        model.eval()
        testLoss = noGrad {
            var total = 0.0
            for (data, _) in DataLoader(test, batchSize: 128) {
                let (reconstruction, mu, logvar) = model(data)
                total += lossFunction(reconstruction, data, mu, logvar).item()
            }
            return total / Double(test.count)
        }
        print("epoch \(epoch): average loss \(text(trainLoss / Double(train.count), 2)), test \(text(testLoss, 2))")
    }
    let sample = noGrad { model.decode(randn(1, 8)) }.view(8, 8)
    for row in sample { print(row.map { Double($0) > 0.5 ? "#" : "." }.joined()) }
    print("test loss \(text(testLoss, 2))")
}
