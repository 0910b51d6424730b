import CKernels

/// Counts of the kernels, allocations and bytes of a piece of tensor code. Unlike times they are the same on every run,
/// so that a test can check them.
///
///     let step = WorkCounts.of { train(model, batch) }
///     print(step.kernels, step.bytes)
public struct WorkCounts: Sendable, Equatable {
    /// The number of kernels run: one for each operation that computes, none for a view, one for each parameter group
    /// that an optimiser updates.
    public var kernels = 0
    /// The number of memory blocks allocated for results; all but `systemAllocations` of them came from the cache.
    public var allocations = 0
    /// The number of bytes of the results.
    public var bytes = 0
    /// The number of allocations, for results or scratch memory of kernels, that the cache could not serve: 0 for a
    /// training step that has run before.
    public var systemAllocations = 0

    /// Runs the body and returns the counts for the calling thread, `backward()` included.
    public static func of<E: Error>(_ body: () throws(E) -> Void) throws(E) -> WorkCounts {
        let before = current
        try body()
        let after = current
        return WorkCounts(
            kernels: after.kernels - before.kernels, allocations: after.allocations - before.allocations,
            bytes: after.bytes - before.bytes, systemAllocations: after.systemAllocations - before.systemAllocations)
    }

    /// Counts a kernel that is not run by a primitive.
    @inline(__always)
    static func noteKernel() { threadState.pointee.kernels &+= 1 }

    private static var current: WorkCounts {
        let state = threadState.pointee
        return WorkCounts(
            kernels: Int(state.kernels), allocations: Int(state.storages), bytes: Int(state.storage_bytes),
            systemAllocations: Int(tl_kernel_thread().pointee.system_allocations))
    }
}
