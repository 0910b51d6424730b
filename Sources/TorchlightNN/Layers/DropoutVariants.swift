import TorchlightCore

/// What dropouts of other shapes share: a probability, and nothing to do in evaluation mode.
open class DropoutLayer: Module, Layer {
    /// The probability that an element, or a channel, is dropped.
    public final let p: Double
    /// Where the random numbers come from; the default generator where none is given.
    public final var generator: Generator?

    /// A layer that drops with probability `p`, from 0 to 1.
    public init(_ p: Double = 0.5, generator: Generator? = nil) {
        if !(0...1).contains(p) {
            reportFailure(
                TensorError(
                    .value, in: "\(Self.self)", "p is out of range", got: "\(p)", expected: "a number from 0 to 1"))
        }
        self.p = p
        self.generator = generator
        super.init()
    }

    /// Drops in training mode.
    public final func forward(_ x: Tensor) -> Tensor { drop(x, generator ?? .default) }

    func drop(_ x: Tensor, _ generator: Generator) -> Tensor { x }

    public final override var extraDescription: String { "p=\(Printed.number(p)), inplace=False" }
}

/// Drops whole channels of `[N, C, L]` in training.
public final class Dropout1d: DropoutLayer {
    override func drop(_ x: Tensor, _ generator: Generator) -> Tensor {
        dropout1d(x, p: p, training: isTraining, generator: generator)
    }
}

/// Drops whole channels of `[N, C, H, W]` in training (Tompson et al. 2015).
public final class Dropout2d: DropoutLayer {
    override func drop(_ x: Tensor, _ generator: Generator) -> Tensor {
        dropout2d(x, p: p, training: isTraining, generator: generator)
    }
}

/// Drops whole channels of `[N, C, D, H, W]` in training.
public final class Dropout3d: DropoutLayer {
    override func drop(_ x: Tensor, _ generator: Generator) -> Tensor {
        dropout3d(x, p: p, training: isTraining, generator: generator)
    }
}

/// Dropout that keeps mean 0 and variance 1, for networks with ``SELU`` (Klambauer et al. 2017).
public final class AlphaDropout: DropoutLayer {
    override func drop(_ x: Tensor, _ generator: Generator) -> Tensor {
        alphaDropout(x, p: p, training: isTraining, generator: generator)
    }
}

/// ``AlphaDropout`` of whole channels.
public final class FeatureAlphaDropout: DropoutLayer {
    override func drop(_ x: Tensor, _ generator: Generator) -> Tensor {
        featureAlphaDropout(x, p: p, training: isTraining, generator: generator)
    }
}
