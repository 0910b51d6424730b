import TorchlightCore
import TorchlightNN

/// A batch of texts for training a language model.
public struct TextBatch {
    /// Indices of the vocabulary, int64 `[N, T]`.
    public var tokens: Tensor
    /// The labels, int64 `[N, T]`; -100 for tokens that are not predicted.
    public var labels: Tensor
    /// 1 for tokens and 0 for padding, `[N, T]`; nil if there is no padding.
    public var attentionMask: Tensor?
    /// The positions of the tokens, int64 `[N, T]`; nil for `0 ..< T`.
    public var positions: Tensor?
    /// The index of the text of each token, int64 `[N, T]`; nil if each row is one text.
    public var sequences: Tensor?

    /// Creates a batch.
    public init(
        tokens: Tensor, labels: Tensor, attentionMask: Tensor? = nil, positions: Tensor? = nil, sequences: Tensor? = nil
    ) {
        self.tokens = tokens
        self.labels = labels
        self.attentionMask = attentionMask
        self.positions = positions
        self.sequences = sequences
    }

    /// The number of labels in the loss: those after the first column that are not -100.
    public var labelCount: Int {
        guard labels.rank == 2, labels.shape[1] > 1 else { return 0 }
        let counted = noGrad { labels.narrow(1, start: 1, length: labels.shape[1] - 1) .!= -100 }
        return counted.toArray(Bool.self).count { $0 }
    }
}

/// The tokens and labels of a text. A label is the token, or -100 to exclude it from the loss.
public struct LabelledTokens: Sendable, Equatable {
    /// Indices of the vocabulary.
    public var tokens: [Int]
    /// The labels, one per token.
    public var labels: [Int]

    /// Creates a text. Default of `labels`: the tokens.
    public init(_ tokens: [Int], labels: [Int]? = nil) {
        self.tokens = tokens
        self.labels = labels ?? tokens
        guard self.labels.count == tokens.count else {
            reportFailure(
                TensorError(
                    .value, in: "LabelledTokens", "there must be a label for each token",
                    got: "\(quantity(tokens.count, "token")) and \(quantity(self.labels.count, "label"))",
                    expected: "equal numbers"))
            self.labels = tokens
            return
        }
    }
}

/// Several texts packed into rows of equal length.
///
///     let packed = PackedTexts(texts, length: 1024)
///     let output = model(packed.batch.tokens, positions: packed.batch.positions, sequences: packed.batch.sequences)
///     let loss = output.loss(packed.batch.labels)      // the loss of one text per row
///
/// Attention is block-diagonal and positions start at 0 in each text, so that logits and losses equal those of separate
/// texts. The label of the first token of each text is -100, because no token precedes it.
public struct PackedTexts {
    /// The rows.
    public let batch: TextBatch
    /// The row and the columns of each text.
    public let locations: [(row: Int, columns: Range<Int>)]

    /// Packs texts: each text goes to the first row with enough free columns, in order of decreasing length.
    ///
    /// - Parameters:
    ///   - texts: The texts, each of at least one token.
    ///   - length: The number of columns. A longer text is an error.
    ///   - padToken: The token of unused columns. Default: 0.
    ///   - device: The device of the tensors. Default: the current device.
    public init(_ texts: [LabelledTokens], length: Int, padToken: Int = 0, device: Device = .current) {
        if let text = texts.first(where: { $0.tokens.count > length || $0.tokens.isEmpty }) {
            reportFailure(
                TensorError(
                    .value, in: "PackedTexts", "a text is longer than a row",
                    got: quantity(text.tokens.count, "token"), expected: "1 to \(quantity(length, "token"))",
                    fix: "truncate or split the text"))
        }
        let texts = texts.map {
            LabelledTokens(Array($0.tokens.prefix(length)), labels: Array($0.labels.prefix(length)))
        }
        var free: [Int] = []
        var locations = [(row: Int, columns: Range<Int>)](repeating: (0, 0..<0), count: texts.count)
        let order = texts.indices.sorted { (texts[$1].tokens.count, $0) < (texts[$0].tokens.count, $1) }
        for index in order {
            let count = texts[index].tokens.count
            let row = free.firstIndex { $0 >= count } ?? free.count
            if row == free.count { free.append(length) }
            let start = length - free[row]
            locations[index] = (row, start..<(start + count))
            free[row] -= count
        }
        self.locations = locations
        let size = free.count * length
        var tokens = [Int64](repeating: Int64(padToken), count: size)
        var labels = [Int64](repeating: -100, count: size)
        var positions = [Int64](repeating: 0, count: size)
        var sequences = [Int64](repeating: 0, count: size)
        for (number, (text, location)) in zip(texts, locations).enumerated() {
            for (offset, column) in location.columns.enumerated() {
                let index = location.row * length + column
                tokens[index] = Int64(text.tokens[offset])
                if offset > 0 { labels[index] = Int64(text.labels[offset]) }
                positions[index] = Int64(offset)
                sequences[index] = Int64(number + 1)
            }
        }
        func tensor(_ values: [Int64]) -> Tensor { Tensor(values, shape: [free.count, length], device: device) }
        batch = TextBatch(
            tokens: tensor(tokens), labels: tensor(labels), positions: tensor(positions), sequences: tensor(sequences))
    }
}

extension TextBatch {
    /// Creates a batch with one text per row, padded to the longest.
    ///
    /// - Parameters:
    ///   - texts: The texts, each of at least one token.
    ///   - padToken: The padding token. Default: 0.
    ///   - device: The device of the tensors. Default: the current device.
    public init(_ texts: [LabelledTokens], padToken: Int = 0, device: Device = .current) {
        let length = texts.map(\.tokens.count).max() ?? 0
        func tensor(_ values: (LabelledTokens) -> [Int], _ filler: Int) -> Tensor {
            let rows = texts.flatMap { text in
                let own = values(text)
                return own.map { Int64($0) } + Array(repeating: Int64(filler), count: length - own.count)
            }
            return Tensor(rows, shape: [texts.count, length], device: device)
        }
        let isPadded = texts.contains { $0.tokens.count < length }
        self.init(
            tokens: tensor(\.tokens, padToken), labels: tensor(\.labels, -100),
            attentionMask: isPadded ? tensor({ Array(repeating: 1, count: $0.tokens.count) }, 0) : nil)
    }
}

extension CausalModel {
    /// Runs the forward pass of a batch.
    public final func callAsFunction(_ batch: TextBatch) -> CausalOutput {
        self(
            batch.tokens, attentionMask: batch.attentionMask, positions: batch.positions, sequences: batch.sequences)
    }

    /// Accumulates the gradients of the mean loss over all labels of several batches, which need not fit in memory
    /// together.
    ///
    ///     optimizer.zeroGrad()
    ///     let loss = model.accumulateGradients(microBatches)
    ///     optimizer.step()
    ///
    /// Each label has the same weight, even if the batches have different numbers of labels: the gradients equal those
    /// of one batch with all texts. The mean of the mean losses of the batches would not have this property.
    ///
    /// - Returns: The mean loss, NaN if there are no labels.
    @discardableResult
    public final func accumulateGradients(_ batches: [TextBatch]) -> Double {
        let total = batches.reduce(0) { $0 + $1.labelCount }
        var sum = 0.0
        for batch in batches {
            let loss = self(batch).loss(batch.labels, labelCount: total)
            loss.backward()
            sum += loss.to(.float64).item() as Double
        }
        return sum
    }
}

extension CausalOutput {
    /// Returns the sum of the cross entropies of predicting each token from the tokens before it, divided by
    /// `labelCount`: for gradient accumulation over batches with `labelCount` labels in total.
    ///
    /// - Parameters:
    ///   - labels: The tokens, `[N, T]`; -100 excludes a token.
    ///   - labelCount: The divisor.
    public func loss(_ labels: Tensor, labelCount: Int) -> Tensor {
        let length = logits.shape[1]
        let predictions = logits.narrow(1, start: 0, length: length - 1)
        let targets = labels.narrow(1, start: 1, length: length - 1)
        return crossEntropy(
            predictions.reshape([-1, logits.shape[2]]), targets.reshape([-1]), reduction: .sum) / Double(labelCount)
    }
}
