// Methods of PyTorch in the forms in which they are written there: with the dimension with or without a label.
// The documentation of each is that of the form which it calls.

extension Tensor {
    /// Returns `chunk(count, dim: dim)`.
    public func chunk(_ count: Int, _ dim: Int) -> [Tensor] { chunk(count, dim: dim) }

    /// Returns `repeatInterleave(count, dim: dim)`.
    public func repeatInterleave(_ count: Int, _ dim: Int) -> Tensor { repeatInterleave(count, dim: dim) }

    /// Returns `repeatInterleave(counts, dim: dim, outputSize: outputSize)`.
    public func repeatInterleave(
        _ counts: Tensor, _ dim: Int, outputSize: Int? = nil
    ) -> Tensor {
        repeatInterleave(counts, dim: dim, outputSize: outputSize)
    }

    /// Returns `roll(shift, dim: dim)`.
    public func roll(_ shift: Int, _ dim: Int) -> Tensor { roll(shift, dim: dim) }

    /// Returns `size(dim)`.
    public func size(dim: Int) -> Int { size(dim) }

    /// Returns `split(size, dim: dim)`.
    public func split(_ size: Int, _ dim: Int) -> [Tensor] { split(size, dim: dim) }

    /// Returns `split(sizes, dim: dim)`.
    public func split(_ sizes: [Int], _ dim: Int) -> [Tensor] { split(sizes, dim: dim) }

    /// Returns `squeeze(dim)`.
    public func squeeze(dim: Int) -> Tensor { squeeze(dim) }

    /// Returns `squeeze_(dim)`.
    public func squeeze_(dim: Int) -> Tensor { squeeze_(dim) }

    /// Returns `tensorSplit(count, dim: dim)`.
    public func tensorSplit(_ count: Int, _ dim: Int) -> [Tensor] { tensorSplit(count, dim: dim) }

    /// Returns `unbind(dim: dim)`.
    public func unbind(_ dim: Int) -> [Tensor] { unbind(dim: dim) }

    /// Returns `unflatten(dim, sizes)`.
    public func unflatten(dim: Int, sizes: [Int]) -> Tensor { unflatten(dim, sizes) }

    /// Returns `unfold(dim, size: size, step: step)`.
    public func unfold(dim: Int, size: Int, step: Int) -> Tensor { unfold(dim, size: size, step: step) }

    /// Returns `unsqueeze(dim)`.
    public func unsqueeze(dim: Int) -> Tensor { unsqueeze(dim) }

    /// Returns `unsqueeze_(dim)`.
    public func unsqueeze_(dim: Int) -> Tensor { unsqueeze_(dim) }
}
