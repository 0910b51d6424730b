// pytorch/examples: dcgan. A deep convolutional generative adversarial network (Radford et al., 2015).
//
// What differs: the images are the digits of 8 x 8 pixels that ship with Torchlight, so generator and discriminator have
// two blocks fewer. The last samples are printed instead of saved.
import Torchlight

private let (nz, ngf, ndf) = (16, 16, 16)

private func makeGenerator() -> Sequential {
    Sequential(
        ConvTranspose2d(nz, ngf * 2, 2, 1, 0, bias: false),
        BatchNorm2d(ngf * 2),
        ReLU(inplace: true),
        ConvTranspose2d(ngf * 2, ngf, 4, 2, 1, bias: false),
        BatchNorm2d(ngf),
        ReLU(inplace: true),
        ConvTranspose2d(ngf, 1, 4, 2, 1, bias: false),
        Tanh()
    )
}

private func makeDiscriminator() -> Sequential {
    Sequential(
        Conv2d(1, ndf, 4, 2, 1, bias: false),
        LeakyReLU(0.2, inplace: true),
        Conv2d(ndf, ndf * 2, 4, 2, 1, bias: false),
        BatchNorm2d(ndf * 2),
        LeakyReLU(0.2, inplace: true),
        Conv2d(ndf * 2, 1, 2, 1, 0, bias: false),
        Sigmoid()
    )
}

/// Initial weights of the paper: normal with standard deviation 0.02.
private func initializeWeights(_ module: Module) {
    if let convolution = module as? Conv2d { Initializers.normal_(convolution.weight, mean: 0, std: 0.02) }
    if let convolution = module as? ConvTranspose2d { Initializers.normal_(convolution.weight, mean: 0, std: 0.02) }
    if let norm = module as? BatchNorm2d, let weight = norm.weight, let bias = norm.bias {
        Initializers.normal_(weight, mean: 1, std: 0.02)
        Initializers.zeros_(bias)
    }
}

func dcgan(_ scale: Scale) throws {
    manualSeed(1)
    let dataset = Digits(split: .train, transform: Compose([ToTensor(maximum: 16), Normalize(0.5, 0.5)]))
    let loader = DataLoader(dataset, batchSize: 64, shuffle: true, numWorkers: 0, dropLast: true)
    let (netG, netD) = (makeGenerator(), makeDiscriminator())
    netG.apply(initializeWeights)
    netD.apply(initializeWeights)
    let criterion = BCELoss()
    let optimizerD = Adam(netD.parameters(), lr: 2e-3, betas: (0.5, 0.999))
    let optimizerG = Adam(netG.parameters(), lr: 2e-3, betas: (0.5, 0.999))
    let fixedNoise = randn(1, nz, 1, 1)
    var (lossD, lossG) = (0.0, 0.0)
    for epoch in 0..<scale.pick(small: 3, full: 25) {
        for (real, _) in loader {
            let batchSize = real.size(0)
            // Discriminator: maximise log(D(x)) + log(1 - D(G(z))).
            netD.zeroGrad()
            let errorReal = criterion(netD(real).view(-1), full([batchSize], 1.0))
            errorReal.backward()
            let fake = netG(randn(batchSize, nz, 1, 1))
            let errorFake = criterion(netD(fake.detach()).view(-1), full([batchSize], 0.0))
            errorFake.backward()
            lossD = (errorReal + errorFake).item()
            optimizerD.step()
            // Generator: maximise log(D(G(z))).
            netG.zeroGrad()
            let errorG = criterion(netD(fake).view(-1), full([batchSize], 1.0))
            errorG.backward()
            lossG = errorG.item()
            optimizerG.step()
        }
        print("epoch \(epoch): loss of D \(text(lossD)), loss of G \(text(lossG))")
    }
    let sample = noGrad { netG.eval()(fixedNoise) }.view(8, 8)
    for row in sample { print(row.map { Double($0) > 0 ? "#" : "." }.joined()) }
    print("loss \(text(lossD + lossG))")
}
