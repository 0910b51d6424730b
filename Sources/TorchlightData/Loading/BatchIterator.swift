import TorchlightCore

/// How the batches of one epoch are made: by number, on any thread.
struct BatchSource<Batch>: Sendable {
    let start: Int
    let end: Int
    let make: @Sendable (Int) throws -> Batch
}

/// The batches of one epoch, in order.
public final class BatchIterator<Batch>: IteratorProtocol {
    private let source: BatchSource<Batch>
    private let ahead: Prefetcher<Batch>?
    private var position: Int
    /// Hears the number of each batch that is taken, and nil at the end.
    private let onTake: (Int?) -> Void

    init(_ source: BatchSource<Batch>, workers: Int, capacity: Int, onTake: @escaping (Int?) -> Void) {
        self.source = source
        self.onTake = onTake
        position = source.start
        ahead =
            workers > 0 && source.start < source.end ? Prefetcher(source, workers: workers, capacity: capacity) : nil
    }

    deinit { ahead?.cancel() }

    /// The next batch, or nil after the last one.
    ///
    /// - Throws: What the data set threw, or a `TensorError` where samples do not fit together. The iterator ends with it.
    public func nextBatch() throws -> Batch? {
        guard position < source.end else {
            if position == source.end { onTake(nil) }
            position = .max
            return nil
        }
        do {
            let batch = try ahead.map { try $0.take(position) } ?? source.make(position)
            onTake(position)
            position += 1
            return batch
        } catch {
            position = .max
            ahead?.cancel()
            throw error
        }
    }

    /// The next batch, or nil after the last one; an error traps, or is recorded inside `checked { }`.
    public func next() -> Batch? { reportingFailures { try nextBatch() } }
}

/// What the body gives; nil, and the error reported, where it throws.
func reportingFailures<Batch>(_ body: () throws -> Batch?) -> Batch? {
    do {
        return try body()
    } catch let error as TensorError {
        reportFailure(error)
    } catch {
        reportFailure(TensorError(.value, in: "DataLoader", "a sample could not be made: \(error)"))
    }
    return nil
}
