import TestSupport
import Testing
import Torchlight
import TorchlightIO

/// One number that is trained with given gradients; the values are PyTorch's.
private struct Trace: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var start: Double
    var gradients: [Double]
    var after: [Double]
    var make: @Sendable ([Tensor]) -> any Optimizer

    static let all = [
        Trace(
            testDescription: "SGD with momentum and dampening", start: 0.475277454,
            gradients: [-0.980474055, -2.43464518, -2.52680349, -2.27252173, -7.54441977],
            after: [0.47625792, 0.478357673, 0.481510848, 0.485484958, 0.492833883],
            make: { SGD($0, momentum: 0.9, dampening: 0.5) }),
        Trace(
            testDescription: "SGD with Nesterov's momentum and decay", start: -1.16167688,
            gradients: [-0.0615800396, 0.201956749, 4.73255539, -1.03475142, 6.91074276],
            after: [-1.16133916, -1.16135824, -1.17006934, -1.17156625, -1.18685782],
            make: { SGD($0, momentum: 0.9, weightDecay: 0.1, nesterov: true) }),
        Trace(
            testDescription: "Adam with decay", start: -0.114274569,
            gradients: [0.549133003, 0.144851223, 2.26435757, -1.84952772, -2.3491044],
            after: [-0.124274567, -0.132560864, -0.140293092, -0.141586319, -0.139046714],
            make: { Adam($0, lr: 0.01, weightDecay: 0.1) }),
        Trace(
            testDescription: "Adam with AMSGrad", start: 0.862347424,
            gradients: [0.696137846, 1.54340494, 0.669907928, -2.98825264, 1.98459792],
            after: [0.861347437, 0.86038667, 0.85945493, 0.859510005, 0.859272242],
            make: { Adam($0, weightDecay: 0.1, amsgrad: true) }),
        Trace(
            testDescription: "AdamW", start: 0.727835894,
            gradients: [-0.79210788, 0.362680137, 0.0502220504, -4.18723726, -1.83287024],
            after: [0.736380219, 0.737900078, 0.738365829, 0.742902517, 0.748237789],
            make: { AdamW($0, lr: 0.01, weightDecay: 0.2) }),
        Trace(
            testDescription: "AdamW that maximises", start: 0.450974673,
            gradients: [-0.518768847, -0.66081512, -3.52147532, 1.66967249, 2.62598276],
            after: [0.449929595, 0.44888553, 0.448040158, 0.447643429, 0.447650611],
            make: { AdamW($0, weightDecay: 0.1, maximize: true) }),
    ]
}

@Suite struct OptimizerTests {
    @Test(arguments: Trace.all) fileprivate func followsPyTorch(_ trace: Trace) {
        let parameter = Parameter(Tensor([trace.start], dtype: .float32))
        let optimizer = trace.make([parameter])
        for (gradient, expected) in zip(trace.gradients, trace.after) {
            parameter.grad = Tensor([gradient], dtype: .float32)
            optimizer.step()
            #expect(abs(parameter.item() - expected) <= 2e-7)
        }
    }

    @Test func groupsHaveSettingsOfTheirOwn() {
        let (a, b) = (Parameter(Tensor.ones(2)), Parameter(Tensor.ones(2)))
        let optimizer = SGD([.init([a]) { $0.lr = 0.5 }, .init([b])], lr: 0.1)
        #expect(optimizer.learningRates == [0.5, 0.1])
        for p in [a, b] { p.grad = Tensor.ones(2) }
        optimizer.step()
        #expect(a.toArray(Float.self) == [0.5, 0.5])
        #expect(b.toArray(Float.self) == [0.9, 0.9])
        optimizer.groups[1].lr = 1
        optimizer.step()
        #expect(b.toArray(Float.self)[0] == 0.9 - 1)
        let c = Parameter(Tensor.zeros(1))
        optimizer.addGroup([c]) { $0.momentum = 0.9 }
        #expect(optimizer.groups[2].options.momentum == 0.9 && optimizer.groups[2].lr == 0.1)
    }

    @Test func settingsMayChangeBetweenSteps() {
        let parameter = Parameter(Tensor.zeros(1))
        let optimizer = SGD([parameter], lr: 1)
        func step() -> Double {
            parameter.grad = Tensor.ones(1)
            optimizer.step()
            return parameter.item()
        }
        #expect(step() == -1)
        optimizer.groups[0].momentum = 0.5
        #expect(step() == -2)
        #expect(step() == -3.5)
        optimizer.groups[0].momentum = 0
        #expect(step() == -4.5)
        let adam = Adam([parameter], lr: 0.1)
        adam.step()
        adam.groups[0].amsgrad = true
        adam.step()
        #expect(parameter.item() < -4.6)
    }

    @Test func parametersWithoutGradientStayAsTheyAre() {
        let (a, b) = (Parameter(Tensor.ones(2)), Parameter(Tensor.ones(2)))
        let optimizer = Adam([a, b], lr: 0.1)
        a.grad = Tensor.ones(2)
        optimizer.step()
        #expect(b.equal(Tensor.ones(2)))
        #expect(!a.equal(Tensor.ones(2)))
        optimizer.zeroGrad()
        #expect(a.grad == nil)
    }

    @Test func parametersInOtherLayoutsAreTrained() {
        let weight = (Tensor([[1.0, 2], [3, 4], [5, 6]]).T * 1).requiresGrad_()
        #expect(!weight.isContiguous)
        let optimizer = SGD([weight], lr: 1, momentum: 0.9)
        for _ in 0..<2 {
            optimizer.zeroGrad()
            (weight * Tensor([[1.0, 0, 0], [0, 0, 2]])).sum().backward()
            optimizer.step()
        }
        expectClose(weight.detach(), [-1.9, 3, 5, 2, 4, 0.2])
    }

    @Test func gradientsInOtherLayoutsAreRead() {
        let parameter = Parameter(Tensor.zeros(2, 3))
        let optimizer = SGD([parameter], lr: 1)
        parameter.grad = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).t()
        optimizer.step()
        #expect(parameter.toArray(Float.self) == [-1, -3, -5, -2, -4, -6])
    }

    @Test(arguments: [DType.float64, .bfloat16, .float16]) func otherDTypesAreTrained(_ dtype: DType) {
        let parameter = Parameter(Tensor.ones([4], dtype: dtype))
        let optimizer = AdamW([parameter], lr: 0.25, weightDecay: 0)
        parameter.grad = Tensor.ones([4], dtype: dtype)
        optimizer.step()
        #expect(parameter.dtype == dtype)
        #expect(abs(parameter.detach().toArray(Double.self)[3] - 0.75) < 1e-2)
    }

    @Test(arguments: makers.keys.sorted()) func halfTypesAreTrainedByAll(_ kind: String) {
        let parameters = [[5], [2, 2]].map { Parameter(Tensor.ones($0, dtype: .bfloat16)) }
        let optimizer = Self.makers[kind]!(parameters)
        for _ in 0..<3 {
            optimizer.step {
                optimizer.zeroGrad()
                let loss = parameters[0].square().sum() + parameters[1].square().sum()
                loss.backward()
                return loss
            }
        }
        #expect(parameters[1].dtype == .bfloat16)
        let after = parameters[1].detach().toArray(Double.self)[3]
        #expect(after > -0.5 && after < 1, "\(after)")
    }

    /// Long parameters are cut into chunks, which threads share; the state that a parameter has as a whole must not care.
    @Test(arguments: makers.keys.sorted().filter { !["Adafactor", "Muon", "LBFGS"].contains($0) })
    func aLongParameterIsTrainedAsItsPartsAre(_ kind: String) {
        let start = Tensor.arange(20_000).to(.float32) / 20_000
        let whole = Parameter(start.clone())
        let parts = [0, 10_000].map { Parameter(start.narrow(0, start: $0, length: 10_000).clone()) }
        let optimizers = [Self.makers[kind]!([whole]), Self.makers[kind]!(parts)]
        for step in 1..<4 {
            for parameter in [whole] + parts { parameter.grad = parameter.detach() * Double(step) - 0.5 }
            for optimizer in optimizers { optimizer.step() }
        }
        #expect(whole.detach().equal(cat(parts.map { $0.detach() })))
    }

    @Test(arguments: makers.keys.sorted()) func aConvertedModelTrainsOn(_ kind: String) {
        let layer = Linear(2, 2)
        let optimizer = Self.makers[kind]!([layer.bias!, layer.weight])
        func step() {
            optimizer.step {
                optimizer.zeroGrad()
                let loss = layer.weight.square().sum() + layer.bias!.square().sum()
                loss.backward()
                return loss
            }
        }
        step()
        layer.to(.float64)
        let before = layer.weight.detach().clone()
        step()
        #expect(layer.weight.dtype == .float64)
        #expect(!layer.weight.equal(before))
    }

    @Test func writingAParameterIsNoticedByTheGraph() throws {
        let parameter = Parameter(Tensor.ones(2))
        let optimizer = SGD([parameter], lr: 0.1)
        let loss = (parameter * parameter).sum()
        parameter.grad = Tensor.ones(2)
        optimizer.step()
        let error = #expect(throws: TensorError.self) { try checked { loss.backward() } }
        #expect(error?.description.contains("SGD") == true)
    }

    @Test func badArgumentsAreRefused() {
        let parameters = [Parameter(Tensor.ones(1))]
        #expect(expectRefusal(by: "SGD") { SGD(parameters, lr: -0.1) }?.problem.contains("lr is -0.1") == true)
        expectRefusal(by: "SGD") { SGD(parameters, lr: .nan) }
        expectRefusal(by: "SGD") { SGD(parameters, lr: 0.1, nesterov: true) }
        expectRefusal(by: "Adam") { Adam(parameters, betas: (1, 0.999)) }
        expectRefusal(by: "AdamW") { AdamW(parameters, weightDecay: -1) }
        expectRefusal(by: "NAdam") { NAdam(parameters, momentumDecay: -1) }
        expectRefusal(by: "RAdam") { RAdam(parameters, betas: (0.9, 1)) }
        expectRefusal(by: "Adadelta") { Adadelta(parameters, rho: 1.5) }
        expectRefusal(by: "RMSprop") { RMSprop(parameters, momentum: -1) }
        expectRefusal(by: "Rprop") { Rprop(parameters, etas: (1.5, 1.2)) }
        expectRefusal(by: "Adafactor") { Adafactor(parameters, d: 0.5) }
        expectRefusal(by: "Muon", .shape) { Muon(parameters) }
        expectRefusal(by: "LBFGS") { LBFGS(parameters, maxIter: 0) }
        expectRefusal(by: "LBFGS") { LBFGS(parameters).step() }
        expectRefusal(by: "Adam") { Adam([] as [Tensor]) }
        expectRefusal(by: "Adam") { Adam(parameters + parameters) }
        expectRefusal(by: "Adam") { Adam([parameters[0] * 2]) }
        expectRefusal(by: "SGD") { SGD([Tensor.zeros([2], dtype: .int64)]) }
        expectRefusal(by: "ParameterGroup") {
            let optimizer = SGD(parameters)
            optimizer.groups[0].lr = -1
            return optimizer
        }
    }

    /// Every optimiser, with settings that need all of its state.
    static let makers: [String: @Sendable ([Tensor]) -> any Optimizer] = [
        "SGD": { SGD($0, lr: 0.1, momentum: 0.9) },
        "Adam": { Adam($0, lr: 0.1, amsgrad: true) },
        "AdamW": { AdamW($0, lr: 0.1) },
        "NAdam": { NAdam($0, lr: 0.1) },
        "RAdam": { RAdam($0, lr: 0.1, decoupledWeightDecay: true) },
        "Adamax": { Adamax($0, lr: 0.1) },
        "Adagrad": { Adagrad($0, lr: 0.1, lrDecay: 0.1, initialAccumulatorValue: 0.5) },
        "Adadelta": { Adadelta($0) },
        "RMSprop": { RMSprop($0, lr: 0.1, momentum: 0.5, centered: true) },
        "Rprop": { Rprop($0, lr: 0.1) },
        "ASGD": { ASGD($0, lr: 0.1, t0: 2) },
        "Adafactor": { Adafactor($0, lr: 0.1, eps: (1e-6, 1e-3)) },
        "Muon": { Muon([$0[1]], lr: 0.1, adjustLR: .matchRMSAdamW) },
        "LBFGS": { LBFGS($0, lr: 0.1, maxIter: 2, historySize: 3, lineSearch: .strongWolfe) },
    ]

    @Test(arguments: makers.keys.sorted()) func aResumedRunIsTheSameBitForBit(_ kind: String) throws {
        let make = Self.makers[kind]!
        func train(_ parameters: [Tensor], _ optimizer: any Optimizer, steps: Range<Int>) {
            for step in steps {
                optimizer.step {
                    optimizer.zeroGrad()
                    let loss = parameters.enumerated().reduce(Tensor(0.0)) { sum, p in
                        sum + (p.element - Double(step * 3 + p.offset + 1) / 7).square().sum()
                    }
                    loss.backward()
                    return loss
                }
            }
        }
        let straight = [Parameter(Tensor.ones(5)), Parameter(Tensor.ones(2, 2))]
        train(straight, make(straight), steps: 0..<6)

        let first = [Parameter(Tensor.ones(5)), Parameter(Tensor.ones(2, 2))]
        let before = make(first)
        train(first, before, steps: 0..<3)
        let folder = TemporaryFolder()
        let state = before.state()
        try Safetensors.save(
            state.tensors.map { (key: $0.key, value: $0.value) }, to: folder("state"), metadata: state.metadata)
        let file = try Safetensors.open(folder("state"))
        let second = first.map { Parameter($0.detach().clone()) }
        let after = make(second)
        after.learningRates = [0.7]
        try after.load(
            OptimizerState(
                tensors: Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0.tensor) }),
                metadata: Dictionary(uniqueKeysWithValues: file.metadata.map { ($0.key, $0.value) })))
        #expect(after.learningRates == before.learningRates)
        train(second, after, steps: 3..<6)
        for (a, b) in zip(straight, second) { #expect(a.equal(b)) }
    }

    @Test func statesOfOthersAreRefused() {
        let a = [Parameter(Tensor.ones(2))]
        let adam = Adam(a)
        a[0].grad = Tensor.ones(2)
        adam.step()
        func problem(_ body: () throws -> Void) -> String {
            let error = #expect(throws: OptimizerStateError.self) { try body() }
            return error?.problem ?? ""
        }
        #expect(problem { try SGD(a).load(adam.state()) }.contains("has no value for"))
        #expect(problem { try AdamW(a).load(adam.state()) } == "it was saved by Adam, but this optimiser is AdamW")
        #expect(problem { try Adam([Parameter(Tensor.ones(3))]).load(adam.state()) }.contains("exp_avg of parameter 0"))
        #expect(
            problem { try Adam([Parameter(Tensor.ones(2)), Parameter(Tensor.ones(2))]).load(adam.state()) }
                .contains("group 0 has 1 parameters, but in this optimiser it has 2"))
        var broken = adam.state()
        broken.tensors["0.exp_avg_sq"] = nil
        #expect(problem { try Adam(a).load(broken) } == "exp_avg_sq of parameter 0 is missing")
        let lbfgs = LBFGS(a, maxIter: 2)
        lbfgs.step {
            a[0].grad = a[0].detach()
            return Tensor(1.0)
        }
        var other = lbfgs.state()
        other.metadata["group.0.line_search_fn"] = "golden section"
        #expect(
            problem { try LBFGS(a).load(other) }
                == "group 0 has the invalid value 'golden section' for line_search_fn")
        #expect(
            problem { try LBFGS([Parameter(Tensor.ones(3))]).load(lbfgs.state()) }
                == "d is float32 [2], and the parameters have 3 elements")
    }
}

@Suite struct ClipTests {
    private func parameters() -> [Tensor] {
        let (a, b) = (Parameter(Tensor.zeros(2)), Parameter(Tensor.zeros(1)))
        a.grad = Tensor([2.0, -3.0])
        b.grad = Tensor([6.0])
        return [a, b, Parameter(Tensor.zeros(4))]
    }

    @Test func normsAreClippedTogether() {
        let p = parameters()
        #expect(clipGradNorm(p, maxNorm: 3.5).item() == 7)
        expectClose(p[0].grad!, [1, -1.5].map { $0 * (7 / (7 + 1e-6)) })
        #expect(clipGradNorm(p, maxNorm: 100).item() < 3.5001)
        #expect(clipGradNorm(parameters(), maxNorm: 1, normType: .infinity).item() == 6)
        #expect(clipGradNorm(parameters(), maxNorm: 1, normType: 1).item() == 11)
        let spoilt = parameters()
        spoilt[0].grad = Tensor([Double.nan, 1])
        expectRefusal(by: "clipGradNorm", .notFinite) { clipGradNorm(spoilt, maxNorm: 1, errorIfNonFinite: true) }
    }

    @Test func valuesAreClippedOneByOne() {
        let p = parameters()
        clipGradValue(p, 2.5)
        #expect(p[0].grad!.toArray(Float.self) == [2, -2.5])
        #expect(p[1].grad!.toArray(Float.self) == [2.5])
    }
}
