import TorchlightCore

/// Sequences of several lengths without padding: the rows of all first steps, then those of all second steps, ...
///
/// Made by ``packPaddedSequence(_:lengths:batchFirst:enforceSorted:)`` and taken by the recurrent layers.
public struct PackedSequence {
    /// The rows, `[total, *]`; within a step the longer sequences come first.
    public var data: Tensor
    /// How many sequences each step has; never rising.
    public let batchSizes: [Int]
    /// The sequence of the batch at each position; nil where they are in their own order.
    public let sortedIndices: [Int]?
    /// The position of each sequence of the batch.
    public let unsortedIndices: [Int]?

    /// A sequence of these rows.
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
            var places = Array(repeating: 0, count: sorted.count)
            for (place, index) in sorted.enumerated() where places.indices.contains(index) { places[index] = place }
            return places
        }
    }

    /// What is wrong with the parts of a sequence.
    private static func error(of data: Tensor, _ batchSizes: [Int], _ sortedIndices: [Int]?) -> TensorError? {
        if data.isPlaceholder { return nil }
        let isFalling = zip(batchSizes, batchSizes.dropFirst()).allSatisfy { $0 >= $1 }
        let rows = data.rank > 0 ? data.size(0) : 0
        guard batchSizes.allSatisfy({ $0 > 0 }), isFalling, batchSizes.reduce(0, +|) == rows, data.rank > 0 else {
            return TensorError(
                .value, in: "PackedSequence", "the batch sizes do not fit the rows", got: "\(batchSizes)",
                expected: "sizes of at least 1 that never rise and add up to \(rows)", operands: [data])
        }
        guard let sortedIndices, sortedIndices.sorted() != Array(0..<(batchSizes.first ?? 0)) else { return nil }
        return TensorError(
            .index, in: "PackedSequence", "the sorted indices do not name each sequence once", got: "\(sortedIndices)",
            expected: "the numbers 0 ..< \(batchSizes.first ?? 0)", operands: [data])
    }

    /// The lengths in the order of the batch.
    public var lengths: [Int] {
        let sorted = (0..<(batchSizes.first ?? 0)).map { place in batchSizes.count { $0 > place } }
        return unsortedIndices.map { places in places.map { sorted[$0] } } ?? sorted
    }
}

/// Takes the padding out of sequences: `[T, N, *]`, or `[N, T, *]` with `batchFirst`.
///
/// - Parameters:
///   - lengths: how many steps of each sequence count; at least one.
///   - enforceSorted: refuses lengths that rise, instead of sorting the sequences by length.
public func packPaddedSequence(
    _ input: Tensor, lengths: [Int], batchFirst: Bool = false, enforceSorted: Bool = true
) -> PackedSequence {
    let name = "packPaddedSequence"
    func refuse(_ problem: String, got: String? = nil, expected: String, fix: String? = nil) -> PackedSequence {
        let error = TensorError(.value, in: name, problem, got: got, expected: expected, fix: fix, operands: [input])
        return PackedSequence(data: fail(error, like: input), batchSizes: [])
    }
    if input.isPlaceholder { return PackedSequence(data: input, batchSizes: []) }
    guard input.rank >= 2 else { return refuse("the input has no steps of sequences", expected: "[T, N, *]") }
    let padded = batchFirst ? input.transpose(0, 1) : input
    let (steps, batch) = (padded.shape[0], padded.shape[1])
    guard lengths.count == batch, batch > 0, lengths.allSatisfy({ $0 > 0 && $0 <= steps }) else {
        return refuse(
            "the lengths do not fit the sequences", got: "\(lengths)", expected: "\(batch) lengths from 1 to \(steps)")
    }
    let isSorted = zip(lengths, lengths.dropFirst()).allSatisfy { $0 >= $1 }
    if enforceSorted && !isSorted {
        return refuse(
            "the sequences are not sorted by length", got: "\(lengths)", expected: "lengths that never rise",
            fix: "pass enforceSorted: false")
    }
    // A stable order: equal lengths stay as they are.
    let order = lengths.indices.sorted { (lengths[$0], $1) > (lengths[$1], $0) }
    let longest = lengths[order[0]]
    let sizes = (0..<longest).map { step in lengths.count { $0 > step } }
    var places: [Int] = []
    for (step, size) in sizes.enumerated() {
        for place in 0..<size { places.append(step * batch + (enforceSorted ? place : order[place])) }
    }
    let rows = padded.reshape([steps * batch] + padded.shape.dropFirst(2))
    return PackedSequence(
        data: rows.indexSelect(0, Tensor(places, shape: [places.count])), batchSizes: sizes,
        sortedIndices: enforceSorted ? nil : order)
}

/// Puts the padding back: `[T, N, *]`, or `[N, T, *]` with `batchFirst`, and the length of each sequence.
///
/// - Parameters:
///   - paddingValue: what stands behind the end of a sequence.
///   - totalLength: the number of steps of the result; that of the longest sequence where it is left out.
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
            .value, in: "padPackedSequence", "the total length is less than that of the longest sequence",
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
    // The row behind the last one is the padding.
    var places: [Int] = []
    for step in 0..<steps {
        for n in 0..<batch {
            let place = sequence.unsortedIndices?[n] ?? n
            places.append(step < lengths[n] ? starts[step] + place : data.shape[0])
        }
    }
    let tail = Array(data.shape.dropFirst())
    let filler = Tensor.full([1] + tail, paddingValue, dtype: data.dtype, device: data.device)
    let rows = cat([data, filler]).indexSelect(0, Tensor(places, shape: [places.count]))
    let padded = rows.reshape([steps, batch] + tail)
    return (batchFirst ? padded.transpose(0, 1) : padded, lengths)
}

/// Puts sequences `[L, *]` of several lengths side by side, padded behind their ends: `[T, N, *]`.
public func padSequence(_ sequences: [Tensor], batchFirst: Bool = false, paddingValue: Double = 0) -> Tensor {
    if let placeholder = sequences.first(where: \.isPlaceholder) { return placeholder }
    guard let first = sequences.first,
        sequences.allSatisfy({ $0.rank > 0 && $0.shape.dropFirst() == first.shape.dropFirst() })
    else {
        return fail(
            TensorError(
                .shape, in: "padSequence", "the sequences do not go together",
                expected: "at least one, and equal sizes but for the first", operands: sequences))
    }
    let longest = sequences.map { $0.shape[0] }.max() ?? 0
    let padded = sequences.map { sequence in
        var widths = Array(repeating: 0, count: 2 * sequence.rank)
        widths[2 * sequence.rank - 1] = longest - sequence.shape[0]
        return sequence.pad(widths, value: paddingValue)
    }
    return stack(padded, dim: batchFirst ? 0 : 1)
}

/// Packs sequences `[L, *]` of several lengths.
public func packSequence(_ sequences: [Tensor], enforceSorted: Bool = true) -> PackedSequence {
    packPaddedSequence(
        padSequence(sequences), lengths: sequences.map { $0.rank > 0 ? $0.shape[0] : 0 }, enforceSorted: enforceSorted)
}
