import TorchlightCore

/// The concatenation of several datasets: the samples of the first, then those of the second, and so on.
///
///     let all = ConcatDataset([train, extra])
public struct ConcatDataset<Element>: Dataset {
    /// The datasets, in order.
    public let parts: [any Dataset<Element>]
    /// The cumulative number of samples up to the end of each dataset.
    private let ends: [Int]

    /// Creates a concatenation of datasets of any types with samples of the same type.
    public init(_ parts: [any Dataset<Element>]) {
        var total = 0
        var ends: [Int] = []
        for part in parts {
            let (sum, overflows) = total.addingReportingOverflow(part.count)
            if overflows {
                reportFailure(
                    TensorError(
                        .value, in: "ConcatDataset", "the total number of samples overflows Int",
                        expected: "at most \(Int.max)"))
                break
            }
            total = sum
            ends.append(total)
        }
        self.parts = Array(parts.prefix(ends.count))
        self.ends = ends
    }

    /// Creates a concatenation of datasets of one type.
    public init<Part: Dataset<Element>>(_ parts: [Part]) { self.init(parts.map { $0 as any Dataset<Element> }) }

    /// Creates a concatenation of two datasets.
    public init(_ first: some Dataset<Element>, _ second: some Dataset<Element>) { self.init([first, second]) }

    /// The total number of samples.
    public var count: Int { ends.last ?? 0 }

    /// The sample at an index of the concatenation.
    ///
    /// - Throws: `TensorError` if the index is not in `0 ..< count`, and what the dataset throws.
    public subscript(index: Int) -> Element {
        get throws {
            try checkSample(index, of: count, in: "ConcatDataset")
            let part = ends.firstIndex { index < $0 }!
            return try parts[part][index - (part == 0 ? 0 : ends[part - 1])]
        }
    }
}

/// Pairs of the samples of two datasets at the same index.
///
///     let pairs = StackDataset(images, captions)
public struct StackDataset<First: Dataset, Second: Dataset>: Dataset {
    /// The dataset of the first element of each pair.
    public let first: First
    /// The dataset of the second element of each pair.
    public let second: Second
    /// The number of pairs.
    public let count: Int

    /// Creates a dataset of pairs. Datasets with different numbers of samples are an error.
    public init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
        count = Swift.min(first.count, second.count)
        if first.count != second.count {
            reportFailure(
                TensorError(
                    .value, in: "StackDataset", "the datasets differ in length",
                    got: "\(first.count) and \(second.count)", expected: "the same number of samples in both"))
        }
    }

    /// The samples of both datasets at `index`.
    public subscript(index: Int) -> (First.Element, Second.Element) {
        get throws { (try first[index], try second[index]) }
    }
}
