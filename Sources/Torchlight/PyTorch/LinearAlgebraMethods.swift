// Methods of PyTorch in the forms in which they are written there: with the dimension with or without a label.
// The documentation of each is that of the form which it calls.

extension Tensor {
    /// Returns `cross(other, dim: dim)`.
    public func cross(_ other: Tensor, _ dim: Int) -> Tensor { cross(other, dim: dim) }
}
