// Methods of PyTorch in the forms in which they are written there: with the dimension with or without a label.
// The documentation of each is that of the form which it calls.

extension Tensor {
    /// Returns `glu(dim: dim)`.
    public func glu(_ dim: Int) -> Tensor { glu(dim: dim) }

    /// Returns `indexFill(dim, index, value)`.
    public func indexFill(dim: Int, index: Tensor, value: some TensorScalar) -> Tensor { indexFill(dim, index, value) }

    /// Returns `indexFill(dim, index, value)`.
    public func indexFill(dim: Int, index: Tensor, value: Tensor) -> Tensor { indexFill(dim, index, value) }

    /// Returns `indexFill_(dim, index, value)`.
    public func indexFill_(
        dim: Int, index: Tensor, value: some TensorScalar
    ) -> Tensor {
        indexFill_(dim, index, value)
    }

    /// Returns `indexFill_(dim, index, value)`.
    public func indexFill_(dim: Int, index: Tensor, value: Tensor) -> Tensor { indexFill_(dim, index, value) }
}
