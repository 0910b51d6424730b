import Torchlight
import TorchlightIO

extension Replayer {
    /// Follows an optimiser step by step: with recorded gradients, or through the recorded problem.
    func replayOptimizer(_ entry: JSON, _ tensors: [String: Tensor]) throws {
        let settings = Call(
            name: entry["optimizer"]!.string!, args: nil, kwargs: entry["kwargs"], tensors: tensors)
        let tolerance = Tolerance(entry)
        try checked {
            if let problem = entry["problem"] {
                return try minimise(problem, settings, entry, tensors, tolerance)
            }
            let parameters = try find(entry["params"], tensors).map { Parameter(ReplayDevice.copy($0)) }
            let optimizer = try Optimizers.make(settings, parameters, groups: entry["groups"]?.elements ?? [])
            try settings.finish()
            guard let steps = entry["grads"]?.elements, let after = entry["after"]?.elements,
                steps.count == after.count
            else { throw NotSupported("there must be a result for each step") }
            let update = compile { () -> [Tensor] in
                optimizer.step()
                return parameters.map { $0.detach() }
            }
            for (step, gradients) in steps.enumerated() {
                for (parameter, gradient) in zip(parameters, try find(gradients, tensors)) {
                    parameter.grad = ReplayDevice.copy(gradient)
                }
                if ReplayDevice.isCompiled { _ = update() } else { optimizer.step() }
                for (i, wanted) in try find(after[step], tensors).enumerated() {
                    try tolerance.check(parameters[i].detach(), wanted, "step \(step), parameter \(i)")
                }
            }
        }
    }

    /// The tensors that a list of entries names.
    func find(_ entries: JSON?, _ tensors: [String: Tensor]) throws -> [Tensor] {
        try (entries?.elements ?? []).map { entry in
            guard let key = entry["tensor"]?.string, let tensor = tensors[key] else {
                throw NotSupported("a recorded tensor cannot be found")
            }
            return tensor
        }
    }

    /// The problem that the format has for optimisers which call a closure.
    private static let objective = "0.5*sum((A@x-b)^2) + 0.1*sum(x^4)"

    private func minimise(
        _ problem: JSON, _ settings: Call, _ entry: JSON, _ tensors: [String: Tensor], _ tolerance: Tolerance
    ) throws {
        guard problem["loss"]?.string == Self.objective else { throw NotSupported("another objective") }
        guard settings.name == "LBFGS" else { throw NotSupported("\(settings.name) with a closure is not mapped") }
        let operands = try ["A", "b", "x0"].map { name in
            guard let key = problem[name]?["tensor"]?.string, let tensor = tensors[key] else {
                throw NotSupported("the problem lacks \(name)")
            }
            return ReplayDevice.copy(tensor)
        }
        let (a, b, x) = (operands[0], operands[1], Parameter(operands[2]))
        let optimizer = try Optimizers.lbfgs(settings, [x])
        try settings.finish()
        let losses = try find(entry["losses"], tensors)
        let points = try (entry["after"]?.elements ?? []).flatMap { try find($0, tensors) }
        guard losses.count == points.count else { throw NotSupported("there must be a point for each loss") }
        for (step, (wanted, point)) in zip(losses, points).enumerated() {
            let loss = optimizer.step {
                optimizer.zeroGrad()
                let loss = (a.matmul(x) - b).square().sum() * 0.5 + x.pow(4).sum() * 0.1
                loss.backward()
                return loss
            }
            try tolerance.check(loss.detach(), wanted, "the loss of step \(step)")
            try tolerance.check(x.detach(), point, "x after step \(step)")
        }
    }
}

/// The optimisers by their recorded names.
enum Optimizers {
    /// The optimiser of that name with the recorded settings.
    static func make(_ s: Call, _ parameters: [Tensor], groups: [JSON]) throws -> any Optimizer {
        func all<O: OptimizerOptions>(
            _ decay: WritableKeyPath<O, Double> & Sendable
        ) throws -> [ParameterGroup<O>] {
            if groups.isEmpty { return [ParameterGroup(parameters)] }
            return try groups.map { group in
                let own = Call(name: s.name, args: nil, kwargs: group["kwargs"], tensors: [:])
                let lr = try own.optionalDouble(nil, "lr")
                let weightDecay = try own.optionalDouble(nil, "weight_decay")
                try own.finish()
                let places = group["params"]?.elements?.compactMap(\.int) ?? []
                guard places.allSatisfy(parameters.indices.contains) else {
                    throw NotSupported("a group of parameters that are not there")
                }
                return ParameterGroup(places.map { parameters[$0] }) { options in
                    if let lr { options.lr = lr }
                    if let weightDecay { options[keyPath: decay] = weightDecay }
                }
            }
        }
        let maximize = try s.bool(nil, "maximize")
        func number(_ name: String, _ missing: Double) throws -> Double { try s.double(nil, name, default: missing) }
        func decay(_ missing: Double = 0) throws -> Double { try number("weight_decay", missing) }
        func betas() throws -> (Double, Double) { try s.pair(nil, "betas", default: (0.9, 0.999)) }
        func eps(_ missing: Double = 1e-8) throws -> Double { try number("eps", missing) }
        switch s.name {
        case "SGD":
            return SGD(
                try all(\.weightDecay), lr: try number("lr", 1e-3), momentum: try number("momentum", 0),
                dampening: try number("dampening", 0), weightDecay: try decay(), nesterov: try s.bool(nil, "nesterov"),
                maximize: maximize)
        case "Adam":
            return Adam(
                try all(\.weightDecay), lr: try number("lr", 1e-3), betas: try betas(), eps: try eps(),
                weightDecay: try decay(), amsgrad: try s.bool(nil, "amsgrad"), maximize: maximize,
                decoupledWeightDecay: try s.bool(nil, "decoupled_weight_decay"))
        case "AdamW":
            return AdamW(
                try all(\.weightDecay), lr: try number("lr", 1e-3), betas: try betas(), eps: try eps(),
                weightDecay: try decay(1e-2), amsgrad: try s.bool(nil, "amsgrad"), maximize: maximize)
        case "NAdam":
            return NAdam(
                try all(\.weightDecay), lr: try number("lr", 2e-3), betas: try betas(), eps: try eps(),
                weightDecay: try decay(), momentumDecay: try number("momentum_decay", 4e-3),
                decoupledWeightDecay: try s.bool(nil, "decoupled_weight_decay"), maximize: maximize)
        case "RAdam":
            return RAdam(
                try all(\.weightDecay), lr: try number("lr", 1e-3), betas: try betas(), eps: try eps(),
                weightDecay: try decay(), decoupledWeightDecay: try s.bool(nil, "decoupled_weight_decay"),
                maximize: maximize)
        case "Adamax":
            return Adamax(
                try all(\.weightDecay), lr: try number("lr", 2e-3), betas: try betas(), eps: try eps(),
                weightDecay: try decay(), maximize: maximize)
        case "Adagrad":
            return Adagrad(
                try all(\.weightDecay), lr: try number("lr", 1e-2), lrDecay: try number("lr_decay", 0),
                weightDecay: try decay(), initialAccumulatorValue: try number("initial_accumulator_value", 0),
                eps: try eps(1e-10), maximize: maximize)
        case "Adadelta":
            return Adadelta(
                try all(\.weightDecay), lr: try number("lr", 1), rho: try number("rho", 0.9), eps: try eps(1e-6),
                weightDecay: try decay(), maximize: maximize)
        case "RMSprop":
            return RMSprop(
                try all(\.weightDecay), lr: try number("lr", 1e-2), alpha: try number("alpha", 0.99), eps: try eps(),
                weightDecay: try decay(), momentum: try number("momentum", 0), centered: try s.bool(nil, "centered"),
                maximize: maximize)
        case "Rprop":
            if !groups.isEmpty { throw NotSupported("groups of Rprop") }
            return Rprop(
                parameters, lr: try number("lr", 1e-2), etas: try s.pair(nil, "etas", default: (0.5, 1.2)),
                stepSizes: try s.pair(nil, "step_sizes", default: (1e-6, 50)), maximize: maximize)
        case "ASGD":
            return ASGD(
                try all(\.weightDecay), lr: try number("lr", 1e-2), lambd: try number("lambd", 1e-4),
                alpha: try number("alpha", 0.75), t0: try number("t0", 1e6), weightDecay: try decay(),
                maximize: maximize)
        case "Adafactor":
            return Adafactor(
                try all(\.weightDecay), lr: try number("lr", 1e-2), beta2Decay: try number("beta2_decay", -0.8),
                d: try number("d", 1), weightDecay: try decay(), maximize: maximize)
        case "Muon":
            if maximize { throw NotSupported("Muon descends") }
            return Muon(
                try all(\.weightDecay), lr: try number("lr", 1e-3), weightDecay: try decay(0.1),
                momentum: try number("momentum", 0.95), nesterov: try s.bool(nil, "nesterov", default: true),
                nsSteps: try s.int(nil, "ns_steps", default: 5),
                adjustLR: try s.choice(nil, "adjust_lr_fn") ?? Muon.Adjustment.original)
        default: throw NotSupported("\(s.name) is not mapped")
        }
    }

    /// L-BFGS, which calls a closure.
    static func lbfgs(_ s: Call, _ parameters: [Tensor]) throws -> LBFGS {
        let search = try s.optionalString(nil, "line_search_fn")
        guard search == nil || search == "strong_wolfe" else { throw NotSupported("the line search \(search!)") }
        return LBFGS(
            parameters, lr: try s.double(nil, "lr", default: 1), maxIter: try s.int(nil, "max_iter", default: 20),
            maxEval: try s.optionalInt(nil, "max_eval"),
            toleranceGrad: try s.double(nil, "tolerance_grad", default: 1e-7),
            toleranceChange: try s.double(nil, "tolerance_change", default: 1e-9),
            historySize: try s.int(nil, "history_size", default: 100),
            lineSearch: search == nil ? .fixedStep : .strongWolfe, maximize: try s.bool(nil, "maximize"))
    }
}
