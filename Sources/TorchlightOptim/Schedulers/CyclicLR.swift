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
    public let baseLR: [Double]
    /// The learning rate of each group at the first peak.
    public let maxLR: [Double]
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
    public let baseMomentum: [Double]
    /// The momentum of each group between two cycles.
    public let maxMomentum: [Double]

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
        self.baseLR = oneEach(baseLR, optimizer, "CyclicLR", "baseLR")
        self.maxLR = oneEach(maxLR, optimizer, "CyclicLR", "maxLR")
        self.stepSizeUp = max(stepSizeUp, 1)
        self.stepSizeDown = max(down, 1)
        self.mode = mode
        self.gamma = gamma
        self.cycleMomentum = cycleMomentum && optimizer.momenta != nil
        self.baseMomentum = oneEach(baseMomentum, optimizer, "CyclicLR", "baseMomentum")
        self.maxMomentum = oneEach(maxMomentum, optimizer, "CyclicLR", "maxMomentum")
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
        let length = stepSizeUp + stepSizeDown
        let (cycle, position) = epoch.quotientAndRemainder(dividingBy: length)
        let part =
            position <= stepSizeUp
            ? Double(position) / Double(stepSizeUp) : Double(length - position) / Double(stepSizeDown)
        return switch mode {
        case .triangular: part
        case .triangular2: part * power(0.5, cycle)
        case .expRange: part * power(gamma, epoch)
        }
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
