import Glibc
import TorchlightCore

/// Normally distributed numbers restricted to an interval.
struct TruncatedNormal {
    let mean: Double
    let std: Double
    let from: Double
    let to: Double

    /// Numbers in double precision.
    func draw(_ shape: [Int], on device: Device, _ generator: Generator) -> Tensor {
        func uniform(_ low: Double, _ high: Double) -> Tensor {
            Tensor.empty(shape, dtype: .float64, device: device).uniform_(from: low, to: high, generator: generator)
        }
        // In deviations from the mean. An interval above the mean is mirrored: below it the distribution function is
        // small, and so exact.
        let isMirrored = from >= mean
        let (a, b) = ((from - mean) / std, (to - mean) / std)
        let (low, high) = isMirrored ? (-b, -a) : (a, b)
        let numbers: Tensor
        if (high - low) * max(abs(low), abs(high), 1) < 1e-6 {
            // The density is the same all over, and the difference of the two values of the function would be rounded.
            return uniform(from, to)
        } else if high < -37 {
            // The function underflows. So far out the density of -sqrt(high² - 2 log v), v uniform, which is |x| / |high| times
            // that of the normal distribution, is the same within 1 part in 1000.
            let least = exp((high - low) * (high + low) / 2)
            numbers = -(uniform(least.isNaN ? 0 : least, 1).log() * -2 + high * high).sqrt()
        } else {
            numbers = uniform(Self.distribution(low), Self.distribution(high)).ndtri()
        }
        let scaled = numbers * (isMirrored ? -std : std) + mean
        // Rounding may lead past a bound.
        return scaled.clamp(min: from, max: to)
    }

    /// The normal distribution function.
    private static func distribution(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }
}
