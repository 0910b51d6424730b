import Glibc
import TorchlightCore

/// A scale of pitches.
public enum MelScaleFormula: String, Sendable {
    /// `mel = 2595 · log₁₀(1 + f / 700)`, as in HTK.
    case htk
    /// Linear below 1000 Hz, `mel = 3 f / 200`, and logarithmic above, `mel = 15 + 27 · ln(f / 1000) / ln(6.4)`, as in Slaney's
    /// Auditory Toolbox.
    case slaney
}

/// How mel filters are scaled.
public enum MelFilterNorm: String, Sendable {
    /// Each filter is divided by the half of its width in hertz, so that all have the same area.
    case slaney
}

extension Audio {
    /// Converts a frequency in hertz to mel.
    public static func hzToMel(_ frequency: Double, melScale: MelScaleFormula = .htk) -> Double {
        switch melScale {
        case .htk: 2595 * log10(1 + frequency / 700)
        case .slaney: frequency < 1000 ? 3 * frequency / 200 : 15 + 27 * log(frequency / 1000) / log(6.4)
        }
    }

    /// Converts mel to a frequency in hertz.
    public static func melToHz(_ mel: Double, melScale: MelScaleFormula = .htk) -> Double {
        switch melScale {
        case .htk: 700 * (pow(10, mel / 2595) - 1)
        case .slaney: mel < 15 ? 200 * mel / 3 : 1000 * exp(log(6.4) / 27 * (mel - 15))
        }
    }

    /// Returns the triangular filters of a mel scale, `[nFreqs, nMels]`, as `melscale_fbanks` in torchaudio. A spectrogram
    /// `[*, frames, nFreqs]` times this matrix is a mel spectrogram.
    ///
    /// Filter m rises from 0 at point m to 1 at point m + 1 and falls to 0 at point m + 2, of `nMels + 2` points that are equally
    /// spaced in mel from `fMin` to `fMax`. The frequencies of the spectrogram are equally spaced from 0 to half the sample rate.
    /// The filters are computed in double precision.
    ///
    /// - Parameters:
    ///   - nFreqs: The number of frequencies of the spectrogram, `nFFT / 2 + 1`.
    ///   - fMin: The lowest frequency in hertz, at least 0.
    ///   - fMax: The highest frequency in hertz, above `fMin`.
    ///   - nMels: The number of filters.
    ///   - sampleRate: The sample rate of the waveform in hertz.
    ///   - norm: How filters are scaled. Default: nil, a maximum of 1.
    ///   - melScale: The scale. Default: `.htk`.
    ///   - dtype: The dtype of the result. Default: the default dtype.
    ///   - device: The device of the result. Default: the current device.
    public static func melScaleFilterBank(
        nFreqs: Int, fMin: Double, fMax: Double, nMels: Int, sampleRate: Int, norm: MelFilterNorm? = nil,
        melScale: MelScaleFormula = .htk, dtype: DType = .default, device: Device = .current
    ) -> Tensor {
        orFail { () throws(TensorError) in
            let name = "melScaleFilterBank"
            guard nFreqs > 0, nMels > 0, sampleRate > 0, fMin >= 0, fMax > fMin, fMax.isFinite else {
                throw TensorError(
                    .value, in: name, "an argument is out of range",
                    got: "nFreqs \(nFreqs), nMels \(nMels), sampleRate \(sampleRate), fMin \(fMin), fMax \(fMax)",
                    expected: "positive sizes and 0 <= fMin < fMax")
            }
            try checkListSize((nMels +| 2) *| nFreqs, bytesEach: MemoryLayout<Double>.stride, in: name)
            let (low, high) = (hzToMel(fMin, melScale: melScale), hzToMel(fMax, melScale: melScale))
            let points = (0..<nMels + 2).map { i in
                melToHz(low + (high - low) * Double(i) / Double(nMels + 1), melScale: melScale)
            }
            let spacing = Double(sampleRate / 2) / Double(max(nFreqs - 1, 1))
            var filters: [Double] = []
            filters.reserveCapacity(nFreqs * nMels)
            for i in 0..<nFreqs {
                let frequency = spacing * Double(i)
                for m in 0..<nMels {
                    let rising = (frequency - points[m]) / (points[m + 1] - points[m])
                    let falling = (points[m + 2] - frequency) / (points[m + 2] - points[m + 1])
                    let scale = norm == .slaney ? 2 / (points[m + 2] - points[m]) : 1
                    filters.append(max(0, min(rising, falling)) * scale)
                }
            }
            return Tensor(filters, shape: [nFreqs, nMels], dtype: dtype, device: device)
        }
    }

    /// Returns the mel spectrogram of a spectrogram, `[*, frequencies, frames] -> [*, nMels, frames]`, for the filters of
    /// ``melScaleFilterBank(nFreqs:fMin:fMax:nMels:sampleRate:norm:melScale:dtype:device:)``.
    public static func melScale(_ spectrogram: Tensor, filterBank: Tensor) -> Tensor {
        if spectrogram.isPlaceholder { return spectrogram }
        guard spectrogram.rank >= 2, filterBank.rank == 2, spectrogram.size(-2) == filterBank.size(0) else {
            return fail(
                TensorError(
                    .shape, in: "melScale", "the filters are for another number of frequencies",
                    expected: "[*, frequencies, frames] and [frequencies, nMels]",
                    operands: [spectrogram, filterBank]), like: spectrogram)
        }
        return spectrogram.mT.matmul(filterBank).mT
    }

    /// Returns a spectrogram whose mel spectrogram is near the given one, `[*, nMels, frames] -> [*, frequencies, frames]`: the
    /// least-squares solution of the smallest norm, with negative elements set to 0.
    public static func inverseMelScale(_ melSpectrogram: Tensor, filterBank: Tensor) -> Tensor {
        if melSpectrogram.isPlaceholder { return melSpectrogram }
        guard melSpectrogram.rank >= 2, filterBank.rank == 2, melSpectrogram.size(-2) == filterBank.size(1) else {
            return fail(
                TensorError(
                    .shape, in: "inverseMelScale", "the filters are for another number of mel bands",
                    expected: "[*, nMels, frames] and [frequencies, nMels]",
                    operands: [melSpectrogram, filterBank]), like: melSpectrogram)
        }
        return relu(LinAlg.pinv(filterBank.mT).matmul(melSpectrogram))
    }
}
