import TorchlightCore

/// Splits one dimension into several, the inverse of ``Flatten``.
///
/// Shapes: `Unflatten(1, [2, 25])` maps `[N, 50] -> [N, 2, 25]`.
public final class Unflatten: Module, Layer {
    /// The dimension to split.
    public let dim: Int
    /// The sizes of the new dimensions; one of them may be -1 and is then inferred.
    public let sizes: [Int]

    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - dim: The dimension to split.
    ///   - sizes: The sizes of the new dimensions. Their product must be the size of dimension `dim`; one of them may be -1.
    public init(_ dim: Int, _ sizes: [Int]) {
        self.dim = dim
        self.sizes = sizes
        super.init()
    }

    /// Returns x with dimension `dim` split into `sizes`.
    public func forward(_ x: Tensor) -> Tensor { x.unflatten(dim, sizes) }

    public override var extraDescription: String { "dim=\(dim), unflattened_size=\(Printed.tuple(sizes))" }
}
