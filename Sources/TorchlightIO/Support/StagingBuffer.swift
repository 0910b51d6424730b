/// A page-aligned buffer in which the bytes of a file gather until they fill whole blocks of the device.
final class StagingBuffer {
    /// Large enough to keep a device busy, small enough to stay in the cache between the copy and the write.
    private static let size = 2 << 20

    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
    private var count = 0

    deinit { buffer.deallocate() }

    var isFull: Bool { count == buffer.count }

    /// What was gathered; valid until the next change.
    var contents: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[..<count]) }

    /// Takes as many of the bytes as there is room for, and tells how many.
    func append(_ bytes: UnsafeRawBufferPointer) -> Int {
        let taken = min(bytes.count, buffer.count - count)
        UnsafeMutableRawBufferPointer(rebasing: buffer[count..<count + taken])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<taken]))
        count += taken
        return taken
    }

    func empty() { count = 0 }
}
