import TorchlightCore

/// A batch of sequences of different lengths without padding: the elements of all sequences at step 0, then those at step 1,
/// and so on.
///
/// Create it with ``packPaddedSequence(_:lengths:batchFirst:enforceSorted:)`` or ``packSequence(_:enforceSorted:)``. It can be
/// the input of ``RNN``, ``GRU`` and ``LSTM``.
public struct PackedSequence {
    /// The elements of all sequences, `[total, *]`; at each step, longer sequences come first.
    public var data: Tensor
    /// The number of sequences at each step; it does not increase.
    public let batchSizes: [Int]
    /// The index in the batch of each sequence of the sorted order; nil if the batch is already sorted by length.
    public let sortedIndices: [Int]?
    /// The index in the sorted order of each sequence of the batch; nil if the batch is already sorted by length.
    public let unsortedIndices: [Int]?

    /// Creates a packed sequence from its data.
    ///
    /// - Parameters:
    ///   - data: The elements of all sequences, `[total, *]`.
    ///   - batchSizes: The number of sequences at each step: positive, not increasing, and with the sum `total`.
    ///   - sortedIndices: The index in the batch of each sequence of the sorted order. Default: the batch is sorted.
    public init(data: Tensor, batchSizes: [Int], sortedIndices: [Int]? = nil) {
        if let error = Self.error(of: data, batchSizes, sortedIndices) {
            self.data = fail(error, like: data)
            self.batchSizes = []
            self.sortedIndices = nil
            unsortedIndices = nil
            return
        }
        self.data = data
        self.batchSizes = batchSizes
        self.sortedIndices = sortedIndices
        unsortedIndices = sortedIndices.map { sorted in
            var rowIndices = Array(repeating: 0, count: sorted.count)
            for (position, index) in sorted.enumerated() where rowIndices.indices.contains(index) {
                rowIndices[index] = position
            }
            return rowIndices
        }
    }

    /// The error of the data of a packed sequence; nil if there is none.
    private static func error(of data: Tensor, _ batchSizes: [Int], _ sortedIndices: [Int]?) -> TensorError? {
        if data.isPlaceholder { return nil }
        let isFalling = zip(batchSizes, batchSizes.dropFirst()).allSatisfy { $0 >= $1 }
        let rows = data.rank > 0 ? data.size(0) : 0
        guard batchSizes.allSatisfy({ $0 > 0 }), isFalling, batchSizes.reduce(0, +|) == rows, data.rank > 0 else {
            return TensorError(
                .value, in: "PackedSequence", "the batch sizes do not match the data", got: "\(batchSizes)",
                expected: "batch sizes of at least 1 that do not increase and sum to \(rows)", operands: [data])
        }
        guard let sortedIndices, sortedIndices.sorted() != Array(0..<(batchSizes.first ?? 0)) else { return nil }
        return TensorError(
            .index, in: "PackedSequence", "the sorted indices are not a permutation", got: "\(sortedIndices)",
            expected: "each index of 0 ..< \(batchSizes.first ?? 0) once", operands: [data])
    }

    /// The lengths of the sequences, in the order of the batch.
    public var lengths: [Int] {
        let sorted = (0..<(batchSizes.first ?? 0)).map { position in batchSizes.count { $0 > position } }
        return unsortedIndices.map { rowIndices in rowIndices.map { sorted[$0] } } ?? sorted
    }
}

/// Packs a padded batch of sequences of different lengths, as `pack_padded_sequence` in PyTorch.
///
///     let packed = packPaddedSequence(x, lengths: [5, 3, 2])  // x is [5, 3, *]
///     let (output, hidden) = gru(packed)
///
/// - Parameters:
///   - input: The padded batch, `[T, N, *]`, or `[N, T, *]` with `batchFirst`.
///   - lengths: The length of each sequence, from 1 to T.
///   - batchFirst: Whether the batch dimension is the first dimension. Default: false.
///   - enforceSorted: Whether the sequences must be sorted by decreasing length; if false, they are sorted. Default: true.
public func packPaddedSequence(
    _ input: Tensor, lengths: [Int], batchFirst: Bool = false, enforceSorted: Bool = true
) -> PackedSequence {
    let name = "packPaddedSequence"
    func refuse(_ problem: String, got: String? = nil, expected: String, fix: String? = nil) -> PackedSequence {
        let error = TensorError(.value, in: name, problem, got: got, expected: expected, fix: fix, operands: [input])
        return PackedSequence(data: fail(error, like: input), batchSizes: [])
    }
    if input.isPlaceholder { return PackedSequence(data: input, batchSizes: []) }
    guard input.rank >= 2 else {
        return refuse("the input must have at least 2 dimensions", expected: "[T, N, *] or, with batchFirst, [N, T, *]")
    }
    let padded = batchFirst ? input.transpose(0, 1) : input
    let (steps, batch) = (padded.shape[0], padded.shape[1])
    guard lengths.count == batch, batch > 0, lengths.allSatisfy({ $0 > 0 && $0 <= steps }) else {
        return refuse(
            "the lengths do not match the batch", got: "\(lengths)",
            expected: "\(quantity(batch, "length")) from 1 to \(steps)")
    }
    let isSorted = zip(lengths, lengths.dropFirst()).allSatisfy { $0 >= $1 }
    if enforceSorted && !isSorted {
        return refuse(
            "the sequences are not sorted by decreasing length", got: "\(lengths)",
            expected: "lengths that do not increase", fix: "pass enforceSorted: false")
    }
    // A stable order: sequences of equal length keep their order.
    let order = lengths.indices.sorted { (lengths[$0], $1) > (lengths[$1], $0) }
    let longest = lengths[order[0]]
    let sizes = (0..<longest).map { step in lengths.count { $0 > step } }
    var rowIndices: [Int] = []
    for (step, size) in sizes.enumerated() {
        for position in 0..<size { rowIndices.append(step * batch + (enforceSorted ? position : order[position])) }
    }
    let rows = padded.reshape([steps * batch] + padded.shape.dropFirst(2))
    return PackedSequence(
        data: rows.indexSelect(0, Tensor(rowIndices, shape: [rowIndices.count], device: rows.device)),
        batchSizes: sizes,
        sortedIndices: enforceSorted ? nil : order)
}

/// Converts a packed sequence to a padded batch, as `pad_packed_sequence` in PyTorch; the inverse of
/// ``packPaddedSequence(_:lengths:batchFirst:enforceSorted:)``.
///
/// - Parameters:
///   - sequence: The packed sequence.
///   - batchFirst: Whether the batch dimension of the result is the first dimension. Default: false.
///   - paddingValue: The value of the padding. Default: 0.
///   - totalLength: The number of steps T of the result. Default: the length of the longest sequence.
/// - Returns: The padded batch, `[T, N, *]` or, with `batchFirst`, `[N, T, *]`; and the length of each sequence.
public func padPackedSequence(
    _ sequence: PackedSequence, batchFirst: Bool = false, paddingValue: Double = 0, totalLength: Int? = nil
) -> (output: Tensor, lengths: [Int]) {
    let data = sequence.data
    if data.isPlaceholder { return (data, []) }
    let lengths = sequence.lengths
    let longest = sequence.batchSizes.count
    let steps = totalLength ?? longest
    guard steps >= longest else {
        let error = TensorError(
            .value, in: "padPackedSequence", "totalLength is less than the length of the longest sequence",
            got: "\(steps)", expected: "at least \(longest)")
        return (fail(error, like: data), lengths)
    }
    let batch = lengths.count
    do { try checkListSize(steps *| max(batch, 1), bytesEach: MemoryLayout<Int>.stride, in: "padPackedSequence") } catch
    {
        return (fail(error, like: data), lengths)
    }
    var starts: [Int] = []
    var start = 0
    for size in sequence.batchSizes {
        starts.append(start)
        start += size
    }
    // The row after the last one is the padding.
    var rowIndices: [Int] = []
    for step in 0..<steps {
        for n in 0..<batch {
            let position = sequence.unsortedIndices?[n] ?? n
            rowIndices.append(step < lengths[n] ? starts[step] + position : data.shape[0])
        }
    }
    let tail = Array(data.shape.dropFirst())
    let filler = Tensor.full([1] + tail, paddingValue, dtype: data.dtype, device: data.device)
    let rows = cat([data, filler]).indexSelect(
        0, Tensor(rowIndices, shape: [rowIndices.count], device: data.device))
    let padded = rows.reshape([steps, batch] + tail)
    return (batchFirst ? padded.transpose(0, 1) : padded, lengths)
}

/// The side of a sequence that padding is added to.
public enum PaddingSide: String, Sendable {
    /// Before the first element.
    case left
    /// After the last element.
    case right
}

/// Stacks sequences of different lengths into a batch, padded to the longest length.
///
/// Shapes: N sequences `[L, *]`, equal in all dimensions except the first, `-> [T, N, *]`, or `[N, T, *]` with `batchFirst`.
///
/// - Parameters:
///   - sequences: The sequences, at least one.
///   - batchFirst: Whether the batch dimension of the result is the first dimension. Default: false.
///   - paddingValue: The value of the padding. Default: 0.
///   - paddingSide: The side that is padded. Default: `.right`, the end.
public func padSequence(
    _ sequences: [Tensor], batchFirst: Bool = false, paddingValue: Double = 0, paddingSide: PaddingSide = .right
) -> Tensor {
    if let placeholder = sequences.first(where: \.isPlaceholder) { return placeholder }
    guard let first = sequences.first,
        sequences.allSatisfy({ $0.rank > 0 && $0.shape.dropFirst() == first.shape.dropFirst() })
    else {
        return fail(
            TensorError(
                .shape, in: "padSequence",
                "there is no sequence, or the sequences differ in a dimension after the first",
                expected: "at least one sequence, and equal sizes of all dimensions except the first",
                operands: sequences))
    }
    let longest = sequences.map { $0.shape[0] }.max() ?? 0
    let padded = sequences.map { sequence in
        var widths = Array(repeating: 0, count: 2 * sequence.rank)
        widths[2 * sequence.rank - (paddingSide == .right ? 1 : 2)] = longest - sequence.shape[0]
        return sequence.pad(widths, value: paddingValue)
    }
    return stack(padded, dim: batchFirst ? 0 : 1)
}

/// Splits a padded batch into its sequences without padding, as `unpad_sequence` in PyTorch; the inverse of
/// ``padSequence(_:batchFirst:paddingValue:paddingSide:)``.
///
/// - Parameters:
///   - padded: The padded batch, `[T, N, *]`, or `[N, T, *]` with `batchFirst`.
///   - lengths: The length of each sequence, from 0 to T.
///   - batchFirst: Whether the batch dimension is the first dimension. Default: false.
/// - Returns: N sequences `[L, *]`, views of the batch.
public func unpadSequence(_ padded: Tensor, lengths: [Int], batchFirst: Bool = false) -> [Tensor] {
    if padded.isPlaceholder { return [padded] }
    let (batch, steps) = batchFirst ? (0, 1) : (1, 0)
    guard padded.rank >= 2, lengths.count == padded.shape[batch],
        lengths.allSatisfy({ $0 >= 0 && $0 <= padded.shape[steps] })
    else {
        let error = TensorError(
            .value, in: "unpadSequence", "the lengths do not match the batch", got: "\(lengths)",
            expected:
                "a batch of at least 2 dimensions, and for each of its sequences a length from 0 to that of the batch",
            operands: [padded])
        return [fail(error, like: padded)]
    }
    return lengths.enumerated().map { padded.select(batch, $0).narrow(0, start: 0, length: $1) }
}

/// Packs a list of sequences of different lengths.
///
/// - Parameters:
///   - sequences: The sequences, each `[L, *]` with its own length L.
///   - enforceSorted: Whether the sequences must be sorted by decreasing length; if false, they are sorted. Default: true.
public func packSequence(_ sequences: [Tensor], enforceSorted: Bool = true) -> PackedSequence {
    packPaddedSequence(
        padSequence(sequences), lengths: sequences.map { $0.rank > 0 ? $0.shape[0] : 0 }, enforceSorted: enforceSorted)
}

extension PackedSequence: TensorStructure {
    /// The packed data.
    public var tensorSlots: [Tensor?] { [data] }
    /// The packed sequence with the first tensor of `slots` as its data.
    public func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> PackedSequence {
        var replaced = self
        replaced.data = data.replacingTensors(from: &slots)
        return replaced
    }
}
