import CKernels

/// The memory that tensors of this process use, computation graphs and scratch memory of running kernels included.
public enum Memory {
    /// The number of bytes in use.
    public static var allocated: Int { statistics.allocated }
    /// The number of bytes taken from the system: those in use and those cached for reuse.
    public static var reserved: Int { statistics.reserved }
    /// The maximum number of bytes in use at once since the start of the process or the last `resetPeak()`.
    public static var peak: Int { statistics.peak }
    /// The number of memory requests to the system. It stays constant once a training loop has run its first steps.
    public static var systemAllocations: Int { statistics.systemAllocations }

    /// The maximum number of bytes that this process can use: memory and swap of the machine, or the limit of its
    /// container. Tensors that need more are refused with a ``TensorError``.
    public static var limit: Int { Int(tl_memory_limit()) }

    /// All statistics at one moment.
    public struct Statistics: Sendable, Equatable {
        /// The number of bytes in use.
        public var allocated: Int
        /// The number of bytes taken from the system: those in use and those cached for reuse.
        public var reserved: Int
        /// The maximum number of bytes in use at once since the start of the process or the last `resetPeak()`.
        public var peak: Int
        /// The number of memory requests to the system.
        public var systemAllocations: Int
    }

    /// The statistics at this moment, over all threads.
    public static var statistics: Statistics {
        let memory = tl_memory()
        return Statistics(
            allocated: Int(memory.allocated), reserved: Int(memory.reserved), peak: Int(memory.peak),
            systemAllocations: Int(memory.system_allocations))
    }

    /// Resets `peak` to the number of bytes in use now.
    public static func resetPeak() { tl_reset_peak() }
    /// Returns the cached memory to the system.
    public static func emptyCache() { tl_empty_cache() }

    /// Runs the body while allocations of more than `bytes` bytes fail on this thread, to test out-of-memory errors on
    /// any machine.
    package static func refusingBlocks<R>(above bytes: Int, _ body: () throws -> R) rethrows -> R {
        let state = tl_kernel_thread()!
        let outer = state.pointee.block_limit
        state.pointee.block_limit = Int64(bytes)
        defer { state.pointee.block_limit = outer }
        return try body()
    }

    /// A size in bytes as text, such as "1.5 MiB".
    package static func text(_ bytes: Int) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 1024 && unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        let tenths = (value * 10).rounded() / 10
        return unit == 0 ? "\(bytes) B" : "\(tenths) \(units[unit])"
    }
}
