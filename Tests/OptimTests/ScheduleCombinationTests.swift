import Foundation
import TestSupport
import Testing
import Torchlight

/// Schedules inside schedules, beside a slow and plain model of what they mean; groups that are added later; states.
@Suite struct ScheduleCombinationTests {
    private static func optimizer(_ rates: [Double] = [0.1]) -> SGD {
        SGD(
            rates.map { lr in ParameterGroup<SGD.Options>([Parameter(Tensor.ones(1))]) { $0.lr = lr } }, lr: 1,
            momentum: 0.9)
    }

    /// A schedule as the product of factors that it is: leaves by their formulas, the rest by its definition.
    private indirect enum Plan: CustomStringConvertible {
        case leaf(String, (Int) -> Double, (any Optimizer) -> LRScheduler)
        case chain([Plan])
        case sequence([Plan], [Int])

        func factor(_ epoch: Int) -> Double {
            switch self {
            case .leaf(_, let formula, _): return formula(epoch)
            case .chain(let parts): return parts.reduce(1) { $0 * $1.factor(epoch) }
            case .sequence(let parts, let milestones):
                let index = milestones.filter { $0 <= epoch }.count
                return parts[index].factor(epoch - (index == 0 ? 0 : milestones[index - 1]))
            }
        }

        func make(_ optimizer: any Optimizer) -> LRScheduler {
            switch self {
            case .leaf(_, _, let make): make(optimizer)
            case .chain(let parts): ChainedScheduler(optimizer) { optimizer in parts.map { $0.make(optimizer) } }
            case .sequence(let parts, let milestones):
                SequentialLR(optimizer, milestones: milestones) { optimizer in parts.map { $0.make(optimizer) } }
            }
        }

        var description: String {
            switch self {
            case .leaf(let name, _, _): name
            case .chain(let parts): "chain\(parts)"
            case .sequence(let parts, let milestones): "sequence\(parts) at \(milestones)"
            }
        }
    }

    private static var leaves: [Plan] {
        [

            .leaf("step", { pow(0.5, Double($0 / 2)) }) { StepLR($0, stepSize: 2, gamma: 0.5) },
            .leaf("multistep", { epoch in pow(0.3, Double([0, 2, 2].filter { $0 <= epoch }.count)) }) {
                MultiStepLR($0, milestones: [2, 0, 2], gamma: 0.3)
            },
            .leaf("exponential", { pow(0.9, Double($0)) }) { ExponentialLR($0, gamma: 0.9) },
            .leaf("constant", { $0 < 3 ? 0.25 : 1 }) { ConstantLR($0, factor: 0.25, totalIters: 3) },
            .leaf("linear", { 0.1 + 0.7 * Double(min($0, 4)) / 4 }) {
                LinearLR($0, startFactor: 0.1, endFactor: 0.8, totalIters: 4)
            },
            .leaf("polynomial", { pow(1 - Double($0) / 50, 2) }) { PolynomialLR($0, totalIters: 50, power: 2) },
            .leaf("cosine", { (1 + cos(.pi * Double($0) / 40)) / 2 }) { CosineAnnealingLR($0, tMax: 40) },
        ]
    }

    private static func randomPlan(_ random: inout TestRandom, depth: Int) -> Plan {
        let kind = depth == 0 ? 0 : Int.random(in: 0...2, using: &random)
        let count = Int.random(in: 1...3, using: &random)
        switch kind {
        case 1:
            // Sequences set the rates anew at their milestones, as in PyTorch; chains of them are a test of their own.
            return .chain((0..<count).map { _ in leaves.randomElement(using: &random)! })
        case 2:
            let milestones = (1..<count).map { _ in Int.random(in: 0...6, using: &random) }.sorted()
            return .sequence((0..<count).map { _ in randomPlan(&random, depth: depth - 1) }, milestones)
        default: return leaves.randomElement(using: &random)!
        }
    }

    @Test func schedulesInsideSchedulesFollowTheirDefinitions() throws {
        var random = TestRandom("schedules")
        let plans = (0..<300).map { _ in Self.randomPlan(&random, depth: 3) }
        let pairs = Self.leaves.flatMap { a in
            Self.leaves.flatMap { b in [Plan.chain([a, b]), .sequence([a, b], [3])] }
        }
        for plan in plans + pairs + pairs.map({ .sequence([$0, .chain([$0])], [2]) }) {
            let optimizer = Self.optimizer([0.1, 2])
            let scheduler = plan.make(optimizer)
            for epoch in 0..<14 {
                for (rate, base) in zip(optimizer.learningRates, [0.1, 2]) {
                    let expected = base * plan.factor(epoch)
                    #expect(
                        abs(rate - expected) <= 1e-12 + 1e-9 * expected,
                        "\(plan), epoch \(epoch), seed \(TestRandom.seed): \(rate) for \(expected)")
                }
                scheduler.step()
            }
        }
    }

    @Test func aScheduleGoesOnFromItsStateAtEveryStep() throws {
        var random = TestRandom("schedule states")
        for _ in 0..<40 {
            let plan = Self.randomPlan(&random, depth: 2)
            for stop in 0..<9 {
                let (first, second) = (Self.optimizer(), Self.optimizer())
                let (a, b) = (plan.make(first), plan.make(second))
                for _ in 0..<stop { a.step() }
                try second.load(first.state())
                try b.load(a.state())
                for _ in 0..<6 {
                    #expect(second.learningRates == first.learningRates, "\(plan), stopped at \(stop)")
                    a.step()
                    b.step()
                }
            }
        }
    }

    @Test func aSequenceInAChainSetsTheRatesItself() {
        let optimizer = Self.optimizer()
        let scheduler = ChainedScheduler(optimizer) {
            [
                SequentialLR($0, milestones: [2]) {
                    [ConstantLR($0, factor: 0.5, totalIters: 9), ExponentialLR($0, gamma: 0.5)]
                }
            ]
        }
        let rates = (0..<4).map { _ in
            defer { scheduler.step() }
            return optimizer.learningRates[0]
        }
        #expect(zip(rates, [0.05, 0.05, 0.1, 0.05]).allSatisfy { abs($0 - $1) < 1e-12 }, "\(rates)")
    }

    @Test func phasesWithoutEpochsTakeNoPart() {
        for milestones in [[0], [0, 0], [0, 3], [2, 2]] {
            let optimizer = Self.optimizer()
            let scheduler = SequentialLR(optimizer, milestones: milestones) { optimizer in
                (0...milestones.count).map { ConstantLR(optimizer, factor: 1 / Double($0 + 2), totalIters: 100) }
            }
            for epoch in 0..<5 {
                let index = milestones.filter { $0 <= epoch }.count
                #expect(
                    abs(optimizer.learningRates[0] - 0.1 / Double(index + 2)) < 1e-12, "\(milestones), epoch \(epoch)")
                scheduler.step()
            }
        }
    }

    /// A number of warm-up epochs worked out from a ratio may be 0.
    @Test func warmUpOfNoEpochs() {
        let optimizer = Self.optimizer()
        let scheduler = SequentialLR(optimizer, milestones: [0]) {
            [LinearLR($0, startFactor: 0.1, totalIters: 0), ConstantLR($0, factor: 0.5, totalIters: 2)]
        }
        let rates = (0..<3).map { _ in
            defer { scheduler.step() }
            return optimizer.learningRates[0]
        }
        #expect(zip(rates, [0.05, 0.05, 0.1]).allSatisfy { abs($0 - $1) < 1e-12 }, "\(rates)")
        let alone = Self.optimizer()
        let warmUp = LinearLR(alone, startFactor: 0.1, endFactor: 0.5, totalIters: 0)
        for _ in 0..<3 {
            #expect(abs(alone.learningRates[0] - 0.05) < 1e-12)
            warmUp.step()
        }
        #expect(warmUp.closedFormRates == [0.05])
    }

    @Test func schedulesThatComeLaterLeaveTheMomentumAlone() {
        let optimizer = Self.optimizer()
        _ = SequentialLR(optimizer, milestones: [2]) { [LinearLR($0), OneCycleLR($0, maxLR: 1, totalSteps: 9)] }
        #expect(optimizer.momenta == [0.9])
    }

    /// Every schedule with one setting for all groups.
    private static var shared: [(String, (any Optimizer) -> LRScheduler)] {
        [

            ("StepLR", { StepLR($0, stepSize: 2, gamma: 0.5) }),
            ("MultiStepLR", { MultiStepLR($0, milestones: [1, 4], gamma: 0.5) }),
            ("ExponentialLR", { ExponentialLR($0, gamma: 0.5) }),
            ("ConstantLR", { ConstantLR($0, factor: 0.5, totalIters: 4) }),
            ("LinearLR", { LinearLR($0, startFactor: 0.5, totalIters: 4) }),
            ("PolynomialLR", { PolynomialLR($0, totalIters: 6) }),
            ("CosineAnnealingLR", { CosineAnnealingLR($0, tMax: 5) }),
            ("CosineAnnealingWarmRestarts", { CosineAnnealingWarmRestarts($0, t0: 2, tMult: 2) }),
            ("LambdaLR", { LambdaLR($0) { 1 / Double($0 + 1) } }),
            ("MultiplicativeLR", { MultiplicativeLR($0) { _ in 0.5 } }),
            ("CyclicLR", { CyclicLR($0, baseLR: 0.1, maxLR: 1, stepSizeUp: 2) }),
            ("OneCycleLR", { OneCycleLR($0, maxLR: 1, totalSteps: 20) }),
            ("SWALR", { SWALR($0, swaLR: 0.05, annealEpochs: 4) }),
            (
                "SequentialLR",
                { SequentialLR($0, milestones: [4]) { [LinearLR($0, totalIters: 4), StepLR($0, stepSize: 2)] } }
            ),
            (
                "ChainedScheduler",
                { ChainedScheduler($0) { [ConstantLR($0, totalIters: 4), ExponentialLR($0, gamma: 0.9)] } }
            ),
        ]
    }

    @Test func addedGroupsTakePart() throws {
        for (name, make) in Self.shared {
            let (grown, straight) = (Self.optimizer(), Self.optimizer())
            let (scheduler, other) = (make(grown), make(straight))
            for _ in 0..<2 {
                scheduler.step()
                other.step()
            }
            grown.addGroup([Parameter(Tensor.ones(1))]) { $0.lr = 0.5 }
            // A state between the two is one of both groups.
            let resumed = Self.optimizer([0.1, 0.5])
            let again = make(resumed)
            try resumed.load(grown.state())
            try again.load(scheduler.state())
            for epoch in 3..<12 {
                scheduler.step()
                other.step()
                again.step()
                #expect(grown.learningRates[0] == straight.learningRates[0], "\(name), epoch \(epoch)")
                let rate = grown.learningRates[1]
                #expect(rate >= 0 && rate.isFinite && rate <= 1, "\(name), epoch \(epoch): \(rate)")
                #expect(resumed.learningRates == grown.learningRates, "\(name), epoch \(epoch), resumed")
            }
        }
    }

    @Test func anAddedGroupHasTheRateOfTheEpoch() {
        func rates(_ make: (SGD) -> LRScheduler) -> [Double] {
            let optimizer = Self.optimizer([1])
            let scheduler = make(optimizer)
            scheduler.step()
            optimizer.addGroup([Parameter(Tensor.ones(1))]) { $0.lr = 0.5 }
            return (0..<4).map { _ in
                scheduler.step()
                return optimizer.learningRates[1]
            }
        }
        func expect(_ got: [Double], _ expected: [Double]) {
            #expect(zip(got, expected).allSatisfy { abs($0 - $1) < 1e-12 }, "\(got) for \(expected)")
        }
        expect(rates { ExponentialLR($0, gamma: 0.5) }, [0.25, 0.125, 0.0625, 0.03125])
        expect(rates { LambdaLR($0) { 1 / Double($0 + 1) } }, [0.5 / 3, 0.125, 0.1, 0.5 / 6])
        expect(rates { LinearLR($0, startFactor: 0.5, totalIters: 4) }, [0.375, 0.4375, 0.5, 0.5])
        expect(rates { ConstantLR($0, factor: 0.5, totalIters: 4) }, [0.25, 0.25, 0.5, 0.5])
        expect(rates { CosineAnnealingLR($0, tMax: 4) }, (2...5).map { 0.25 * (1 + cos(.pi * Double($0) / 4)) })
        let optimizer = Self.optimizer([1])
        let plateau = ReduceLROnPlateau(optimizer, patience: 0)
        plateau.step(1)
        optimizer.addGroup([Parameter(Tensor.ones(1))]) { $0.lr = 0.5 }
        plateau.step(2)
        expect(optimizer.learningRates, [0.1, 0.05])
    }

    @Test func settingsByGroupRefuseAnotherGroup() {
        let makers: [(String, (any Optimizer) -> LRScheduler)] = [
            ("LambdaLR", { LambdaLR($0, [{ _ in 1 }, { _ in 1 }]) }),
            ("MultiplicativeLR", { MultiplicativeLR($0, [{ _ in 1 }, { _ in 1 }]) }),
            ("CyclicLR", { CyclicLR($0, baseLR: [0.1, 0.2], maxLR: [1]) }),
            ("OneCycleLR", { OneCycleLR($0, maxLR: [1, 2], totalSteps: 9) }),
            ("SWALR", { SWALR($0, swaLR: [0.1, 0.2]) }),
        ]
        for (name, make) in makers {
            let optimizer = Self.optimizer([0.1, 0.2])
            let scheduler = make(optimizer)
            optimizer.addGroup([Parameter(Tensor.ones(1))])
            expectRefusal(by: name) { scheduler.step() }
        }
        let optimizer = Self.optimizer([0.1, 0.2])
        let plateau = ReduceLROnPlateau(optimizer, minLR: [0.1, 0.2])
        optimizer.addGroup([Parameter(Tensor.ones(1))])
        expectRefusal(by: "ReduceLROnPlateau") { plateau.step(1) }
        expectRefusal(by: "SGD") {
            optimizer.learningRates = [1]
            return 0
        }
        expectRefusal(by: "SGD") {
            optimizer.momenta = [1]
            return 0
        }
    }

    @Test func ratesNeverFallBelowZero() {
        for start in stride(from: 0.05, through: 1, by: 0.05) {
            for total in 1...70 {
                let optimizer = Self.optimizer([0.1])
                let scheduler = LinearLR(optimizer, startFactor: start, endFactor: 0, totalIters: total)
                for _ in 0..<total + 2 { scheduler.step() }
                #expect(optimizer.learningRates == [0], "from \(start) in \(total)")
            }
        }
        for total in 1...60 {
            let makers: [(any Optimizer) -> LRScheduler] = [
                { CosineAnnealingLR($0, tMax: total) }, { PolynomialLR($0, totalIters: total, power: 0.3) },
                {
                    OneCycleLR(
                        $0, maxLR: 0.1, totalSteps: 3 * total, annealStrategy: .linear, finalDivFactor: .infinity)
                },
                { SWALR($0, swaLR: 0, annealEpochs: total) },
                { CyclicLR($0, baseLR: 0.1, maxLR: 0, stepSizeUp: total) },
            ]
            for (i, make) in makers.enumerated() {
                let optimizer = Self.optimizer([0.1])
                let scheduler = make(optimizer)
                for _ in 0..<3 * total { scheduler.step() }
                #expect(optimizer.learningRates[0] >= 0, "schedule \(i), \(total)")
            }
        }
    }

    @Test func hugeSettingsDoNotTrap() {
        let optimizer = Self.optimizer()
        for make in [
            { CosineAnnealingLR(optimizer, tMax: .max) }, { StepLR(optimizer, stepSize: .max) },
            { CyclicLR(optimizer, baseLR: 0.1, maxLR: 1, stepSizeUp: .max) },
            { OneCycleLR(optimizer, maxLR: 1, epochs: .max, stepsPerEpoch: .max) },
            { LinearLR(optimizer, totalIters: .max) }, { PolynomialLR(optimizer, totalIters: .max) },
        ] as [() -> LRScheduler] {
            let scheduler = make()
            for _ in 0..<3 { scheduler.step() }
        }
        expectRefusal(by: "OneCycleLR") { OneCycleLR(optimizer, maxLR: 1, totalSteps: .min) }
        expectRefusal(by: "SequentialLR") {
            SequentialLR(optimizer, milestones: [-1]) { [StepLR($0, stepSize: 1), StepLR($0, stepSize: 1)] }
        }
        expectRefusal(by: "SequentialLR") { SequentialLR(optimizer, milestones: []) { [ReduceLROnPlateau($0)] } }
        expectRefusal(by: "ChainedScheduler") { ChainedScheduler(optimizer) { [ReduceLROnPlateau($0)] } }
        expectRefusal(by: "CosineAnnealingLR") { CosineAnnealingLR(optimizer, tMax: 3, etaMin: -1) }
    }
}
