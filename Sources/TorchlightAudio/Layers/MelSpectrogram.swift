import TorchlightCore
import TorchlightNN

/// Converts spectrograms to mel spectrograms by triangular filters, as `torchaudio.transforms.MelScale`; see
/// ``Audio/melScaleFilterBank(nFreqs:fMin:fMax:nMels:sampleRate:norm:melScale:dtype:device:)``.
///
/// Shapes: `[*, nSTFT, frames] -> [*, nMels, frames]`.
public final class MelScale: Module, Layer {
    /// The number of filters.
    public let nMels: Int
    /// The sample rate of the waveform in hertz.
    public let sampleRate: Int
    /// The lowest frequency in hertz.
    public let fMin: Double
    /// The highest frequency in hertz.
    public let fMax: Double
    /// The filters, `[nSTFT, nMels]`.
    @Buffer public private(set) var filterBank: Tensor

    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - nMels: The number of filters. Default: 128.
    ///   - sampleRate: The sample rate of the waveform in hertz. Default: 16000.
    ///   - fMin: The lowest frequency in hertz. Default: 0.
    ///   - fMax: The highest frequency in hertz. Default: half the sample rate.
    ///   - nSTFT: The number of frequencies of the spectrogram, `nFFT / 2 + 1`. Default: 201.
    ///   - norm: How filters are scaled. Default: nil, a maximum of 1.
    ///   - melScale: The scale. Default: `.htk`.
    ///   - dtype: The dtype of the filters. Default: the default dtype.
    ///   - device: The device of the filters. Default: the current device.
    public init(
        nMels: Int = 128, sampleRate: Int = 16_000, fMin: Double = 0, fMax: Double? = nil, nSTFT: Int = 201,
        norm: MelFilterNorm? = nil, melScale: MelScaleFormula = .htk, dtype: DType = .default,
        device: Device = .current
    ) {
        self.nMels = nMels
        self.sampleRate = sampleRate
        self.fMin = fMin
        self.fMax = fMax ?? Double(sampleRate / 2)
        _filterBank = Buffer(
            wrappedValue: Audio.melScaleFilterBank(
                nFreqs: nSTFT, fMin: fMin, fMax: self.fMax, nMels: nMels, sampleRate: sampleRate, norm: norm,
                melScale: melScale, dtype: dtype, device: device), "fb")
        super.init()
    }

    /// Returns the mel spectrogram.
    public func forward(_ x: Tensor) -> Tensor { Audio.melScale(x, filterBank: filterBank) }

    public override var extraDescription: String { "n_mels=\(nMels), sample_rate=\(sampleRate)" }
}

/// Estimates spectrograms from mel spectrograms, as `torchaudio.transforms.InverseMelScale`: the least-squares solution of the
/// smallest norm, with negative elements set to 0.
///
/// Shapes: `[*, nMels, frames] -> [*, nSTFT, frames]`.
public final class InverseMelScale: Module, Layer {
    /// The filters, `[nSTFT, nMels]`.
    @Buffer public private(set) var filterBank: Tensor

    /// Creates the layer. The parameters are those of ``MelScale``.
    public init(
        nSTFT: Int, nMels: Int = 128, sampleRate: Int = 16_000, fMin: Double = 0, fMax: Double? = nil,
        norm: MelFilterNorm? = nil, melScale: MelScaleFormula = .htk, dtype: DType = .default,
        device: Device = .current
    ) {
        _filterBank = Buffer(
            wrappedValue: Audio.melScaleFilterBank(
                nFreqs: nSTFT, fMin: fMin, fMax: fMax ?? Double(sampleRate / 2), nMels: nMels, sampleRate: sampleRate,
                norm: norm, melScale: melScale, dtype: dtype, device: device), "fb")
        super.init()
    }

    /// Returns the spectrogram.
    public func forward(_ x: Tensor) -> Tensor { Audio.inverseMelScale(x, filterBank: filterBank) }
}

/// Returns the mel spectrogram of waveforms, as `torchaudio.transforms.MelSpectrogram`: ``Spectrogram`` followed by ``MelScale``.
///
///     let features = MelSpectrogram(sampleRate: 16_000, nFFT: 400, nMels: 80)
///     let mel = features(waveform)      // [channels, time] -> [channels, 80, frames]
///
/// Shapes: `[*, time] -> [*, nMels, frames]`.
public final class MelSpectrogram: Module, Layer {
    /// The spectrogram.
    public let spectrogram: Spectrogram
    /// The filters.
    @Key public private(set) var melScale: MelScale

    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - sampleRate: The sample rate of the waveform in hertz. Default: 16000.
    ///   - nFFT: The size of the transform. Default: 400.
    ///   - winLength: The number of elements of the window. Default: `nFFT`.
    ///   - hopLength: The number of elements from the start of a frame to the start of the next. Default: `winLength / 2`.
    ///   - fMin: The lowest frequency in hertz. Default: 0.
    ///   - fMax: The highest frequency in hertz. Default: half the sample rate.
    ///   - pad: The number of zeros on both sides of a waveform. Default: 0.
    ///   - nMels: The number of filters. Default: 128.
    ///   - windowFn: Makes the window. Default: the Hann window.
    ///   - power: The exponent of the magnitudes. Default: 2.
    ///   - normalized: What spectra are divided by. Default: `.none`.
    ///   - center: Whether frames are centred. Default: true.
    ///   - padMode: How waveforms are padded for centred frames. Default: `.reflect`.
    ///   - norm: How filters are scaled. Default: nil, a maximum of 1.
    ///   - melScale: The scale. Default: `.htk`.
    ///   - dtype: The dtype of window and filters. Default: the default dtype.
    ///   - device: The device of window and filters. Default: the current device.
    public init(
        sampleRate: Int = 16_000, nFFT: Int = 400, winLength: Int? = nil, hopLength: Int? = nil, fMin: Double = 0,
        fMax: Double? = nil, pad: Int = 0, nMels: Int = 128, windowFn: WindowFunction? = nil, power: Double = 2,
        normalized: Audio.SpectrumNormalization = .none, center: Bool = true, padMode: PadMode = .reflect,
        norm: MelFilterNorm? = nil, melScale: MelScaleFormula = .htk, dtype: DType = .default,
        device: Device = .current
    ) {
        spectrogram = Spectrogram(
            nFFT: nFFT, winLength: winLength, hopLength: hopLength, pad: pad, windowFn: windowFn, power: power,
            normalized: normalized, center: center, padMode: padMode, dtype: dtype, device: device)
        _melScale = Key(
            wrappedValue: MelScale(
                nMels: nMels, sampleRate: sampleRate, fMin: fMin, fMax: fMax, nSTFT: nFFT / 2 + 1, norm: norm,
                melScale: melScale, dtype: dtype, device: device), "mel_scale")
        super.init()
    }

    /// Returns the mel spectrogram.
    public func forward(_ x: Tensor) -> Tensor { melScale(spectrogram(x)) }
}

/// Returns the mel-frequency cepstral coefficients of waveforms, as `torchaudio.transforms.MFCC`: the discrete cosine transform of a
/// mel spectrogram in decibel, or of its logarithm.
///
/// Shapes: `[*, time] -> [*, nMFCC, frames]`.
public final class MFCC: Module, Layer {
    /// The mel spectrogram.
    @Key public private(set) var melSpectrogram: MelSpectrogram
    /// Whether the logarithm `ln(m + 1e-6)` is taken instead of decibel.
    public let logMels: Bool
    /// The largest difference of two elements in decibel; nil for no bound.
    public let topDB: Double?
    /// The matrix of the transform, `[nMels, nMFCC]`.
    @Buffer public private(set) var dctMatrix: Tensor

    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - nMFCC: The number of coefficients, at most the number of filters. Default: 40.
    ///   - norm: How the discrete cosine transform is scaled. Default: `.ortho`.
    ///   - logMels: Whether the logarithm `ln(m + 1e-6)` is taken instead of decibel. Default: false.
    ///   - topDB: The largest difference of two elements in decibel. Default: 80.
    ///   - melSpectrogram: The mel spectrogram. Its filters determine dtype and device. Default: ``MelSpectrogram`` with its
    ///     defaults.
    public init(
        nMFCC: Int = 40, norm: DCTNorm? = .ortho, logMels: Bool = false, topDB: Double? = 80,
        melSpectrogram: MelSpectrogram = MelSpectrogram()
    ) {
        let filters = melSpectrogram.melScale.filterBank
        if nMFCC > melSpectrogram.melScale.nMels {
            reportFailure(
                TensorError(
                    .value, in: "MFCC", "there are more coefficients than filters",
                    got: "nMFCC \(nMFCC), nMels \(melSpectrogram.melScale.nMels)", expected: "nMFCC of at most nMels"))
        }
        self.logMels = logMels
        self.topDB = topDB
        _melSpectrogram = Key(wrappedValue: melSpectrogram, "MelSpectrogram")
        _dctMatrix = Buffer(
            wrappedValue: Audio.createDCT(
                nMFCC: nMFCC, nMels: melSpectrogram.melScale.nMels, norm: norm, dtype: filters.dtype,
                device: filters.device), "dct_mat")
        super.init()
    }

    /// Returns the coefficients.
    public func forward(_ x: Tensor) -> Tensor {
        let mel = melSpectrogram(x)
        let scaled = logMels ? (mel + 1e-6).log() : Audio.amplitudeToDB(mel, topDB: topDB)
        return scaled.isPlaceholder ? scaled : scaled.mT.matmul(dctMatrix).mT
    }
}
