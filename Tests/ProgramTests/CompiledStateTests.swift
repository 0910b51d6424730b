import Foundation
import TestSupport
import Testing
import Torchlight

/// Optimisers, schedulers and uninitialised tensors that a compiled function makes itself, and changes of settings.
@Suite("State that compiled functions make") struct CompiledStateTests {
    /// Each call begins with a new optimiser, as in eager code.
    @Test func optimizersOfTheFunction() {
        let makers: [(String, @Sendable ([Tensor]) -> any Optimizer)] = [
            ("SGD", { SGD($0, lr: 0.1, momentum: 0.9) }), ("AdamW", { AdamW($0, lr: 0.05) }),
            ("Adagrad", { Adagrad($0, lr: 0.1) }), ("RMSprop", { RMSprop($0, lr: 0.01) }), ("Muon", { Muon($0) }),
        ]
        for (name, make) in makers {
            func function(_ w: Tensor) -> (Tensor) -> Tensor {
                { x in
                    let optimizer = make([w])
                    let scheduler = StepLR(optimizer, stepSize: 1, gamma: 0.5)
                    var last = Tensor(0.0)
                    for _ in 0..<3 {
                        optimizer.zeroGrad()
                        last = (x.matmul(w) - 1).square().sum()
                        last.backward()
                        optimizer.step()
                        scheduler.step()
                    }
                    return last.detach()
                }
            }
            let start = Tensor.randn(3, 2, generator: Generator(seed: 3))
            let (a, b) = (Parameter(start.clone()), Parameter(start.clone()))
            let (eager, compiled) = (function(a), compile(function(b)))
            for i in 0..<4 {
                let x = Tensor.randn(2, 3, generator: Generator(seed: UInt64(i)))
                #expect(hasSameBits(eager(x), compiled(x)), "\(name), call \(i)")
                #expect(hasSameBits(a, b), "\(name), parameters after call \(i)")
            }
            #expect(compiled.report.graphs == 1 && compiled.report.replays == 3, "\(name): \(compiled.report)")
        }
    }

    /// The rates that a scheduler of the function sets are numbers of the program.
    @Test func schedulersOfTheFunction() {
        for (name, make) in TrainingProgramTests.schedulers {
            let w = Parameter(Tensor.ones(1))
            let rates = compile { () -> Tensor in
                let optimizer = SGD(
                    [ParameterGroup([w]), ParameterGroup([Parameter(Tensor.ones(1))]) { $0.lr = 0.2 }], lr: 0.1,
                    momentum: 0.9)
                let scheduler = make(optimizer)
                var rates = optimizer.learningRates
                for _ in 0..<5 {
                    scheduler.step()
                    rates += optimizer.learningRates
                }
                return Tensor(rates, dtype: .float64)
            }
            let expected = uncompiled { rates() }
            for _ in 0..<3 { #expect(hasSameBits(rates(), expected), "\(name)") }
            #expect(rates.report.graphs == 1, "\(name)")
        }
    }

    /// Settings of an optimiser from outside would be set once, and not at each run.
    @Test func changedSettingsAreRefused() {
        let w = Parameter(Tensor.ones(2))
        let optimizer = SGD([w], lr: 0.1, momentum: 0.9)
        let plateau = ReduceLROnPlateau(optimizer)
        let changes: [(String, () -> Void)] = [
            ("a learning rate", { optimizer.groups[0].lr = 0.3 }),
            ("learning rates", { optimizer.learningRates = [0.3] }),
            ("momenta", { optimizer.momenta = [0.3] }), ("a momentum", { optimizer.groups[0].momentum = 0.3 }),
            ("a group", { optimizer.addGroup([Parameter(Tensor.ones(1))]) }),
            ("a scheduler", { _ = StepLR(optimizer, stepSize: 2) }), ("a metric", { plateau.step(1) }),
            ("a state", { try? optimizer.load(optimizer.state()) }),
        ]
        for (label, change) in changes {
            let f = compile { (x: Tensor) -> Tensor in
                change()
                return x * 2
            }
            #expect(errorText { _ = f(Tensor([1.0])) }.contains("the host changes"), "\(label)")
        }
        // Outside of the function they may change.
        let step = compile { (x: Tensor) -> Tensor in
            w.grad = x
            optimizer.step()
            return w * 1
        }
        for _ in 0..<3 { _ = step(Tensor([1.0, 2])) }
        optimizer.groups[0].lr = 0
        let before = w.detach().clone()
        #expect(hasSameBits(step(Tensor([1.0, 2])), before))
    }

    /// Steps of optimisers change the parameters that they have, which another call must not replace.
    @Test func parametersThatAreNotFromOutside() {
        let w = Parameter(Tensor.ones(2))
        let optimizer = SGD([w], lr: 0.1)
        let f = compile { (w: Tensor) -> Tensor in
            w.grad = Tensor.ones(like: w)
            optimizer.step()
            return w * 1
        }
        #expect(errorText { _ = f(w) }.contains("changes an argument"))
        let g = compile { (x: Tensor) -> Tensor in
            let w = Parameter(x * 1)
            w.grad = Tensor.ones(like: w)
            SGD([w], lr: 0.1).step()
            return w * 1
        }
        #expect(errorText { _ = g(Tensor([1.0])) }.contains("a tensor that the function makes"))
    }

    @Test func uninitializedTensors() throws {
        let makers: [(String, () -> Tensor)] = [
            ("empty", { Tensor.empty([2, 3]) }), ("strided", { Tensor.emptyStrided([2, 3], [1, 2]) }),
            ("gaps", { Tensor.emptyStrided([2, 3], [10, 2]) }), ("overlap", { Tensor.emptyStrided([2, 3], [0, 1]) }),
            ("permuted", { Tensor.emptyPermuted([2, 3], [1, 0]) }),
            ("new", { Tensor.ones(1).newEmptyStrided([2, 3], [1, 2]) }),
            ("none", { Tensor.emptyStrided([0, 3], [1, 1]) }),
            ("a number", { Tensor.emptyStrided([], []) }),
            ("integers", { Tensor.emptyPermuted([2, 3], [1, 0], dtype: .int32) }),
        ]
        for (label, make) in makers {
            // Returned as they are: of the same layout.
            let f = compile { () -> Tensor in make() }
            for _ in 0..<3 {
                let result = f()
                #expect(result.shape == make().shape && result.dtype == make().dtype, "\(label)")
            }
            #expect(f.report.graphs == 1 && f.report.replays == 2, "\(label): \(f.report)")
            if label == "overlap" { continue }
            // Filled, and changed through a view.
            func filled(_ x: Tensor) -> Tensor {
                let y = make()
                y.fill_(3)
                if y.rank == 2 { y.t()[0].add_(1) }
                return y + x.to(y.dtype)
            }
            let g = compile { (x: Tensor) in filled(x) }
            let program = try reloaded(export({ (x: Tensor) in filled(x) }, Tensor(2.0)))
            for i in 0..<3 {
                let x = Tensor(Double(i))
                #expect(hasSameBits(g(x), filled(x)), "\(label), filled, call \(i)")
                #expect(hasSameBits(program(x), filled(x)), "\(label), exported, call \(i)")
            }
            // Through a view by strides of its memory.
            if label == "none" || label == "a number" { continue }
            func strided(_ x: Tensor) -> Tensor {
                let y = make()
                y.copy_(Tensor.arange(6).reshape([2, 3]).to(y.dtype))
                return y.asStrided([2], stride: y.strides.prefix(1).map { $0 }) + x.to(y.dtype)
            }
            let h = compile { (x: Tensor) in strided(x) }
            let second = try reloaded(export({ (x: Tensor) in strided(x) }, Tensor(2.0)))
            for i in 0..<3 {
                let x = Tensor(Double(i))
                #expect(hasSameBits(h(x), strided(x)), "\(label), by strides, call \(i)")
                #expect(hasSameBits(second(x), strided(x)), "\(label), by strides, exported, call \(i)")
            }
        }
    }
}
