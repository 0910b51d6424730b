import Torchlight

// Optimisers, schedules and loaders: made with made-up settings, and run for a few steps.

extension CallTable {
    mutating func addTraining() {
        add("LBFGS.init(maxIter: Int, maxEval: Int?, historySize: Int)") {
            LBFGS([Self.weight()], maxIter: $0.int(), maxEval: $0.maybe($0.int()), historySize: $0.int())
        }
        add("Muon.init(nsSteps: Int)") { Muon([Self.weight()], nsSteps: $0.int()) }

        add("CosineAnnealingLR.init(tMax: Int)") { Self.run(CosineAnnealingLR(Self.optimizer(), tMax: $0.int())) }
        add("CosineAnnealingWarmRestarts.init(t0: Int, tMult: Int)") {
            Self.run(CosineAnnealingWarmRestarts(Self.optimizer(), t0: $0.int(), tMult: $0.int()))
        }
        add("CyclicLR.init(stepSizeUp: Int, stepSizeDown: Int?)") {
            Self.run(
                CyclicLR(
                    Self.optimizer(), baseLR: 0.1, maxLR: 1.0, stepSizeUp: $0.int(), stepSizeDown: $0.maybe($0.int()),
                    cycleMomentum: false))
        }
        add("OneCycleLR.init(totalSteps: Int)") {
            Self.run(OneCycleLR(Self.optimizer(), maxLR: 1.0, totalSteps: $0.int(), cycleMomentum: false))
        }
        add("OneCycleLR.init(epochs: Int, stepsPerEpoch: Int)") {
            Self.run(
                OneCycleLR(
                    Self.optimizer(), maxLR: 1.0, epochs: $0.int(), stepsPerEpoch: $0.int(), cycleMomentum: false))
        }
        add("ReduceLROnPlateau.init(patience: Int, cooldown: Int)") {
            let schedule = ReduceLROnPlateau(Self.optimizer(), patience: $0.int(), cooldown: $0.int())
            for _ in 0..<3 { schedule.step($0.double()) }
            return schedule.lastRates
        }
        add("SequentialLR.init(milestones: [Int])") {
            Self.run(
                SequentialLR(Self.optimizer(), milestones: $0.ints()) {
                    [ConstantLR($0, totalIters: 2), ExponentialLR($0, gamma: 0.5)]
                })
        }
        add("StepLR.init(stepSize: Int)") { Self.run(StepLR(Self.optimizer(), stepSize: $0.int())) }
        add("MultiStepLR.init(milestones: [Int])") { Self.run(MultiStepLR(Self.optimizer(), milestones: $0.ints())) }
        add("ConstantLR.init(totalIters: Int)") { Self.run(ConstantLR(Self.optimizer(), totalIters: $0.int())) }
        add("SWALR.init(annealEpochs: Int)") {
            Self.run(SWALR(Self.optimizer(), swaLR: 0.01, annealEpochs: $0.int()))
        }
        add("LinearLR.init(totalIters: Int)") { Self.run(LinearLR(Self.optimizer(), totalIters: $0.int())) }
        add("PolynomialLR.init(totalIters: Int)") { Self.run(PolynomialLR(Self.optimizer(), totalIters: $0.int())) }
    }

    mutating func addData() {
        add("LabeledImages.image(_: Int)") { digits.images.image($0.int()) }
        add("LabeledImageDataset.subscript(_: Int)") { digits[$0.int()] }
        add("LabeledImageDataset.batch(at: [Int])") { try digits.batch(at: $0.ints()) as Any }
        add("Subset.init(indices: [Int])") { Subset(Self.rows, indices: $0.ints()) }
        add("Subset.subscript(_: Int)") { try Subset(Self.rows, indices: [2, 0])[$0.int()] }
        add("Subset.batch(at: [Int])") { try Subset(Self.rows, indices: [2, 0]).batch(at: $0.ints()) as Any }
        add("randomSplit(lengths: [Int])") { randomSplit(Self.rows, lengths: $0.ints()) }
        add("DistributedSampler.init(numReplicas: Int, rank: Int)") {
            DistributedSampler(numReplicas: $0.int(), rank: $0.int(), shuffle: $0.bool(), dropLast: $0.bool())
        }
        add("DistributedSampler.sampleCount(of: Int)") {
            DistributedSampler(numReplicas: $0.int(), rank: $0.int()).sampleCount(of: $0.count())
        }
        add("DistributedSampler.indices(of: Int, epoch: Int)") {
            DistributedSampler(numReplicas: $0.int(), rank: $0.int()).indices(of: $0.count(), seed: 1, epoch: $0.int())
        }
        add("BatchSampler.init(batchSize: Int)") { BatchSampler(SequentialSampler(), batchSize: $0.int()) }
        add("BatchSampler.batchCount(of: Int)") {
            BatchSampler(SequentialSampler(), batchSize: $0.int()).batchCount(of: $0.count())
        }
        add("BatchSampler.batches(of: Int, epoch: Int)") {
            BatchSampler(SequentialSampler(), batchSize: $0.int(), dropLast: $0.bool())
                .batches(of: $0.count(), seed: 1, epoch: $0.int())
        }
        add("ConcatDataset.subscript(_: Int)") { try ConcatDataset(Self.rows, Self.rows)[$0.int()] }
        add("StackDataset.subscript(_: Int)") { try StackDataset(Self.rows, Self.rows)[$0.int()] }
        add("TensorDataset.subscript(_: Int)") { Self.rows[$0.int()] }
        add("TensorDataset.batch(at: [Int])") { try Self.rows.batch(at: $0.ints()) as Any }
        add("IterableDataLoader.init(batchSize: Int, shuffleBuffer: Int, workers: Int, prefetch: Int)") {
            let loader = IterableDataLoader(
                Counted(), batchSize: $0.int(), shuffleBuffer: $0.int(), dropLast: $0.bool(), seed: 1,
                workers: $0.int(), prefetch: $0.int())
            return loader.map(\.shape)
        }
        add("DataLoader.init(batchSize: Int, workers: Int, prefetch: Int)") {
            let loader = DataLoader(
                Self.rows, batchSize: $0.int(), shuffle: $0.bool(), dropLast: $0.bool(), seed: 1, workers: $0.int(),
                prefetch: $0.int())
            return loader.map(\.shape)
        }
        add("DataLoaderState.init(epoch: Int, batch: Int)") {
            let loader = DataLoader(Self.rows, batchSize: 2, seed: 1)
            loader.state = DataLoaderState(seed: 1, epoch: $0.int(), batch: $0.int())
            return (loader.map(\.shape), loader.map(\.shape))
        }
        add("SampleKey.init(epoch: Int, index: Int)") {
            SampleKey(seed: 1, epoch: $0.int(), index: $0.int()).generator
        }
        add("SequentialSampler.sampleCount(of: Int)") { SequentialSampler().sampleCount(of: $0.int()) }
        add("SequentialSampler.indices(of: Int, epoch: Int)") {
            SequentialSampler().indices(of: $0.count(), seed: 1, epoch: $0.int())
        }
        add("RandomSampler.sampleCount(of: Int)") { RandomSampler().sampleCount(of: $0.int()) }
        add("RandomSampler.indices(of: Int, epoch: Int)") {
            RandomSampler().indices(of: $0.count(), seed: 1, epoch: $0.int())
        }
        add("RandomSampler.init(sampleCount: Int?)") {
            RandomSampler(replacement: $0.bool(), sampleCount: $0.maybe($0.count())).indices(of: 3, seed: 1, epoch: 0)
        }
        add("SubsetRandomSampler.init(_: [Int])") { SubsetRandomSampler($0.ints()) }
        add("SubsetRandomSampler.sampleCount(of: Int)") { SubsetRandomSampler([1, 2]).sampleCount(of: $0.int()) }
        add("SubsetRandomSampler.indices(of: Int, epoch: Int)") {
            SubsetRandomSampler([1, 2]).indices(of: $0.int(), seed: 1, epoch: $0.int())
        }
        add("WeightedRandomSampler.init(sampleCount: Int?)") {
            WeightedRandomSampler(weights: $0.doubles(), sampleCount: $0.maybe($0.count()))
        }
        add("WeightedRandomSampler.sampleCount(of: Int)") {
            WeightedRandomSampler(weights: [1, 2]).sampleCount(of: $0.int())
        }
        add("WeightedRandomSampler.indices(of: Int, epoch: Int)") {
            WeightedRandomSampler(weights: [1, 2]).indices(of: $0.int(), seed: 1, epoch: $0.int())
        }
    }

    private static let rows = TensorDataset(Tensor.arange(12).reshape(4, 3))
    private static func weight() -> Tensor { Tensor.ones([2, 2], requiresGrad: true) }
    private static func optimizer() -> SGD { SGD([weight()], lr: 0.1) }

    /// The rates of a schedule after a few steps.
    private static func run(_ schedule: LRScheduler) -> Any {
        for _ in 0..<4 { schedule.step() }
        return (schedule.lastRates, schedule.closedFormRates)
    }
}

private let digits = Digits()

/// A few samples one after another.
private struct Counted: IterableDataset {
    func samples() -> SampleStream<Tensor> { SampleStream((0..<5).map { Tensor(Double($0)) }) }
}
