import TorchlightCore

/// Flattens the dimensions `from` to `to` into one; by default all except the batch dimension.
///
/// Shapes: `[N, C, H, W] -> [N, C H W]` with the default dimensions.
public final class Flatten: Module, Layer {
    /// The first dimension to flatten. Default: 1.
    public let from: Int
    /// The last dimension to flatten. Default: -1.
    public let to: Int

    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - from: The first dimension to flatten. Default: 1.
    ///   - to: The last dimension to flatten, included. Default: -1.
    public init(from: Int = 1, to: Int = -1) {
        self.from = from
        self.to = to
        super.init()
    }

    /// Returns x with the dimensions `from` to `to` flattened.
    public func forward(_ x: Tensor) -> Tensor { x.flatten(from: from, to: to) }

    public override var extraDescription: String { "start_dim=\(from), end_dim=\(to)" }
}
