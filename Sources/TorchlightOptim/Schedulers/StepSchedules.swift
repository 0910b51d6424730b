import Glibc
import TorchlightCore

/// Multiplies the learning rates by `gamma` every `stepSize` epochs.
///
///     lr = lr₀ · gamma^⌊epoch / stepSize⌋
public final class StepLR: LRScheduler {
    /// Number of epochs between two changes.
    public let stepSize: Int
    /// Factor of the learning rates. Default: 0.1.
    public let gamma: Double

    /// Creates a scheduler for `optimizer`. It is an error if an argument is out of range.
    ///
    /// - Parameters:
    ///   - optimizer: the optimiser whose learning rates are scheduled.
    ///   - stepSize: the number of epochs between two changes, at least 1.
    ///   - gamma: the factor of the learning rates. Default: 0.1.
    public init(_ optimizer: any Optimizer, stepSize: Int, gamma: Double = 0.1) {
        requireNotNegative([("gamma", gamma)], "StepLR")
        requireSchedule(stepSize > 0, "StepLR", "stepSize is \(stepSize); expected at least 1")
        self.stepSize = max(stepSize, 1)
        self.gamma = gamma
        super.init(optimizer)
    }

    public override func nextRates(_ rates: [Double]) -> [Double] {
        epoch > 0 && epoch % stepSize == 0 ? rates.map { $0 * gamma } : rates
    }

    public override var closedFormRates: [Double]? {
        baseLearningRates.map { $0 * power(gamma, epoch / stepSize) }
    }
}

/// Multiplies the learning rates by `gamma` when the epoch reaches a milestone.
///
///     lr = lr₀ · gamma^(number of milestones <= epoch)
public final class MultiStepLR: LRScheduler {
    /// The epochs of the changes, sorted; an epoch that is listed twice multiplies twice.
    public let milestones: [Int]
    /// Factor of the learning rates. Default: 0.1.
    public let gamma: Double

    /// Creates a scheduler for `optimizer`. It is an error if `gamma` is negative or not finite.
    ///
    /// - Parameters:
    ///   - optimizer: the optimiser whose learning rates are scheduled.
    ///   - milestones: the epochs of the changes.
    ///   - gamma: the factor of the learning rates. Default: 0.1.
    public init(_ optimizer: any Optimizer, milestones: [Int], gamma: Double = 0.1) {
        requireNotNegative([("gamma", gamma)], "MultiStepLR")
        self.milestones = milestones.sorted()
        self.gamma = gamma
        super.init(optimizer)
    }

    public override func nextRates(_ rates: [Double]) -> [Double] {
        let times = milestones.filter { $0 == epoch }.count
        return times == 0 ? rates : rates.map { $0 * power(gamma, times) }
    }

    public override var closedFormRates: [Double]? {
        let times = milestones.filter { $0 <= epoch }.count
        return baseLearningRates.map { $0 * power(gamma, times) }
    }
}

/// Multiplies the learning rates by `gamma` in every epoch.
///
///     lr = lr₀ · gamma^epoch
public final class ExponentialLR: LRScheduler {
    /// Factor of the learning rates.
    public let gamma: Double

    /// Creates a scheduler for `optimizer`. It is an error if `gamma` is negative or not finite.
    ///
    /// - Parameters:
    ///   - optimizer: the optimiser whose learning rates are scheduled.
    ///   - gamma: the factor of the learning rates in every epoch.
    public init(_ optimizer: any Optimizer, gamma: Double) {
        requireNotNegative([("gamma", gamma)], "ExponentialLR")
        self.gamma = gamma
        super.init(optimizer)
    }

    public override func nextRates(_ rates: [Double]) -> [Double] { epoch == 0 ? rates : rates.map { $0 * gamma } }

    public override var closedFormRates: [Double]? { baseLearningRates.map { $0 * power(gamma, epoch) } }
}

/// Multiplies the learning rates by `factor` in the first `totalIters` epochs, and by 1 after them.
public final class ConstantLR: LRScheduler {
    /// Factor of the learning rates, above 0 and at most 1. Default: 1/3.
    public let factor: Double
    /// Number of epochs with the factor. Default: 5.
    public let totalIters: Int

    /// Creates a scheduler for `optimizer`. It is an error if an argument is out of range.
    ///
    /// - Parameters:
    ///   - optimizer: the optimiser whose learning rates are scheduled.
    ///   - factor: the factor of the learning rates, above 0 and at most 1. Default: 1/3.
    ///   - totalIters: the number of epochs with the factor, at least 0. Default: 5.
    public init(_ optimizer: any Optimizer, factor: Double = 1.0 / 3, totalIters: Int = 5) {
        requireSchedule(factor > 0 && factor <= 1, "ConstantLR", "factor is \(factor); expected 0 < factor <= 1")
        requireSchedule(totalIters >= 0, "ConstantLR", "totalIters is \(totalIters); expected at least 0")
        self.factor = factor
        self.totalIters = max(totalIters, 0)
        super.init(optimizer)
    }

    public override func nextRates(_ rates: [Double]) -> [Double] {
        if epoch == 0 { return totalIters == 0 ? rates : rates.map { $0 * factor } }
        return epoch == totalIters ? rates.map { $0 / factor } : rates
    }

    override func joiningRate(_ rate: Double) -> Double? { rate * (epoch < totalIters ? factor : 1) }

    public override var closedFormRates: [Double]? { baseLearningRates.map { joiningRate($0)! } }
}

/// Changes the factor of the learning rates linearly from `startFactor` to `endFactor` in `totalIters` epochs, for
/// example as a warm-up.
///
///     factor = startFactor + (endFactor - startFactor) · min(epoch, totalIters) / totalIters
///
///     let warmUp = LinearLR(optimizer, startFactor: 0.1, totalIters: 5)
public final class LinearLR: LRScheduler {
    /// Factor at epoch 0, above 0 and at most 1. Default: 1/3.
    public let startFactor: Double
    /// Factor from epoch `totalIters` on, from 0 to 1. Default: 1.
    public let endFactor: Double
    /// Number of epochs until `endFactor` is reached. Default: 5.
    public let totalIters: Int

    /// Creates a scheduler for `optimizer`. It is an error if an argument is out of range.
    ///
    /// - Parameters:
    ///   - optimizer: the optimiser whose learning rates are scheduled.
    ///   - startFactor: the factor at epoch 0, above 0 and at most 1. Default: 1/3.
    ///   - endFactor: the factor from epoch `totalIters` on, from 0 to 1. Default: 1.
    ///   - totalIters: the number of epochs until `endFactor` is reached, at least 0. Default: 5.
    public init(
        _ optimizer: any Optimizer, startFactor: Double = 1.0 / 3, endFactor: Double = 1, totalIters: Int = 5
    ) {
        requireSchedule(
            startFactor > 0 && startFactor <= 1, "LinearLR",
            "startFactor is \(startFactor); expected 0 < startFactor <= 1")
        requireSchedule(
            endFactor >= 0 && endFactor <= 1, "LinearLR", "endFactor is \(endFactor); expected 0 <= endFactor <= 1")
        requireSchedule(totalIters >= 0, "LinearLR", "totalIters is \(totalIters); expected at least 0")
        self.startFactor = startFactor
        self.endFactor = endFactor
        self.totalIters = max(totalIters, 0)
        super.init(optimizer)
    }

    public override func nextRates(_ rates: [Double]) -> [Double] {
        if epoch == 0 { return rates.map { $0 * factor(0) } }
        if epoch > totalIters { return rates }
        // A quotient of two factors, both at least 0. Adding a change to 1 could round to a value below 0.
        let ratio = factor(epoch) / factor(epoch - 1)
        return rates.map { $0 * ratio }
    }

    /// The factor of an epoch; exactly `endFactor` from epoch `totalIters` on.
    private func factor(_ epoch: Int) -> Double {
        if epoch >= totalIters { return endFactor }
        return startFactor + (endFactor - startFactor) * (Double(epoch) / Double(totalIters))
    }

    override func joiningRate(_ rate: Double) -> Double? { rate * factor(epoch) }

    public override var closedFormRates: [Double]? { baseLearningRates.map { joiningRate($0)! } }
}

/// Decays the learning rates to 0 by a polynomial.
///
///     lr = lr₀ (1 - min(epoch, totalIters) / totalIters)^power
public final class PolynomialLR: LRScheduler {
    /// Number of epochs until 0 is reached. Default: 5.
    public let totalIters: Int
    /// Exponent of the polynomial, at least 0. Default: 1.
    public let power: Double

    /// Creates a scheduler for `optimizer`. It is an error if an argument is out of range.
    ///
    /// - Parameters:
    ///   - optimizer: the optimiser whose learning rates are scheduled.
    ///   - totalIters: the number of epochs until 0 is reached, at least 1. Default: 5.
    ///   - power: the exponent of the polynomial, at least 0. Default: 1.
    public init(_ optimizer: any Optimizer, totalIters: Int = 5, power: Double = 1) {
        requireSchedule(totalIters > 0, "PolynomialLR", "totalIters is \(totalIters); expected at least 1")
        requireNotNegative([("power", power)], "PolynomialLR")
        self.totalIters = max(totalIters, 1)
        self.power = power
        super.init(optimizer)
    }

    private func left(_ epoch: Int) -> Double { 1 - Double(min(epoch, totalIters)) / Double(totalIters) }

    public override func nextRates(_ rates: [Double]) -> [Double] {
        if epoch == 0 || epoch > totalIters { return rates }
        let ratio = pow(left(epoch) / left(epoch - 1), power)
        return rates.map { $0 * ratio }
    }

    override func joiningRate(_ rate: Double) -> Double? { rate * pow(left(epoch), power) }

    public override var closedFormRates: [Double]? { baseLearningRates.map { joiningRate($0)! } }
}

/// Multiplies the base learning rates by a function of the epoch.
///
///     lr = lr₀ · factor(epoch)
///
///     let schedule = LambdaLR(optimizer) { epoch in pow(0.95, Double(epoch)) }
public final class LambdaLR: LRScheduler {
    private let factors: GroupFunction

    /// Creates a scheduler with one function for all groups.
    public init(_ optimizer: any Optimizer, _ factor: @escaping (_ epoch: Int) -> Double) {
        factors = .shared(factor)
        super.init(optimizer)
    }

    /// Creates a scheduler with one function for each group.
    public init(_ optimizer: any Optimizer, _ factors: [(_ epoch: Int) -> Double]) {
        self.factors = GroupFunction(each: factors, optimizer, "LambdaLR")
        super.init(optimizer)
    }

    public override func nextRates(_ rates: [Double]) -> [Double] {
        zip(baseLearningRates, factors(epoch, count: rates.count)).map { $0 * $1 }
    }

    override func extendSettings(to count: Int) -> String? { factors.problemWithMoreGroups }
}

/// Multiplies the learning rates of the epoch before by a function of the epoch.
///
///     lr = lr of the epoch before · factor(epoch)
public final class MultiplicativeLR: LRScheduler {
    private let factors: GroupFunction

    /// Creates a scheduler with one function for all groups.
    public init(_ optimizer: any Optimizer, _ factor: @escaping (_ epoch: Int) -> Double) {
        factors = .shared(factor)
        super.init(optimizer)
    }

    /// Creates a scheduler with one function for each group.
    public init(_ optimizer: any Optimizer, _ factors: [(_ epoch: Int) -> Double]) {
        self.factors = GroupFunction(each: factors, optimizer, "MultiplicativeLR")
        super.init(optimizer)
    }

    public override func nextRates(_ rates: [Double]) -> [Double] {
        epoch == 0 ? rates : zip(rates, factors(epoch, count: rates.count)).map { $0 * $1 }
    }

    override func extendSettings(to count: Int) -> String? { factors.problemWithMoreGroups }
}

/// `base` to the power of an integer, by repeated squaring.
func power(_ base: Double, _ exponent: Int) -> Double {
    var (result, factor, rest) = (1.0, base, exponent)
    while rest > 0 {
        if rest & 1 == 1 { result *= factor }
        factor *= factor
        rest >>= 1
    }
    return result
}
