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
        let state = threadState
        state.pointee.storages &+= 1
        state.pointee.storage_bytes &+= Int64(byteCount)
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
