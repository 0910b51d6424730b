/// Where the steps of a batch of sequences lie in an array of rows: row `r` of step `t` is row
/// `starts[t] + r * rowStep`, for `r < sizes[t]`. Sizes do not increase: sequences are sorted by decreasing length.
package struct SequenceSteps: Sendable, Hashable, Codable {
    package var starts: [Int]
    package var sizes: [Int]
    package var rowStep = 1
    /// The number of sequences, and of rows in the first step.
    package var batch: Int

    /// Sequences of one length, `[steps, batch]`, or `[batch, steps]` where each sequence is in one run.
    package init(steps: Int, batch: Int, batchFirst: Bool) {
        starts = (0..<steps).map { batchFirst ? $0 : $0 * batch }
        sizes = Array(repeating: batch, count: steps)
        rowStep = batchFirst ? steps : 1
        self.batch = batch
    }

    /// Contiguous steps with the given numbers of rows.
    package init(sizes: [Int]) {
        self.sizes = sizes
        var start = 0
        starts = []
        for size in sizes {
            starts.append(start)
            start += size
        }
        batch = sizes.first ?? 0
    }

    /// The number of rows in all.
    package var rows: Int { sizes.reduce(0, +) }

    /// The rows of one step.
    func rows(of step: Int) -> [Int] { (0..<sizes[step]).map { starts[step] + $0 * rowStep } }
}

extension SequenceSteps {
    private enum CodingKeys: CodingKey { case starts, sizes, rowStep, batch }

    /// Decodes steps whose sizes never rise and whose rows are those of the array.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(steps: 0, batch: try container.decode(Int.self, forKey: .batch), batchFirst: false)
        starts = try container.decode([Int].self, forKey: .starts)
        sizes = try container.decode([Int].self, forKey: .sizes)
        rowStep = try container.decode(Int.self, forKey: .rowStep)
        let rows = sizes.reduce(0, +|)
        let isFalling = zip([batch] + sizes, sizes).allSatisfy { $0 >= $1 && $1 >= 0 }
        let isInside = zip(starts, sizes).allSatisfy { $1 == 0 || ($0 >= 0 && $0 +| ($1 -| 1) *| rowStep < rows) }
        guard starts.count == sizes.count, batch == sizes.first ?? batch, batch >= 0, rowStep >= 1, isFalling, isInside
        else {
            throw DecodingError.dataCorruptedError(
                forKey: .sizes, in: container,
                debugDescription: "the steps are not rows of an array, in falling numbers")
        }
    }
}
