import Glibc
import TorchlightCore

/// Leads the learning rates to a constant in so many epochs and keeps them there, for averages of weights (Izmailov et al.
/// 2018).
///
///     lr = swaLR · α + lr₀ (1 − α)        (α goes from 0 to 1)
public final class SWALR: LRScheduler {
    /// The form of the way.
    public enum AnnealStrategy: String, Sendable { case cos, linear }

    /// The constant of each group.
    public var swaLR: [Double] { swaLRs.values }
    /// How many epochs the way takes.
    public let annealEpochs: Int
    /// The form of the way.
    public let annealStrategy: AnnealStrategy
    private var swaLRs: GroupSetting

    /// A schedule for this optimiser. `swaLR` is a number for all groups or one for each.
    public init(
        _ optimizer: any Optimizer, swaLR: [Double], annealEpochs: Int = 10, annealStrategy: AnnealStrategy = .cos
    ) {
        requireSchedule(annealEpochs >= 0, "SWALR", "annealEpochs is \(annealEpochs); expected at least 0")
        swaLRs = GroupSetting(swaLR, optimizer, "SWALR", "swaLR")
        self.annealEpochs = max(annealEpochs, 0)
        self.annealStrategy = annealStrategy
        super.init(optimizer)
    }

    /// The same constant for all groups.
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
            // What the rate would be without this schedule, from what it made of it in the epoch before.
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
