import TorchlightCore
import TorchlightNN

/// A function that returns a window of a number of elements.
public typealias WindowFunction = (Int) -> Tensor

/// Returns the spectrogram of waveforms, as `torchaudio.transforms.Spectrogram`; see
/// ``Audio/spectrogram(_:window:nFFT:hopLength:power:normalized:pad:center:padMode:onesided:)``.
///
///     let spectrogram = Spectrogram(nFFT: 512)
///     let s = spectrogram(waveform)      // [channels, time] -> [channels, 257, frames]
///
/// Shapes: `[*, time] -> [*, frequencies, frames]`.
public final class Spectrogram: Module, Layer {
    /// The size of the transform.
    public let nFFT: Int
    /// The number of elements of the window.
    public let winLength: Int
    /// The number of elements from the start of a frame to the start of the next.
    public let hopLength: Int
    /// The number of zeros on both sides of a waveform.
    public let pad: Int
    /// The exponent of the magnitudes; nil for complex spectra.
    public let power: Double?
    /// What spectra are divided by.
    public let normalized: Audio.SpectrumNormalization
    /// Whether frames are centred.
    public let center: Bool
    /// How waveforms are padded for centred frames.
    public let padMode: PadMode
    /// Whether only the frequencies that are not conjugate to others are returned.
    public let onesided: Bool
    /// The window, `[winLength]`.
    @Buffer public private(set) var window: Tensor

    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - nFFT: The size of the transform. Default: 400.
    ///   - winLength: The number of elements of the window. Default: `nFFT`.
    ///   - hopLength: The number of elements from the start of a frame to the start of the next. Default: `winLength / 2`.
    ///   - pad: The number of zeros on both sides of a waveform. Default: 0.
    ///   - windowFn: Makes the window. Default: the Hann window.
    ///   - power: The exponent of the magnitudes: 1 for amplitude, 2 for power; nil for complex spectra. Default: 2.
    ///   - normalized: What spectra are divided by. Default: `.none`.
    ///   - center: Whether frames are centred. Default: true.
    ///   - padMode: How waveforms are padded for centred frames. Default: `.reflect`.
    ///   - onesided: Whether only the frequencies that are not conjugate to others are returned. Default: true.
    ///   - dtype: The dtype of the window. Default: the default dtype.
    ///   - device: The device of the window. Default: the current device.
    public init(
        nFFT: Int = 400, winLength: Int? = nil, hopLength: Int? = nil, pad: Int = 0, windowFn: WindowFunction? = nil,
        power: Double? = 2, normalized: Audio.SpectrumNormalization = .none, center: Bool = true,
        padMode: PadMode = .reflect, onesided: Bool = true, dtype: DType = .default, device: Device = .current
    ) {
        self.nFFT = nFFT
        self.winLength = winLength ?? nFFT
        self.hopLength = hopLength ?? self.winLength / 2
        (self.pad, self.power, self.normalized) = (pad, power, normalized)
        (self.center, self.padMode, self.onesided) = (center, padMode, onesided)
        _window = Buffer(
            wrappedValue: makeWindow(windowFn, self.winLength, dtype: dtype, device: device), persistent: false)
        super.init()
    }

    /// Returns the spectrogram.
    public func forward(_ x: Tensor) -> Tensor {
        Audio.spectrogram(
            x, window: window, nFFT: nFFT, hopLength: hopLength, power: power, normalized: normalized, pad: pad,
            center: center, padMode: padMode, onesided: onesided)
    }

    public override var extraDescription: String { "n_fft=\(nFFT), win_length=\(winLength), hop_length=\(hopLength)" }
}

/// Returns the waveforms of complex spectrograms, as `torchaudio.transforms.InverseSpectrogram`; see
/// ``Audio/inverseSpectrogram(_:length:window:nFFT:hopLength:normalized:pad:center:onesided:)``.
///
/// Shapes: `[*, frequencies, frames] -> [*, time]`.
public final class InverseSpectrogram: Module, Layer {
    /// The size of the transform.
    public let nFFT: Int
    /// The number of elements of the window.
    public let winLength: Int
    /// The number of elements from the start of a frame to the start of the next.
    public let hopLength: Int
    /// The number of elements that are removed on both sides.
    public let pad: Int
    /// What spectra were divided by.
    public let normalized: Audio.SpectrumNormalization
    /// Whether frames were centred.
    public let center: Bool
    /// Whether spectra have only the frequencies that are not conjugate to others.
    public let onesided: Bool
    /// The window, `[winLength]`.
    @Buffer public private(set) var window: Tensor

    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - nFFT: The size of the transform. Default: 400.
    ///   - winLength: The number of elements of the window. Default: `nFFT`.
    ///   - hopLength: The number of elements from the start of a frame to the start of the next. Default: `winLength / 2`.
    ///   - pad: The number of elements that are removed on both sides. Default: 0.
    ///   - windowFn: Makes the window. Default: the Hann window.
    ///   - normalized: What spectra were divided by. Default: `.none`.
    ///   - center: Whether frames were centred. Default: true.
    ///   - onesided: Whether spectra have only the frequencies that are not conjugate to others. Default: true.
    ///   - dtype: The dtype of the window. Default: the default dtype.
    ///   - device: The device of the window. Default: the current device.
    public init(
        nFFT: Int = 400, winLength: Int? = nil, hopLength: Int? = nil, pad: Int = 0, windowFn: WindowFunction? = nil,
        normalized: Audio.SpectrumNormalization = .none, center: Bool = true, onesided: Bool = true,
        dtype: DType = .default, device: Device = .current
    ) {
        self.nFFT = nFFT
        self.winLength = winLength ?? nFFT
        self.hopLength = hopLength ?? self.winLength / 2
        (self.pad, self.normalized, self.center, self.onesided) = (pad, normalized, center, onesided)
        _window = Buffer(
            wrappedValue: makeWindow(windowFn, self.winLength, dtype: dtype, device: device), persistent: false)
        super.init()
    }

    /// Returns the waveforms, as long as the frames cover.
    public func forward(_ x: Tensor) -> Tensor { waveform(x, length: nil) }

    /// Returns waveforms of `length` elements; nil for the length of the frames.
    public func callAsFunction(_ x: Tensor, length: Int?) -> Tensor { scope(x) { waveform($0, length: length) } }

    private func waveform(_ x: Tensor, length: Int?) -> Tensor {
        Audio.inverseSpectrogram(
            x, length: length, window: window, nFFT: nFFT, hopLength: hopLength, normalized: normalized, pad: pad,
            center: center, onesided: onesided)
    }

    public override var extraDescription: String { "n_fft=\(nFFT), win_length=\(winLength), hop_length=\(hopLength)" }
}

/// Returns waveforms for spectrograms without phases, as `torchaudio.transforms.GriffinLim`; see
/// ``Audio/griffinLim(_:window:nFFT:hopLength:power:iterations:momentum:length:randomInit:generator:)``.
///
/// Shapes: `[*, frequencies, frames] -> [*, time]`.
public final class GriffinLim: Module, Layer {
    /// The size of the transform.
    public let nFFT: Int
    /// The number of iterations.
    public let iterations: Int
    /// The number of elements of the window.
    public let winLength: Int
    /// The number of elements from the start of a frame to the start of the next.
    public let hopLength: Int
    /// The exponent of the magnitudes.
    public let power: Double
    /// The momentum of the iteration.
    public let momentum: Double
    /// The size of the result; nil for the length of the frames.
    public let length: Int?
    /// Whether the first phases are random.
    public let randomInit: Bool
    /// The window, `[winLength]`.
    @Buffer public private(set) var window: Tensor
    private let generator: Generator

    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - nFFT: The size of the transform. Default: 400.
    ///   - iterations: The number of iterations. Default: 32.
    ///   - winLength: The number of elements of the window. Default: `nFFT`.
    ///   - hopLength: The number of elements from the start of a frame to the start of the next. Default: `winLength / 2`.
    ///   - windowFn: Makes the window. Default: the Hann window.
    ///   - power: The exponent of the magnitudes. Default: 2.
    ///   - momentum: The momentum of the iteration, from 0 to below 1. Default: 0.99.
    ///   - length: The size of the result. Default: the length of the frames.
    ///   - randomInit: Whether the first phases are random; otherwise they are 0. Default: true.
    ///   - dtype: The dtype of the window. Default: the default dtype.
    ///   - device: The device of the window. Default: the current device.
    ///   - generator: The generator of the phases.
    public init(
        nFFT: Int = 400, iterations: Int = 32, winLength: Int? = nil, hopLength: Int? = nil,
        windowFn: WindowFunction? = nil, power: Double = 2, momentum: Double = 0.99, length: Int? = nil,
        randomInit: Bool = true, dtype: DType = .default, device: Device = .current, generator: Generator = .default
    ) {
        self.nFFT = nFFT
        self.iterations = iterations
        self.winLength = winLength ?? nFFT
        self.hopLength = hopLength ?? self.winLength / 2
        (self.power, self.momentum, self.length, self.randomInit) = (power, momentum, length, randomInit)
        self.generator = generator
        _window = Buffer(
            wrappedValue: makeWindow(windowFn, self.winLength, dtype: dtype, device: device), persistent: false)
        super.init()
    }

    /// Returns the waveforms.
    public func forward(_ x: Tensor) -> Tensor {
        Audio.griffinLim(
            x, window: window, nFFT: nFFT, hopLength: hopLength, power: power, iterations: iterations,
            momentum: momentum, length: length, randomInit: randomInit, generator: generator)
    }

    public override var extraDescription: String {
        "n_fft=\(nFFT), n_iter=\(iterations), win_length=\(winLength), hop_length=\(hopLength)"
    }
}

/// The window of a layer, the Hann window by default.
func makeWindow(_ function: WindowFunction?, _ count: Int, dtype: DType, device: Device) -> Tensor {
    withDevice(device) { (function?(count) ?? Tensor.hannWindow(count, dtype: dtype)).to(dtype) }
}
