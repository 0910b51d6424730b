// Mapping over examples. Each number of arguments and results has an overload, as in Grad.swift.

/// Returns a function that maps `function` over examples: it computes for each example what `function` computes for one,
/// with one call of each operation.
///
///     let distances = vmap { a, b in (a - b).norm() }         // of vectors
///     distances(x, y)                                          // x, y: [100, 3] -> [100]
///
///     let perSample = vmap(grad { (w: [String: Tensor], x: Tensor) in loss(w, x) }, inDims: [nil, 0])
///
/// The function runs once, on tensors that have the shape of one example and no elements; then each operation runs on all
/// examples. So the function must not read elements on the host, and must not change tensors from outside of it
/// or its arguments in place. Results equal those of a loop over the examples; only sums inside of products and
/// convolutions may round differently.
///
/// - Parameters:
///   - inDims: the dimension of the examples in each argument; nil for an argument that all examples share. Default: 0.
///   - outDims: the dimension of the examples in each result. Default: 0.
///   - chunkSize: how many examples are computed at once. Default: all.
///   - randomness: whether random operations draw the same numbers for all examples, or different ones. Default: they are
///     an error.
public func vmap(
    _ function: @escaping (Tensor) -> Tensor,
    inDims: MappedDims = 0, outDims: MappedDims = 0, chunkSize: Int? = nil, randomness: Randomness = .error
) -> (Tensor) -> Tensor {
    let options = MapOptions(inDims, outDims, chunkSize, randomness)
    return { options.map(function, $0) }
}

/// Returns a function that maps a function of two tensors over examples; see ``vmap(_:inDims:outDims:chunkSize:randomness:)``.
public func vmap(
    _ function: @escaping (Tensor, Tensor) -> Tensor,
    inDims: MappedDims = 0, outDims: MappedDims = 0, chunkSize: Int? = nil, randomness: Randomness = .error
) -> (Tensor, Tensor) -> Tensor {
    let options = MapOptions(inDims, outDims, chunkSize, randomness)
    return { options.map(function, $0, $1) }
}

/// Returns a function that maps a function of three tensors over examples; see ``vmap(_:inDims:outDims:chunkSize:randomness:)``.
public func vmap(
    _ function: @escaping (Tensor, Tensor, Tensor) -> Tensor,
    inDims: MappedDims = 0, outDims: MappedDims = 0, chunkSize: Int? = nil, randomness: Randomness = .error
) -> (Tensor, Tensor, Tensor) -> Tensor {
    let options = MapOptions(inDims, outDims, chunkSize, randomness)
    return { options.map(function, $0, $1, $2) }
}

/// Returns a function that maps a function over examples; see ``vmap(_:inDims:outDims:chunkSize:randomness:)``.
public func vmap<First: TensorStructure, Result: TensorStructure>(
    _ function: @escaping (First) -> Result,
    inDims: MappedDims = 0, outDims: MappedDims = 0, chunkSize: Int? = nil, randomness: Randomness = .error
) -> (First) -> Result {
    let options = MapOptions(inDims, outDims, chunkSize, randomness)
    return { options.map(function, $0) }
}

/// Returns a function that maps a function with two results over examples.
public func vmap<First: TensorStructure, Result: TensorStructure, Other: TensorStructure>(
    _ function: @escaping (First) -> (Result, Other),
    inDims: MappedDims = 0, outDims: MappedDims = 0, chunkSize: Int? = nil, randomness: Randomness = .error
) -> (First) -> (Result, Other) {
    let options = MapOptions(inDims, outDims, chunkSize, randomness)
    return { options.map(function, $0) }
}

/// Returns a function that maps a function over examples; see ``vmap(_:inDims:outDims:chunkSize:randomness:)``.
public func vmap<First: TensorStructure, Second: TensorStructure, Result: TensorStructure>(
    _ function: @escaping (First, Second) -> Result,
    inDims: MappedDims = 0, outDims: MappedDims = 0, chunkSize: Int? = nil, randomness: Randomness = .error
) -> (First, Second) -> Result {
    let options = MapOptions(inDims, outDims, chunkSize, randomness)
    return { options.map(function, $0, $1) }
}

/// Returns a function that maps a function with two results over examples.
public func vmap<First: TensorStructure, Second: TensorStructure, Result: TensorStructure, Other: TensorStructure>(
    _ function: @escaping (First, Second) -> (Result, Other),
    inDims: MappedDims = 0, outDims: MappedDims = 0, chunkSize: Int? = nil, randomness: Randomness = .error
) -> (First, Second) -> (Result, Other) {
    let options = MapOptions(inDims, outDims, chunkSize, randomness)
    return { options.map(function, $0, $1) }
}

/// Returns a function that maps a function over examples; see ``vmap(_:inDims:outDims:chunkSize:randomness:)``.
public func vmap<First: TensorStructure, Second: TensorStructure, Third: TensorStructure, Result: TensorStructure>(
    _ function: @escaping (First, Second, Third) -> Result,
    inDims: MappedDims = 0, outDims: MappedDims = 0, chunkSize: Int? = nil, randomness: Randomness = .error
) -> (First, Second, Third) -> Result {
    let options = MapOptions(inDims, outDims, chunkSize, randomness)
    return { options.map(function, $0, $1, $2) }
}

/// Returns a function that maps a function with two results over examples.
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
