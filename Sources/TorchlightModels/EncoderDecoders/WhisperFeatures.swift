import TorchlightAudio
import TorchlightCore
import TorchlightIO

/// Computes the input of ``Whisper`` from waveforms: log-mel spectrograms, as `WhisperFeatureExtractor` of transformers.
///
///     let features = try WhisperFeatures.load("whisper-tiny")
///     let tokens = model.generate(features(waveform), maxNewTokens: 100)
///
/// A waveform is truncated or zero-padded to `chunkLength` seconds. The features are `y = log10(max(F P, 1e-10))`,
/// `(max(y, max(y) - 8) + 4) / 4`, with the power spectrogram P (Hann window of `nFFT` samples, a frame every
/// `hopLength` samples, without the last frame) and Slaney mel filters F up to 8000 Hz.
public struct WhisperFeatures: Sendable {
    /// The number of mel filters.
    public let melBins: Int
    /// The sample rate of the waveforms in hertz.
    public let sampleRate: Int
    /// The number of samples of a frame.
    public let nFFT: Int
    /// The number of samples between the starts of neighbouring frames.
    public let hopLength: Int
    /// The length of the waveforms in seconds.
    public let chunkLength: Int

    /// Creates the preprocessing of a model.
    ///
    /// - Parameters:
    ///   - melBins: The number of mel filters, `num_mel_bins` of the model. Default: 80.
    ///   - sampleRate: The sample rate of the waveforms in hertz. Default: 16,000.
    ///   - nFFT: The number of samples of a frame. Default: 400.
    ///   - hopLength: The number of samples between the starts of neighbouring frames. Default: 160.
    ///   - chunkLength: The length of the waveforms in seconds. Default: 30.
    /// - Throws: ``ModelError`` if a number is not positive, the sample rate is below 16,000, or a chunk is shorter than a frame.
    public init(
        melBins: Int = 80, sampleRate: Int = 16_000, nFFT: Int = 400, hopLength: Int = 160, chunkLength: Int = 30
    ) throws {
        let numbers = [
            ("melBins", melBins), ("sampleRate", sampleRate), ("nFFT", nFFT), ("hopLength", hopLength),
            ("chunkLength", chunkLength),
        ]
        for (name, number) in numbers where number < 1 {
            throw ModelError("WhisperFeatures", "\(name) is \(number)", expected: "at least 1")
        }
        guard sampleRate >= 16_000 else {
            throw ModelError(
                "WhisperFeatures", "the sample rate is \(sampleRate) Hz, and the filters reach 8000 Hz",
                expected: "at least 16000 Hz")
        }
        guard chunkLength *| sampleRate > nFFT else {
            throw ModelError(
                "WhisperFeatures", "a chunk of \(quantity(chunkLength *| sampleRate, "sample"))",
                expected: "more than the \(nFFT) of a frame")
        }
        (self.melBins, self.sampleRate, self.nFFT) = (melBins, sampleRate, nFFT)
        (self.hopLength, self.chunkLength) = (hopLength, chunkLength)
    }

    /// Loads the settings from `preprocessor_config.json` in the folder of a pretrained model.
    public static func load(_ folder: String) throws -> WhisperFeatures {
        let path = "\(folder)/preprocessor_config.json"
        let json = try JSON.parse(try FileSystem.read(path, limit: 1 << 24), file: path)
        let reader = try ConfigReader(json, path: path)
        let kind = try reader.string("feature_extractor_type", default: "WhisperFeatureExtractor")
        guard kind == "WhisperFeatureExtractor" else {
            throw ModelError(
                path, "the preprocessing is \(IOError.quoted(kind))", expected: "\"WhisperFeatureExtractor\"")
        }
        try reader.require("padding_side", "right", because: "zeros are added at the end")
        guard try reader.double("padding_value", default: 0) == 0, try reader.double("dither", default: 0) == 0 else {
            throw ModelError(path, "padding_value or dither is not 0", expected: "0")
        }
        try reader.require("do_normalize", false, because: "waveforms are not normalised")
        // Derived numbers, filters that the settings determine, and settings of the output format.
        for name in [
            "n_samples", "nb_max_frames", "mel_filters", "processor_class", "return_attention_mask", "n_mels",
        ] { reader.markRead(name) }
        let features = try WhisperFeatures(
            melBins: try reader.int("feature_size", default: 80),
            sampleRate: try reader.int("sampling_rate", default: 16_000),
            nFFT: try reader.int("n_fft", default: 400), hopLength: try reader.int("hop_length", default: 160),
            chunkLength: try reader.int("chunk_length", default: 30))
        try reader.finish()
        return features
    }

    /// The features of waveforms.
    ///
    /// Shapes: `[samples] -> [1, melBins, frames]`, `[N, samples] -> [N, melBins, frames]`, with
    /// `frames = chunkLength * sampleRate / hopLength`.
    ///
    /// - Parameter waveform: Waveforms of a floating-point dtype, at ``sampleRate``. Another rank or dtype is an error.
    public func callAsFunction(_ waveform: Tensor) -> Tensor {
        if waveform.isPlaceholder { return waveform }
        guard 1...2 ~= waveform.rank, waveform.dtype.isFloatingPoint else {
            return fail(
                TensorError(
                    waveform.dtype.isFloatingPoint ? .shape : .dtype, in: "WhisperFeatures",
                    "the waveform has the wrong rank or dtype", expected: "floating-point [samples] or [N, samples]",
                    operands: [waveform]), like: waveform)
        }
        var x = waveform.rank == 1 ? waveform.unsqueeze(0) : waveform
        let length = chunkLength * sampleRate
        x = x.size(1) > length ? x.narrow(1, start: 0, length: length) : x.pad([0, length - x.size(1)])
        let window = Tensor.hannWindow(nFFT, dtype: x.dtype, device: x.device)
        let power = Audio.spectrogram(x, window: window, nFFT: nFFT, hopLength: hopLength)
        if power.isPlaceholder { return power }
        let filters = Audio.melScaleFilterBank(
            nFreqs: nFFT / 2 + 1, fMin: 0, fMax: 8000, nMels: melBins, sampleRate: sampleRate, norm: .slaney,
            melScale: .slaney, dtype: x.dtype, device: x.device)
        let mel = Audio.melScale(power.narrow(2, start: 0, length: power.size(2) - 1), filterBank: filters)
        let decades = mel.clamp(min: 1e-10).log10()
        return (decades.maximum(decades.amax(dim: [1, 2], keepdim: true) - 8) + 4) / 4
    }
}
