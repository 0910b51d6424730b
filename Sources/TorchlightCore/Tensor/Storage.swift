import CKernels

/// Bytes on one device, shared by all views of them.
package final class Storage: @unchecked Sendable {
    /// The first byte.
    package let bytes: UnsafeMutableRawPointer
    package let byteCount: Int
    package let device: Device
    /// Counts the writes: what autograd saved is good only while this stands still.
    package private(set) var version = 0
    /// The in-place operation that wrote last, for the error that says what was overwritten.
    package private(set) var lastWriter = ""
    /// Whether the memory may not be written (a mapped file).
    package let isReadOnly: Bool
    private let owner: Owner

    private enum Owner {
        case allocator
        case other(AnyObject)
    }

    /// Uninitialised memory from the caching allocator.
    package init(byteCount: Int, device: Device) throws(TensorError) {
        guard let bytes = tl_allocate(byteCount) else {
            throw TensorError(.outOfMemory, in: "allocate", Storage.outOfMemoryText(byteCount))
        }
        self.bytes = bytes
        self.byteCount = byteCount
        self.device = device
        isReadOnly = false
        owner = .allocator
    }

    /// Memory that somebody else owns and that lives as long as `owner` does.
    package init(bytes: UnsafeMutableRawPointer, byteCount: Int, device: Device, owner: AnyObject, isReadOnly: Bool) {
        self.bytes = bytes
        self.byteCount = byteCount
        self.device = device
        self.isReadOnly = isReadOnly
        self.owner = .other(owner)
    }

    deinit {
        if case .allocator = owner { tl_deallocate(bytes, byteCount) }
    }

    package func noteWrite(by operation: String) {
        version &+= 1
        lastWriter = operation
    }

    private static func outOfMemoryText(_ byteCount: Int) -> String {
        let memory = tl_memory()
        return
            "the system gave no memory for \(Memory.text(byteCount)); tensors hold \(Memory.text(Int(memory.allocated))), "
            + "freed blocks kept for reuse \(Memory.text(Int(memory.reserved - memory.allocated))); "
            + "a smaller batch, noGrad { } for evaluation, or fewer kept tensors would need less"
    }
}

/// What the tensors of this process hold.
public enum Memory {
    /// Bytes in tensors that are alive.
    public static var allocated: Int { Int(tl_memory().allocated) }
    /// Bytes taken from the system: those in use and those kept for reuse.
    public static var reserved: Int { Int(tl_memory().reserved) }
    /// The most bytes that were in use at once since the start or `resetPeak()`.
    public static var peak: Int { Int(tl_memory().peak) }
    /// How often the system was asked for memory; stands still once a training loop has warmed up.
    public static var systemAllocations: Int { Int(tl_memory().system_allocations) }
    /// Starts the count of `peak` again from what is in use now.
    public static func resetPeak() { tl_reset_peak() }
    /// Gives the blocks kept for reuse back to the system.
    public static func emptyCache() { tl_empty_cache() }

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
