import Glibc

/// A file's bytes in the address space, read by the operating system when they are touched.
///
/// The bytes stay valid for as long as the object lives, also when the file is replaced by a rename. A file that another
/// program truncates meanwhile cannot be protected against: touching what it lost ends the process, as with every mapping.
package final class MappedFile: @unchecked Sendable {
    /// The path that was opened.
    package let path: String
    /// The contents, valid only as long as somebody holds the object: prefer `withBytes`.
    package let bytes: UnsafeRawBufferPointer

    /// Maps a file for reading; changes that the program makes to the pages stay in memory.
    package init(_ path: String) throws(IOError) {
        let descriptor = try FileSystem.open(path, O_RDONLY, operation: "read")
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileSystem.failure("read", path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw status.st_mode & S_IFMT == S_IFDIR
                ? FileSystem.failure("read", path, code: EISDIR)
                : IOError(.unsupported, "read", file: path, "not a regular file", expected: "a file that can be mapped")
        }
        self.path = path
        if status.st_size == 0 {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        // Private and writable: tensors over these pages may be changed in place without touching the file. Memory for
        // the changes is not set aside before there are any.
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
        // The compiler may end the life of `self` before the last use of its pointer.
        defer { withExtendedLifetime(self) {} }
        return try body(bytes)
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }
}
