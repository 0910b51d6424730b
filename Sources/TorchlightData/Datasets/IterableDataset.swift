import TorchlightCore

/// Samples that come one after another, for what cannot be read by number: lines of a file, messages, what a simulation makes.
///
/// An ``IterableDataLoader`` makes batches of them.
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

    /// The samples of an epoch, from the first.
    func samples() throws -> SampleStream<Element>
}

/// Samples one after another: nil at the end, an error where one cannot be read.
public struct SampleStream<Element> {
    private let read: () throws -> Element?

    /// Samples that a function gives until it gives nil.
    public init(_ read: @escaping () throws -> Element?) { self.read = read }

    /// The elements of a sequence.
    public init(_ elements: some Sequence<Element>) {
        var iterator = elements.makeIterator()
        read = { iterator.next() }
    }

    /// The next sample; nil after the last.
    public func next() throws -> Element? { try read() }
}

/// The samples of several iterable data sets one after the other.
public struct ChainDataset<Element>: IterableDataset {
    /// The data sets, in order.
    public let parts: [any IterableDataset<Element>]

    /// Data sets of any types whose samples are of one type.
    public init(_ parts: [any IterableDataset<Element>]) { self.parts = parts }

    /// Data sets of one type.
    public init<Part: IterableDataset<Element>>(_ parts: [Part]) {
        self.init(parts.map { $0 as any IterableDataset<Element> })
    }

    /// The samples of the first part, then those of the second, and so on.
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
