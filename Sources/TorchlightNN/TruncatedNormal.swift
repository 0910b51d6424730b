import Glibc
import TorchlightCore

/// A normal distribution truncated to an interval.
struct TruncatedNormal {
    let mean: Double
    let std: Double
    let from: Double
    let to: Double

    /// Draws random numbers, in float64.
    func draw(_ shape: [Int], on device: Device, _ generator: Generator) -> Tensor {
        func uniform(_ low: Double, _ high: Double) -> Tensor {
            Tensor.empty(shape, dtype: .float64, device: device).uniform_(from: low, to: high, generator: generator)
        }
        // The bounds in standard deviations from the mean. An interval above the mean is mirrored: below the mean the
        // distribution function is small, so its relative precision is higher.
        let isMirrored = from >= mean
        let (a, b) = ((from - mean) / std, (to - mean) / std)
        let (low, high) = isMirrored ? (-b, -a) : (a, b)
        let numbers: Tensor
        if (high - low) * max(abs(low), abs(high), 1) < 1e-6 {
            // The density is constant up to rounding, and the difference of the distribution function would cancel.
            return uniform(from, to)
        } else if high < -37 {
            // The distribution function underflows. The density of −√(high² − 2 log v), v uniform, is |x| / |high| times that of
            // the normal distribution, which is a relative difference of at most 1/1000 at this distance from the mean.
            let least = exp((high - low) * (high + low) / 2)
            numbers = -(uniform(least.isNaN ? 0 : least, 1).log() * -2 + high * high).sqrt()
        } else {
            numbers = uniform(Self.distribution(low), Self.distribution(high)).ndtri()
        }
        let scaled = numbers * (isMirrored ? -std : std) + mean
        // Rounding may exceed a bound.
        return scaled.clamp(min: from, max: to)
    }

    /// The cumulative distribution function of the standard normal distribution.
    private static func distribution(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }
}
