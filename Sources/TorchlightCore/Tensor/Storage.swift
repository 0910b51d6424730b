import CKernels

/// Memory of one device, shared by a tensor and its views.
///
/// The host reads and writes it on the CPU only; `Tensor.to(_:)` copies between devices.
package final class Storage: @unchecked Sendable {
    /// The first byte.
    package let bytes: UnsafeMutableRawPointer
    package let byteCount: Int
    package let device: Device
    /// The number of in-place writes. A saved tensor is valid only as long as this does not change.
    package private(set) var version = 0
    /// The name of the in-place operation that wrote last, for the error about an overwritten saved tensor.
    package private(set) var lastWriter = ""
    /// Whether the memory must not be written, as with a mapped file.
    package let isReadOnly: Bool
    /// While a function is recorded: the number of its recorder in the upper half for memory that the function made, and in the
    /// lower half the number of what it holds, from 1. 0 for other memory.
    var recordMark: UInt64 = 0
    private let owner: Owner

    private enum Owner {
        case cpu
        case device
        case other(AnyObject)
        /// There is no memory.
        case nobody
    }

    /// Uninitialised memory of the device, from the caching allocator on the CPU; none on `meta`.
    package init(byteCount: Int, device: Device) throws(TensorError) {
        if device.kind == .meta {
            self.bytes = Self.nowhere
            self.byteCount = byteCount
            self.device = device
            isReadOnly = false
            owner = .nobody
            return
        }
        // One test for the usual case: an addition of few elements notices a table of jumps.
        let isOnCPU = device.kind == .cpu
        owner = isOnCPU ? .cpu : .device
        let bytes = isOnCPU ? tl_allocate(byteCount) : tl_device_allocate(device.kernelCode, byteCount)
        guard let bytes else {
            throw TensorError(.outOfMemory, in: "allocate", Storage.outOfMemoryText(byteCount))
        }
        let state = threadState
        state.pointee.storages &+= 1
        state.pointee.storage_bytes &+= Int64(byteCount)
        self.bytes = bytes
        self.byteCount = byteCount
        self.device = device
        isReadOnly = false
        if state.pointee.recording > 0 { recordMark = ThreadContext.current.storageMark }
    }

    /// The address for tensors without memory: not mapped, so that an access ends the process.
    private static var nowhere: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bitPattern: 64)! }

    /// Memory that another object owns; `owner` is retained as long as the storage exists.
    package init(bytes: UnsafeMutableRawPointer, byteCount: Int, device: Device, owner: AnyObject, isReadOnly: Bool) {
        self.bytes = bytes
        self.byteCount = byteCount
        self.device = device
        self.isReadOnly = isReadOnly
        self.owner = .other(owner)
    }

    deinit {
        switch owner {
        case .cpu: tl_deallocate(bytes, byteCount)
        case .device: tl_device_deallocate(device.kernelCode, bytes, byteCount)
        case .other, .nobody: break
        }
    }

    package func bumpVersion(by operation: String) {
        version &+= 1
        lastWriter = operation
    }

    private static func outOfMemoryText(_ byteCount: Int) -> String {
        let memory = tl_memory()
        return
            "cannot allocate \(Memory.text(byteCount)); tensors hold \(Memory.text(Int(memory.allocated))), "
            + "the cache of freed blocks \(Memory.text(Int(memory.reserved - memory.allocated))); "
            + "use a smaller batch, noGrad { } for evaluation, or keep fewer tensors"
    }
}
