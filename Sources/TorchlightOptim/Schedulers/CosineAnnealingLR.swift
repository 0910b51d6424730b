import Glibc
import TorchlightCore

/// Decays the learning rates to `etaMin` by half a period of a cosine (SGDR without restarts, Loshchilov and Hutter,
/// 2017).
///
///     lr = etaMin + (lr₀ − etaMin) (1 + cos(π · epoch / tMax)) / 2
///
/// After epoch `tMax` the rates increase, following the cosine.
///
///     let scheduler = CosineAnnealingLR(optimizer, tMax: epochs)
///     for _ in 0..<epochs {
///         train()             // calls optimizer.step()
///         scheduler.step()
///     }
public final class CosineAnnealingLR: LRScheduler {
    /// Number of epochs until `etaMin` is reached.
    public let tMax: Int
    /// The minimum learning rate. Default: 0.
    public let etaMin: Double

    /// Creates a scheduler for `optimizer`. It is an error if an argument is out of range.
    ///
    /// - Parameters:
    ///   - optimizer: the optimiser whose learning rates are scheduled.
    ///   - tMax: the number of epochs until `etaMin` is reached, at least 1.
    ///   - etaMin: the minimum learning rate, at least 0. Default: 0.
    public init(_ optimizer: any Optimizer, tMax: Int, etaMin: Double = 0) {
        requireSchedule(tMax > 0, "CosineAnnealingLR", "tMax is \(tMax); expected at least 1")
        requireNotNegative([("etaMin", etaMin)], "CosineAnnealingLR")
        self.tMax = max(tMax, 1)
        self.etaMin = etaMin
        super.init(optimizer)
    }

    private func height(_ epoch: Int) -> Double { 1 + cos(.pi * Double(epoch) / Double(tMax)) }

    public override func nextRates(_ rates: [Double]) -> [Double] {
        if epoch == 0 { return rates }
        // At the minimum the ratio of consecutive values is 0 / 0, so that the next step uses the closed form.
        if (epoch - 1) % tMax == 0 && (epoch - 1) / tMax % 2 == 1 {
            return zip(rates, baseLearningRates).map { rate, base in
                rate + (base - etaMin) * (1 - cos(.pi / Double(tMax))) / 2
            }
        }
        let ratio = height(epoch) / height(epoch - 1)
        return rates.map { ratio * ($0 - etaMin) + etaMin }
    }

    override func joiningRate(_ rate: Double) -> Double? { etaMin + (rate - etaMin) * height(epoch) / 2 }

    public override var closedFormRates: [Double]? { baseLearningRates.map { joiningRate($0)! } }
}

/// Cosine annealing with warm restarts: the learning rates decay to `etaMin` by half a period of a cosine and restart
/// from the base rates; each cycle is `tMult` times as long as the previous one (SGDR, Loshchilov and Hutter, 2017).
///
///     lr = etaMin + (lr₀ − etaMin) (1 + cos(π · t / T)) / 2
///
/// `t` is the number of epochs since the last restart and `T` the length of the current cycle.
public final class CosineAnnealingWarmRestarts: LRScheduler {
    /// Number of epochs of the first cycle.
    public let t0: Int
    /// Factor of the cycle length after each restart. Default: 1.
    public let tMult: Int
    /// The minimum learning rate. Default: 0.
    public let etaMin: Double

    /// Creates a scheduler for `optimizer`. It is an error if an argument is out of range.
    ///
    /// - Parameters:
    ///   - optimizer: the optimiser whose learning rates are scheduled.
    ///   - t0: the number of epochs of the first cycle, at least 1.
    ///   - tMult: the factor of the cycle length after each restart, at least 1. Default: 1.
    ///   - etaMin: the minimum learning rate, at least 0. Default: 0.
    public init(_ optimizer: any Optimizer, t0: Int, tMult: Int = 1, etaMin: Double = 0) {
        requireSchedule(t0 > 0, "CosineAnnealingWarmRestarts", "t0 is \(t0); expected at least 1")
        requireSchedule(tMult > 0, "CosineAnnealingWarmRestarts", "tMult is \(tMult); expected at least 1")
        requireNotNegative([("etaMin", etaMin)], "CosineAnnealingWarmRestarts")
        self.t0 = max(t0, 1)
        self.tMult = max(tMult, 1)
        self.etaMin = etaMin
        super.init(optimizer)
    }

    public override func nextRates(_ rates: [Double]) -> [Double] { self.rates(at: Double(epoch)) }

    public override var closedFormRates: [Double]? { self.rates(at: Double(epoch)) }

    /// Sets the learning rates for a fractional epoch, for a call after every batch:
    /// `step(to: Double(epoch) + Double(batch) / Double(batches))`.
    public func step(to epoch: Double) {
        guard epoch >= 0 && epoch < 1e15 else {
            requireSchedule(false, "CosineAnnealingWarmRestarts", "the epoch is \(epoch); expected at least 0")
            return
        }
        if adoptNewGroups() == nil { return }
        self.epoch = Int(epoch)
        optimizer.learningRates = rates(at: epoch)
    }

    private func rates(at epoch: Double) -> [Double] {
        var (t, length) = (epoch, Double(t0))
        if tMult == 1 {
            t = fmod(t, length)
        } else {
            while t >= length {
                t -= length
                length *= Double(tMult)
            }
        }
        let height = (1 + cos(.pi * t / length)) / 2
        return baseLearningRates.map { etaMin + ($0 - etaMin) * height }
    }
}
