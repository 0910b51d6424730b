import Glibc
import TorchlightCore

/// How a discrete cosine transform is scaled.
public enum DCTNorm: String, Sendable {
    /// The matrix is orthogonal if it is square.
    case ortho
}

extension Audio {
    /// Returns the matrix of the discrete cosine transform of type II, `[nMels, nMFCC]`: `cos(π / nMels · (n + 1/2) · k)` for row n
    /// and column k.
    ///
    /// - Parameters:
    ///   - nMFCC: The number of coefficients k.
    ///   - nMels: The number of elements n that are transformed.
    ///   - norm: `.ortho` multiplies by `√(2 / nMels)`, and column 0 by `1 / √2` too; nil multiplies by 2. Default: `.ortho`.
    ///   - dtype: The dtype of the result. Default: the default dtype.
    ///   - device: The device of the result. Default: the current device.
    public static func createDCT(
        nMFCC: Int, nMels: Int, norm: DCTNorm? = .ortho, dtype: DType = .default, device: Device = .current
    ) -> Tensor {
        orFail { () throws(TensorError) in
            guard nMFCC > 0, nMels > 0 else {
                throw TensorError(
                    .value, in: "createDCT", "a size is not positive", got: "nMFCC \(nMFCC), nMels \(nMels)",
                    expected: "positive sizes")
            }
            try checkListSize(nMFCC *| nMels, bytesEach: MemoryLayout<Double>.stride, in: "createDCT")
            var elements: [Double] = []
            elements.reserveCapacity(nMels * nMFCC)
            for n in 0..<nMels {
                for k in 0..<nMFCC {
                    var factor = norm == .ortho ? (2 / Double(nMels)).squareRoot() : 2
                    if norm == .ortho, k == 0 { factor *= 0.5.squareRoot() }
                    elements.append(factor * cos(Double.pi / Double(nMels) * (Double(n) + 0.5) * Double(k)))
                }
            }
            return Tensor(elements, shape: [nMels, nMFCC], dtype: dtype, device: device)
        }
    }

    /// Converts amplitudes or powers to decibel: `multiplier · log₁₀(max(x, amin)) − multiplier · dbMultiplier`, as
    /// `amplitude_to_DB` in torchaudio.
    ///
    /// With `topDB`, elements more than this below the largest one are raised to that value. The largest one is that of the
    /// whole input, or of each spectrogram `[channel, frequency, time]` of a batch with 4 or more dimensions.
    ///
    /// - Parameters:
    ///   - x: The amplitudes or powers.
    ///   - multiplier: 10 for powers and 20 for amplitudes. Default: 10.
    ///   - amin: The smallest argument of the logarithm, above 0. Default: 1e-10.
    ///   - dbMultiplier: The logarithm of the reference value. Default: 0.
    ///   - topDB: The largest difference of two elements in decibel, at least 0. Default: nil, no bound.
    public static func amplitudeToDB(
        _ x: Tensor, multiplier: Double = 10, amin: Double = 1e-10, dbMultiplier: Double = 0, topDB: Double? = nil
    ) -> Tensor {
        if x.isPlaceholder { return x }
        guard x.dtype.isFloatingPoint, amin > 0, topDB.map({ $0 >= 0 }) ?? true else {
            return fail(
                TensorError(
                    .value, in: "amplitudeToDB", "an argument is out of range",
                    got: "amin \(amin), topDB \(topDB.map { "\($0)" } ?? "nil")",
                    expected: "real floating-point input, amin above 0 and topDB at least 0", operands: [x]), like: x)
        }
        let decibel = x.clamp(min: amin).log10() * multiplier - multiplier * dbMultiplier
        guard let topDB, x.count > 0 else { return decibel }
        let largest = x.rank > 3 ? decibel.amax(dim: [-3, -2, -1], keepdim: true) : decibel.max()
        return decibel.maximum(largest - topDB)
    }

    /// Converts decibels to powers or amplitudes: `ref · (10^(x / 10))^power`.
    ///
    /// - Parameters:
    ///   - x: The decibels.
    ///   - ref: The reference value.
    ///   - power: 1 for powers and 0.5 for amplitudes.
    public static func dbToAmplitude(_ x: Tensor, ref: Double = 1, power: Double = 1) -> Tensor {
        (x * (0.1 * power * log(10.0))).exp() * ref
    }

    /// Quantises a signal in [−1, 1] by the μ-law, to integers from 0 to `quantizationChannels − 1`:
    /// `⌊(sign(x) · ln(1 + μ |x|) / ln(1 + μ) + 1) / 2 · μ + 1/2⌋` with `μ = quantizationChannels − 1`.
    ///
    /// The result is int64. Integers are converted to the default dtype first.
    ///
    /// - Parameters:
    ///   - x: The signal.
    ///   - quantizationChannels: The number of values, at least 2. Default: 256.
    public static func muLawEncoding(_ x: Tensor, quantizationChannels: Int = 256) -> Tensor {
        if x.isPlaceholder { return x }
        do throws(TensorError) { try checkChannels(quantizationChannels, x, "muLawEncoding") } catch {
            return fail(error, like: x)
        }
        let mu = Double(quantizationChannels - 1)
        let signal = x.detach().to(x.dtype.isFloatingPoint ? x.dtype : .default)
        let compressed = signal.sign() * (signal.abs() * mu).log1p() / log1p(mu)
        return ((compressed + 1) / 2 * mu + 0.5).to(.int64)
    }

    /// Restores a signal from its μ-law quantisation: `sign(y) · ((1 + μ)^|y| − 1) / μ` with `y = 2 x / μ − 1` and
    /// `μ = quantizationChannels − 1`; the inverse of ``muLawEncoding(_:quantizationChannels:)``.
    ///
    /// Integers give the default dtype.
    ///
    /// - Parameters:
    ///   - x: The quantised signal, from 0 to `quantizationChannels − 1`.
    ///   - quantizationChannels: The number of values, at least 2. Default: 256.
    public static func muLawDecoding(_ x: Tensor, quantizationChannels: Int = 256) -> Tensor {
        if x.isPlaceholder { return x }
        do throws(TensorError) { try checkChannels(quantizationChannels, x, "muLawDecoding") } catch {
            return fail(error, like: x)
        }
        let mu = Double(quantizationChannels - 1)
        let y = x.to(x.dtype.isFloatingPoint ? x.dtype : .default) / mu * 2 - 1
        return y.sign() * ((y.abs() * log1p(mu)).exp() - 1) / mu
    }

    private static func checkChannels(_ channels: Int, _ x: Tensor, _ operation: String) throws(TensorError) {
        guard channels >= 2, !x.dtype.isComplex, x.dtype != .bool else {
            throw TensorError(
                .value, in: operation, "there are too few channels, or the signal is not of real numbers",
                got: quantity(channels, "channel"), expected: "at least 2 channels and a real signal", operands: [x])
        }
    }

    /// Returns the local slopes of features along time, as `compute_deltas` in torchaudio:
    /// `d(t) = Σₖ k · x(t + k) / (n (n + 1) (2n + 1) / 3)` for k from −n to n, with `n = (winLength − 1) / 2`.
    ///
    /// Shapes: `[*, frequency, time] -> [*, frequency, time]`.
    ///
    /// - Parameters:
    ///   - x: The features, for example of ``MFCC``.
    ///   - winLength: The number of elements of a slope, at least 3. Default: 5.
    ///   - mode: How time is padded at both ends. Default: `.replicate`, the element at the end.
    public static func computeDeltas(_ x: Tensor, winLength: Int = 5, mode: PadMode = .replicate) -> Tensor {
        if x.isPlaceholder { return x }
        guard x.rank >= 1, x.dtype.isFloatingPoint, winLength >= 3 else {
            return fail(
                TensorError(
                    .value, in: "computeDeltas", "an argument is out of range", got: "winLength \(winLength)",
                    expected: "real floating-point features [*, time] and winLength at least 3", operands: [x]), like: x
            )
        }
        let n = (winLength - 1) / 2
        let rows = x.reshape([-1, 1, x.size(-1)]).pad([n, n], mode: mode)
        if rows.isPlaceholder { return rows }
        let count = Double(n)
        let slope = Tensor.arange(-n, n + 1, dtype: x.dtype, device: x.device).reshape([1, 1, -1])
        let divisor = count * (count + 1) * (2 * count + 1) / 3
        return (conv1d(rows, slope) / divisor).reshape(x.shape)
    }
}
