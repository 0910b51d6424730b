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

    @Test func aScheduleGoesOnFromItsState() throws {
        func make(_ optimizer: any Optimizer) -> LRScheduler {
            SequentialLR(optimizer, milestones: [3]) {
                [LinearLR($0, startFactor: 0.1, totalIters: 3), CosineAnnealingLR($0, tMax: 10)]
            }
        }
        let straight = rates(make(optimizer(0.3)), 9)
        let (firstOptimizer, secondOptimizer) = (optimizer(0.3), optimizer(0.3))
        let first = make(firstOptimizer)
        for _ in 0..<5 { first.step() }
        let second = make(secondOptimizer)
        try secondOptimizer.load(firstOptimizer.state())
        try second.load(first.state())
        #expect(Array(straight[5...]) == rates(second, 4))
    }

    @Test func badSchedulesAreRefused() {
        let optimizer = optimizer(1)
        expectRefusal(by: "StepLR") { StepLR(optimizer, stepSize: 0) }
        expectRefusal(by: "LinearLR") { LinearLR(optimizer, startFactor: 0) }
        expectRefusal(by: "SequentialLR") {
            SequentialLR(optimizer, milestones: []) { [StepLR($0, stepSize: 1), StepLR($0, stepSize: 1)] }
        }
        #expect(throws: OptimizerStateError.self) { try StepLR(optimizer, stepSize: 1).load([:]) }
    }

    private static let known: Set<String> = [
        "StepLR", "MultiStepLR", "ExponentialLR", "ConstantLR", "LinearLR", "CosineAnnealingLR", "LambdaLR",
        "SequentialLR",
    ]

    @Test(arguments: Conformance.cases("lr_scheduler") { known.contains($0["scheduler"]!.string!) })
    func conforms(_ recorded: Conformance.Case) {
        let optimizer = optimizer(recorded["initial_lr"]!.double!)
        let scheduler = make(recorded, recorded["scheduler"]!.string!, recorded["kwargs"]!, optimizer)
        expect(rates(scheduler, 30), recorded["lrs"]!.elements!.map { $0.double! })
    }

    private func make(
        _ recorded: Conformance.Case, _ name: String, _ settings: JSON, _ optimizer: any Optimizer
    ) -> LRScheduler {
        func number(_ key: String, _ missing: Double) -> Double { recorded.number(settings[key]) ?? missing }
        func whole(_ key: String, _ missing: Int) -> Int { settings[key]?.int ?? missing }
        func list(_ key: String) -> [Int] { settings[key]?.elements?.map { $0.int! } ?? [] }
        switch name {
        case "StepLR": return StepLR(optimizer, stepSize: whole("step_size", 1), gamma: number("gamma", 0.1))
        case "MultiStepLR":
            return MultiStepLR(optimizer, milestones: list("milestones"), gamma: number("gamma", 0.1))
        case "ExponentialLR": return ExponentialLR(optimizer, gamma: number("gamma", 1))
        case "ConstantLR":
            return ConstantLR(optimizer, factor: number("factor", 1.0 / 3), totalIters: whole("total_iters", 5))
        case "LinearLR":
            return LinearLR(
                optimizer, startFactor: number("start_factor", 1.0 / 3), endFactor: number("end_factor", 1),
                totalIters: whole("total_iters", 5))
        case "CosineAnnealingLR":
            return CosineAnnealingLR(optimizer, tMax: whole("T_max", 1), etaMin: number("eta_min", 0))
        case "LambdaLR":
            return settings["lr_lambda"]!.string! == "0.95 ** epoch"
                ? LambdaLR(optimizer) { epoch in (0..<epoch).reduce(1.0) { value, _ in value * 0.95 } }
                : LambdaLR(optimizer) { min(1, Double($0 + 1) / 10) }
        default:
            return SequentialLR(optimizer, milestones: list("milestones")) { optimizer in
                settings["schedulers"]!.elements!.map { make(recorded, $0["name"]!.string!, $0["kwargs"]!, optimizer) }
            }
        }
    }
}
