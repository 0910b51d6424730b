import TorchlightCore

/// Base class of the variants of ``Dropout``. In evaluation mode they return their input.
open class DropoutLayer: Module, Layer {
    /// The probability of an element, or of a channel, to be dropped. Default: 0.5.
    public final let p: Double
    /// The generator of the random numbers; nil for the default generator.
    public final var generator: Generator?

    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - p: The probability of an element, or of a channel, to be dropped, from 0 to 1. Default: 0.5.
    ///   - generator: The generator of the random numbers. Default: the default generator.
    public init(_ p: Double = 0.5, generator: Generator? = nil) {
        if !(0...1).contains(p) {
            reportFailure(
                TensorError(
                    .value, in: "\(Self.self)", "the probability p must be between 0 and 1", got: "\(p)",
                    expected: "a number from 0 to 1"))
        }
        self.p = p
        self.generator = generator
        super.init()
    }

    /// Returns x with elements or channels dropped in training mode, x in evaluation mode.
    public final func forward(_ x: Tensor) -> Tensor { drop(x, generator ?? .default) }

    func drop(_ x: Tensor, _ generator: Generator) -> Tensor { x }

    public final override var extraDescription: String { "p=\(Printed.number(p)), inplace=False" }
}

/// Dropout of whole channels: in training mode, sets each channel of each sample to zero with probability p and multiplies
/// the others by `1/(1 − p)`.
///
/// Shapes: `[N, C, L] -> [N, C, L]` or `[C, L] -> [C, L]`.
public final class Dropout1d: DropoutLayer {
    override func drop(_ x: Tensor, _ generator: Generator) -> Tensor {
        dropout1d(x, p: p, training: isTraining, generator: generator)
    }
}

/// Dropout of whole channels of images: in training mode, sets each channel of each sample to zero with probability p and
/// multiplies the others by `1/(1 − p)` (Tompson et al., 2015).
///
/// Shapes: `[N, C, H, W] -> [N, C, H, W]` or `[N, C, L] -> [N, C, L]`, as in PyTorch, which takes 3 dimensions for a batch
/// of signals and not for one image.
public final class Dropout2d: DropoutLayer {
    override func drop(_ x: Tensor, _ generator: Generator) -> Tensor {
        dropout2d(x, p: p, training: isTraining, generator: generator)
    }
}

/// Dropout of whole channels of volumes: in training mode, sets each channel of each sample to zero with probability p and
/// multiplies the others by `1/(1 − p)` (Tompson et al., 2015).
///
/// Shapes: `[N, C, D, H, W] -> [N, C, D, H, W]` or `[C, D, H, W] -> [C, D, H, W]`.
public final class Dropout3d: DropoutLayer {
    override func drop(_ x: Tensor, _ generator: Generator) -> Tensor {
        dropout3d(x, p: p, training: isTraining, generator: generator)
    }
}

/// Alpha dropout: in training mode, sets each element with probability p to the negative saturation value of SELU, then
/// scales and shifts all elements so that a mean of 0 and a variance of 1 are preserved (Klambauer et al., 2017).
///
/// Use it with ``SELU``. Shapes: `[*] -> [*]`.
public final class AlphaDropout: DropoutLayer {
    override func drop(_ x: Tensor, _ generator: Generator) -> Tensor {
        alphaDropout(x, p: p, training: isTraining, generator: generator)
    }
}

/// ``AlphaDropout`` of whole channels: drops each channel of each sample with probability p in training mode.
///
/// Shapes: `[N, C, *] -> [N, C, *]`.
public final class FeatureAlphaDropout: DropoutLayer {
    override func drop(_ x: Tensor, _ generator: Generator) -> Tensor {
        featureAlphaDropout(x, p: p, training: isTraining, generator: generator)
    }
}
