import TestSupport
import Testing
import Torchlight

@testable import TorchlightOptim

/// Every number that an optimiser or a scheduler takes is refused where it is negative, infinite or NaN, and where it is 0 if
/// that has no meaning. What a setting allows besides is listed with it.
@Suite struct SettingTests {
    private static let texts = ["nan", "inf", "-inf", "-1", "0"]

    private static func parameters() -> [Tensor] { [Parameter(Tensor.ones([2, 2]))] }

    /// What is allowed of `texts`, where it is not 0 alone.
    private static let allowed: [String: Set<String>] = [
        "SGD dampening": ["0", "-1"], "ASGD alpha": ["0", "-1"], "Adafactor beta2_decay": ["0", "-1"],
        "Adafactor d": [], "Muon ns_coefficient_a": ["0", "-1"], "Muon ns_coefficient_b": ["0", "-1"],
        "Muon ns_coefficient_c": ["0", "-1"], "Rprop eta_minus": [], "Rprop eta_plus": [], "LBFGS max_iter": [],
        "LBFGS max_eval": [], "LBFGS history_size": [],
    ]

    private static var optimizers: [any Optimizer] {
        [
            SGD(parameters()), ASGD(parameters()), Adadelta(parameters()), Adafactor(parameters()),
            Adagrad(parameters()),
            Adam(parameters()), AdamW(parameters()), Adamax(parameters()), LBFGS(parameters()), Muon(parameters()),
            NAdam(parameters()), RAdam(parameters()), RMSprop(parameters()), Rprop(parameters()),
        ]
    }

    /// Each setting of the options in turn; returns how many were tried.
    private static func check<Options: OptimizerOptions>(_ optimizer: GroupedOptimizer<Options>) -> Int {
        let name = "\(type(of: optimizer))"
        var count = 0
        for field in Options.fields {
            switch field {
            case .flag, .choice: continue
            case .number, .optional, .whole: count += 1
            }
            let setting = "\(name) \(field.name)"
            for text in texts {
                var options = optimizer.defaults
                // An integer has no NaN and no infinity.
                guard field.read(text, into: &options) else { continue }
                let isAllowed = (allowed[setting] ?? ["0"]).contains(text)
                #expect((options.problem == nil) == isAllowed, "\(setting): \(text), \(options.problem ?? "accepted")")
                let changed = Result { try checked { optimizer.groups[0].options = options } }
                #expect(((try? changed.get()) != nil) == isAllowed, "\(setting): \(text), set in a group")
                if case .failure(let error as TensorError) = changed {
                    #expect(error.kind == .value && error.description.contains("expected"), "\(setting): \(error)")
                }
                optimizer.groups[0].options = optimizer.defaults
            }
        }
        return count
    }

    @Test("Each setting of each optimiser") func optimizerSettings() throws {
        var names: Set<String> = []
        for optimizer in Self.optimizers {
            names.insert("\(type(of: optimizer))")
            let count =
                switch optimizer {
                case let some as SGD: Self.check(some)
                case let some as ASGD: Self.check(some)
                case let some as Adadelta: Self.check(some)
                case let some as Adafactor: Self.check(some)
                case let some as Adagrad: Self.check(some)
                case let some as AdamFamily: Self.check(some)
                case let some as Adamax: Self.check(some)
                case let some as LBFGS: Self.check(some)
                case let some as Muon: Self.check(some)
                case let some as NAdam: Self.check(some)
                case let some as RAdam: Self.check(some)
                case let some as RMSprop: Self.check(some)
                case let some as Rprop: Self.check(some)
                default: 0
                }
            #expect(count > 0, "\(type(of: optimizer)) is not in the table")
        }
        #expect(try names == Self.classes(in: "", below: "GroupedOptimizer<|AdamFamily "))
    }

    /// Public classes whose declaration names one of these superclasses.
    private static func classes(in folder: String, below superclasses: String) throws -> Set<String> {
        let declaration = try Regex(
            "public final class (\\w+): (?:\(superclasses))", as: (Substring, Substring).self)
        var names: Set<String> = []
        for file in try SourceTree.files(in: "Sources/TorchlightOptim/\(folder)", ["swift"]) {
            for match in file.text.matches(of: declaration) { names.insert(String(match.1)) }
        }
        return names
    }

    private typealias Make = (any Optimizer, Double) -> Void

    /// A number of a scheduler: its name, what is allowed besides 0, and a scheduler with it.
    private static var numbers: [(String, Set<Double>, Make)] {
        [
            ("StepLR gamma", [0], { _ = StepLR($0, stepSize: 2, gamma: $1) }),
            ("MultiStepLR gamma", [0], { _ = MultiStepLR($0, milestones: [2], gamma: $1) }),
            ("ExponentialLR gamma", [0], { _ = ExponentialLR($0, gamma: $1) }),
            ("ConstantLR factor", [], { _ = ConstantLR($0, factor: $1) }),
            ("LinearLR startFactor", [], { _ = LinearLR($0, startFactor: $1) }),
            ("LinearLR endFactor", [0], { _ = LinearLR($0, endFactor: $1) }),
            ("PolynomialLR power", [0], { _ = PolynomialLR($0, power: $1) }),
            ("CosineAnnealingLR etaMin", [0], { _ = CosineAnnealingLR($0, tMax: 3, etaMin: $1) }),
            ("CosineAnnealingWarmRestarts etaMin", [0], { _ = CosineAnnealingWarmRestarts($0, t0: 3, etaMin: $1) }),
            (
                "CosineAnnealingWarmRestarts epoch", [0],
                { CosineAnnealingWarmRestarts($0, t0: 3).step(to: $1) }
            ),
            ("CyclicLR baseLR", [0], { _ = CyclicLR($0, baseLR: $1, maxLR: 1) }),
            ("CyclicLR maxLR", [0], { _ = CyclicLR($0, baseLR: 0.1, maxLR: $1) }),
            ("CyclicLR gamma", [0], { _ = CyclicLR($0, baseLR: 0.1, maxLR: 1, gamma: $1) }),
            ("CyclicLR baseMomentum", [0], { _ = CyclicLR($0, baseLR: 0.1, maxLR: 1, baseMomentum: $1) }),
            ("CyclicLR maxMomentum", [0], { _ = CyclicLR($0, baseLR: 0.1, maxLR: 1, maxMomentum: $1) }),
            ("OneCycleLR maxLR", [0], { _ = OneCycleLR($0, maxLR: $1, totalSteps: 9) }),
            ("OneCycleLR pctStart", [0], { _ = OneCycleLR($0, maxLR: 1, totalSteps: 9, pctStart: $1) }),
            ("OneCycleLR baseMomentum", [0], { _ = OneCycleLR($0, maxLR: 1, totalSteps: 9, baseMomentum: $1) }),
            ("OneCycleLR maxMomentum", [0], { _ = OneCycleLR($0, maxLR: 1, totalSteps: 9, maxMomentum: $1) }),
            ("OneCycleLR divFactor", [], { _ = OneCycleLR($0, maxLR: 1, totalSteps: 9, divFactor: $1) }),
            (
                "OneCycleLR finalDivFactor", [.infinity],
                { _ = OneCycleLR($0, maxLR: 1, totalSteps: 9, finalDivFactor: $1) }
            ),
            ("ReduceLROnPlateau factor", [0], { _ = ReduceLROnPlateau($0, factor: $1) }),
            ("ReduceLROnPlateau threshold", [0], { _ = ReduceLROnPlateau($0, threshold: $1) }),
            ("ReduceLROnPlateau minLR", [0], { _ = ReduceLROnPlateau($0, minLR: [$1]) }),
            ("ReduceLROnPlateau eps", [0], { _ = ReduceLROnPlateau($0, eps: $1) }),
            ("SWALR swaLR", [0], { _ = SWALR($0, swaLR: $1) }),
            ("LambdaLR factor", [0], { optimizer, factor in _ = LambdaLR(optimizer) { _ in factor } }),
            (
                "MultiplicativeLR factor", [0],
                { optimizer, factor in MultiplicativeLR(optimizer) { _ in factor }.step() }
            ),
        ]
    }

    private typealias MakeCounted = (any Optimizer, Int) -> Void

    /// An integer of a scheduler, whether it may be 0, and a scheduler with it.
    private static var integers: [(String, Bool, MakeCounted)] {
        [
            ("StepLR stepSize", false, { _ = StepLR($0, stepSize: $1) }),
            ("ConstantLR totalIters", true, { _ = ConstantLR($0, totalIters: $1) }),
            ("LinearLR totalIters", true, { _ = LinearLR($0, totalIters: $1) }),
            ("PolynomialLR totalIters", false, { _ = PolynomialLR($0, totalIters: $1) }),
            ("CosineAnnealingLR tMax", false, { _ = CosineAnnealingLR($0, tMax: $1) }),
            ("CosineAnnealingWarmRestarts t0", false, { _ = CosineAnnealingWarmRestarts($0, t0: $1) }),
            ("CosineAnnealingWarmRestarts tMult", false, { _ = CosineAnnealingWarmRestarts($0, t0: 2, tMult: $1) }),
            (
                "CyclicLR stepSizeUp", false,
                { _ = CyclicLR($0, baseLR: 0.1, maxLR: 1, stepSizeUp: $1, stepSizeDown: 1) }
            ),
            ("CyclicLR stepSizeDown", false, { _ = CyclicLR($0, baseLR: 0.1, maxLR: 1, stepSizeDown: $1) }),
            ("OneCycleLR totalSteps", false, { _ = OneCycleLR($0, maxLR: 1, totalSteps: $1) }),
            ("OneCycleLR epochs", false, { _ = OneCycleLR($0, maxLR: 1, epochs: $1, stepsPerEpoch: 2) }),
            ("OneCycleLR stepsPerEpoch", false, { _ = OneCycleLR($0, maxLR: 1, epochs: 2, stepsPerEpoch: $1) }),
            ("ReduceLROnPlateau patience", true, { _ = ReduceLROnPlateau($0, patience: $1) }),
            ("ReduceLROnPlateau cooldown", true, { _ = ReduceLROnPlateau($0, cooldown: $1) }),
            ("SWALR annealEpochs", true, { _ = SWALR($0, swaLR: 0.1, annealEpochs: $1) }),
            (
                "SequentialLR milestones", true,
                { optimizer, milestone in
                    _ = SequentialLR(optimizer, milestones: [milestone]) {
                        [ConstantLR($0), ExponentialLR($0, gamma: 0.9)]
                    }
                }
            ),
        ]
    }

    private func outcome(_ name: String, _ body: (any Optimizer) -> Void) -> Bool {
        let optimizer = SGD(Self.parameters(), lr: 0.1, momentum: 0.9)
        let result = Result { try checked { body(optimizer) } }
        if case .failure(let error as TensorError) = result {
            #expect(error.kind == .value && error.description.contains("expected"), "\(name): \(error)")
        }
        return (try? result.get()) != nil
    }

    @Test("Each number of each scheduler") func schedulerSettings() throws {
        for (name, allowed, make) in Self.numbers {
            for value in [Double.nan, .infinity, -.infinity, -1, -1e-300, 0] {
                let isAccepted = outcome(name) { make($0, value) }
                #expect(isAccepted == allowed.contains(value), "\(name) \(value)")
            }
        }
        for (name, allowsZero, make) in Self.integers {
            for value in [Int.min, -1, 0] {
                let isAccepted = outcome(name) { make($0, value) }
                #expect(isAccepted == (value == 0 && allowsZero), "\(name) \(value)")
            }
        }
        // ChainedScheduler takes schedulers alone.
        let names = Set((Self.numbers.map(\.0) + Self.integers.map(\.0)).map { String($0.prefix { $0 != " " }) })
        #expect(try names.union(["ChainedScheduler"]) == Self.classes(in: "Schedulers", below: "LRScheduler"))
    }

    @Test("A constant factor over no epochs changes nothing") func constantOverNoEpochs() {
        let optimizer = SGD(Self.parameters(), lr: 0.1)
        let scheduler = ConstantLR(optimizer, factor: 0.5, totalIters: 0)
        for _ in 0..<3 {
            #expect(optimizer.learningRates == [0.1] && scheduler.closedFormRates == [0.1])
            scheduler.step()
        }
    }
}
