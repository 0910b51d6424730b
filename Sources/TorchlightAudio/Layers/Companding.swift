import TorchlightCore
import TorchlightNN

/// Converts powers or amplitudes to decibel, as `torchaudio.transforms.AmplitudeToDB`; see
/// ``Audio/amplitudeToDB(_:multiplier:amin:dbMultiplier:topDB:)``.
public final class AmplitudeToDB: Module, Layer {
    /// What the input is.
    public enum SType: String, Sendable {
        /// Powers, with a factor of 10.
        case power
        /// Amplitudes, with a factor of 20.
        case magnitude
    }

    /// What the input is.
    public let stype: SType
    /// The largest difference of two elements in decibel; nil for no bound.
    public let topDB: Double?

    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - stype: What the input is. Default: `.power`.
    ///   - topDB: The largest difference of two elements in decibel. Default: nil, no bound.
    public init(stype: SType = .power, topDB: Double? = nil) {
        self.stype = stype
        self.topDB = topDB
        super.init()
    }

    /// Returns the decibel.
    public func forward(_ x: Tensor) -> Tensor {
        Audio.amplitudeToDB(x, multiplier: stype == .power ? 10 : 20, topDB: topDB)
    }
}

/// Quantises signals by the μ-law, as `torchaudio.transforms.MuLawEncoding`; see
/// ``Audio/muLawEncoding(_:quantizationChannels:)``.
public final class MuLawEncoding: Module, Layer {
    /// The number of values.
    public let quantizationChannels: Int

    /// Creates the layer for a number of values. Default: 256.
    public init(quantizationChannels: Int = 256) {
        self.quantizationChannels = quantizationChannels
        super.init()
    }

    /// Returns the quantised signal, int64.
    public func forward(_ x: Tensor) -> Tensor {
        Audio.muLawEncoding(x, quantizationChannels: quantizationChannels)
    }
}

/// Restores signals from their μ-law quantisation, as `torchaudio.transforms.MuLawDecoding`; see
/// ``Audio/muLawDecoding(_:quantizationChannels:)``.
public final class MuLawDecoding: Module, Layer {
    /// The number of values.
    public let quantizationChannels: Int

    /// Creates the layer for a number of values. Default: 256.
    public init(quantizationChannels: Int = 256) {
        self.quantizationChannels = quantizationChannels
        super.init()
    }

    /// Returns the signal.
    public func forward(_ x: Tensor) -> Tensor {
        Audio.muLawDecoding(x, quantizationChannels: quantizationChannels)
    }
}

/// Returns the local slopes of features along time, as `torchaudio.transforms.ComputeDeltas`; see
/// ``Audio/computeDeltas(_:winLength:mode:)``.
public final class ComputeDeltas: Module, Layer {
    /// The number of elements of a slope.
    public let winLength: Int
    /// How time is padded at both ends.
    public let mode: PadMode

    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - winLength: The number of elements of a slope, at least 3. Default: 5.
    ///   - mode: How time is padded at both ends. Default: `.replicate`.
    public init(winLength: Int = 5, mode: PadMode = .replicate) {
        self.winLength = winLength
        self.mode = mode
        super.init()
    }

    /// Returns the slopes.
    public func forward(_ x: Tensor) -> Tensor { Audio.computeDeltas(x, winLength: winLength, mode: mode) }
}
