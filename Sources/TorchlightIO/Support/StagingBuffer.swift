/// A page-aligned buffer that collects the bytes of a file until they fill whole blocks of the disk.
final class StagingBuffer {
    /// Large enough to keep the disk busy, small enough to stay in the CPU cache between copy and write.
    private static let size = 2 << 20

    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
    private var count = 0

    deinit { buffer.deallocate() }

    var isFull: Bool { count == buffer.count }

    /// The collected bytes; valid until the next change.
    var contents: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[..<count]) }

    /// Appends as many of the bytes as fit and returns their number.
    func append(_ bytes: UnsafeRawBufferPointer) -> Int {
        let taken = min(bytes.count, buffer.count - count)
        UnsafeMutableRawBufferPointer(rebasing: buffer[count..<count + taken])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<taken]))
        count += taken
        return taken
    }

    func empty() { count = 0 }
}
