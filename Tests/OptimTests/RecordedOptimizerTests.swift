import TestSupport
import Testing
import Torchlight
import TorchlightIO

/// PyTorch's recorded runs, step by step.
@Suite struct RecordedOptimizerTests {
    @Test(arguments: Conformance.cases("optim") { $0["problem"] == nil }) func conforms(_ recorded: Conformance.Case) {
        let parameters = recorded["params"]!.elements!.map { Parameter(recorded.tensor($0)!) }
        guard let optimizer = make(recorded, parameters) else {
            Issue.record("\(recorded.id): no such optimiser")
            return
        }
        for (step, gradients) in recorded["grads"]!.elements!.enumerated() {
            for (parameter, gradient) in zip(parameters, gradients.elements!) {
                parameter.grad = recorded.tensor(gradient)
            }
            optimizer.step()
            for (i, expected) in recorded["after"]!.elements![step].elements!.enumerated() {
                recorded.expect(parameters[i].detach(), equals: expected, "step \(step), parameter \(i)")
            }
        }
    }

    @Test(arguments: Conformance.cases("optim") { $0["problem"] != nil })
    func minimisesAsRecorded(_ recorded: Conformance.Case) {
        let problem = recorded["problem"]!
        let (a, b) = (recorded.tensor(problem["A"])!, recorded.tensor(problem["b"])!)
        let x = Parameter(recorded.tensor(problem["x0"])!)
        let settings = Settings(recorded)
        let optimizer = LBFGS(
            [x], lr: settings.number("lr", 1), maxIter: settings.whole("max_iter", 20),
            historySize: settings.whole("history_size", 100),
            lineSearch: settings.text("line_search_fn") == "strong_wolfe" ? .strongWolfe : .fixedStep,
            maximize: settings.flag("maximize"))
        for step in 0..<recorded["steps"]!.int! {
            let loss = optimizer.step {
                optimizer.zeroGrad()
                let loss = (a.matmul(x) - b).square().sum() * 0.5 + x.pow(4).sum() * 0.1
                loss.backward()
                return loss
            }
            recorded.expect(loss.detach(), equals: recorded["losses"]!.elements![step], "the loss of step \(step)")
            recorded.expect(x.detach(), equals: recorded["after"]!.elements![step], "x after step \(step)")
        }
    }

    /// The settings of a case by PyTorch's names.
    private struct Settings {
        let recorded: Conformance.Case
        let values: JSON?

        init(_ recorded: Conformance.Case) {
            self.recorded = recorded
            values = recorded["kwargs"]
        }

        func number(_ name: String, _ missing: Double) -> Double { recorded.number(values?[name]) ?? missing }
        func whole(_ name: String, _ missing: Int) -> Int { values?[name]?.int ?? missing }
        func flag(_ name: String, _ missing: Bool = false) -> Bool { values?[name]?.bool ?? missing }
        func text(_ name: String) -> String? { values?[name]?.string }
        func pair(_ name: String, _ missing: (Double, Double)) -> (Double, Double) {
            guard let values = values?[name]?.elements, values.count == 2 else { return missing }
            return (recorded.number(values[0]) ?? missing.0, recorded.number(values[1]) ?? missing.1)
        }
    }

    private func groups<O: OptimizerOptions>(
        _ recorded: Conformance.Case, _ parameters: [Tensor], _ decay: WritableKeyPath<O, Double> & Sendable
    ) -> [ParameterGroup<O>] {
        guard let groups = recorded["groups"]?.elements, !groups.isEmpty else { return [ParameterGroup(parameters)] }
        return groups.map { group in
            ParameterGroup(group["params"]!.elements!.map { parameters[$0.int!] }) { options in
                options.lr = recorded.number(group["kwargs"]?["lr"]) ?? options.lr
                options[keyPath: decay] = recorded.number(group["kwargs"]?["weight_decay"]) ?? options[keyPath: decay]
            }
        }
    }

    private func make(_ recorded: Conformance.Case, _ parameters: [Tensor]) -> (any Optimizer)? {
        let s = Settings(recorded)
        let maximize = s.flag("maximize")
        let betas = s.pair("betas", (0.9, 0.999))
        let decay = s.number("weight_decay", 0)
        let decoupled = s.flag("decoupled_weight_decay")
        switch recorded["optimizer"]!.string! {
        case "SGD":
            return SGD(
                groups(recorded, parameters, \.weightDecay), lr: s.number("lr", 1e-3),
                momentum: s.number("momentum", 0), dampening: s.number("dampening", 0), weightDecay: decay,
                nesterov: s.flag("nesterov"), maximize: maximize)
        case "Adam":
            return Adam(
                groups(recorded, parameters, \.weightDecay), lr: s.number("lr", 1e-3), betas: betas,
                eps: s.number("eps", 1e-8), weightDecay: decay, amsgrad: s.flag("amsgrad"), maximize: maximize,
                decoupledWeightDecay: decoupled)
        case "AdamW":
            return AdamW(
                groups(recorded, parameters, \.weightDecay), lr: s.number("lr", 1e-3), betas: betas,
                eps: s.number("eps", 1e-8), weightDecay: s.number("weight_decay", 1e-2), amsgrad: s.flag("amsgrad"),
                maximize: maximize)
        case "NAdam":
            return NAdam(
                groups(recorded, parameters, \.weightDecay), lr: s.number("lr", 2e-3), betas: betas,
                eps: s.number("eps", 1e-8), weightDecay: decay, momentumDecay: s.number("momentum_decay", 4e-3),
                decoupledWeightDecay: decoupled, maximize: maximize)
        case "RAdam":
            return RAdam(
                groups(recorded, parameters, \.weightDecay), lr: s.number("lr", 1e-3), betas: betas,
                eps: s.number("eps", 1e-8), weightDecay: decay, decoupledWeightDecay: decoupled, maximize: maximize)
        default:
            return makeOther(recorded, parameters, s)
        }
    }

    private func makeOther(_ recorded: Conformance.Case, _ parameters: [Tensor], _ s: Settings) -> (any Optimizer)? {
        let maximize = s.flag("maximize")
        let decay = s.number("weight_decay", 0)
        switch recorded["optimizer"]!.string! {
        case "Adamax":
            return Adamax(
                parameters, lr: s.number("lr", 2e-3), betas: s.pair("betas", (0.9, 0.999)), eps: s.number("eps", 1e-8),
                weightDecay: decay, maximize: maximize)
        case "Adagrad":
            return Adagrad(
                parameters, lr: s.number("lr", 1e-2), lrDecay: s.number("lr_decay", 0), weightDecay: decay,
                initialAccumulatorValue: s.number("initial_accumulator_value", 0), eps: s.number("eps", 1e-10),
                maximize: maximize)
        case "Adadelta":
            return Adadelta(
                parameters, lr: s.number("lr", 1), rho: s.number("rho", 0.9), eps: s.number("eps", 1e-6),
                weightDecay: decay, maximize: maximize)
        case "RMSprop":
            return RMSprop(
                groups(recorded, parameters, \.weightDecay), lr: s.number("lr", 1e-2), alpha: s.number("alpha", 0.99),
                eps: s.number("eps", 1e-8), weightDecay: decay, momentum: s.number("momentum", 0),
                centered: s.flag("centered"), maximize: maximize)
        case "Rprop":
            return Rprop(
                parameters, lr: s.number("lr", 1e-2), etas: s.pair("etas", (0.5, 1.2)),
                stepSizes: s.pair("step_sizes", (1e-6, 50)), maximize: maximize)
        case "ASGD":
            return ASGD(
                parameters, lr: s.number("lr", 1e-2), lambd: s.number("lambd", 1e-4), alpha: s.number("alpha", 0.75),
                t0: s.number("t0", 1e6), weightDecay: decay, maximize: maximize)
        case "Adafactor":
            return Adafactor(
                parameters, lr: s.number("lr", 1e-2), beta2Decay: s.number("beta2_decay", -0.8),
                d: s.number("d", 1), weightDecay: decay, maximize: maximize)
        case "Muon":
            return Muon(
                parameters, lr: s.number("lr", 1e-3), weightDecay: s.number("weight_decay", 0.1),
                momentum: s.number("momentum", 0.95), nesterov: s.flag("nesterov", true),
                nsSteps: s.whole("ns_steps", 5),
                adjustLR: s.text("adjust_lr_fn").flatMap(Muon.Adjustment.init(rawValue:)) ?? .original)
        default: return nil
        }
    }
}
