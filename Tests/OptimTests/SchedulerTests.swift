import TestSupport
import Testing
import Torchlight
import TorchlightIO

@Suite struct SchedulerTests {
    private func optimizer(_ lr: Double) -> SGD { SGD([Parameter(Tensor.ones(1))], lr: lr) }

    private func rates(_ scheduler: LRScheduler, _ steps: Int) -> [Double] {
        var rates = [scheduler.optimizer.learningRates[0]]
        for _ in 0..<steps {
            scheduler.step()
            rates.append(scheduler.optimizer.learningRates[0])
        }
        return rates
    }

    private func expect(
        _ got: [Double], _ expected: [Double], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(got.count == expected.count, sourceLocation: sourceLocation)
        for (epoch, (a, b)) in zip(got, expected).enumerated() {
            #expect(abs(a - b) <= 1e-12 + 1e-9 * abs(b), "epoch \(epoch)", sourceLocation: sourceLocation)
        }
    }

    @Test func schedulesFollowTheirFormulas() {
        expect(rates(StepLR(optimizer(1), stepSize: 2, gamma: 0.5), 5), [1, 1, 0.5, 0.5, 0.25, 0.25])
        expect(
            rates(MultiStepLR(optimizer(1), milestones: [3, 1, 3], gamma: 0.5), 4), [1, 0.5, 0.5, 0.125, 0.125])
        expect(rates(ExponentialLR(optimizer(1), gamma: 0.5), 3), [1, 0.5, 0.25, 0.125])
        expect(rates(ConstantLR(optimizer(1), factor: 0.1, totalIters: 2), 3), [0.1, 0.1, 1, 1])
        expect(rates(LinearLR(optimizer(1), startFactor: 0.2, totalIters: 4), 5), [0.2, 0.4, 0.6, 0.8, 1, 1])
        expect(
            rates(CosineAnnealingLR(optimizer(1), tMax: 2, etaMin: 0.2), 5), [1, 0.6, 0.2, 0.6, 1, 0.6])
        expect(rates(LambdaLR(optimizer(2)) { 1 / Double($0 + 1) }, 3), [2, 1, 2.0 / 3, 0.5])
        expect(
            rates(
                SequentialLR(optimizer(1), milestones: [2]) {
                    [LinearLR($0, startFactor: 0.5, totalIters: 2), ExponentialLR($0, gamma: 0.1)]
                }, 4), [0.5, 0.75, 1, 0.1, 0.01])
    }

    /// Every schedule that takes no measure.
    static let makers: [String: @Sendable (any Optimizer) -> LRScheduler] = [
        "SequentialLR": { optimizer in
            SequentialLR(optimizer, milestones: [3]) {
                [LinearLR($0, startFactor: 0.1, totalIters: 3), CosineAnnealingLR($0, tMax: 10)]
            }
        },
        "ChainedScheduler": { optimizer in
            ChainedScheduler(optimizer) { [PolynomialLR($0, totalIters: 8, power: 2), ExponentialLR($0, gamma: 0.9)] }
        },
        "CosineAnnealingWarmRestarts": { CosineAnnealingWarmRestarts($0, t0: 2, tMult: 2) },
        "CyclicLR": { CyclicLR($0, baseLR: 0.1, maxLR: 1, stepSizeUp: 2, stepSizeDown: 1, mode: .triangular2) },
        "OneCycleLR": { OneCycleLR($0, maxLR: 1, epochs: 2, stepsPerEpoch: 5) },
        "MultiplicativeLR": { MultiplicativeLR($0) { 1 / Double($0) } },
    ]

    @Test(arguments: makers.keys.sorted()) func aScheduleGoesOnFromItsState(_ name: String) throws {
        let make = Self.makers[name]!
        let straight = rates(make(optimizer(0.3)), 9)
        let (firstOptimizer, secondOptimizer) = (optimizer(0.3), optimizer(0.3))
        let first = make(firstOptimizer)
        for _ in 0..<5 { first.step() }
        let second = make(secondOptimizer)
        try secondOptimizer.load(firstOptimizer.state())
        try second.load(first.state())
        #expect(Array(straight[5...]) == rates(second, 4))
        #expect(firstOptimizer.momenta != nil)
    }

    @Test func aPlateauIsRememberedWithTheState() throws {
        let metrics = [1, 0.9, 0.95, 0.94, 0.93, 0.92, 0.91, 0.8, 0.81, 0.82, 0.83]
        func follow(_ schedule: ReduceLROnPlateau, _ metrics: some Sequence<Double>) -> [Double] {
            metrics.map { metric in
                schedule.step(metric)
                return schedule.lastRates[0]
            }
        }
        func make(_ optimizer: any Optimizer) -> ReduceLROnPlateau {
            ReduceLROnPlateau(optimizer, factor: 0.5, patience: 1, cooldown: 1, minLR: [0.2])
        }
        let straight = follow(make(optimizer(1)), metrics)
        #expect(straight == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2, 0.2])
        let (firstOptimizer, secondOptimizer) = (optimizer(1), optimizer(1))
        let (first, second) = (make(firstOptimizer), make(secondOptimizer))
        _ = follow(first, metrics[..<5])
        try secondOptimizer.load(firstOptimizer.state())
        try second.load(first.state())
        #expect(follow(second, metrics[5...]) == Array(straight[5...]))
    }

    @Test func fractionsOfEpochsAreReached() {
        let schedule = CosineAnnealingWarmRestarts(optimizer(1), t0: 2, tMult: 2)
        schedule.step(to: 0.5)
        expect(schedule.lastRates, [(1 + 0.5.squareRoot()) / 2])
        schedule.step(to: 4)
        expect(schedule.lastRates, [0.5])
    }

    @Test func badSchedulesAreRefused() {
        let optimizer = optimizer(1)
        expectRefusal(by: "StepLR") { StepLR(optimizer, stepSize: 0) }
        expectRefusal(by: "LinearLR") { LinearLR(optimizer, startFactor: 0) }
        expectRefusal(by: "SequentialLR") {
            SequentialLR(optimizer, milestones: []) { [StepLR($0, stepSize: 1), StepLR($0, stepSize: 1)] }
        }
        expectRefusal(by: "ReduceLROnPlateau") { ReduceLROnPlateau(optimizer, factor: 1) }
        expectRefusal(by: "ReduceLROnPlateau") { ReduceLROnPlateau(optimizer).step() }
        expectRefusal(by: "CyclicLR") { CyclicLR(optimizer, baseLR: [0.1, 0.2], maxLR: [1]) }
        expectRefusal(by: "CyclicLR") { CyclicLR(Rprop([Parameter(Tensor.ones(1))]), baseLR: 0.1, maxLR: 1) }
        expectRefusal(by: "OneCycleLR") {
            let schedule = OneCycleLR(optimizer, maxLR: 1, totalSteps: 2)
            for _ in 0..<3 { schedule.step() }
            return schedule
        }
        #expect(throws: OptimizerStateError.self) { try StepLR(optimizer, stepSize: 1).load([:]) }
    }
}
