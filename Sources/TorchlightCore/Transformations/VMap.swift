// Vectorised functions. Each number of arguments and results has an overload, as in Grad.swift.

/// Returns a vectorised function: it applies `function` to each example of a batch, with one call of each operation for
/// the whole batch.
///
///     let distances = vmap { a, b in (a - b).norm() }         // of vectors
///     distances(x, y)                                          // x, y: [100, 3] -> [100]
///
///     let perSample = vmap(grad { (w: [String: Tensor], x: Tensor) in loss(w, x) }, inDims: [nil, 0])
///
/// The function is recorded once, on tensors with the shape of one example and without elements; then each operation
/// runs on the whole batch. The function must not read elements on the host, and must not change its arguments or
/// tensors from outside in place. Results are equal to those of a loop over the examples, except for rounding of the
/// sums in matrix products and convolutions.
///
/// - Parameters:
///   - inDims: the batch dimension of each argument; nil for an argument without one, which is the same for all
///     examples. Default: 0.
///   - outDims: the batch dimension of each result. Default: 0.
///   - chunkSize: the number of examples that are computed at once. Default: all.
///   - randomness: whether random operations draw equal or different numbers for the examples. Default: random
///     operations are an error.
public func vmap(
    _ function: @escaping (Tensor) -> Tensor,
    inDims: MappedDims = 0, outDims: MappedDims = 0, chunkSize: Int? = nil, randomness: Randomness = .error
) -> (Tensor) -> Tensor {
    let options = MapOptions(inDims, outDims, chunkSize, randomness)
    return { options.map(function, $0) }
}

/// Returns a vectorised function of two tensors; see ``vmap(_:inDims:outDims:chunkSize:randomness:)``.
public func vmap(
    _ function: @escaping (Tensor, Tensor) -> Tensor,
    inDims: MappedDims = 0, outDims: MappedDims = 0, chunkSize: Int? = nil, randomness: Randomness = .error
) -> (Tensor, Tensor) -> Tensor {
    let options = MapOptions(inDims, outDims, chunkSize, randomness)
    return { options.map(function, $0, $1) }
}

/// Returns a vectorised function of three tensors; see ``vmap(_:inDims:outDims:chunkSize:randomness:)``.
public func vmap(
    _ function: @escaping (Tensor, Tensor, Tensor) -> Tensor,
    inDims: MappedDims = 0, outDims: MappedDims = 0, chunkSize: Int? = nil, randomness: Randomness = .error
) -> (Tensor, Tensor, Tensor) -> Tensor {
    let options = MapOptions(inDims, outDims, chunkSize, randomness)
    return { options.map(function, $0, $1, $2) }
}

/// Returns a vectorised function; see ``vmap(_:inDims:outDims:chunkSize:randomness:)``.
public func vmap<First: TensorStructure, Result: TensorStructure>(
    _ function: @escaping (First) -> Result,
    inDims: MappedDims = 0, outDims: MappedDims = 0, chunkSize: Int? = nil, randomness: Randomness = .error
) -> (First) -> Result {
    let options = MapOptions(inDims, outDims, chunkSize, randomness)
    return { options.map(function, $0) }
}

/// Returns a vectorised function with two results.
public func vmap<First: TensorStructure, Result: TensorStructure, Other: TensorStructure>(
    _ function: @escaping (First) -> (Result, Other),
    inDims: MappedDims = 0, outDims: MappedDims = 0, chunkSize: Int? = nil, randomness: Randomness = .error
) -> (First) -> (Result, Other) {
    let options = MapOptions(inDims, outDims, chunkSize, randomness)
    return { options.map(function, $0) }
}

/// Returns a vectorised function; see ``vmap(_:inDims:outDims:chunkSize:randomness:)``.
public func vmap<First: TensorStructure, Second: TensorStructure, Result: TensorStructure>(
    _ function: @escaping (First, Second) -> Result,
    inDims: MappedDims = 0, outDims: MappedDims = 0, chunkSize: Int? = nil, randomness: Randomness = .error
) -> (First, Second) -> Result {
    let options = MapOptions(inDims, outDims, chunkSize, randomness)
    return { options.map(function, $0, $1) }
}

/// Returns a vectorised function with two results.
public func vmap<First: TensorStructure, Second: TensorStructure, Result: TensorStructure, Other: TensorStructure>(
    _ function: @escaping (First, Second) -> (Result, Other),
    inDims: MappedDims = 0, outDims: MappedDims = 0, chunkSize: Int? = nil, randomness: Randomness = .error
) -> (First, Second) -> (Result, Other) {
    let options = MapOptions(inDims, outDims, chunkSize, randomness)
    return { options.map(function, $0, $1) }
}

/// Returns a vectorised function; see ``vmap(_:inDims:outDims:chunkSize:randomness:)``.
public func vmap<First: TensorStructure, Second: TensorStructure, Third: TensorStructure, Result: TensorStructure>(
    _ function: @escaping (First, Second, Third) -> Result,
    inDims: MappedDims = 0, outDims: MappedDims = 0, chunkSize: Int? = nil, randomness: Randomness = .error
) -> (First, Second, Third) -> Result {
    let options = MapOptions(inDims, outDims, chunkSize, randomness)
    return { options.map(function, $0, $1, $2) }
}

/// Returns a vectorised function with two results.
public func vmap<
    First: TensorStructure, Second: TensorStructure, Third: TensorStructure, Result: TensorStructure,
    Other: TensorStructure
>(
    _ function: @escaping (First, Second, Third) -> (Result, Other),
    inDims: MappedDims = 0, outDims: MappedDims = 0, chunkSize: Int? = nil, randomness: Randomness = .error
) -> (First, Second, Third) -> (Result, Other) {
    let options = MapOptions(inDims, outDims, chunkSize, randomness)
    return { options.map(function, $0, $1, $2) }
}
