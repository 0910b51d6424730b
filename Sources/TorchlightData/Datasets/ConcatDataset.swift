import TorchlightCore

/// The samples of several data sets one after the other.
///
///     let all = ConcatDataset([train, extra])
public struct ConcatDataset<Element>: Dataset {
    /// The data sets, in order.
    public let parts: [any Dataset<Element>]
    /// The number of samples up to the end of each part.
    private let ends: [Int]

    /// Data sets of any types whose samples are of one type.
    public init(_ parts: [any Dataset<Element>]) {
        var total = 0
        var ends: [Int] = []
        for part in parts {
            let (sum, overflows) = total.addingReportingOverflow(part.count)
            if overflows {
                reportFailure(
                    TensorError(
                        .value, in: "ConcatDataset", "there are more samples than an Int counts",
                        expected: "at most \(Int.max)"))
                break
            }
            total = sum
            ends.append(total)
        }
        self.parts = Array(parts.prefix(ends.count))
        self.ends = ends
    }

    /// Data sets of one type.
    public init<Part: Dataset<Element>>(_ parts: [Part]) { self.init(parts.map { $0 as any Dataset<Element> }) }

    /// Two data sets.
    public init(_ first: some Dataset<Element>, _ second: some Dataset<Element>) { self.init([first, second]) }

    /// The number of samples of all parts.
    public var count: Int { ends.last ?? 0 }

    /// The sample of the part that the index lies in.
    public subscript(index: Int) -> Element {
        get throws {
            try checkSample(index, of: count, in: "ConcatDataset")
            let part = ends.firstIndex { index < $0 }!
            return try parts[part][index - (part == 0 ? 0 : ends[part - 1])]
        }
    }
}

/// The samples of two data sets side by side, as pairs.
///
///     let pairs = StackDataset(images, captions)
public struct StackDataset<First: Dataset, Second: Dataset>: Dataset {
    /// Where the first half of each pair comes from.
    public let first: First
    /// Where the second half comes from.
    public let second: Second
    /// The number of pairs.
    public let count: Int

    /// Pairs of the samples of equal numbers; both data sets have as many.
    public init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
        count = Swift.min(first.count, second.count)
        if first.count != second.count {
            reportFailure(
                TensorError(
                    .value, in: "StackDataset", "the data sets differ in length",
                    got: "\(first.count) and \(second.count)", expected: "as many samples in both"))
        }
    }

    /// A sample of each.
    public subscript(index: Int) -> (First.Element, Second.Element) {
        get throws { (try first[index], try second[index]) }
    }
}
