import TorchlightCore

/// The schedulers that files can describe: all without closures.
package enum SchedulerClasses {
    /// The maximum number of settings of a scheduler, including those of the schedulers that it combines.
    private static let settingLimit = 4096

    /// The settings with which a scheduler was created, without its state; those of combined schedulers have their
    /// index as a prefix. nil for schedulers that files cannot describe: `LambdaLR`, `MultiplicativeLR` and subclasses
    /// in the program.
    package static func settings(of scheduler: LRScheduler) -> [String: String]? {
        var settings = SchedulerSettings(of: "\(type(of: scheduler))")
        switch scheduler {
        case let scheduler as StepLR:
            settings["stepSize"] = scheduler.stepSize
            settings["gamma"] = scheduler.gamma
        case let scheduler as MultiStepLR:
            settings["milestones"] = SchedulerSettings.list(scheduler.milestones)
            settings["gamma"] = scheduler.gamma
        case let scheduler as ExponentialLR: settings["gamma"] = scheduler.gamma
        case let scheduler as ConstantLR:
            settings["factor"] = scheduler.factor
            settings["totalIters"] = scheduler.totalIters
        case let scheduler as LinearLR:
            settings["startFactor"] = scheduler.startFactor
            settings["endFactor"] = scheduler.endFactor
            settings["totalIters"] = scheduler.totalIters
        case let scheduler as PolynomialLR:
            settings["totalIters"] = scheduler.totalIters
            settings["power"] = scheduler.power
        case let scheduler as CosineAnnealingLR:
            settings["tMax"] = scheduler.tMax
            settings["etaMin"] = scheduler.etaMin
        case let scheduler as CosineAnnealingWarmRestarts:
            settings["t0"] = scheduler.t0
            settings["tMult"] = scheduler.tMult
            settings["etaMin"] = scheduler.etaMin
        case let scheduler as SWALR:
            settings["swaLR"] = SchedulerSettings.list(scheduler.swaLRs.given)
            settings["annealEpochs"] = scheduler.annealEpochs
            settings["annealStrategy"] = scheduler.annealStrategy.rawValue
        case let scheduler as ReduceLROnPlateau: settings.add(scheduler)
        case let scheduler as CyclicLR: settings.add(scheduler)
        case let scheduler as OneCycleLR: settings.add(scheduler)
        case let scheduler as SequentialLR:
            settings["milestones"] = SchedulerSettings.list(scheduler.milestones)
            guard settings.add(scheduler.schedulers) else { return nil }
        case let scheduler as ChainedScheduler:
            guard settings.add(scheduler.schedulers) else { return nil }
        default: return nil
        }
        return settings.texts
    }

    /// Creates a scheduler for an optimiser from its settings.
    ///
    /// - Throws: ``OptimizerStateError`` if a setting is missing or invalid, or files cannot describe the class.
    package static func make(_ settings: [String: String], _ optimizer: any Optimizer) throws -> LRScheduler {
        guard settings.count <= settingLimit else {
            throw OptimizerStateError(problem: "a scheduler has \(quantity(settings.count, "setting"))")
        }
        do { return try checked { try make(SchedulerSettings(settings), optimizer, depth: 0) } } catch let error
            as TensorError
        {
            throw OptimizerStateError(problem: "\(error)")
        }
    }

    private static func make(
        _ s: SchedulerSettings, _ optimizer: any Optimizer, depth: Int
    ) throws(OptimizerStateError) -> LRScheduler {
        switch try s.word("class") {
        case "StepLR": return StepLR(optimizer, stepSize: try s.whole("stepSize"), gamma: try s.number("gamma"))
        case "MultiStepLR":
            return MultiStepLR(optimizer, milestones: try s.wholes("milestones"), gamma: try s.number("gamma"))
        case "ExponentialLR": return ExponentialLR(optimizer, gamma: try s.number("gamma"))
        case "ConstantLR":
            return ConstantLR(optimizer, factor: try s.number("factor"), totalIters: try s.whole("totalIters"))
        case "LinearLR":
            return LinearLR(
                optimizer, startFactor: try s.number("startFactor"), endFactor: try s.number("endFactor"),
                totalIters: try s.whole("totalIters"))
        case "PolynomialLR":
            return PolynomialLR(optimizer, totalIters: try s.whole("totalIters"), power: try s.number("power"))
        case "CosineAnnealingLR":
            return CosineAnnealingLR(optimizer, tMax: try s.whole("tMax"), etaMin: try s.number("etaMin"))
        case "CosineAnnealingWarmRestarts":
            return CosineAnnealingWarmRestarts(
                optimizer, t0: try s.whole("t0"), tMult: try s.whole("tMult"), etaMin: try s.number("etaMin"))
        case "SWALR":
            return SWALR(
                optimizer, swaLR: try s.numbers("swaLR"), annealEpochs: try s.whole("annealEpochs"),
                annealStrategy: try s.choice("annealStrategy"))
        case "ReduceLROnPlateau": return try s.plateau(optimizer)
        case "CyclicLR": return try s.cyclic(optimizer)
        case "OneCycleLR": return try s.oneCycle(optimizer)
        case "SequentialLR":
            let (milestones, parts) = (try s.wholes("milestones"), try parts(of: s, optimizer, depth: depth))
            return SequentialLR(optimizer, milestones: milestones) { _ in parts }
        case "ChainedScheduler":
            let parts = try parts(of: s, optimizer, depth: depth)
            return ChainedScheduler(optimizer) { _ in parts }
        case let name:
            throw OptimizerStateError(problem: "the scheduler '\(name.prefix(60))' is not supported in files")
        }
    }

    private static func parts(
        of settings: SchedulerSettings, _ optimizer: any Optimizer, depth: Int
    ) throws(OptimizerStateError) -> [LRScheduler] {
        guard depth < 8 else { throw OptimizerStateError(problem: "schedulers are nested more than 8 times") }
        var parts: [LRScheduler] = []
        for part in settings.parts { parts.append(try make(part, optimizer, depth: depth + 1)) }
        return parts
    }
}

/// The settings of a scheduler as strings, from which numbers are read back exactly.
private struct SchedulerSettings {
    private(set) var texts: [String: String]

    init(of className: String) { texts = ["class": className] }
    init(_ texts: [String: String]) { self.texts = texts }

    // MARK: Writing

    subscript(_ name: String) -> (any CustomStringConvertible)? {
        get { texts[name] }
        set { texts[name] = newValue?.description }
    }

    /// A list of numbers as a string.
    static func list(_ numbers: [some CustomStringConvertible]) -> String {
        numbers.map(\.description).joined(separator: ",")
    }

    /// Adds the combined schedulers; returns false if files cannot describe one of them.
    mutating func add(_ schedulers: [LRScheduler]) -> Bool {
        for (i, scheduler) in schedulers.enumerated() {
            guard let settings = SchedulerClasses.settings(of: scheduler) else { return false }
            for (name, text) in settings { texts["\(i).\(name)"] = text }
        }
        return true
    }

    mutating func add(_ scheduler: ReduceLROnPlateau) {
        self["mode"] = scheduler.mode.rawValue
        self["factor"] = scheduler.factor
        self["patience"] = scheduler.patience
        self["threshold"] = scheduler.threshold
        self["thresholdMode"] = scheduler.thresholdMode.rawValue
        self["cooldown"] = scheduler.cooldown
        self["minLR"] = SchedulerSettings.list(scheduler.minLRs.given)
        self["eps"] = scheduler.eps
    }

    mutating func add(_ scheduler: CyclicLR) {
        self["baseLR"] = SchedulerSettings.list(scheduler.baseLRs.given)
        self["maxLR"] = SchedulerSettings.list(scheduler.maxLRs.given)
        self["stepSizeUp"] = scheduler.stepSizeUp
        self["stepSizeDown"] = scheduler.stepSizeDown
        self["mode"] = scheduler.mode.rawValue
        self["gamma"] = scheduler.gamma
        self["cycleMomentum"] = scheduler.cycleMomentum
        self["baseMomentum"] = SchedulerSettings.list(scheduler.baseMomenta.given)
        self["maxMomentum"] = SchedulerSettings.list(scheduler.maxMomenta.given)
    }

    mutating func add(_ scheduler: OneCycleLR) {
        self["maxLR"] = SchedulerSettings.list(scheduler.maxLRs.given)
        self["totalSteps"] = scheduler.totalSteps
        self["pctStart"] = scheduler.pctStart
        self["annealStrategy"] = scheduler.annealStrategy.rawValue
        self["cycleMomentum"] = scheduler.cycleMomentum
        self["baseMomentum"] = SchedulerSettings.list(scheduler.baseMomenta.given)
        self["maxMomentum"] = SchedulerSettings.list(scheduler.maxMomenta.given)
        self["divFactor"] = scheduler.divFactor
        self["finalDivFactor"] = scheduler.finalDivFactor
        self["threePhase"] = scheduler.isThreePhase
    }

    // MARK: Reading

    private func value<Value>(_ name: String, _ read: (String) -> Value?) throws(OptimizerStateError) -> Value {
        guard let text = texts[name] else {
            throw OptimizerStateError(problem: "the setting \(name) of a scheduler is missing")
        }
        guard let value = read(text) else {
            throw OptimizerStateError(
                problem: "a scheduler has the invalid value '\(text.prefix(60))' for \(name)")
        }
        return value
    }

    private func list<Value>(_ name: String, _ read: (String) -> Value?) throws(OptimizerStateError) -> [Value] {
        try value(name) { text in
            var values: [Value] = []
            for part in text.split(separator: ",") {
                guard let value = read(String(part)) else { return nil }
                values.append(value)
            }
            return values
        }
    }

    func word(_ name: String) throws(OptimizerStateError) -> String { try value(name) { $0 } }
    func number(_ name: String) throws(OptimizerStateError) -> Double { try value(name) { Double($0) } }
    func whole(_ name: String) throws(OptimizerStateError) -> Int { try value(name) { Int($0) } }
    func flag(_ name: String) throws(OptimizerStateError) -> Bool { try value(name) { Bool($0) } }
    func wholes(_ name: String) throws(OptimizerStateError) -> [Int] { try list(name) { Int($0) } }

    /// One number for all groups, or one for each.
    func numbers(_ name: String) throws(OptimizerStateError) -> [Double] { try list(name) { Double($0) } }

    func choice<Choice: RawRepresentable<String>>(_ name: String) throws(OptimizerStateError) -> Choice {
        try value(name) { Choice(rawValue: $0) }
    }

    /// The settings of the combined schedulers, in order.
    var parts: [SchedulerSettings] {
        var parts: [SchedulerSettings] = []
        while texts["\(parts.count).class"] != nil {
            let prefix = "\(parts.count)."
            let own = texts.filter { $0.key.hasPrefix(prefix) }
            parts.append(
                SchedulerSettings(
                    Dictionary(uniqueKeysWithValues: own.map { (String($0.key.dropFirst(prefix.count)), $0.value) })))
        }
        return parts
    }

    func plateau(_ optimizer: any Optimizer) throws(OptimizerStateError) -> ReduceLROnPlateau {
        ReduceLROnPlateau(
            optimizer, mode: try choice("mode"), factor: try number("factor"), patience: try whole("patience"),
            threshold: try number("threshold"), thresholdMode: try choice("thresholdMode"),
            cooldown: try whole("cooldown"), minLR: try numbers("minLR"), eps: try number("eps"))
    }

    func cyclic(_ optimizer: any Optimizer) throws(OptimizerStateError) -> CyclicLR {
        CyclicLR(
            optimizer, baseLR: try numbers("baseLR"), maxLR: try numbers("maxLR"), stepSizeUp: try whole("stepSizeUp"),
            stepSizeDown: try whole("stepSizeDown"), mode: try choice("mode"), gamma: try number("gamma"),
            cycleMomentum: try flag("cycleMomentum"), baseMomentum: try numbers("baseMomentum"),
            maxMomentum: try numbers("maxMomentum"))
    }

    func oneCycle(_ optimizer: any Optimizer) throws(OptimizerStateError) -> OneCycleLR {
        OneCycleLR(
            optimizer, maxLR: try numbers("maxLR"), totalSteps: try whole("totalSteps"),
            pctStart: try number("pctStart"), annealStrategy: try choice("annealStrategy"),
            cycleMomentum: try flag("cycleMomentum"), baseMomentum: try numbers("baseMomentum"),
            maxMomentum: try numbers("maxMomentum"), divFactor: try number("divFactor"),
            finalDivFactor: try number("finalDivFactor"), threePhase: try flag("threePhase"))
    }
}
