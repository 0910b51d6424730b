import Glibc

/// A memory-mapped file: the operating system reads its bytes when they are first accessed.
///
/// The bytes stay valid while the object exists, even if the file is replaced by a rename. If another program truncates
/// the file, an access to the missing bytes ends the process, as with every memory mapping.
package final class MappedFile: @unchecked Sendable {
    /// The path that was opened.
    package let path: String
    /// The contents, valid only while the object exists: prefer `withBytes`.
    package let bytes: UnsafeRawBufferPointer

    /// Maps a file into memory; changes to the pages are not written to the file.
    package init(_ path: String) throws(IOError) {
        let descriptor = try FileSystem.open(path, O_RDONLY, operation: "read")
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileSystem.failure("read", path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw status.st_mode & S_IFMT == S_IFDIR
                ? FileSystem.failure("read", path, code: EISDIR)
                : IOError(
                    .unsupported, "read", file: path, "not a regular file",
                    expected: "a file that can be mapped into memory")
        }
        self.path = path
        if status.st_size == 0 {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        // Private and writable: tensors that use these pages can be changed in place without changing the file. Memory
        // for the changes is allocated only when they happen.
        guard
            let start = mmap(
                nil, Int(status.st_size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, descriptor, 0),
            start != MAP_FAILED
        else { throw FileSystem.failure("map", path) }
        bytes = UnsafeRawBufferPointer(start: start, count: Int(status.st_size))
    }

    /// Calls a closure with the contents.
    package func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // The compiler may release `self` before the last use of its pointer.
        defer { withExtendedLifetime(self) {} }
        return try body(bytes)
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }
}
