/// The batch dimensions of `vmap`: one for all arguments or results, or one for each; nil for no batch dimension.
///
///     vmap(f, inDims: 0)
///     vmap(f, inDims: [0, nil])
public struct MappedDims: Sendable, Hashable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
    ExpressibleByNilLiteral
{
    private let common: Int?
    private let each: [Int?]?

    /// One batch dimension for all.
    public init(_ dim: Int?) { (common, each) = (dim, nil) }
    /// One batch dimension for each.
    public init(_ dims: [Int?]) { (common, each) = (nil, dims) }
    /// One batch dimension for all.
    public init(integerLiteral dim: Int) { self.init(dim) }
    /// One batch dimension for each.
    public init(arrayLiteral dims: Int?...) { self.init(dims) }
    /// No batch dimensions.
    public init(nilLiteral: ()) { self.init(nil as Int?) }

    /// The batch dimension of each of `count` arguments or results.
    func dims(of count: Int, _ name: String, _ noun: String) throws(TensorError) -> [Int?] {
        guard let each else { return Array(repeating: common, count: count) }
        guard each.count == count else {
            throw TensorError(
                .value, in: "vmap", "the number of dimensions in \(name) differs from that of \(noun)s",
                got: quantity(each.count, "dimension"), expected: "\(count), one for each \(noun)")
        }
        return each
    }
}

/// Applies functions of tensors to batches of examples.
enum VectorizedMap {
    /// The results of `body` for all examples; results that depend on the example have the batch dimension 0.
    ///
    /// - Parameters:
    ///   - dims: the batch dimension of each argument; nil for an argument without one.
    static func run(
        _ arguments: [Tensor], dims: [Int?], chunkSize: Int? = nil, randomness: Randomness = .error,
        _ body: ([Tensor]) throws(TensorError) -> [Tensor]
    ) throws(TensorError) -> (results: [BatchedRun.Batch], size: Int) {
        let (batches, size) = try mapped(arguments, dims)
        guard let chunkSize, chunkSize < size else {
            return (try run(batches, size, randomness, body), size)
        }
        guard chunkSize > 0 else {
            throw TensorError(
                .value, in: "vmap", "the size of a chunk is not positive", got: "\(chunkSize)", expected: "at least 1")
        }
        var chunks: [[BatchedRun.Batch]] = []
        for start in stride(from: 0, to: size, by: chunkSize) {
            let length = Swift.min(chunkSize, size - start)
            let part = batches.map { batch in
                batch.isMapped ? (batch.tensor.narrow(0, start: start, length: length), true) : batch
            }
            chunks.append(try run(part, length, randomness, body))
        }
        let results = chunks[0].indices.map { i -> BatchedRun.Batch in
            chunks[0][i].isMapped ? (cat(chunks.map { $0[i].tensor }, dim: 0), true) : chunks[0][i]
        }
        return (results, size)
    }

    private static func run(
        _ batches: [BatchedRun.Batch], _ size: Int, _ randomness: Randomness,
        _ body: ([Tensor]) throws(TensorError) -> [Tensor]
    ) throws(TensorError) -> [BatchedRun.Batch] {
        let graph = try GraphRecorder.record(
            "vmap", batches.map(BatchedRun.example),
            needGradients: batches.map { isGradEnabled && $0.tensor.requiresGrad }, randomness: randomness, body)
        return try BatchedRun.run(graph, batches, size: size, randomness: randomness)
    }

    /// The arguments with batch dimension 0, and the number of examples.
    private static func mapped(
        _ arguments: [Tensor], _ dims: [Int?]
    ) throws(TensorError) -> ([BatchedRun.Batch], Int) {
        var batches: [BatchedRun.Batch] = []
        var size: Int?
        for (argument, dim) in zip(arguments, dims) {
            guard let dim else {
                batches.append((argument, false))
                continue
            }
            guard argument.rank > 0, dim >= -argument.rank, dim < argument.rank else {
                throw TensorError(
                    .index, in: "vmap", "an argument has no dimension \(dim) to map over",
                    expected: argument.rank > 0
                        ? "\(-argument.rank) ... \(argument.rank - 1)" : "at least one dimension",
                    fix: "pass nil in inDims for an argument without a batch dimension", operands: [argument])
            }
            let x = dim == 0 ? argument : argument.movedim(dim, 0)
            guard size == nil || size == x.layout.shape[0] else {
                throw TensorError(
                    .shape, in: "vmap", "the mapped dimensions have different sizes",
                    got: "\(size!) and \(x.layout.shape[0])", expected: "equal sizes", operands: arguments)
            }
            size = x.layout.shape[0]
            batches.append((x, true))
        }
        guard let size else {
            throw TensorError(
                .value, in: "vmap", "no argument is mapped", got: "nil for each argument",
                expected: "a dimension for at least one argument")
        }
        return (batches, size)
    }

    /// A result with the batch dimension `dim`.
    static func placed(_ batch: BatchedRun.Batch, at dim: Int?, size: Int) throws(TensorError) -> Tensor {
        guard let dim else {
            guard !batch.isMapped else {
                throw TensorError(
                    .value, in: "vmap", "a result differs between the examples, and outDims has nil for it",
                    expected: "a dimension", operands: [batch.tensor])
            }
            return batch.tensor
        }
        let result = BatchedRun.leading(batch, size)
        guard dim >= -result.rank, dim < result.rank else {
            throw TensorError(
                .index, in: "vmap", "outDims is out of range", got: "\(dim) for \(quantity(result.rank, "dimension"))",
                expected: "\(-result.rank) ... \(result.rank - 1)", operands: [result])
        }
        return dim == 0 ? result : result.movedim(0, dim)
    }
}

/// The options of `vmap`.
struct MapOptions {
    private let inDims, outDims: MappedDims
    private let chunkSize: Int?
    private let randomness: Randomness

    init(_ inDims: MappedDims, _ outDims: MappedDims, _ chunkSize: Int?, _ randomness: Randomness) {
        (self.inDims, self.outDims, self.chunkSize, self.randomness) = (inDims, outDims, chunkSize, randomness)
    }

    /// The results of a function for all examples.
    func map<each Argument: TensorStructure, each Result: TensorStructure>(
        _ function: @escaping (repeat each Argument) -> (repeat each Result), _ argument: repeat each Argument
    ) -> (repeat each Result) {
        let call = PartialCall(function, repeat each argument)
        var outputs: (repeat each Result)?
        var slots = Slots()
        do throws(TensorError) {
            let arguments = call.arguments
            let dims = try inDims.dims(of: arguments.count, "inDims", "argument")
            let (results, size) = try VectorizedMap.run(
                arguments.tensors, dims: arguments.forEachTensor(dims), chunkSize: chunkSize, randomness: randomness
            ) { tensors in
                let output: (repeat each Result) = call(tensors)
                outputs = output
                slots = Slots()
                for value in repeat each output { slots.append(value) }
                return slots.tensors
            }
            let outputDims = slots.forEachTensor(try outDims.dims(of: slots.count, "outDims", "result"))
            var placed: [Tensor] = []
            for (result, dim) in zip(results, outputDims) {
                placed.append(try VectorizedMap.placed(result, at: dim, size: size))
            }
            var replaced = slots.replacing(placed)
            let output = outputs!
            return (repeat (each output).replacingTensors(from: &replaced))
        } catch {
            let failed = fail(error)
            // The structure of the results, from a call with placeholders.
            let output = outputs ?? call(call.arguments.tensors.map { _ in failed })
            slots = Slots()
            for value in repeat each output { slots.append(value) }
            var replaced = slots.replacing(slots.tensors.map { _ in failed })
            return (repeat (each output).replacingTensors(from: &replaced))
        }
    }
}
