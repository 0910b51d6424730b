import CKernels

/// What the tensors of this process hold, with the graphs that lead to them and the scratch memory of running kernels.
public enum Memory {
    /// Bytes in use.
    public static var allocated: Int { statistics.allocated }
    /// Bytes taken from the system: those in use and those kept for reuse.
    public static var reserved: Int { statistics.reserved }
    /// The most bytes that were in use at once since the start or `resetPeak()`.
    public static var peak: Int { statistics.peak }
    /// How often the system was asked for memory; stands still once a training loop has warmed up.
    public static var systemAllocations: Int { statistics.systemAllocations }

    /// The most bytes that this process can hold: memory and swap of the machine, or less in a container that limits it.
    /// Tensors that would need more are refused with a ``TensorError``.
    public static var limit: Int { Int(tl_memory_limit()) }

    /// All figures of one moment.
    public struct Statistics: Sendable, Equatable {
        /// Bytes in use.
        public var allocated: Int
        /// Bytes taken from the system: those in use and those kept for reuse.
        public var reserved: Int
        /// The most bytes that were in use at once since the start or `resetPeak()`.
        public var peak: Int
        /// How often the system was asked for memory.
        public var systemAllocations: Int
    }

    /// The figures of this moment, over all threads.
    public static var statistics: Statistics {
        let memory = tl_memory()
        return Statistics(
            allocated: Int(memory.allocated), reserved: Int(memory.reserved), peak: Int(memory.peak),
            systemAllocations: Int(memory.system_allocations))
    }

    /// Starts the count of `peak` again from what is in use now.
    public static func resetPeak() { tl_reset_peak() }
    /// Gives the blocks kept for reuse back to the system.
    public static func emptyCache() { tl_empty_cache() }

    /// Runs the body while this thread is refused blocks of memory above a size in bytes, so that a test can ask for what
    /// there is no memory for, on any machine.
    package static func refusingBlocks<R>(above bytes: Int, _ body: () throws -> R) rethrows -> R {
        let state = threadState
        let outer = state.pointee.block_limit
        state.pointee.block_limit = Int64(bytes)
        defer { state.pointee.block_limit = outer }
        return try body()
    }

    /// "1.5 MiB"
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
