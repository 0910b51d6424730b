import TorchlightCore

/// A batch of sequences of different lengths without padding, as `torch.nested` with the layout `torch.jagged`: the elements of all
/// sequences, one sequence after another.
///
///     let batch = NestedTensor([Tensor.randn(5, 8), Tensor.randn(2, 8)])
///     let hidden = batch.map { relu(linear($0)) }                 // computes 7 rows
///     let padded = hidden.toPaddedTensor()                        // [2, 5, 8]
///
/// Gradients flow to ``values``.
public struct NestedTensor {
    /// The elements of all sequences, `[total, *]`.
    public let values: Tensor
    /// The index of the first element of each sequence, and the total, `count + 1` numbers.
    public let offsets: [Int]

    /// Creates a batch from its elements.
    ///
    /// - Parameters:
    ///   - values: The elements of all sequences, `[total, *]`.
    ///   - offsets: The index of the first element of each sequence, and the total: from 0, not decreasing.
    public init(values: Tensor, offsets: [Int]) {
        let isValid =
            values.isPlaceholder
            || (values.rank > 0 && offsets.first == 0 && offsets.last == values.size(0)
                && zip(offsets, offsets.dropFirst()).allSatisfy { $0 <= $1 })
        if isValid {
            (self.values, self.offsets) = (values, offsets)
        } else {
            self.values = fail(
                TensorError(
                    .value, in: "NestedTensor", "the offsets do not fit the values", got: "\(offsets)",
                    expected: "numbers from 0 to the first size of the values that do not decrease", operands: [values]),
                like: values)
            self.offsets = [0]
        }
    }

    /// Creates a batch of sequences `[L, *]`, equal in all dimensions except the first. There must be at least one.
    public init(_ sequences: [Tensor]) {
        if let placeholder = sequences.first(where: \.isPlaceholder) {
            self.init(values: placeholder, offsets: [0])
            return
        }
        guard let first = sequences.first,
            sequences.allSatisfy({ $0.rank > 0 && $0.shape.dropFirst() == first.shape.dropFirst() })
        else {
            let error = TensorError(
                .shape, in: "NestedTensor",
                "there is no sequence, or the sequences differ in a dimension after the first",
                expected: "at least one sequence, and equal sizes of all dimensions except the first",
                operands: sequences)
            self.init(values: fail(error), offsets: [0])
            return
        }
        self.init(
            values: cat(sequences), offsets: sequences.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.size(0)) })
    }

    /// Creates a batch of the sequences of a padded one.
    ///
    /// - Parameters:
    ///   - padded: The padded batch, `[N, T, *]`.
    ///   - lengths: The length of each sequence, from 0 to T.
    public init(padded: Tensor, lengths: [Int]) {
        let sequences = unpadSequence(padded, lengths: lengths, batchFirst: true)
        self.init(sequences)
    }

    /// The number of sequences.
    public var count: Int { offsets.count - 1 }
    /// The length of each sequence.
    public var lengths: [Int] { zip(offsets, offsets.dropFirst()).map { $1 - $0 } }

    /// A sequence, `[L, *]`: a view of the values.
    public subscript(_ index: Int) -> Tensor {
        if values.isPlaceholder { return values }
        guard index >= 0, index < count else {
            return fail(
                TensorError(
                    .index, in: "NestedTensor", "the index is out of range", got: "\(index)",
                    expected: "0 to below \(count)"))
        }
        return values.narrow(0, start: offsets[index], length: offsets[index + 1] - offsets[index])
    }

    /// All sequences, views of the values.
    public func unbind() -> [Tensor] { (0..<count).map { self[$0] } }

    /// Computes new elements from the elements of all sequences at once.
    ///
    /// - Parameter body: Returns a tensor of the same first size, as element-wise functions and layers over the last dimension
    ///   do.
    public func map(_ body: (Tensor) -> Tensor) -> NestedTensor {
        let result = body(values)
        guard result.isPlaceholder || (result.rank > 0 && result.size(0) == values.size(0)) else {
            let error = TensorError(
                .shape, in: "NestedTensor.map", "the number of elements has changed",
                expected: "[\(values.size(0)), *]", operands: [result])
            return NestedTensor(values: fail(error, like: values), offsets: offsets)
        }
        return NestedTensor(values: result, offsets: offsets)
    }

    /// The padded batch `[N, T, *]`, where T is the length of the longest sequence.
    ///
    /// - Parameters:
    ///   - padding: The value of the padding. Default: 0.
    ///   - length: The number of steps T, at least that of the longest sequence. Default: that of the longest.
    public func toPaddedTensor(_ padding: Double = 0, length: Int? = nil) -> Tensor {
        if values.isPlaceholder { return values }
        guard count > 0 else {
            return Tensor.zeros(
                [0, length ?? 0] + values.shape.dropFirst(), dtype: values.dtype, device: values.device)
        }
        let padded = padSequence(unbind(), batchFirst: true, paddingValue: padding)
        guard let length, !padded.isPlaceholder else { return padded }
        let longest = padded.size(1)
        guard length >= longest else {
            return fail(
                TensorError(
                    .value, in: "toPaddedTensor", "the length is less than that of the longest sequence",
                    got: "\(length)", expected: "at least \(longest)"), like: padded)
        }
        let trailing = Array(repeating: 0, count: 2 * (padded.rank - 2))
        return padded.pad(trailing + [0, length - longest], value: padding)
    }

    /// Which elements of ``toPaddedTensor(_:length:)`` are padding, Boolean `[N, T]`, for `keyPaddingMask`.
    public func paddingMask() -> Tensor {
        if values.isPlaceholder { return values }
        let longest = lengths.max() ?? 0
        let steps = Tensor.arange(longest, device: values.device)
        return steps.unsqueeze(0) >= Tensor(lengths, shape: [count, 1], device: values.device)
    }
}

/// Attention within the sequences of batches without padding; see `scaledDotProductAttention` of tensors.
///
/// Shapes: the elements of query, key and value are `[total, heads, d]`, and the result's are those of the query with the last size
/// of the value. Query and key may have other lengths, but must have as many sequences.
///
/// - Parameters:
///   - query: The queries.
///   - key: The keys.
///   - value: The values, with the lengths of the keys.
///   - dropoutP: The probability of an attention weight to be zeroed. Default: 0.
///   - isCausal: Whether element i of a query attends to the elements up to i only. Default: false.
///   - scale: The factor of the products. Default: `1 / √d`.
///   - generator: The generator of the dropout.
public func scaledDotProductAttention(
    _ query: NestedTensor, _ key: NestedTensor, _ value: NestedTensor, dropoutP: Double = 0, isCausal: Bool = false,
    scale: Double? = nil, generator: Generator = .default
) -> NestedTensor {
    let parts = [query, key, value]
    if let placeholder = parts.first(where: \.values.isPlaceholder) { return placeholder }
    guard query.count == key.count, key.lengths == value.lengths, parts.allSatisfy({ $0.values.rank == 3 }) else {
        let error = TensorError(
            .shape, in: "scaledDotProductAttention", "the batches do not fit",
            got: "lengths \(query.lengths), \(key.lengths) and \(value.lengths)",
            expected: "[total, heads, d] each, as many sequences, and equal lengths of keys and values",
            operands: parts.map(\.values))
        return NestedTensor(values: fail(error, like: query.values), offsets: query.offsets)
    }
    if query.count == 0 { return query }
    func heads(_ x: Tensor) -> Tensor { x.transpose(0, 1).unsqueeze(0) }
    let results = (0..<query.count).map { i in
        scaledDotProductAttention(
            heads(query[i]), heads(key[i]), heads(value[i]), dropoutP: dropoutP, isCausal: isCausal, scale: scale,
            generator: generator
        ).squeeze(0).transpose(0, 1)
    }
    return NestedTensor(results)
}
