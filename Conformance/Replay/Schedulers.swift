import Torchlight
import TorchlightIO

extension Replayer {
    /// Follows a schedule: the learning rate, and the momentum where it is recorded, before and after each step.
    func replayScheduler(_ entry: JSON) throws {
        let settings = Call(name: entry["scheduler"]!.string!, args: nil, kwargs: entry["kwargs"], tensors: [:])
        guard entry["optimizer"]?.string == "SGD" else { throw NotSupported("schedules move the settings of SGD") }
        guard let rate = entry["initial_lr"]?.number?.scalar.asDouble, let rates = entry["lrs"]?.elements else {
            throw NotSupported("there must be a learning rate to begin with, and one for each step")
        }
        let momenta = entry["momenta"]?.elements
        let metrics = entry["metrics"]?.elements
        let tolerance = Tolerance(entry)
        func compare(_ got: Double?, _ wanted: JSON, _ label: String) throws {
            guard let wanted = wanted.number?.scalar.asDouble else { throw NotSupported("no number for \(label)") }
            guard let got, tolerance.accepts(got, wanted) else {
                throw Difference(expected: "\(label) \(wanted)", got: got.map { "\($0)" } ?? "none")
            }
        }
        try checked {
            let optimizer = SGD(
                [Parameter(Tensor.ones(1))], lr: rate,
                momentum: entry["initial_momentum"]?.number?.scalar.asDouble ?? 0)
            let schedule = try Schedules.make(settings, optimizer)
            try settings.finish()
            for step in rates.indices {
                if step > 0 {
                    if let plateau = schedule as? ReduceLROnPlateau {
                        guard let metrics, step <= metrics.count,
                            let metric = metrics[step - 1].number?.scalar.asDouble
                        else { throw NotSupported("there must be a metric for each step") }
                        plateau.step(metric)
                    } else {
                        schedule.step()
                    }
                }
                try compare(optimizer.learningRates.first, rates[step], "the rate after \(step) steps")
                if let momenta, step < momenta.count {
                    try compare(optimizer.momenta?.first, momenta[step], "the momentum after \(step) steps")
                }
            }
        }
    }
}

/// The schedules by their recorded names.
enum Schedules {
    /// The schedule of that name with the recorded settings.
    static func make(_ s: Call, _ optimizer: any Optimizer) throws -> LRScheduler {
        func number(_ name: String, _ missing: Double) throws -> Double { try s.double(nil, name, default: missing) }
        func required(_ name: String) throws -> Double { try s.number(nil, name).scalar.asDouble }
        func whole(_ name: String, _ missing: Int) throws -> Int { try s.int(nil, name, default: missing) }
        switch s.name {
        case "StepLR":
            return StepLR(optimizer, stepSize: try s.int(nil, "step_size"), gamma: try number("gamma", 0.1))
        case "MultiStepLR":
            return MultiStepLR(optimizer, milestones: try s.ints(nil, "milestones"), gamma: try number("gamma", 0.1))
        case "ExponentialLR": return ExponentialLR(optimizer, gamma: try required("gamma"))
        case "ConstantLR":
            return ConstantLR(optimizer, factor: try number("factor", 1.0 / 3), totalIters: try whole("total_iters", 5))
        case "LinearLR":
            return LinearLR(
                optimizer, startFactor: try number("start_factor", 1.0 / 3), endFactor: try number("end_factor", 1),
                totalIters: try whole("total_iters", 5))
        case "PolynomialLR":
            return PolynomialLR(optimizer, totalIters: try whole("total_iters", 5), power: try number("power", 1))
        case "CosineAnnealingLR":
            return CosineAnnealingLR(optimizer, tMax: try s.int(nil, "T_max"), etaMin: try number("eta_min", 0))
        case "CosineAnnealingWarmRestarts":
            return CosineAnnealingWarmRestarts(
                optimizer, t0: try s.int(nil, "T_0"), tMult: try whole("T_mult", 1), etaMin: try number("eta_min", 0))
        case "LambdaLR":
            let factor = try Formula(s.optionalString(nil, "lr_lambda") ?? "", variable: "epoch")
            return LambdaLR(optimizer) { factor(Double($0)) }
        case "MultiplicativeLR":
            let factor = try Formula(s.optionalString(nil, "lr_lambda") ?? "", variable: "epoch")
            return MultiplicativeLR(optimizer) { factor(Double($0)) }
        case "CyclicLR":
            return CyclicLR(
                optimizer, baseLR: try required("base_lr"), maxLR: try required("max_lr"),
                stepSizeUp: try whole("step_size_up", 2000), stepSizeDown: try s.optionalInt(nil, "step_size_down"),
                mode: try cyclicMode(s), gamma: try number("gamma", 1),
                cycleMomentum: try s.bool(nil, "cycle_momentum", default: true))
        case "OneCycleLR":
            return OneCycleLR(
                optimizer, maxLR: try required("max_lr"), totalSteps: try s.int(nil, "total_steps"),
                pctStart: try number("pct_start", 0.3),
                annealStrategy: try isOther(s, "anneal_strategy", "cos", "linear") ? .linear : .cos,
                cycleMomentum: try s.bool(nil, "cycle_momentum", default: true),
                divFactor: try number("div_factor", 25), finalDivFactor: try number("final_div_factor", 1e4),
                threePhase: try s.bool(nil, "three_phase"))
        case "ReduceLROnPlateau":
            return ReduceLROnPlateau(
                optimizer, mode: try isOther(s, "mode", "min", "max") ? .max : .min, factor: try number("factor", 0.1),
                patience: try whole("patience", 10), threshold: try number("threshold", 1e-4),
                thresholdMode: try isOther(s, "threshold_mode", "rel", "abs") ? .abs : .rel,
                cooldown: try whole("cooldown", 0), minLR: try s.optionalDoubles(nil, "min_lr") ?? [0],
                eps: try number("eps", 1e-8))
        case "SequentialLR":
            let milestones = try s.ints(nil, "milestones")
            let inner = try schedules(s)
            try refuseUnknown(inner)
            return SequentialLR(optimizer, milestones: milestones) { optimizer in
                inner.compactMap { try? make($0, optimizer) }
            }
        case "ChainedScheduler":
            let inner = try schedules(s)
            try refuseUnknown(inner)
            return ChainedScheduler(optimizer) { optimizer in inner.compactMap { try? make($0, optimizer) } }
        default: throw NotSupported("\(s.name) is not mapped")
        }
    }

    /// The schedules that another one is made of.
    private static func schedules(_ s: Call) throws -> [Call] {
        guard let list = s.value(nil, "schedulers")?.list else { throw NotSupported("needs schedulers") }
        return list.map { Call(name: $0["name"]?.string ?? "", args: nil, kwargs: $0["kwargs"], tensors: [:]) }
    }

    /// Makes each schedule once for an optimiser of its own, where errors can still be thrown.
    private static func refuseUnknown(_ schedules: [Call]) throws {
        for settings in schedules {
            _ = try make(settings, SGD([Parameter(Tensor.ones(1))], lr: 1))
            try settings.finish()
        }
    }

    private static func cyclicMode(_ s: Call) throws -> CyclicLR.Mode {
        let name = try s.optionalString(nil, "mode") ?? "triangular"
        guard let mode = CyclicLR.Mode(rawValue: name) else { throw NotSupported("mode cannot be \(name)") }
        return mode
    }

    /// Whether the second of two choices was taken; the first one is the default.
    private static func isOther(_ s: Call, _ name: String, _ usual: String, _ other: String) throws -> Bool {
        let text = try s.optionalString(nil, name) ?? usual
        guard text == usual || text == other else { throw NotSupported("\(name) cannot be \(text)") }
        return text == other
    }
}
