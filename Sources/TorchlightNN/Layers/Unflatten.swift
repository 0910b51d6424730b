import TorchlightCore

/// Splits one dimension into several; one of the sizes may be -1.
public final class Unflatten: Module, Layer {
    /// The dimension to split.
    public let dim: Int
    /// The sizes it becomes.
    public let sizes: [Int]

    /// Splits dimension `dim` into these sizes.
    public init(_ dim: Int, _ sizes: [Int]) {
        self.dim = dim
        self.sizes = sizes
        super.init()
    }

    /// The same elements in more dimensions.
    public func forward(_ x: Tensor) -> Tensor { x.unflatten(dim, sizes) }

    public override var extraDescription: String { "dim=\(dim), unflattened_size=\(Printed.tuple(sizes))" }
}
