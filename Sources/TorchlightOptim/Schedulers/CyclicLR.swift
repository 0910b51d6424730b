import Glibc
import TorchlightCore

/// Cycles the learning rates between two bounds, with one step for each batch (Smith, 2017); the momentum changes in
/// the opposite direction.
///
///     lr = baseLR + (maxLR − baseLR) · h · s
///
/// `h` increases linearly from 0 to 1 in `stepSizeUp` steps and decreases to 0 in `stepSizeDown` steps; `s` is the
/// scale of the mode.
public final class CyclicLR: LRScheduler {
    /// The amplitude of the cycles.
    public enum Mode: String, Sendable {
        /// Constant amplitude: s = 1.
        case triangular
        /// The amplitude is halved after each cycle: s = 0.5^cycle, with cycles counted from 0.
        case triangular2
        /// The amplitude is multiplied by `gamma` in every step: s = gamma^step.
        case expRange = "exp_range"
    }

    /// The lower bound of each group's learning rate.
    public var baseLR: [Double] { baseLRs.values }
    /// The upper bound of each group's learning rate.
    public var maxLR: [Double] { maxLRs.values }
    /// The number of steps with increasing learning rate. Default: 2000.
    public let stepSizeUp: Int
    /// The number of steps with decreasing learning rate. Default: `stepSizeUp`.
    public let stepSizeDown: Int
    /// The amplitude of the cycles. Default: `.triangular`.
    public let mode: Mode
    /// The factor of the amplitude in every step with `.expRange`. Default: 1.
    public let gamma: Double
    /// Whether to change the momentum in the opposite direction. Default: true.
    public let cycleMomentum: Bool
    /// The minimum momentum of each group, at the maximum learning rate. Default: 0.8.
    public var baseMomentum: [Double] { baseMomenta.values }
    /// The maximum momentum of each group, at the minimum learning rate. Default: 0.9.
    public var maxMomentum: [Double] { maxMomenta.values }

    private(set) var baseLRs: GroupSetting
    private(set) var maxLRs: GroupSetting
    private(set) var baseMomenta: GroupSetting
    private(set) var maxMomenta: GroupSetting

    /// Creates a scheduler for `optimizer`; the base learning rates of the optimiser are not used. It is an error if a
    /// number is negative or not finite.
    ///
    /// - Parameters:
    ///   - optimizer: the optimiser whose learning rates are scheduled.
    ///   - baseLR: the lower bound of the learning rate, one value for all groups or one for each.
    ///   - maxLR: the upper bound of the learning rate, one value for all groups or one for each.
    ///   - stepSizeUp: the number of steps with increasing learning rate, at least 1. Default: 2000.
    ///   - stepSizeDown: the number of steps with decreasing learning rate, at least 1. Default: nil, `stepSizeUp`.
    ///   - mode: the amplitude of the cycles. Default: `.triangular`.
    ///   - gamma: the factor of the amplitude in every step with `.expRange`. Default: 1.
    ///   - cycleMomentum: whether to change the momentum too; an error if the optimiser has none. Default: true.
    ///   - baseMomentum: the minimum momentum, one value for all groups or one for each. Default: 0.8.
    ///   - maxMomentum: the maximum momentum, one value for all groups or one for each. Default: 0.9.
    public init(
        _ optimizer: any Optimizer, baseLR: [Double], maxLR: [Double], stepSizeUp: Int = 2000, stepSizeDown: Int? = nil,
        mode: Mode = .triangular, gamma: Double = 1, cycleMomentum: Bool = true, baseMomentum: [Double] = [0.8],
        maxMomentum: [Double] = [0.9]
    ) {
        let down = stepSizeDown ?? stepSizeUp
        requireSchedule(
            stepSizeUp > 0 && down > 0, "CyclicLR",
            "stepSizeUp is \(stepSizeUp) and stepSizeDown is \(down); expected at least 1")
        requireNotNegative([("gamma", gamma)], "CyclicLR")
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

    /// Creates a scheduler with the same bounds for all groups.
    public convenience init(
        _ optimizer: any Optimizer, baseLR: Double, maxLR: Double, stepSizeUp: Int = 2000, stepSizeDown: Int? = nil,
        mode: Mode = .triangular, gamma: Double = 1, cycleMomentum: Bool = true, baseMomentum: Double = 0.8,
        maxMomentum: Double = 0.9
    ) {
        self.init(
            optimizer, baseLR: [baseLR], maxLR: [maxLR], stepSizeUp: stepSizeUp, stepSizeDown: stepSizeDown, mode: mode,
            gamma: gamma, cycleMomentum: cycleMomentum, baseMomentum: [baseMomentum], maxMomentum: [maxMomentum])
    }

    /// The relative learning rate between the bounds, from 0 to 1, times the scale of the mode.
    private var height: Double {
        // Unsigned, so that the sum of both lengths cannot overflow.
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

/// Reports an error if the momentum is to be changed and the optimiser has none.
func requireMomentum(_ isWanted: Bool, _ optimizer: any Optimizer, _ scheduler: String) {
    requireSchedule(
        !isWanted || optimizer.momenta != nil, scheduler,
        "the optimiser has no momentum to cycle; pass cycleMomentum: false")
}
