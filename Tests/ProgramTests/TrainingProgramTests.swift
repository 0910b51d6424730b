import Foundation
import TestSupport
import Testing
import Torchlight
import TorchlightOptim

/// Exported training steps with optimisers and learning rate schedulers, whose state goes on in the program and in its file.
@Suite("Exported training steps") struct TrainingProgramTests {
    static let schedulers: [(name: String, make: @Sendable (any Optimizer) -> LRScheduler)] = [
        ("StepLR", { StepLR($0, stepSize: 2, gamma: 0.5) }),
        ("MultiStepLR", { MultiStepLR($0, milestones: [2, 5], gamma: 0.3) }),
        ("ExponentialLR", { ExponentialLR($0, gamma: 0.9) }),
        ("ConstantLR", { ConstantLR($0, factor: 0.25, totalIters: 3) }),
        ("LinearLR", { LinearLR($0, startFactor: 0.1, totalIters: 4) }),
        ("PolynomialLR", { PolynomialLR($0, totalIters: 6, power: 1.5) }),
        ("CosineAnnealingLR", { CosineAnnealingLR($0, tMax: 4, etaMin: 0.001) }),
        ("CosineAnnealingWarmRestarts", { CosineAnnealingWarmRestarts($0, t0: 2, tMult: 2) }),
        ("SWALR", { SWALR($0, swaLR: [0.02, 0.3], annealEpochs: 3, annealStrategy: .linear) }),
        ("CyclicLR", { CyclicLR($0, baseLR: 0.01, maxLR: 0.1, stepSizeUp: 2, mode: .triangular2) }),
        ("OneCycleLR", { OneCycleLR($0, maxLR: [0.1, 0.2], totalSteps: 20, threePhase: true) }),
        (
            "SequentialLR",
            {
                SequentialLR($0, milestones: [3]) {
                    [LinearLR($0, startFactor: 0.2, totalIters: 3), CosineAnnealingLR($0, tMax: 5)]
                }
            }
        ),
        (
            "ChainedScheduler",
            {
                ChainedScheduler($0) {
                    [ConstantLR($0, factor: 0.1, totalIters: 4), ExponentialLR($0, gamma: 0.8)]
                }
            }
        ),
    ]

    private static func batch(_ n: Int) -> (Tensor, Tensor) {
        let generator = Generator(seed: UInt64(200 + n))
        return (Tensor.randn(6, 4, generator: generator), Tensor.randint(0, 3, [6], generator: generator))
    }

    private static func network() -> Sequential {
        Generator(seed: 1).asDefault { Sequential(Linear(4, 8), Tanh(), Linear(8, 3)) }
    }

    /// An optimiser with two groups, so that settings by group are tried too.
    private static func optimizer(_ model: Sequential) -> SGD {
        let parameters = model.parameters()
        return SGD(
            [ParameterGroup(Array(parameters[..<2])), ParameterGroup(Array(parameters[2...])) { $0.lr = 0.2 }],
            lr: 0.05, momentum: 0.9)
    }

    @Test(arguments: schedulers.map(\.name)) func schedulersGoOnAfterLoading(_ name: String) throws {
        let model = Self.network()
        let optimizer = Self.optimizer(model)
        let scheduler = try #require(Self.schedulers.first { $0.name == name }).make(optimizer)
        let step = { (x: Tensor, y: Tensor) -> Tensor in
            optimizer.zeroGrad()
            let loss = crossEntropy(model(x), y)
            loss.backward()
            optimizer.step()
            scheduler.step()
            return loss
        }
        for n in 0..<2 { _ = step(Self.batch(n).0, Self.batch(n).1) }
        let (state, rates) = (scheduler.state(), optimizer.learningRates)
        let exported = try export(step, Self.batch(0).0, Self.batch(0).1, dynamic: ["batch": 2...9], model: model)
        #expect(scheduler.state() == state && optimizer.learningRates == rates, "\(name) was changed by export")
        var program = try reloaded(exported)
        for n in 2..<9 {
            let (x, y) = Self.batch(n)
            let loss = step(x, y)
            #expect(hasSameBits(exported.run([x, y])[0], loss), "\(name), exported, step \(n)")
            #expect(hasSameBits(program.run([x, y])[0], loss), "\(name), loaded, step \(n)")
            if n == 4 { program = try reloaded(program) }
        }
        let trained = Dictionary(uniqueKeysWithValues: program.tensors.map { ($0.name, $0.tensor) })
        for (key, tensor) in model.namedParameters() {
            #expect(hasSameBits(try #require(trained[key], "\(key)"), tensor), "\(name) \(key)")
        }
    }

    /// The metric of a `ReduceLROnPlateau` is a tensor that the step computes.
    @Test func metricsOfTheStep() throws {
        let model = Self.network()
        let optimizer = Self.optimizer(model)
        let scheduler = ReduceLROnPlateau(optimizer, factor: 0.5, patience: 0, threshold: 0.5, minLR: [0.01, 0.02])
        let step = { (x: Tensor, y: Tensor) -> Tensor in
            optimizer.zeroGrad()
            let loss = crossEntropy(model(x), y)
            loss.backward()
            optimizer.step()
            scheduler.step(loss)
            return loss
        }
        let program = try reloaded(export(step, Self.batch(0).0, Self.batch(0).1))
        let other = Self.network()
        let compiledOptimizer = Self.optimizer(other)
        let compiledScheduler = ReduceLROnPlateau(
            compiledOptimizer, factor: 0.5, patience: 0, threshold: 0.5, minLR: [0.01, 0.02])
        let compiled = compile { (x: Tensor, y: Tensor) -> Tensor in
            compiledOptimizer.zeroGrad()
            let loss = crossEntropy(other(x), y)
            loss.backward()
            compiledOptimizer.step()
            compiledScheduler.step(loss)
            return loss
        }
        for n in 0..<6 {
            let (x, y) = Self.batch(n)
            let loss = step(x, y)
            #expect(hasSameBits(program.run([x, y])[0], loss), "exported, step \(n)")
            #expect(hasSameBits(compiled(x, y), loss), "compiled, step \(n)")
        }
        #expect(optimizer.learningRates[0] < 0.05)
        #expect(compiledOptimizer.learningRates == optimizer.learningRates)
        #expect(compiled.report.graphs == 1, "\(compiled.report)")
    }

    /// What cannot be in a file is named.
    @Test func whatCannotBeExported() throws {
        let model = Self.network()
        let lbfgs = LBFGS(model.parameters())
        let sgd = Self.optimizer(model)
        let (lambda, plateau) = (LambdaLR(sgd) { pow(0.9, Double($0)) }, ReduceLROnPlateau(sgd))
        func loss(_ x: Tensor) -> Tensor {
            model.parameters().forEach { $0.grad = nil }
            let loss = model(x).square().mean()
            loss.backward()
            return loss
        }
        let functions: [(String, (Tensor) -> Tensor)] = [
            ("LBFGS", { x in lbfgs.step { loss(x) } }),
            (
                "LambdaLR",
                { x in
                    let value = loss(x)
                    lambda.step()
                    return value
                }
            ),
            (
                "Swift number",
                { x in
                    plateau.step(1)
                    return loss(x)
                }
            ),
            (
                "the settings of an optimiser",
                { x in
                    sgd.groups[0].lr = 0.3
                    return loss(x)
                }
            ),
            (
                "the function creates",
                { x in
                    let value = loss(x)
                    SGD(model.parameters(), lr: 0.1).step()
                    return value
                }
            ),
        ]
        for (part, function) in functions {
            let error = #expect(throws: TensorError.self, "\(part)") { try export(function, Tensor.ones(2, 4)) }
            #expect(text(error).contains(part), "\(part): \(text(error))")
        }
        #expect(sgd.learningRates == [0.05, 0.2])
        // A closure that is compiled is what LBFGS calls.
        let compiled = compile { (x: Tensor) -> Tensor in loss(x) }
        let (x, copy) = (Tensor.ones(2, 4), Self.network())
        let other = LBFGS(copy.parameters())
        for i in 0..<3 {
            let value = lbfgs.step { compiled(x) }
            let expected = other.step {
                copy.parameters().forEach { $0.grad = nil }
                let loss = copy(x).square().mean()
                loss.backward()
                return loss
            }
            #expect(hasSameBits(value, expected), "step \(i)")
        }
        #expect(compiled.report.replays > 3, "\(compiled.report)")
    }

    /// Schedulers of a file that are damaged are errors.
    @Test func damagedSchedulers() throws {
        let optimizer = SGD([Parameter(Tensor.ones(1))], lr: 0.1)
        for (name, make) in Self.schedulers where name != "SWALR" && name != "OneCycleLR" && name != "CyclicLR" {
            let settings = try #require(SchedulerClasses.settings(of: make(optimizer)), "\(name)")
            // Without the class of the last part there is one part less.
            for key in settings.keys where key != "1.class" {
                var changed = settings
                changed[key] = "x"
                #expect(throws: (any Error).self, "\(name) \(key)") { try SchedulerClasses.make(changed, optimizer) }
                changed[key] = nil
                #expect(throws: (any Error).self, "\(name) without \(key)") {
                    try SchedulerClasses.make(changed, optimizer)
                }
            }
        }
    }
}
