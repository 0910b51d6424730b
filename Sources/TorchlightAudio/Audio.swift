import TorchlightCore

/// Functions of audio signals, as `torchaudio.functional`: spectrograms, mel scales, cepstra and companding.
///
/// The last dimension of a waveform is time; all others are batch dimensions.
public enum Audio {
    /// What a spectrogram is divided by.
    public enum SpectrumNormalization: Sendable {
        /// Nothing.
        case none
        /// The 2-norm of the window.
        case window
        /// The square root of the size of the transform.
        case frameLength
    }
}

extension Audio {
    /// Returns the spectrogram of waveforms: the magnitudes of the short-time Fourier transform to a power, `|S|^power`.
    ///
    /// Shapes: `[*, time] -> [*, frequencies, frames]`. The result is differentiable.
    ///
    /// - Parameters:
    ///   - waveform: The waveforms.
    ///   - window: The window, `[winLength]`, with at most `nFFT` elements.
    ///   - nFFT: The size of the transform. A real spectrogram has `nFFT / 2 + 1` frequencies.
    ///   - hopLength: The number of elements from the start of a frame to the start of the next.
    ///   - power: The exponent of the magnitudes: 1 for amplitude, 2 for power; nil for the complex spectrum. Default: 2.
    ///   - normalized: What the spectrum is divided by. Default: `.none`.
    ///   - pad: The number of zeros on both sides of the waveform. Default: 0.
    ///   - center: Whether frame t is centred at element `t · hopLength`, for which the waveform is padded by `nFFT / 2` on both
    ///     sides. Default: true.
    ///   - padMode: How it is padded. Default: `.reflect`.
    ///   - onesided: Whether only the frequencies that are not conjugate to others are returned. Default: true.
    public static func spectrogram(
        _ waveform: Tensor, window: Tensor, nFFT: Int, hopLength: Int, power: Double? = 2,
        normalized: SpectrumNormalization = .none, pad: Int = 0, center: Bool = true, padMode: PadMode = .reflect,
        onesided: Bool = true
    ) -> Tensor {
        if waveform.isPlaceholder { return waveform }
        guard waveform.rank >= 1, pad >= 0, window.rank == 1 else {
            return fail(
                TensorError(
                    .shape, in: "spectrogram", "the waveform has no dimension of time, or pad or the window is wrong",
                    got: "pad \(pad)", expected: "[*, time], pad at least 0 and a window of 1 dimension",
                    operands: [waveform, window]), like: waveform)
        }
        let signal = pad > 0 ? waveform.pad([pad, pad]) : waveform
        if signal.isPlaceholder { return signal }
        let batch = Array(signal.shape.dropLast())
        var spectrum = signal.reshape([signal.batchCount(1), signal.size(-1)])
            .stft(
                nFFT: nFFT, hopLength: hopLength, winLength: window.count, window: window, center: center,
                padMode: padMode, normalized: normalized == .frameLength, onesided: onesided)
        if spectrum.isPlaceholder { return spectrum }
        spectrum = spectrum.reshape(batch + spectrum.shape.suffix(2))
        if normalized == .window { spectrum = spectrum / window.square().sum().sqrt() }
        guard let power else { return spectrum }
        return power == 1 ? spectrum.abs() : spectrum.abs().pow(power)
    }

    /// Returns the waveforms of complex spectrograms, the inverse of
    /// ``spectrogram(_:window:nFFT:hopLength:power:normalized:pad:center:padMode:onesided:)`` with `power: nil`.
    ///
    /// Shapes: `[*, frequencies, frames] -> [*, time]`.
    ///
    /// - Parameters:
    ///   - spectrogram: The complex spectrograms.
    ///   - length: The size of the result before `pad` is removed. Default: the length of the frames.
    ///   - window: The window, `[winLength]`.
    ///   - nFFT: The size of the transform.
    ///   - hopLength: The number of elements from the start of a frame to the start of the next.
    ///   - normalized: What the spectrum was divided by. Default: `.none`.
    ///   - pad: The number of zeros that were put on both sides, which are removed. Default: 0.
    ///   - center: Whether frames were centred. Default: true.
    ///   - onesided: Whether the spectrum has only the frequencies that are not conjugate to others. Default: true.
    public static func inverseSpectrogram(
        _ spectrogram: Tensor, length: Int? = nil, window: Tensor, nFFT: Int, hopLength: Int,
        normalized: SpectrumNormalization = .none, pad: Int = 0, center: Bool = true, onesided: Bool = true
    ) -> Tensor {
        if spectrogram.isPlaceholder { return spectrogram }
        guard spectrogram.rank >= 2, pad >= 0, window.rank == 1 else {
            return fail(
                TensorError(
                    .shape, in: "inverseSpectrogram",
                    "the spectrogram has too few dimensions, or pad or the window is wrong",
                    got: "pad \(pad)", expected: "[*, frequencies, frames], pad at least 0 and a window of 1 dimension",
                    operands: [spectrogram, window]), like: spectrogram)
        }
        var spectrum = spectrogram
        if normalized == .window { spectrum = spectrum * window.square().sum().sqrt() }
        let batch = Array(spectrum.shape.dropLast(2))
        let signal = spectrum.reshape([spectrum.batchCount(2)] + spectrum.shape.suffix(2))
            .istft(
                nFFT: nFFT, hopLength: hopLength, winLength: window.count, window: window, center: center,
                normalized: normalized == .frameLength, onesided: onesided, length: length.map { $0 +| 2 *| pad })
        if signal.isPlaceholder { return signal }
        let kept = pad > 0 ? signal.narrow(-1, start: pad, length: signal.size(-1) -| 2 *| pad) : signal
        return kept.reshape(batch + [kept.size(-1)])
    }

    /// Returns waveforms for spectrograms without phases, by the method of Griffin and Lim (1984) with momentum (Perraudin et
    /// al., 2013).
    ///
    /// Shapes: `[*, frequencies, frames] -> [*, time]`.
    ///
    /// - Parameters:
    ///   - spectrogram: The spectrograms, `|S|^power`, not negative.
    ///   - window: The window, `[winLength]`.
    ///   - nFFT: The size of the transform.
    ///   - hopLength: The number of elements from the start of a frame to the start of the next.
    ///   - power: The exponent of the magnitudes. Default: 2.
    ///   - iterations: The number of iterations. Default: 32.
    ///   - momentum: The momentum of the iteration, from 0 to below 1. Default: 0.99.
    ///   - length: The size of the result. Default: the length of the frames.
    ///   - randomInit: Whether the first phases are random; otherwise they are 0. Default: true.
    ///   - generator: The generator of the phases.
    public static func griffinLim(
        _ spectrogram: Tensor, window: Tensor, nFFT: Int, hopLength: Int, power: Double = 2, iterations: Int = 32,
        momentum: Double = 0.99, length: Int? = nil, randomInit: Bool = true, generator: Generator = .default
    ) -> Tensor {
        if spectrogram.isPlaceholder { return spectrogram }
        guard spectrogram.rank >= 2, spectrogram.dtype.isFloatingPoint, power > 0, iterations >= 0,
            (0..<1).contains(momentum)
        else {
            return fail(
                TensorError(
                    .value, in: "griffinLim", "an argument is out of range",
                    got: "power \(power), iterations \(iterations), momentum \(momentum)",
                    expected:
                        "real spectrograms [*, frequencies, frames], a power above 0, iterations at least 0 and a "
                        + "momentum from 0 to below 1", operands: [spectrogram]), like: spectrogram)
        }
        let magnitudes = spectrogram.pow(1 / power)
        let zeros = Tensor.zeros(magnitudes.shape, dtype: magnitudes.dtype, device: magnitudes.device)
        var phases: Tensor
        if randomInit {
            let turns = Tensor.rand(
                magnitudes.shape, dtype: magnitudes.dtype, device: magnitudes.device, generator: generator)
            phases = polar(zeros + 1, turns * (2 * Double.pi))
        } else {
            phases = complex(zeros + 1, zeros)
        }
        func signal(_ phases: Tensor) -> Tensor {
            inverseSpectrogram(
                complex(magnitudes, zeros) * phases, length: length, window: window, nFFT: nFFT, hopLength: hopLength)
        }
        let factor = momentum / (1 + momentum)
        var previous: Tensor?
        for _ in 0..<iterations {
            let rebuilt = Audio.spectrogram(
                signal(phases), window: window, nFFT: nFFT, hopLength: hopLength, power: nil)
            if rebuilt.isPlaceholder { return rebuilt }
            var next = rebuilt
            if momentum > 0, let previous { next = next - previous * factor }
            phases = next / (next.abs() + 1e-16)
            previous = rebuilt
        }
        return signal(phases)
    }
}

extension Tensor {
    /// The number of elements of all dimensions but the last ones.
    fileprivate func batchCount(_ last: Int) -> Int { shape.dropLast(last).reduce(1, *) }
}
