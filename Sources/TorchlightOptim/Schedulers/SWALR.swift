import Glibc
import TorchlightCore

/// Anneals the learning rates to a constant in `annealEpochs` epochs and keeps them there, for stochastic weight
/// averaging (Izmailov et al., 2018).
///
///     lr = swaLR · α + lr₀ (1 − α)
///
/// α increases from 0 to 1, linearly or by half a period of a cosine. See `AveragedModel`.
public final class SWALR: LRScheduler {
    /// Shape of the curve: half a cosine or a line.
    public enum AnnealStrategy: String, Sendable { case cos, linear }

    /// The final learning rate of each group.
    public var swaLR: [Double] { swaLRs.values }
    /// Number of epochs of the annealing. Default: 10; with 0 the constant is reached at once.
    public let annealEpochs: Int
    /// Shape of the curve. Default: `.cos`.
    public let annealStrategy: AnnealStrategy
    private(set) var swaLRs: GroupSetting

    /// Creates a scheduler for `optimizer`. It is an error if a number is negative or not finite.
    ///
    /// - Parameters:
    ///   - optimizer: the optimiser whose learning rates are scheduled.
    ///   - swaLR: the final learning rate, one value for all groups or one for each.
    ///   - annealEpochs: the number of epochs of the annealing, at least 0. Default: 10.
    ///   - annealStrategy: the shape of the curve. Default: `.cos`.
    public init(
        _ optimizer: any Optimizer, swaLR: [Double], annealEpochs: Int = 10, annealStrategy: AnnealStrategy = .cos
    ) {
        requireSchedule(annealEpochs >= 0, "SWALR", "annealEpochs is \(annealEpochs); expected at least 0")
        swaLRs = GroupSetting(swaLR, optimizer, "SWALR", "swaLR")
        self.annealEpochs = max(annealEpochs, 0)
        self.annealStrategy = annealStrategy
        super.init(optimizer)
    }

    /// Creates a scheduler with the same constant for all groups.
    public convenience init(
        _ optimizer: any Optimizer, swaLR: Double, annealEpochs: Int = 10, annealStrategy: AnnealStrategy = .cos
    ) {
        self.init(optimizer, swaLR: [swaLR], annealEpochs: annealEpochs, annealStrategy: annealStrategy)
    }

    /// α in an epoch.
    private func part(_ epoch: Int) -> Double {
        let way = min(max(Double(epoch) / Double(max(annealEpochs, 1)), 0), 1)
        return annealStrategy == .linear ? way : (1 - cos(.pi * way)) / 2
    }

    public override func nextRates(_ rates: [Double]) -> [Double] {
        let epoch = annealEpochs == 0 ? max(epoch, 1) : epoch
        let (last, next) = (part(epoch - 1), part(epoch))
        return zip(rates, swaLR).map { rate, goal in
            // The rate without this scheduler, computed from the rate of the previous epoch.
            let plain = last == 1 ? goal : max((rate - last * goal) / (1 - last), 0)
            return goal * next + plain * (1 - next)
        }
    }

    override func joiningRate(_ rate: Double) -> Double? {
        guard let goal = swaLR.last else { return nil }
        let way = part(annealEpochs == 0 ? max(epoch, 1) : epoch)
        return goal * way + rate * (1 - way)
    }

    override func extendSettings(to count: Int) -> String? {
        swaLRs.extend(to: count) ? nil : "swaLR is given by group"
    }
}
