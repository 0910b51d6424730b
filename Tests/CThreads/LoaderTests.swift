// Tests of the queue of a data loader for ThreadSanitizer. `make test-threads` compiles them with the queue itself, the locks and
// threads under it and the thread pool, all of which are checked.
import CKernels
import TorchlightCore

/// How often each batch was made, without a lock: the queue must order the accesses to each.
final class Counts: @unchecked Sendable {
    let made: UnsafeMutableBufferPointer<Int>
    init(_ count: Int) {
        made = .allocate(capacity: count)
        made.initialize(repeating: 0)
    }
    deinit { made.deallocate() }
}

struct BatchError: Error {
    let number: Int
}

/// Work whose pieces the pool runs, in a worker of a loader or beside one.
func sumOfPieces(_ count: Int) -> Int {
    let sums = UnsafeMutablePointer<Int>.allocate(capacity: count)
    defer { sums.deallocate() }
    tl_parallel_for(
        Int64(count),
        { context, begin, end in
            let sums = context!.assumingMemoryBound(to: Int.self)
            for i in Int(begin)..<Int(end) { sums[i] = i }
        }, sums)
    return (0..<count).reduce(0) { $0 + sums[$1] }
}

@main
struct LoaderTests {
    nonisolated(unsafe) static var failures = 0

    static func expect(_ condition: Bool, _ message: @autoclosure () -> String) {
        if condition { return }
        failures += 1
        print("false: \(message())")
    }

    /// Batches come in order, each made once, while the consumer computes on the pool.
    static func inOrder() {
        for (workers, capacity) in [(1, 1), (2, 4), (4, 2), (16, 64), (100_000, 8), (.max, .max)] {
            let counts = Counts(100)
            let source = BatchSource<[Int]>(start: 0, end: 100) { number in
                counts.made[number] += 1
                return [number, sumOfPieces(50)]
            }
            let queue = Prefetcher(source, workers: workers, capacity: capacity)
            for number in 0..<100 {
                expect((try? queue.take(number)) == [number, 1225], "batch \(number) of \(workers) workers")
                expect(sumOfPieces(100) == 4950, "the sum beside \(workers) workers")
            }
            expect(counts.made.allSatisfy { $0 == 1 }, "made \(Array(counts.made))")
        }
    }

    /// A consumer that leaves ends the workers; an error arrives with its batch.
    static func earlyEnds() {
        for round in 0..<50 {
            let source = BatchSource<Int>(start: 0, end: 1000) { number in
                if number == 7 { throw BatchError(number: number) }
                return number
            }
            let queue = Prefetcher(source, workers: 3, capacity: 6)
            for number in 0..<(round % 7) { expect((try? queue.take(number)) == number, "batch \(number)") }
            if round % 7 == 6 {
                expect((try? queue.take(6)) == 6, "batch 6")
                do {
                    _ = try queue.take(7)
                    expect(false, "batch 7 must throw")
                } catch {
                    expect((error as? BatchError)?.number == 7, "\(error)")
                }
            }
            queue.cancel()
        }
    }

    /// Several loaders at once, each with a consumer of its own.
    static func severalLoaders() {
        let threads = (0..<8).map { loader in
            BackgroundThread {
                let queue = Prefetcher(
                    BatchSource<Int>(start: 0, end: 60) { loader * 1000 + $0 }, workers: 2, capacity: 4)
                for number in 0..<60 {
                    expect((try? queue.take(number)) == loader * 1000 + number, "loader \(loader), batch \(number)")
                }
            }
        }
        for thread in threads { thread?.join() }
    }

    static func main() {
        numThreads = 4
        inOrder()
        earlyEnds()
        severalLoaders()
        if failures > 0 { fatalError("\(failures) failures") }
        print("All tests of the loader's queue passed.")
    }
}
