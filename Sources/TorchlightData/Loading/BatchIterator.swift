import TorchlightCore

/// Iterates over the batches of one epoch, in order.
public final class BatchIterator<Batch>: IteratorProtocol {
    private let source: BatchSource<Batch>
    private let ahead: Prefetcher<Batch>?
    private var position: Int
    /// Called with the number of each batch that is taken, and with nil at the end.
    private let onTake: (Int?) -> Void

    init(_ source: BatchSource<Batch>, workers: Int, capacity: Int, onTake: @escaping (Int?) -> Void) {
        self.source = source
        self.onTake = onTake
        position = source.start
        ahead =
            workers > 0 && source.start < source.end ? Prefetcher(source, workers: workers, capacity: capacity) : nil
    }

    deinit { ahead?.cancel() }

    /// Returns the next batch, or nil after the last one.
    ///
    /// - Throws: what the dataset throws, or a `TensorError` if samples cannot be collated. The iterator ends with an
    ///   error.
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

    /// Returns the next batch, or nil after the last one. An error traps, or is recorded inside `checked { }`.
    public func next() -> Batch? { reportingFailures { try nextBatch() } }
}

/// Returns the result of the body; nil, with the error reported, if it throws.
func reportingFailures<Batch>(_ body: () throws -> Batch?) -> Batch? {
    do {
        return try body()
    } catch let error as TensorError {
        reportFailure(error)
    } catch {
        reportFailure(TensorError(.value, in: "DataLoader", "a sample could not be loaded: \(error)"))
    }
    return nil
}
