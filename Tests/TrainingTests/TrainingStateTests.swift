import TestSupport
import Testing
import Torchlight
import TorchlightIO

@Suite struct TrainingStateTests {
    private let folder = TemporaryFolder()

    /// A run with everything that has a state; its random numbers come from a generator of its own, because others use the
    /// default one at the same time.
    private final class Run {
        let model: Sequential
        let optimizer: AdamW
        let scheduler: StepLR
        let loader: DataLoader<(Tensor, Tensor)>
        let generator = Generator(seed: 3)
        var step = 0

        init(workers: Int = 0, lr: Double = 0.01) {
            let weights = Generator(seed: 1)
            let model = Sequential(Linear(4, 8), BatchNorm1d(8), Linear(8, 2))
            noGrad {
                for parameter in model.parameters() {
                    parameter.copy_(Tensor.randn(parameter.shape, generator: weights) * 0.3)
                }
            }
            self.model = model
            optimizer = AdamW(model.parameters(), lr: lr)
            scheduler = StepLR(optimizer, stepSize: 7, gamma: 0.5)
            let x = Tensor.randn([50, 4], generator: weights)
            loader = DataLoader(
                TensorDataset(x, ((x.sum(dim: 1).sign() + 1) / 2).to(.int64)), batchSize: 8, shuffle: true, seed: 5,
                workers: workers)
        }

        func train(steps: Int) {
            let end = step + steps
            while step < end {
                for (x, y) in loader {
                    optimizer.zeroGrad()
                    let noisy = x + Tensor.randn(x.shape, generator: generator) * 0.1
                    crossEntropy(model(noisy), y).backward()
                    optimizer.step()
                    scheduler.step()
                    step += 1
                    if step == end { return }
                }
            }
        }

        var state: TrainingState {
            TrainingState(
                step: step, model: model, optimizer: optimizer, scheduler: scheduler, loader: loader,
                generator: generator)
        }

        func restore(_ state: TrainingState) throws {
            try state.restore(
                model: model, optimizer: optimizer, scheduler: scheduler, loader: loader, generator: generator)
            step = state.step
        }

        var bits: [String: [UInt8]] {
            var bits = state.model.mapValues { $0.withUnsafeBytes(Array.init) }
            for (name, tensor) in optimizer.state().tensors {
                bits["optimizer.\(name)"] = tensor.withUnsafeBytes(Array.init)
            }
            return bits
        }
    }

    // Seven batches an epoch: the stops fall into the middle, on the last batch, and at the start of an epoch.
    @Test(arguments: [3, 6, 7, 8, 11], [0, 2])
    func aResumedRunHasTheBitsOfOneThatNeverStopped(stop: Int, workers: Int) throws {
        let whole = Run()
        whole.train(steps: 20)
        let first = Run(workers: workers)
        first.train(steps: stop)
        try first.state.save(folder("state"))
        let second = Run(workers: workers, lr: 0.5)
        try second.restore(TrainingState(contentsOf: folder("state")))
        #expect(second.step == stop)
        second.train(steps: 20 - stop)
        #expect(second.bits == whole.bits)
        #expect(second.optimizer.learningRates == whole.optimizer.learningRates)
        #expect(second.generator.state == whole.generator.state)
    }

    @Test func everythingComesBack() throws {
        let run = Run()
        run.train(steps: 2)
        var state = run.state
        state.score = 0.1
        state.tensors = ["average": Tensor([1.5, 2])]
        state.metadata = ["crc32": "x", "ü\n": "\"", "": ""]
        try state.save(folder("state"))
        let loaded = try TrainingState(contentsOf: folder("state"))
        #expect(loaded.step == 2 && loaded.score == 0.1 && loaded.metadata == state.metadata)
        #expect(loaded.loader == run.loader.state && loaded.generator == run.generator.state)
        #expect(loaded.scheduler == state.scheduler && loaded.optimizer?.metadata == state.optimizer?.metadata)
        #expect(loaded.tensors["average"]?.toArray(Float.self) == [1.5, 2])
        #expect(loaded.model.keys.sorted() == state.model.keys.sorted())
        // Parts that were not saved are not there.
        try TrainingState(model: Linear(1, 1), generator: nil).save(folder("small"))
        let small = try TrainingState(contentsOf: folder("small"))
        #expect(small.optimizer == nil && small.scheduler == nil && small.loader == nil && small.generator == nil)
    }

    @Test(arguments: [0, 3]) func aLoaderOfOtherBatchesIsRefused(steps: Int) throws {
        func data(_ count: Int) -> TensorDataset<Tensor> { TensorDataset(Tensor.ones([count, 1])) }
        let model = Linear(1, 1)
        let loader = DataLoader(data(64), batchSize: 8, seed: 1)
        if steps > 0 { for _ in loader where loader.state.batch == steps { break } }
        try TrainingState(model: model, loader: loader, generator: nil).save(folder("loader"))
        let state = try TrainingState(contentsOf: folder("loader"))
        let others: [(String, any ResumableLoader)] = [
            ("batchSize was 8", DataLoader(data(64), batchSize: 16)),
            ("batchSize was 8", DataLoader(data(64), batchSize: 4)),
            ("samples was 64", DataLoader(data(1000), batchSize: 8)),
            ("sampler was SequentialSampler", DataLoader(data(64), batchSize: 8, shuffle: true)),
            ("dropLast was false", DataLoader(data(64), batchSize: 8, dropLast: true)),
        ]
        for (what, other) in others {
            let error = #expect(throws: TrainingStateError.self, "\(what)") {
                try state.restore(model: model, loader: other, generator: nil)
            }
            #expect(error?.problem.contains(what) == true, "\(what): \(error!)")
        }
        let same = DataLoader(data(64), batchSize: 8)
        try state.restore(model: model, loader: same, generator: nil)
        #expect(same.state == loader.state && Array(same).count == 8 - steps)
    }

    @Test func whatDoesNotFitChangesNothing() throws {
        let run = Run()
        run.train(steps: 3)
        let state = run.state.snapshot()
        let other = Run()
        other.train(steps: 5)
        let (bits, rates, place) = (other.bits, other.optimizer.learningRates, other.loader.state)
        func refused(_ what: String, _ change: (inout TrainingState) -> Void) {
            var changed = state
            change(&changed)
            #expect(throws: (any Error).self, "\(what)") { try other.restore(changed) }
            #expect(
                other.bits == bits && other.optimizer.learningRates == rates && other.loader.state == place, "\(what)")
        }
        refused("a missing weight") { $0.model["0.weight"] = nil }
        refused("another shape") { $0.model["0.weight"] = Tensor.ones(1) }
        refused("no optimiser") { $0.optimizer = nil }
        refused("another optimiser") { $0.optimizer?.metadata["optimizer"] = "SGD" }
        refused("no scheduler") { $0.scheduler = nil }
        refused("another scheduler") { $0.scheduler = [:] }
        refused("no loader") { $0.loader = nil }
        refused("a place beyond the end") { $0.loader?.batch = 1000 }
        try other.restore(state)
        #expect(other.bits == run.bits)
    }

    @Test func noByteCanChangeUnseen() throws {
        try TrainingState(step: 7, model: Linear(2, 2), generator: Generator(seed: 1), metadata: ["a": "b"])
            .save(folder("state"))
        let bytes = try FileSystem.read(folder("state"))
        for position in bytes.indices {
            var damaged = bytes
            damaged[position] ^= 1 << (position % 8)
            try AtomicFile.write(damaged, to: folder("damaged"))
            let error = #expect(throws: IOError.self, "byte \(position)") {
                try TrainingState(contentsOf: folder("damaged"))
            }
            #expect(error?.file == folder("damaged"))
        }
        for count in stride(from: 0, to: bytes.count, by: 7) {
            try AtomicFile.write(Array(bytes[..<count]), to: folder("damaged"))
            #expect(throws: IOError.self, "\(count) bytes") { try TrainingState(contentsOf: folder("damaged")) }
        }
    }

    @Test func otherFilesAreRefusedByName() throws {
        try Linear(2, 2).save(folder("weights"))
        let error = #expect(throws: IOError.self) { try TrainingState(contentsOf: folder("weights")) }
        #expect(error?.description.contains("no training state") == true)
        try Safetensors.save([:], to: folder("next"), metadata: ["format": "torchlight training state 2"])
        let later = #expect(throws: IOError.self) { try TrainingState(contentsOf: folder("next")) }
        #expect(later?.description.contains("version 2") == true)
        #expect(throws: IOError.self) { try TrainingState(model: Linear(1, 1)).save("/dev/full") }
    }
}
