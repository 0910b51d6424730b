import Glibc
import Synchronization

extension Tokenizer {
    /// Encodes a batch of texts on several threads. With padding to the longest, all encodings have the same length.
    /// - Parameters:
    ///   - texts: the texts.
    ///   - addSpecialTokens: whether the special tokens of the post-processor are added. Default: true.
    ///   - threads: the number of threads. Default: nil, the number of CPUs.
    /// - Throws: ``TokenizerError``, for the first text that fails.
    public func encodeBatch(
        _ texts: [String], addSpecialTokens: Bool = true, threads: Int? = nil
    ) throws(TokenizerError) -> [Encoding] {
        try encodeBatch(texts.map { (.text($0), nil) }, addSpecialTokens: addSpecialTokens, threads: threads)
    }

    /// Encodes a batch of texts or pairs on several threads.
    /// - Parameters:
    ///   - inputs: the texts or words, each with the second text of a pair, or nil.
    ///   - addSpecialTokens: whether the special tokens of the post-processor are added. Default: true.
    ///   - threads: the number of threads. Default: nil, the number of CPUs.
    /// - Throws: ``TokenizerError``, for the first input that fails.
    public func encodeBatch(
        _ inputs: [(Input, Input?)], addSpecialTokens: Bool = true, threads: Int? = nil
    ) throws(TokenizerError) -> [Encoding] {
        var encodings = try Parallel.map(inputs.count, threads: threads) { index, scratch throws(TokenizerError) in
            try encode(inputs[index].0, inputs[index].1, addSpecialTokens, scratch)
        } scratch: {
            scratches.take()
        } finish: {
            scratches.give($0)
        }
        try padding?.apply(to: &encodings)
        return encodings
    }
}

/// Parallel loops over indices.
enum Parallel {
    /// The number of CPUs.
    static let cpuCount = max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1)

    static func map<Result>(
        _ count: Int, threads: Int?, _ body: (Int, Void) throws(TokenizerError) -> Result
    ) throws(TokenizerError) -> [Result] {
        try map(count, threads: threads, body, scratch: {}, finish: { _ in })
    }

    /// The results of the closure for each index. Each thread creates a scratch and takes the next index until all are
    /// done.
    static func map<Result, Scratch>(
        _ count: Int, threads: Int?, _ body: (Int, Scratch) throws(TokenizerError) -> Result,
        scratch: () -> Scratch, finish: (Scratch) -> Void
    ) throws(TokenizerError) -> [Result] {
        let threads = min(max(threads ?? cpuCount, 1), max(count, 1), 256)
        var results = [Result?](repeating: nil, count: count)
        var failures = [TokenizerError?](repeating: nil, count: count)
        let next = Atomic(0)
        results.withUnsafeMutableBufferPointer { results in
            failures.withUnsafeMutableBufferPointer { failures in
                let (results, failures) = (results.baseAddress, failures.baseAddress)
                run(threads) {
                    let memory = scratch()
                    while true {
                        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                        guard index < count else { break }
                        do throws(TokenizerError) { results![index] = try body(index, memory) } catch {
                            failures![index] = error
                        }
                    }
                    finish(memory)
                }
            }
        }
        for failure in failures { if let failure { throw failure } }
        return results.map { $0! }
    }

    /// Runs the closure on several threads, including the calling one. If the system cannot start a thread, fewer are
    /// used.
    private static func run(_ threads: Int, _ body: () -> Void) {
        guard threads > 1 else { return body() }
        withoutActuallyEscaping(body) { body in
            let work = Work(body)
            let context = Unmanaged.passRetained(work)
            defer { context.release() }
            var others: [pthread_t] = []
            for _ in 1..<threads {
                var thread = pthread_t()
                let status = pthread_create(
                    &thread, nil,
                    { context in
                        Unmanaged<Work>.fromOpaque(context!).takeUnretainedValue().body()
                        return nil
                    }, context.toOpaque())
                if status == 0 { others.append(thread) }
            }
            body()
            for thread in others { pthread_join(thread, nil) }
        }
    }

    private final class Work {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }
}
