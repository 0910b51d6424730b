import Glibc
import TorchlightCore

/// The 1cycle policy: increases the learning rate to a maximum and then decreases it far below the initial value, with
/// one step per batch. The momentum changes in the opposite direction (Smith and Topin, 2018).
///
/// The rate increases from `maxLR / divFactor` to `maxLR`, and decreases to `maxLR / divFactor / finalDivFactor`.
///
///     let scheduler = OneCycleLR(optimizer, maxLR: 0.1, epochs: 10, stepsPerEpoch: loader.count)
///     // After each optimizer.step(): scheduler.step()
public final class OneCycleLR: LRScheduler {
    /// Shape of the curve between two values: half a cosine or a line.
    public enum AnnealStrategy: String, Sendable { case cos, linear }

    /// A phase of the cycle: its last step, and the start and end values of learning rate and momentum.
    private struct Phase {
        var end: Double
        var rate: (from: Level, to: Level)
        var momentumFalls: Bool?
    }
    private enum Level { case start, peak, end }

    /// The maximum learning rate of each group.
    public var maxLR: [Double] { maxLRs.values }
    /// Total number of steps of the cycle.
    public let totalSteps: Int
    /// The fraction of the steps with increasing learning rate. Default: 0.3.
    public let pctStart: Double
    /// Shape of the curve. Default: `.cos`.
    public let annealStrategy: AnnealStrategy
    /// Whether to change the momentum too. Default: true.
    public let cycleMomentum: Bool
    /// The minimum momentum of each group, at the maximum learning rate. Default: 0.85.
    public var baseMomentum: [Double] { baseMomenta.values }
    /// The maximum momentum of each group, at the start and the end of the cycle. Default: 0.95.
    public var maxMomentum: [Double] { maxMomenta.values }
    /// Ratio of the maximum learning rate to the initial one. Default: 25.
    public let divFactor: Double
    /// Ratio of the initial learning rate to the final one. Default: 1e4.
    public let finalDivFactor: Double
    private let phases: [Phase]
    /// Whether the rate returns to the initial one before it decreases to the final one.
    let isThreePhase: Bool
    private(set) var maxLRs: GroupSetting
    private(set) var baseMomenta: GroupSetting
    private(set) var maxMomenta: GroupSetting

    /// Creates a scheduler for `optimizer`; the base learning rates of the optimiser are not used. It is an error if a
    /// number is out of range or not finite.
    ///
    /// - Parameters:
    ///   - maxLR: the maximum learning rate, one value for all groups or one for each.
    ///   - totalSteps: the total number of steps, at least 1; a step after the last is an error.
    ///   - pctStart: the fraction of the steps with increasing learning rate, from 0 to 1. Default: 0.3.
    ///   - annealStrategy: the shape of the curve. Default: `.cos`.
    ///   - cycleMomentum: whether to change the momentum too; an error if the optimiser has none. Default: true.
    ///   - baseMomentum: the minimum momentum, one value for all groups or one for each. Default: 0.85.
    ///   - maxMomentum: the maximum momentum, one value for all groups or one for each. Default: 0.95.
    ///   - divFactor: the ratio of the maximum learning rate to the initial one. Default: 25.
    ///   - finalDivFactor: the ratio of the initial learning rate to the final one. Default: 1e4.
    ///   - threePhase: whether the learning rate first returns to the initial one, in as many steps as the increase,
    ///     and then decreases to the final one. Default: false.
    public init(
        _ optimizer: any Optimizer, maxLR: [Double], totalSteps: Int, pctStart: Double = 0.3,
        annealStrategy: AnnealStrategy = .cos, cycleMomentum: Bool = true, baseMomentum: [Double] = [0.85],
        maxMomentum: [Double] = [0.95], divFactor: Double = 25, finalDivFactor: Double = 1e4, threePhase: Bool = false
    ) {
        requireSchedule(totalSteps > 0, "OneCycleLR", "totalSteps is \(totalSteps); expected at least 1")
        requireSchedule(
            (0...1).contains(pctStart), "OneCycleLR", "pctStart is \(pctStart); expected 0 <= pctStart <= 1")
        requireSchedule(
            divFactor > 0 && divFactor.isFinite, "OneCycleLR",
            "divFactor is \(divFactor); expected a finite number above 0")
        // With infinity the final rate is 0.
        requireSchedule(
            finalDivFactor > 0, "OneCycleLR", "finalDivFactor is \(finalDivFactor); expected a number above 0")
        requireMomentum(cycleMomentum, optimizer, "OneCycleLR")
        maxLRs = GroupSetting(maxLR, optimizer, "OneCycleLR", "maxLR")
        self.totalSteps = max(totalSteps, 1)
        self.pctStart = pctStart
        self.annealStrategy = annealStrategy
        self.cycleMomentum = cycleMomentum && optimizer.momenta != nil
        baseMomenta = GroupSetting(baseMomentum, optimizer, "OneCycleLR", "baseMomentum")
        maxMomenta = GroupSetting(maxMomentum, optimizer, "OneCycleLR", "maxMomentum")
        self.divFactor = divFactor
        self.finalDivFactor = finalDivFactor
        isThreePhase = threePhase
        let climb = pctStart * Double(totalSteps)
        let last = Double(max(totalSteps, 1) - 1)
        phases =
            threePhase
            ? [
                Phase(end: climb - 1, rate: (.start, .peak), momentumFalls: true),
                Phase(end: 2 * climb - 2, rate: (.peak, .start), momentumFalls: false),
                Phase(end: last, rate: (.start, .end), momentumFalls: nil),
            ]
            : [
                Phase(end: climb - 1, rate: (.start, .peak), momentumFalls: true),
                Phase(end: last, rate: (.peak, .end), momentumFalls: false),
            ]
        super.init(optimizer)
    }

    /// Creates a scheduler with the same maximum learning rate for all groups.
    public convenience init(
        _ optimizer: any Optimizer, maxLR: Double, totalSteps: Int, pctStart: Double = 0.3,
        annealStrategy: AnnealStrategy = .cos, cycleMomentum: Bool = true, baseMomentum: Double = 0.85,
        maxMomentum: Double = 0.95, divFactor: Double = 25, finalDivFactor: Double = 1e4, threePhase: Bool = false
    ) {
        self.init(
            optimizer, maxLR: [maxLR], totalSteps: totalSteps, pctStart: pctStart, annealStrategy: annealStrategy,
            cycleMomentum: cycleMomentum, baseMomentum: [baseMomentum], maxMomentum: [maxMomentum],
            divFactor: divFactor, finalDivFactor: finalDivFactor, threePhase: threePhase)
    }

    /// Creates a scheduler whose total number of steps is `epochs · stepsPerEpoch`.
    public convenience init(
        _ optimizer: any Optimizer, maxLR: Double, epochs: Int, stepsPerEpoch: Int, pctStart: Double = 0.3,
        annealStrategy: AnnealStrategy = .cos, cycleMomentum: Bool = true, baseMomentum: Double = 0.85,
        maxMomentum: Double = 0.95, divFactor: Double = 25, finalDivFactor: Double = 1e4, threePhase: Bool = false
    ) {
        self.init(
            optimizer, maxLR: maxLR, totalSteps: max(epochs, 0) *| max(stepsPerEpoch, 0), pctStart: pctStart,
            annealStrategy: annealStrategy, cycleMomentum: cycleMomentum, baseMomentum: baseMomentum,
            maxMomentum: maxMomentum, divFactor: divFactor, finalDivFactor: finalDivFactor, threePhase: threePhase)
    }

    /// Advances to the next step. A step after the last is an error.
    public override func step() { runStep { [self] _ in stepWithinCycle() } }

    private func stepWithinCycle() {
        guard epoch < totalSteps else {
            requireSchedule(
                false, "OneCycleLR",
                "the cycle of \(quantity(totalSteps, "step")) is over; expected a larger totalSteps")
            return
        }
        super.step()
    }

    /// The phase of the current step, and the completed fraction of the phase.
    private var position: (phase: Phase, part: Double) {
        var start = 0.0
        for phase in phases.dropLast() {
            if Double(epoch) <= phase.end {
                return (phase, phase.end > start ? (Double(epoch) - start) / (phase.end - start) : 1)
            }
            start = phase.end
        }
        let phase = phases[phases.count - 1]
        return (phase, phase.end > start ? min(1, (Double(epoch) - start) / (phase.end - start)) : 1)
    }

    private func anneal(_ from: Double, _ to: Double, _ part: Double) -> Double {
        switch annealStrategy {
        case .cos: to + (from - to) / 2 * (1 + cos(.pi * part))
        case .linear: from + (to - from) * part
        }
    }

    override func extendSettings(to count: Int) -> String? {
        let areExtended = [maxLRs.extend(to: count), baseMomenta.extend(to: count), maxMomenta.extend(to: count)]
        return areExtended.contains(false) ? "its peaks are given by group" : nil
    }

    public override func nextRates(_ rates: [Double]) -> [Double] {
        let (phase, part) = position
        return maxLR.map { peak in
            func rate(_ level: Level) -> Double {
                switch level {
                case .start: peak / divFactor
                case .peak: peak
                case .end: peak / divFactor / finalDivFactor
                }
            }
            return anneal(rate(phase.rate.from), rate(phase.rate.to), part)
        }
    }

    public override var closedFormRates: [Double]? { nextRates(maxLR) }

    public override func nextMomenta() -> [Double]? {
        guard cycleMomentum else { return nil }
        let (phase, part) = position
        return zip(baseMomentum, maxMomentum).map { low, high in
            switch phase.momentumFalls {
            case true: anneal(high, low, part)
            case false: anneal(low, high, part)
            default: high
            }
        }
    }
}
