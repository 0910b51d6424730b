// Functions of PyTorch for which Torchlight has methods, and functions with the dimension without a label.
// The documentation of each is that of the form which it calls.

/// Returns `x.chunk(count, dim: dim)`.
public func chunk(_ x: Tensor, _ count: Int, dim: Int = 0) -> [Tensor] { x.chunk(count, dim: dim) }

/// Returns `x.chunk(count, dim: dim)`.
public func chunk(_ x: Tensor, _ count: Int, _ dim: Int) -> [Tensor] { x.chunk(count, dim: dim) }

/// Returns `x.clone()`.
public func clone(_ x: Tensor) -> Tensor { x.clone() }

/// Returns `x.detach()`.
public func detach(_ x: Tensor) -> Tensor { x.detach() }

/// Returns `x.diag(offset)`.
public func diag(_ x: Tensor, _ offset: Int = 0) -> Tensor { x.diag(offset) }

/// Returns `x.diagEmbed(offset: offset, dim1: dim1, dim2: dim2)`.
public func diagEmbed(
    _ x: Tensor, offset: Int = 0, dim1: Int = -2, dim2: Int = -1
) -> Tensor {
    x.diagEmbed(offset: offset, dim1: dim1, dim2: dim2)
}

/// Returns `x.diagflat(offset)`.
public func diagflat(_ x: Tensor, _ offset: Int = 0) -> Tensor { x.diagflat(offset) }

/// Returns `x.diagonal(offset: offset, dim1: dim1, dim2: dim2)`.
public func diagonal(
    _ x: Tensor, offset: Int = 0, dim1: Int = 0, dim2: Int = 1
) -> Tensor {
    x.diagonal(offset: offset, dim1: dim1, dim2: dim2)
}

/// Returns `x.dsplit(count)`.
public func dsplit(_ x: Tensor, _ count: Int) -> [Tensor] { x.dsplit(count) }

/// Returns `x.dsplit(at: positions)`.
public func dsplit(_ x: Tensor, at positions: [Int]) -> [Tensor] { x.dsplit(at: positions) }

/// Returns `x.flatten(from: from, to: to)`.
public func flatten(_ x: Tensor, from: Int = 0, to: Int = -1) -> Tensor { x.flatten(from: from, to: to) }

/// Returns `x.flip(dims)`.
public func flip(_ x: Tensor, _ dims: [Int]) -> Tensor { x.flip(dims) }

/// Returns `x.fliplr()`.
public func fliplr(_ x: Tensor) -> Tensor { x.fliplr() }

/// Returns `x.flipud()`.
public func flipud(_ x: Tensor) -> Tensor { x.flipud() }

/// Returns `x.hsplit(count)`.
public func hsplit(_ x: Tensor, _ count: Int) -> [Tensor] { x.hsplit(count) }

/// Returns `x.hsplit(at: positions)`.
public func hsplit(_ x: Tensor, at positions: [Int]) -> [Tensor] { x.hsplit(at: positions) }

/// Returns `x.movedim(source, destination)`.
public func movedim(_ x: Tensor, _ source: [Int], _ destination: [Int]) -> Tensor { x.movedim(source, destination) }

/// Returns `x.movedim(source, destination)`.
public func movedim(_ x: Tensor, _ source: Int, _ destination: Int) -> Tensor { x.movedim(source, destination) }

/// Returns `x.permute(order)`.
public func permute(_ x: Tensor, _ order: [Int]) -> Tensor { x.permute(order) }

/// Returns `x.ravel()`.
public func ravel(_ x: Tensor) -> Tensor { x.ravel() }

/// Returns `x.repeatInterleave(count, dim: dim)`.
public func repeatInterleave(
    _ x: Tensor, _ count: Int, dim: Int? = nil
) -> Tensor {
    x.repeatInterleave(count, dim: dim)
}

/// Returns `x.repeatInterleave(count, dim: dim)`.
public func repeatInterleave(
    _ x: Tensor, _ count: Int, _ dim: Int
) -> Tensor {
    x.repeatInterleave(count, dim: dim)
}

/// Returns `x.repeatInterleave(counts, dim: dim, outputSize: outputSize)`.
public func repeatInterleave(
    _ x: Tensor, _ counts: Tensor, dim: Int? = nil, outputSize: Int? = nil
) -> Tensor {
    x.repeatInterleave(counts, dim: dim, outputSize: outputSize)
}

/// Returns `x.repeatInterleave(counts, dim: dim, outputSize: outputSize)`.
public func repeatInterleave(
    _ x: Tensor, _ counts: Tensor, _ dim: Int, outputSize: Int? = nil
) -> Tensor {
    x.repeatInterleave(counts, dim: dim, outputSize: outputSize)
}

/// Returns `x.reshape(shape)`.
public func reshape(_ x: Tensor, _ shape: [Int]) -> Tensor { x.reshape(shape) }

/// Returns `x.reshape(as: other)`.
public func reshape(_ x: Tensor, as other: Tensor) -> Tensor { x.reshape(as: other) }

/// Returns `x.roll(shifts, dims: dims)`.
public func roll(_ x: Tensor, _ shifts: [Int], dims: [Int]) -> Tensor { x.roll(shifts, dims: dims) }

/// Returns `x.roll(shift, dim: dim)`.
public func roll(_ x: Tensor, _ shift: Int, dim: Int? = nil) -> Tensor { x.roll(shift, dim: dim) }

/// Returns `x.roll(shift, dim: dim)`.
public func roll(_ x: Tensor, _ shift: Int, _ dim: Int) -> Tensor { x.roll(shift, dim: dim) }

/// Returns `x.rot90(k, dims: dims)`.
public func rot90(_ x: Tensor, _ k: Int = 1, dims: (Int, Int) = (0, 1)) -> Tensor { x.rot90(k, dims: dims) }

/// Returns `x.split(size, dim: dim)`.
public func split(_ x: Tensor, _ size: Int, dim: Int = 0) -> [Tensor] { x.split(size, dim: dim) }

/// Returns `x.split(size, dim: dim)`.
public func split(_ x: Tensor, _ size: Int, _ dim: Int) -> [Tensor] { x.split(size, dim: dim) }

/// Returns `x.split(sizes, dim: dim)`.
public func split(_ x: Tensor, _ sizes: [Int], dim: Int = 0) -> [Tensor] { x.split(sizes, dim: dim) }

/// Returns `x.split(sizes, dim: dim)`.
public func split(_ x: Tensor, _ sizes: [Int], _ dim: Int) -> [Tensor] { x.split(sizes, dim: dim) }

/// Returns `x.squeeze()`.
public func squeeze(_ x: Tensor) -> Tensor { x.squeeze() }

/// Returns `x.squeeze(dim)`.
public func squeeze(_ x: Tensor, _ dim: Int) -> Tensor { x.squeeze(dim) }

/// Returns `x.squeeze(dim)`.
public func squeeze(_ x: Tensor, dim: Int) -> Tensor { x.squeeze(dim) }

/// Returns `x.squeeze(dims)`.
public func squeeze(_ x: Tensor, _ dims: [Int]) -> Tensor { x.squeeze(dims) }

/// Returns `x.t()`.
public func t(_ x: Tensor) -> Tensor { x.t() }

/// Returns `x.tensorSplit(count, dim: dim)`.
public func tensorSplit(_ x: Tensor, _ count: Int, dim: Int = 0) -> [Tensor] { x.tensorSplit(count, dim: dim) }

/// Returns `x.tensorSplit(count, dim: dim)`.
public func tensorSplit(_ x: Tensor, _ count: Int, _ dim: Int) -> [Tensor] { x.tensorSplit(count, dim: dim) }

/// Returns `x.tensorSplit(at: positions, dim: dim)`.
public func tensorSplit(
    _ x: Tensor, at positions: [Int], dim: Int = 0
) -> [Tensor] {
    x.tensorSplit(at: positions, dim: dim)
}

/// Returns `x.tile(counts)`.
public func tile(_ x: Tensor, _ counts: [Int]) -> Tensor { x.tile(counts) }

/// Returns `x.trace()`.
public func trace(_ x: Tensor) -> Tensor { x.trace() }

/// Returns `x.transpose(a, b)`.
public func transpose(_ x: Tensor, _ a: Int, _ b: Int) -> Tensor { x.transpose(a, b) }

/// Returns `x.tril(diagonal)`.
public func tril(_ x: Tensor, _ diagonal: Int = 0) -> Tensor { x.tril(diagonal) }

/// Returns `x.triu(diagonal)`.
public func triu(_ x: Tensor, _ diagonal: Int = 0) -> Tensor { x.triu(diagonal) }

/// Returns `x.unbind(dim: dim)`.
public func unbind(_ x: Tensor, dim: Int = 0) -> [Tensor] { x.unbind(dim: dim) }

/// Returns `x.unbind(dim: dim)`.
public func unbind(_ x: Tensor, _ dim: Int) -> [Tensor] { x.unbind(dim: dim) }

/// Returns `x.unflatten(dim, sizes)`.
public func unflatten(_ x: Tensor, _ dim: Int, _ sizes: [Int]) -> Tensor { x.unflatten(dim, sizes) }

/// Returns `x.unflatten(dim, sizes)`.
public func unflatten(_ x: Tensor, dim: Int, sizes: [Int]) -> Tensor { x.unflatten(dim, sizes) }

/// Returns `x.unsqueeze(dim)`.
public func unsqueeze(_ x: Tensor, _ dim: Int) -> Tensor { x.unsqueeze(dim) }

/// Returns `x.unsqueeze(dim)`.
public func unsqueeze(_ x: Tensor, dim: Int) -> Tensor { x.unsqueeze(dim) }

/// Returns `x.vsplit(count)`.
public func vsplit(_ x: Tensor, _ count: Int) -> [Tensor] { x.vsplit(count) }

/// Returns `x.vsplit(at: positions)`.
public func vsplit(_ x: Tensor, at positions: [Int]) -> [Tensor] { x.vsplit(at: positions) }

/// Returns `cat(tensors, dim: dim)`.
public func cat(_ tensors: [Tensor], _ dim: Int) -> Tensor { cat(tensors, dim: dim) }

/// Returns `stack(tensors, dim: dim)`.
public func stack(_ tensors: [Tensor], _ dim: Int) -> Tensor { stack(tensors, dim: dim) }
