import CKernels

/// The number of CPU threads that operations share. Starts as many as this process may use (by affinity and
/// container limits), or `OMP_NUM_THREADS`. A value below 1 becomes 1, and one above 64 and above four
/// times the number of CPUs (but never above 1,024) becomes the larger of these. Where the system refuses to start threads,
/// operations run on those that there are.
///
/// Threads that call operations at the same time share these threads. Sums do not depend on the number, except inside
/// products and convolutions of float32 and half types.
public var numThreads: Int {
    get { Int(tl_num_threads()) }
    set { tl_set_num_threads(Int32(clamping: max(newValue, 1))) }
}

/// The number of CPU threads that operations share: ``numThreads``.
public func getNumThreads() -> Int { numThreads }

/// Sets the number of CPU threads that operations share: ``numThreads``.
public func setNumThreads(_ count: Int) { numThreads = count }

/// The largest value that `numThreads` takes.
package var maxThreads: Int { Int(tl_most_threads()) }

/// From now on, operations that the calling thread starts run on this thread only.
package func runOperationsInline() { tl_run_inline_on_this_thread() }

/// Counts the calling thread among the `numThreads` while it runs the function: meanwhile operations that other threads start
/// use one thread fewer, but at least the one that starts them. Results stay the same.
package func withReservedThread<Result>(_ body: () throws -> Result) rethrows -> Result {
    tl_reserve_thread()
    defer { tl_release_thread() }
    return try body()
}

/// The CPU instruction set that the kernels use: "avx512", "avx2" or "baseline".
public var instructionSet: String { String(cString: tl_instruction_set()) }
