import Glibc
import TorchlightCore

/// One climb to a large learning rate and one long way down far below the start, batch by batch (Smith and Topin 2018);
/// the momentum goes the other way.
///
/// The rate starts at `maxLR / divFactor` and ends at `maxLR / divFactor / finalDivFactor`.
public final class OneCycleLR: LRScheduler {
    /// The form of the ways.
    public enum AnnealStrategy: String, Sendable { case cos, linear }

    /// A part of the cycle: the step it ends with, and from where to where the rate and the momentum go.
    private struct Phase {
        var end: Double
        var rate: (from: Level, to: Level)
        var momentumFalls: Bool?
    }
    private enum Level { case start, peak, end }

    /// The learning rate of each group at the peak.
    public var maxLR: [Double] { maxLRs.values }
    /// The steps of the whole cycle.
    public let totalSteps: Int
    /// The part of the steps that the climb takes.
    public let pctStart: Double
    /// The form of the ways.
    public let annealStrategy: AnnealStrategy
    /// Whether the momentum moves.
    public let cycleMomentum: Bool
    /// The momentum of each group at the peak.
    public var baseMomentum: [Double] { baseMomenta.values }
    /// The momentum of each group at the ends.
    public var maxMomentum: [Double] { maxMomenta.values }
    /// How many times lower the start is than the peak.
    public let divFactor: Double
    /// How many times lower the end is than the start.
    public let finalDivFactor: Double
    private let phases: [Phase]
    private var maxLRs: GroupSetting
    private var baseMomenta: GroupSetting
    private var maxMomenta: GroupSetting

    /// A schedule for this optimiser. Values for groups are a number for all or one for each; `threePhase` comes back to
    /// the start as steeply as it climbed before it goes to the end.
    public init(
        _ optimizer: any Optimizer, maxLR: [Double], totalSteps: Int, pctStart: Double = 0.3,
        annealStrategy: AnnealStrategy = .cos, cycleMomentum: Bool = true, baseMomentum: [Double] = [0.85],
        maxMomentum: [Double] = [0.95], divFactor: Double = 25, finalDivFactor: Double = 1e4, threePhase: Bool = false
    ) {
        requireSchedule(totalSteps > 0, "OneCycleLR", "totalSteps is \(totalSteps); expected at least 1")
        requireSchedule(
            (0...1).contains(pctStart), "OneCycleLR", "pctStart is \(pctStart); expected 0 <= pctStart <= 1")
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

    /// The same peak for all groups.
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

    /// The same, with the steps counted as epochs of so many steps.
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

    /// Goes to the next step; an error after the last.
    public override func step() {
        guard epoch < totalSteps else {
            requireSchedule(
                false, "OneCycleLR", "the cycle of \(totalSteps) steps is over; expected a larger totalSteps")
            return
        }
        super.step()
    }

    /// The phase of this epoch, and how far along it is.
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
