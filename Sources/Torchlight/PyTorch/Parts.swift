// Parts of a tensor as a tuple, where the context expects one: `let (q, k, v) = qkv.chunk(3, dim: -1)`. Elsewhere the functions
// return an array. Another number of parts than names is an error.

/// The parts, of which there must be `count`.
private func parts(_ tensors: [Tensor], _ count: Int, in operation: String) -> [Tensor] {
    if tensors.count == count { return tensors }
    let error = TensorError(
        .value, in: operation, "the number of parts is not the number of names", got: quantity(tensors.count, "part"),
        expected: quantity(count, "part"))
    return Array(repeating: fail(error), count: count)
}

extension Tensor {
    /// The 2 parts of `chunk(count, dim: dim)`.
    @_disfavoredOverload
    public func chunk(_ count: Int, dim: Int = 0) -> (Tensor, Tensor) {
        let parts = parts(chunk(count, dim: dim), 2, in: "chunk")
        return (parts[0], parts[1])
    }
    /// The 2 parts of `chunk(count, dim: dim)`.
    @_disfavoredOverload
    public func chunk(_ count: Int, _ dim: Int) -> (Tensor, Tensor) {
        let parts = parts(chunk(count, dim: dim), 2, in: "chunk")
        return (parts[0], parts[1])
    }
    /// The 2 parts of `split(size, dim: dim)`.
    @_disfavoredOverload
    public func split(_ size: Int, dim: Int = 0) -> (Tensor, Tensor) {
        let parts = parts(split(size, dim: dim), 2, in: "split")
        return (parts[0], parts[1])
    }
    /// The 2 parts of `split(sizes, dim: dim)`.
    @_disfavoredOverload
    public func split(_ sizes: [Int], dim: Int = 0) -> (Tensor, Tensor) {
        let parts = parts(split(sizes, dim: dim), 2, in: "split")
        return (parts[0], parts[1])
    }
    /// The 2 parts of `unbind(dim: dim)`.
    @_disfavoredOverload
    public func unbind(dim: Int = 0) -> (Tensor, Tensor) {
        let parts = parts(unbind(dim: dim), 2, in: "unbind")
        return (parts[0], parts[1])
    }
    /// The 2 parts of `unbind(dim: dim)`.
    @_disfavoredOverload
    public func unbind(_ dim: Int) -> (Tensor, Tensor) {
        let parts = parts(unbind(dim: dim), 2, in: "unbind")
        return (parts[0], parts[1])
    }
    /// The 3 parts of `chunk(count, dim: dim)`.
    @_disfavoredOverload
    public func chunk(_ count: Int, dim: Int = 0) -> (Tensor, Tensor, Tensor) {
        let parts = parts(chunk(count, dim: dim), 3, in: "chunk")
        return (parts[0], parts[1], parts[2])
    }
    /// The 3 parts of `chunk(count, dim: dim)`.
    @_disfavoredOverload
    public func chunk(_ count: Int, _ dim: Int) -> (Tensor, Tensor, Tensor) {
        let parts = parts(chunk(count, dim: dim), 3, in: "chunk")
        return (parts[0], parts[1], parts[2])
    }
    /// The 3 parts of `split(size, dim: dim)`.
    @_disfavoredOverload
    public func split(_ size: Int, dim: Int = 0) -> (Tensor, Tensor, Tensor) {
        let parts = parts(split(size, dim: dim), 3, in: "split")
        return (parts[0], parts[1], parts[2])
    }
    /// The 3 parts of `split(sizes, dim: dim)`.
    @_disfavoredOverload
    public func split(_ sizes: [Int], dim: Int = 0) -> (Tensor, Tensor, Tensor) {
        let parts = parts(split(sizes, dim: dim), 3, in: "split")
        return (parts[0], parts[1], parts[2])
    }
    /// The 3 parts of `unbind(dim: dim)`.
    @_disfavoredOverload
    public func unbind(dim: Int = 0) -> (Tensor, Tensor, Tensor) {
        let parts = parts(unbind(dim: dim), 3, in: "unbind")
        return (parts[0], parts[1], parts[2])
    }
    /// The 3 parts of `unbind(dim: dim)`.
    @_disfavoredOverload
    public func unbind(_ dim: Int) -> (Tensor, Tensor, Tensor) {
        let parts = parts(unbind(dim: dim), 3, in: "unbind")
        return (parts[0], parts[1], parts[2])
    }
    /// The 4 parts of `chunk(count, dim: dim)`.
    @_disfavoredOverload
    public func chunk(_ count: Int, dim: Int = 0) -> (Tensor, Tensor, Tensor, Tensor) {
        let parts = parts(chunk(count, dim: dim), 4, in: "chunk")
        return (parts[0], parts[1], parts[2], parts[3])
    }
    /// The 4 parts of `chunk(count, dim: dim)`.
    @_disfavoredOverload
    public func chunk(_ count: Int, _ dim: Int) -> (Tensor, Tensor, Tensor, Tensor) {
        let parts = parts(chunk(count, dim: dim), 4, in: "chunk")
        return (parts[0], parts[1], parts[2], parts[3])
    }
    /// The 4 parts of `split(size, dim: dim)`.
    @_disfavoredOverload
    public func split(_ size: Int, dim: Int = 0) -> (Tensor, Tensor, Tensor, Tensor) {
        let parts = parts(split(size, dim: dim), 4, in: "split")
        return (parts[0], parts[1], parts[2], parts[3])
    }
    /// The 4 parts of `split(sizes, dim: dim)`.
    @_disfavoredOverload
    public func split(_ sizes: [Int], dim: Int = 0) -> (Tensor, Tensor, Tensor, Tensor) {
        let parts = parts(split(sizes, dim: dim), 4, in: "split")
        return (parts[0], parts[1], parts[2], parts[3])
    }
    /// The 4 parts of `unbind(dim: dim)`.
    @_disfavoredOverload
    public func unbind(dim: Int = 0) -> (Tensor, Tensor, Tensor, Tensor) {
        let parts = parts(unbind(dim: dim), 4, in: "unbind")
        return (parts[0], parts[1], parts[2], parts[3])
    }
    /// The 4 parts of `unbind(dim: dim)`.
    @_disfavoredOverload
    public func unbind(_ dim: Int) -> (Tensor, Tensor, Tensor, Tensor) {
        let parts = parts(unbind(dim: dim), 4, in: "unbind")
        return (parts[0], parts[1], parts[2], parts[3])
    }
}

/// The 2 parts of `x.chunk(count, dim: dim)`.
@_disfavoredOverload
public func chunk(_ x: Tensor, _ count: Int, dim: Int = 0) -> (Tensor, Tensor) {
    let parts = parts(x.chunk(count, dim: dim), 2, in: "chunk")
    return (parts[0], parts[1])
}
/// The 2 parts of `x.split(size, dim: dim)`.
@_disfavoredOverload
public func split(_ x: Tensor, _ size: Int, dim: Int = 0) -> (Tensor, Tensor) {
    let parts = parts(x.split(size, dim: dim), 2, in: "split")
    return (parts[0], parts[1])
}
/// The 2 parts of `x.split(sizes, dim: dim)`.
@_disfavoredOverload
public func split(_ x: Tensor, _ sizes: [Int], dim: Int = 0) -> (Tensor, Tensor) {
    let parts = parts(x.split(sizes, dim: dim), 2, in: "split")
    return (parts[0], parts[1])
}
/// The 2 parts of `x.unbind(dim: dim)`.
@_disfavoredOverload
public func unbind(_ x: Tensor, dim: Int = 0) -> (Tensor, Tensor) {
    let parts = parts(x.unbind(dim: dim), 2, in: "unbind")
    return (parts[0], parts[1])
}
/// The 2 parts of `meshgrid(vectors, indexing: indexing)`.
@_disfavoredOverload
public func meshgrid(_ vectors: Tensor..., indexing: GridIndexing = .ij) -> (Tensor, Tensor) {
    let parts = parts(meshgrid(vectors, indexing: indexing), 2, in: "meshgrid")
    return (parts[0], parts[1])
}
/// The 2 parts of `meshgrid(vectors, indexing: indexing)`.
@_disfavoredOverload
public func meshgrid(_ vectors: [Tensor], indexing: GridIndexing = .ij) -> (Tensor, Tensor) {
    let parts = parts(meshgrid(vectors, indexing: indexing), 2, in: "meshgrid")
    return (parts[0], parts[1])
}
/// The 3 parts of `x.chunk(count, dim: dim)`.
@_disfavoredOverload
public func chunk(_ x: Tensor, _ count: Int, dim: Int = 0) -> (Tensor, Tensor, Tensor) {
    let parts = parts(x.chunk(count, dim: dim), 3, in: "chunk")
    return (parts[0], parts[1], parts[2])
}
/// The 3 parts of `x.split(size, dim: dim)`.
@_disfavoredOverload
public func split(_ x: Tensor, _ size: Int, dim: Int = 0) -> (Tensor, Tensor, Tensor) {
    let parts = parts(x.split(size, dim: dim), 3, in: "split")
    return (parts[0], parts[1], parts[2])
}
/// The 3 parts of `x.split(sizes, dim: dim)`.
@_disfavoredOverload
public func split(_ x: Tensor, _ sizes: [Int], dim: Int = 0) -> (Tensor, Tensor, Tensor) {
    let parts = parts(x.split(sizes, dim: dim), 3, in: "split")
    return (parts[0], parts[1], parts[2])
}
/// The 3 parts of `x.unbind(dim: dim)`.
@_disfavoredOverload
public func unbind(_ x: Tensor, dim: Int = 0) -> (Tensor, Tensor, Tensor) {
    let parts = parts(x.unbind(dim: dim), 3, in: "unbind")
    return (parts[0], parts[1], parts[2])
}
/// The 3 parts of `meshgrid(vectors, indexing: indexing)`.
@_disfavoredOverload
public func meshgrid(_ vectors: Tensor..., indexing: GridIndexing = .ij) -> (Tensor, Tensor, Tensor) {
    let parts = parts(meshgrid(vectors, indexing: indexing), 3, in: "meshgrid")
    return (parts[0], parts[1], parts[2])
}
/// The 3 parts of `meshgrid(vectors, indexing: indexing)`.
@_disfavoredOverload
public func meshgrid(_ vectors: [Tensor], indexing: GridIndexing = .ij) -> (Tensor, Tensor, Tensor) {
    let parts = parts(meshgrid(vectors, indexing: indexing), 3, in: "meshgrid")
    return (parts[0], parts[1], parts[2])
}
/// The 4 parts of `x.chunk(count, dim: dim)`.
@_disfavoredOverload
public func chunk(_ x: Tensor, _ count: Int, dim: Int = 0) -> (Tensor, Tensor, Tensor, Tensor) {
    let parts = parts(x.chunk(count, dim: dim), 4, in: "chunk")
    return (parts[0], parts[1], parts[2], parts[3])
}
/// The 4 parts of `x.split(size, dim: dim)`.
@_disfavoredOverload
public func split(_ x: Tensor, _ size: Int, dim: Int = 0) -> (Tensor, Tensor, Tensor, Tensor) {
    let parts = parts(x.split(size, dim: dim), 4, in: "split")
    return (parts[0], parts[1], parts[2], parts[3])
}
/// The 4 parts of `x.split(sizes, dim: dim)`.
@_disfavoredOverload
public func split(_ x: Tensor, _ sizes: [Int], dim: Int = 0) -> (Tensor, Tensor, Tensor, Tensor) {
    let parts = parts(x.split(sizes, dim: dim), 4, in: "split")
    return (parts[0], parts[1], parts[2], parts[3])
}
/// The 4 parts of `x.unbind(dim: dim)`.
@_disfavoredOverload
public func unbind(_ x: Tensor, dim: Int = 0) -> (Tensor, Tensor, Tensor, Tensor) {
    let parts = parts(x.unbind(dim: dim), 4, in: "unbind")
    return (parts[0], parts[1], parts[2], parts[3])
}
