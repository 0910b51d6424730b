import Glibc
import TorchlightCore

/// Leads the learning rates along half a cosine from where they are down to `etaMin` (Loshchilov and Hutter 2017), and up
/// again after that.
///
///     lr = etaMin + (lr₀ − etaMin) (1 + cos(π · epoch / tMax)) / 2
public final class CosineAnnealingLR: LRScheduler {
    /// The epochs of the way down.
    public let tMax: Int
    /// The lowest rate.
    public let etaMin: Double

    /// A schedule for this optimiser.
    public init(_ optimizer: any Optimizer, tMax: Int, etaMin: Double = 0) {
        requireSchedule(tMax > 0, "CosineAnnealingLR", "tMax is \(tMax); expected at least 1")
        self.tMax = max(tMax, 1)
        self.etaMin = etaMin
        super.init(optimizer)
    }

    private func height(_ epoch: Int) -> Double { 1 + cos(.pi * Double(epoch) / Double(tMax)) }

    public override func nextRates(_ rates: [Double]) -> [Double] {
        if epoch == 0 { return rates }
        // At the bottom the ratio of neighbouring heights is 0 / 0: the way up starts with a step of its own.
        if (epoch - 1 - tMax) % (2 * tMax) == 0 {
            return zip(rates, baseLearningRates).map { rate, base in
                rate + (base - etaMin) * (1 - cos(.pi / Double(tMax))) / 2
            }
        }
        let ratio = height(epoch) / height(epoch - 1)
        return rates.map { ratio * ($0 - etaMin) + etaMin }
    }

    public override var closedFormRates: [Double]? {
        baseLearningRates.map { etaMin + ($0 - etaMin) * height(epoch) / 2 }
    }
}
