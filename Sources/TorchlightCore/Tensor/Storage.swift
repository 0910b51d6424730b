import CKernels

/// Bytes on one device, shared by all views of them.
///
/// The host reads and writes them on the CPU only; `Tensor.to(_:)` copies between devices.
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
        case cpu
        case device
        case other(AnyObject)
        /// There is no memory.
        case nobody
    }

    /// Uninitialised memory of the device, on the CPU from the caching allocator; none on `meta`.
    package init(byteCount: Int, device: Device) throws(TensorError) {
        let bytes: UnsafeMutableRawPointer?
        switch device.kind {
        case .cpu:
            bytes = tl_allocate(byteCount)
            owner = .cpu
        case .meta:
            self.bytes = Self.nowhere
            self.byteCount = byteCount
            self.device = device
            isReadOnly = false
            owner = .nobody
            return
        case .cuda, .external:
            bytes = tl_device_allocate(device.kernelCode, byteCount)
            owner = .device
        }
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
    }

    /// The address of tensors that have no memory: not mapped, so that reading it ends the process.
    private static var nowhere: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bitPattern: 64)! }

    /// Memory that somebody else owns and that lives as long as `owner` does.
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
