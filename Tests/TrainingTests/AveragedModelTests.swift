import TestSupport
import Testing
import Torchlight

@Suite struct AveragedModelTests {
    private static func model() -> Sequential {
        let generator = Generator(seed: 1)
        return Sequential(Linear(3, 4, generator: generator), BatchNorm1d(4), Linear(4, 2, generator: generator))
    }

    /// The averages beside sums of the values, for a few updates of a model that changes.
    private func follow(_ average: AveragedModel<Sequential>.Average, _ next: (Double, Double, Int) -> Double) throws {
        let model = Self.model()
        let averaged = AveragedModel(model, average)
        var expected: [Double]?
        for step in 0..<5 {
            noGrad { for p in model.parameters() { p.mul_(1.5).add_(0.1) } }
            model[1].buffers()[0].fill_(Double(step))
            averaged.update(model)
            let now = model.parameters().flatMap { $0.to(.float64).reshape([-1]).toArray(Double.self) }
            expected = expected.map { zip($0, now).map { next($0, $1, step) } } ?? now
            let found = averaged.module.parameters().flatMap { $0.to(.float64).reshape([-1]).toArray(Double.self) }
            for (a, b) in zip(found, expected!) { #expect(abs(a - b) < 1e-4 * (1 + abs(b)), "step \(step)") }
            #expect(averaged.module[1].buffers()[0].max().item() == Double(step), "buffers are those of the model")
        }
        #expect(averaged.updateCount.item(Int.self) == 5)
        let names = Set(averaged.stateDict().keys)
        #expect(names == Set(model.stateDict().keys.map { "module.\($0)" } + ["n_averaged"]))
        let other = AveragedModel(Self.model(), average)
        try other.load(stateDict: averaged.stateDict())
        other.update(model)
        averaged.update(model)
        for (a, b) in zip(other.module.parameters(), averaged.module.parameters()) { #expect(a.allclose(b)) }
    }

    @Test func averagesAreThoseOfTheUpdates() throws {
        try follow(.mean) { mean, value, step in mean + (value - mean) / Double(step + 1) }
        try follow(.exponential(decay: 0.9)) { mean, value, _ in 0.9 * mean + 0.1 * value }
    }

    @Test func buffersAreAveragedOnRequest() {
        let model = Self.model()
        let averaged = AveragedModel(model, .mean, averagesBuffers: true)
        for value in [1.0, 4, 7] {
            model[1].buffers()[0].fill_(value)
            averaged.update(model)
        }
        #expect(averaged.module[1].buffers()[0].max().item() == 4)
        expectRefusal(by: "AveragedModel.update") { averaged.update(Sequential(Linear(3, 4))) }
        expectRefusal(by: "AveragedModel") { AveragedModel(model, .exponential(decay: 2)) }
    }

    @Test func statisticsAreComputedAnew() {
        let model = Self.model().eval()
        model[2].train()
        let batches = (0..<4).map { Tensor.randn([8, 3], generator: Generator(seed: $0)) }
        updateBatchNorm(model, batches) { _ = model($0) }
        let norm = model[1] as! BatchNorm1d
        let inner = batches.map { model[0]($0).detach() }
        let mean = stack(inner.map { $0.mean(dim: 0) }).mean(dim: 0)
        let variance = stack(inner.map { $0.var(dim: 0) }).mean(dim: 0)
        #expect(norm.runningMean!.allclose(mean, rtol: 1e-4, atol: 1e-5))
        #expect(norm.runningVar!.allclose(variance, rtol: 1e-4, atol: 1e-5))
        #expect(norm.momentum == 0.1 && !model.isTraining && model[2].isTraining && !norm.isTraining)
    }

    @Test func rateGoesToTheConstant() {
        let optimizer = SGD([Parameter(Tensor.ones(1))], lr: 1)
        let schedule = SWALR(optimizer, swaLR: 0.2, annealEpochs: 4, annealStrategy: .linear)
        let rates = (0..<7).map { _ in
            defer { schedule.step() }
            return optimizer.learningRates[0]
        }
        #expect(zip(rates, [1, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2]).allSatisfy { abs($0 - $1) < 1e-12 }, "\(rates)")
    }
}
