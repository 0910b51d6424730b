import TorchlightCore

/// Joins neighbouring dimensions into one; by default all but the first, which numbers the samples.
public final class Flatten: Module, Layer {
    /// The first dimension to join.
    public let from: Int
    /// The last one.
    public let to: Int

    /// Joins the dimensions `from` to `to`, both included.
    public init(from: Int = 1, to: Int = -1) {
        self.from = from
        self.to = to
        super.init()
    }

    /// The same elements in fewer dimensions.
    public func forward(_ x: Tensor) -> Tensor { x.flatten(from: from, to: to) }

    public override var extraDescription: String { "start_dim=\(from), end_dim=\(to)" }
}
