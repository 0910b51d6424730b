import Testing
import Torchlight

@Suite("Guesses: autograd, optimisers, data, idioms")
struct TrainingGuesses {
    let s = Samples()
    var x: Tensor { s.x }

    @Test func autograd() {
        let w = Tensor([1.0, 2.0, 3.0], requiresGrad: true)
        let loss = (w * w).sum()
        loss.backward()
        same(w.grad!, w * 2)
        w.grad?.zero_()
        same(w.grad!, Tensor.zeros(3))
        w.grad = nil
        (w * w).backward(Tensor.ones(3))
        same(w.grad!, w * 2)
        same(grad((w * w).sum(), w)[0], w * 2)
        same(grad(of: (w * w).sum(), withRespectTo: w), w * 2)
        noGrad { w -= 0.1 * w.grad! }
        same(w.detach(), Tensor([0.8, 1.6, 2.4]))
        w.data.mul_(0)
        same(w.sum().item(), 0)
        let y = Tensor([1.0])
        y.requiresGrad = true
        same((y * 2).requiresGrad, true)
        same(noGrad { y * 2 }.requiresGrad, false)
        same(y.requiresGrad_().isLeaf, true)
        same((y * 2).detach().requiresGrad, false)
        let values = noGrad { () -> [Double] in
            var values: [Double] = []
            values.append(y.item())
            return values
        }
        same(values, [1])
    }

    @Test func optimisers() throws {
        let model = Linear(3, 2)
        let optimizer = SGD(model.parameters(), lr: 0.1, momentum: 0.9)
        for _ in 0..<2 {
            optimizer.zeroGrad()
            let loss = mseLoss(model(x), Tensor.zeros(2, 2))
            loss.backward()
            clipGradNorm(model.parameters(), 0.25)
            clipGradNorm_(model.parameters(), maxNorm: 0.25)
            clipGradNorm_(model.parameters(), 0.25)
            clipGradValue_(model.parameters(), clipValue: 0.5)
            optimizer.step()
        }
        same(clipGradNorm(model.parameters(), maxNorm: 1.0).shape, [])
        optimizer.zeroGrad(setToNone: true)
        same(model.weight.grad == nil, true)
        same(optimizer.paramGroups[0].lr, 0.1)
        optimizer.paramGroups[0].lr = 0.01
        same(optimizer.lr, 0.01)
        optimizer.lr = 0.5
        same(optimizer.paramGroups[0].lr, 0.5)
        for group in optimizer.paramGroups { group.lr = 0.1 }
        try optimizer.loadStateDict(optimizer.stateDict())
        same(optimizer.lr, 0.1)
        let adam = Adam(model.parameters(), lr: 1e-3, betas: (0.5, 0.999))
        same(adam.lr, 1e-3)
        same(AdamW(model.parameters(), lr: 3e-4, weightDecay: 0.1).paramGroups.count, 1)
        same(RMSprop(model.parameters(), lr: 1e-2, alpha: 0.9).lr, 1e-2)
        let scheduler = StepLR(adam, stepSize: 1, gamma: 0.1)
        scheduler.step()
        same(scheduler.getLastLR()[0], 1e-4)
        try scheduler.loadStateDict(scheduler.stateDict())
        same(adam.paramGroups[0].lr, 1e-4)
        same(LambdaLR(adam, lrLambda: { 1 / Double($0 + 1) }).getLastLR().count, 1)
        same(ExponentialLR(adam, gamma: 0.9).getLastLR().count, 1)
        same(CosineAnnealingLR(adam, tMax: 10).getLastLR().count, 1)
        let plateau = ReduceLROnPlateau(optimizer, mode: .min, patience: 2, minLR: 1e-6)
        plateau.step(Tensor(1.0))
        plateau.step(1.0)
        same(optimizer.lr, 0.1)
        let lbfgs = LBFGS(model.parameters(), lr: 0.8)
        lbfgs.step {
            lbfgs.zeroGrad()
            let loss = mseLoss(model(x), Tensor.zeros(2, 2))
            loss.backward()
            return loss
        }
        same(mseLoss(model(x), Tensor.zeros(2, 2)).item() < 1, true)
    }

    @Test func data() throws {
        let (a, b) = (Tensor.arange(10.0).reshape(10, 1), Tensor.arange(10))
        let dataset = TensorDataset(a, b)
        same(dataset.count, 10)
        same(dataset[3].1, Tensor(3))
        same(try dataset.first!.0, Tensor([0.0]))
        let loader = DataLoader(dataset, batchSize: 4, shuffle: true)
        same(loader.count, 3)
        let (images, labels) = loader.first!
        same([images.size(0), labels.size(0)], [4, 4])
        for (n, (input, target)) in loader.enumerated() { same(input.size(0), n < 2 ? 4 : target.size(0)) }
        same(DataLoader(dataset, batchSize: 4, shuffle: true, numWorkers: 2).count, 3)
        same(DataLoader(dataset, batchSize: 4, numWorkers: 0, pinMemory: true).count, 3)
        same(DataLoader(dataset, batchSize: 4, shuffle: false, numWorkers: 0, dropLast: true).count, 2)
        let collated = DataLoader(dataset, batchSize: 5, collateFn: { samples in stack(samples.map { $0.0 }) })
        shape(collated.first!, [5, 1])
        let (train, test) = randomSplit(dataset, [8, 2])
        same([train.count, test.count], [8, 2])
        let (most, rest) = randomSplit(dataset, [0.8, 0.2])
        same([most.count, rest.count], [8, 2])
        let (one, two, three) = randomSplit(dataset, [6, 2, 2])
        same([one.count, two.count, three.count], [6, 2, 2])
        let parts = randomSplit(dataset, [5, 5])
        same(parts.map { $0.count }, [5, 5])
        let four = TensorDataset(a, b, a, b)
        same(four[1].3, Tensor(1))
        for (p, q, r, t) in DataLoader(four, batchSize: 10) {
            same([p.size(0), q.size(0), r.size(0), t.size(0)], [10, 10, 10, 10])
        }
        let weighted = WeightedRandomSampler([Double](repeating: 1, count: 10), numSamples: 5, replacement: true)
        same(DataLoader(dataset, batchSize: 5, sampler: weighted).count, 1)
        same(WeightedRandomSampler([1, 2], numSamples: 3).sampleCount(of: 2), 3)
        same(RandomSampler(replacement: true, numSamples: 4).sampleCount(of: 10), 4)
        same(Subset(dataset, [1, 2]).count, 2)
        let digits = Digits(split: .test)
        shape(digits.data, [digits.count, 8, 8], .uint8)
        shape(digits.targets, [digits.count], .int64)
        let image = Tensor.arange(64, dtype: .byte).reshape(8, 8)
        shape(Compose(ToTensor(), Normalize(0.5, 0.5))(image), [1, 8, 8])
        shape(Compose([ToTensor(), Resize(4)])(image), [1, 4, 4])
        shape(Compose([ToTensor(), Resize([4, 6]), Lambda { $0 * 2 }])(image), [1, 4, 6])
        shape(Normalize([0.5], [0.5])(ToTensor()(image)), [1, 8, 8])
    }

    @Test func idioms() {
        let (batch, heads, length, size) = (2, 2, 3, 4)
        let q = Tensor.randn(batch, length, size)
        shape(q.view(batch, length, heads, size / heads).transpose(1, 2), [2, 2, 3, 2])
        shape(q.view(batch * length, -1), [6, 4])
        shape(q.view(q.size(0), -1), [2, 12])
        shape(q.view(-1, size), [6, 4])
        shape(q.view(-1), [24])
        shape(q.reshape(-1, q.size(-1)), [6, 4])
        shape(q.permute(0, 2, 1), [2, 4, 3])
        shape(q.transpose(-2, -1), [2, 4, 3])
        shape(q.transpose(1, 2).contiguous().view(batch, -1), [2, 12])
        shape(q • q.transpose(-2, -1), [2, 3, 3])
        shape(q.mT, [2, 4, 3])
        shape(x.T, [3, 2])
        shape(x.t(), [3, 2])
        shape(x.expand(2, 2, 3), [2, 2, 3])
        shape(x.unsqueeze(1).expand(-1, 4, -1), [2, 4, 3])
        shape(x.unsqueeze(0).repeat(2, 1, 1), [2, 2, 3])
        shape(x[.newAxis, .all, .all], [1, 2, 3])
        let mask = tril(Tensor.ones(length, length)).bool()
        let scores = (q • q.transpose(-2, -1) / Double(size).squareRoot()).maskedFill(!mask, -Float.infinity)
        same(softmax(scores, -1).sum(-1), Tensor.ones(2, 3))
        same(scores.softmax(dim: -1).triu(1).sum().item(), 0)
        let std = exp(0.5 * x)
        shape(x + std * Tensor.randn(like: std), [2, 3])
        shape(x + randnLike(std) * std, [2, 3])
        let predicted = x.argmax(1, keepdim: true)
        same((predicted .== Tensor([2, 2]).view(predicted.shape)).sum().item(), 2)
        let (_, best) = x.max(1)
        same((best .== Tensor([2, 2])).sum().item(), 2)
        same(x.mean(0).shape, [3])
        same((x - x.mean(0)) / (x.std(0) + 1e-5), (x - x.mean(dim: 0)) / (x.std(dim: 0) + 1e-5))
        same(x / x.norm(dim: 1, keepdim: true), normalize(x, dim: 1))
        same(x.pow(2).sum(1).sqrt(), x.norm(dim: 1))
        same((x - s.y).pow(2).mean(), mseLoss(x, s.y))
        same((x > 1).float().sum().item(), 4)
        same((x > 1).sum().item(), 4)
        same(x.max().item(), 5)
        same(Float(x.max()), 5)
        same(1 - x, -(x - 1))
        same(2 * x + 1, x * 2 + 1)
        same(x / 2, x * 0.5)
        same(-x.abs(), -x)
        same(x.clone().fill_(0), Tensor.zeros(2, 3))
        same(x.clone().add_(1), x + 1)
        same(cat([x, x]), cat([x, x], dim: 0))
        same(stack([x[0], x[1]]), x)
        same(x.sum() == x.sum(), false)
        var losses: [Double] = []
        losses.append(mseLoss(x, s.y).item())
        var running: Float = 0
        running += mseLoss(x, s.y).item()
        same(losses.map { Float($0) }, [running])
        manualSeed(1)
        let categorical = Categorical(logits: Tensor([0.0, 0.0]))
        let action = categorical.sample()
        same(categorical.logProb(action), Tensor(0.5).log())
        let action2: Int = action.item()
        same(action2 < 2, true)
        same(Normal(0.0, 1.0).rsample([3]).shape, [3])
    }
}
