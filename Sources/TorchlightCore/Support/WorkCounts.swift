import CKernels

/// What a piece of tensor code costs, in counts: unlike times they are the same on every run, so that a test can hold
/// them and a change that makes a step dearer shows at once.
///
///     let step = WorkCounts.of { train(model, batch) }
///     print(step.kernels, step.bytes)
public struct WorkCounts: Sendable, Equatable {
    /// Kernels run: one for each operation that computes, none for a view, one for a group of parameters that an
    /// optimiser changes.
    public var kernels = 0
    /// Blocks of memory taken for results; all but `systemAllocations` of them came from the pool.
    public var allocations = 0
    /// Bytes in the results.
    public var bytes = 0
    /// How often the pool had no fitting block, for a result or for the scratch memory of a kernel, and asked the system:
    /// 0 for a training step that has been run before.
    public var systemAllocations = 0

    /// Runs the body and counts what it does on the calling thread, `backward()` included.
    public static func of<E: Error>(_ body: () throws(E) -> Void) throws(E) -> WorkCounts {
        let before = current
        try body()
        let after = current
        return WorkCounts(
            kernels: after.kernels - before.kernels, allocations: after.allocations - before.allocations,
            bytes: after.bytes - before.bytes, systemAllocations: after.systemAllocations - before.systemAllocations)
    }

    /// Counts a kernel that runs outside the path which every primitive takes.
    @inline(__always)
    package static func noteKernel() { threadState.pointee.kernels &+= 1 }

    private static var current: WorkCounts {
        let state = threadState.pointee
        return WorkCounts(
            kernels: Int(state.kernels), allocations: Int(state.storages), bytes: Int(state.storage_bytes),
            systemAllocations: Int(state.system_allocations))
    }
}
