import TorchlightCore

/// An iterable dataset: samples in sequence, without indices, for example lines of a file or messages of a stream.
///
/// An ``IterableDataLoader`` makes batches of them. With several workers, each reads a separate stream: ``WorkerInfo``
/// returns which samples are left to the others.
///
///     struct Lines: IterableDataset {
///         let path: String
///         func samples() throws -> SampleStream<String> {
///             let file = try LineReader(path)
///             return SampleStream { try file.nextLine() }
///         }
///     }
public protocol IterableDataset<Element>: Sendable {
    /// The type of a sample.
    associatedtype Element

    /// Returns the samples of an epoch, from the first.
    func samples() throws -> SampleStream<Element>
}

/// A sequence of samples whose `next()` can throw.
public struct SampleStream<Element> {
    private let read: () throws -> Element?

    /// Creates a stream from a function that returns the next sample, or nil at the end.
    public init(_ read: @escaping () throws -> Element?) { self.read = read }

    /// Creates a stream of the elements of a sequence.
    public init(_ elements: some Sequence<Element>) {
        var iterator = elements.makeIterator()
        read = { iterator.next() }
    }

    /// Returns the next sample; nil after the last.
    public func next() throws -> Element? { try read() }
}

/// The concatenation of several iterable datasets.
public struct ChainDataset<Element>: IterableDataset {
    /// The datasets, in order.
    public let parts: [any IterableDataset<Element>]

    /// Creates a concatenation of datasets of any types with samples of the same type.
    public init(_ parts: [any IterableDataset<Element>]) { self.parts = parts }

    /// Creates a concatenation of datasets of one type.
    public init<Part: IterableDataset<Element>>(_ parts: [Part]) {
        self.init(parts.map { $0 as any IterableDataset<Element> })
    }

    /// Returns the samples of the first dataset, then those of the second, and so on.
    public func samples() throws -> SampleStream<Element> {
        var rest = parts[...]
        var current: SampleStream<Element>?
        return SampleStream {
            while true {
                if let sample = try current?.next() { return sample }
                guard let part = rest.popFirst() else { return nil }
                current = try part.samples()
            }
        }
    }
}
