import Glibc
import TorchlightCore

/// Leads the learning rates up and down between two bounds, batch by batch (Smith 2017), and the momentum against them.
///
///     lr = baseLR + (maxLR − baseLR) · h · s        (h climbs from 0 to 1 and falls back; s is the mode's scale)
public final class CyclicLR: LRScheduler {
    /// How the height of the cycles changes.
    public enum Mode: String, Sendable {
        /// Not at all.
        case triangular
        /// Each cycle is half as high as the one before.
        case triangular2
        /// By `gamma` in every step.
        case expRange = "exp_range"
    }

    /// The lowest learning rate of each group.
    public var baseLR: [Double] { baseLRs.values }
    /// The learning rate of each group at the first peak.
    public var maxLR: [Double] { maxLRs.values }
    /// The steps of the way up.
    public let stepSizeUp: Int
    /// The steps of the way down.
    public let stepSizeDown: Int
    /// How the height of the cycles changes.
    public let mode: Mode
    /// The factor of a step for `expRange`.
    public let gamma: Double
    /// Whether the momentum falls while the rate climbs.
    public let cycleMomentum: Bool
    /// The momentum of each group at the peak.
    public var baseMomentum: [Double] { baseMomenta.values }
    /// The momentum of each group between two cycles.
    public var maxMomentum: [Double] { maxMomenta.values }

    private var baseLRs: GroupSetting
    private var maxLRs: GroupSetting
    private var baseMomenta: GroupSetting
    private var maxMomenta: GroupSetting

    /// A schedule for this optimiser. The bounds are a number for all groups or one for each; the way down is as long as
    /// the way up where it is not given.
    public init(
        _ optimizer: any Optimizer, baseLR: [Double], maxLR: [Double], stepSizeUp: Int = 2000, stepSizeDown: Int? = nil,
        mode: Mode = .triangular, gamma: Double = 1, cycleMomentum: Bool = true, baseMomentum: [Double] = [0.8],
        maxMomentum: [Double] = [0.9]
    ) {
        let down = stepSizeDown ?? stepSizeUp
        requireSchedule(
            stepSizeUp > 0 && down > 0, "CyclicLR",
            "the ways up and down have \(stepSizeUp) and \(down) steps; expected at least 1")
        requireMomentum(cycleMomentum, optimizer, "CyclicLR")
        baseLRs = GroupSetting(baseLR, optimizer, "CyclicLR", "baseLR")
        maxLRs = GroupSetting(maxLR, optimizer, "CyclicLR", "maxLR")
        self.stepSizeUp = max(stepSizeUp, 1)
        self.stepSizeDown = max(down, 1)
        self.mode = mode
        self.gamma = gamma
        self.cycleMomentum = cycleMomentum && optimizer.momenta != nil
        baseMomenta = GroupSetting(baseMomentum, optimizer, "CyclicLR", "baseMomentum")
        maxMomenta = GroupSetting(maxMomentum, optimizer, "CyclicLR", "maxMomentum")
        super.init(optimizer)
    }

    /// The same bounds for all groups.
    public convenience init(
        _ optimizer: any Optimizer, baseLR: Double, maxLR: Double, stepSizeUp: Int = 2000, stepSizeDown: Int? = nil,
        mode: Mode = .triangular, gamma: Double = 1, cycleMomentum: Bool = true, baseMomentum: Double = 0.8,
        maxMomentum: Double = 0.9
    ) {
        self.init(
            optimizer, baseLR: [baseLR], maxLR: [maxLR], stepSizeUp: stepSizeUp, stepSizeDown: stepSizeDown, mode: mode,
            gamma: gamma, cycleMomentum: cycleMomentum, baseMomentum: [baseMomentum], maxMomentum: [maxMomentum])
    }

    /// The part of the way between the bounds.
    private var height: Double {
        // Unsigned, so that the sum of two ways always fits.
        let length = UInt(stepSizeUp) + UInt(stepSizeDown)
        let (cycle, position) = UInt(epoch).quotientAndRemainder(dividingBy: length)
        let part =
            position <= UInt(stepSizeUp)
            ? Double(position) / Double(stepSizeUp) : Double(length - position) / Double(stepSizeDown)
        return switch mode {
        case .triangular: part
        case .triangular2: part * power(0.5, Int(cycle))
        case .expRange: part * power(gamma, epoch)
        }
    }

    override func extendSettings(to count: Int) -> String? {
        let areExtended = [
            baseLRs.extend(to: count), maxLRs.extend(to: count), baseMomenta.extend(to: count),
            maxMomenta.extend(to: count),
        ]
        return areExtended.contains(false) ? "its bounds are given by group" : nil
    }

    public override func nextRates(_ rates: [Double]) -> [Double] {
        zip(baseLR, maxLR).map { $0 + ($1 - $0) * height }
    }

    public override var closedFormRates: [Double]? { nextRates(baseLR) }

    public override func nextMomenta() -> [Double]? {
        cycleMomentum ? zip(baseMomentum, maxMomentum).map { $1 - ($1 - $0) * height } : nil
    }
}

/// Reports an optimiser whose momentum cannot be moved.
func requireMomentum(_ isWanted: Bool, _ optimizer: any Optimizer, _ scheduler: String) {
    requireSchedule(
        !isWanted || optimizer.momenta != nil, scheduler,
        "the optimiser has no momentum to move; pass cycleMomentum: false")
}
