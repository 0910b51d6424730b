extension UnsafeRawBufferPointer {
    /// Returns a little-endian integer at an offset that the caller has checked.
    ///
    /// The precondition also holds in release builds: a reader with a bug must stop instead of reading other memory.
    func integer<Integer: FixedWidthInteger>(_ type: Integer.Type, at offset: Int) -> Integer {
        precondition(offset >= 0 && offset <= count - MemoryLayout<Integer>.size, "a read beyond the end")
        return Integer(littleEndian: loadUnaligned(fromByteOffset: offset, as: Integer.self))
    }

    /// Returns the bytes of a range that the caller has checked.
    func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a slice beyond the end")
        return range.isEmpty
            ? UnsafeRawBufferPointer(start: nil, count: 0) : UnsafeRawBufferPointer(rebasing: self[range])
    }

    /// The first bytes in hexadecimal, for errors: `89 50 4e 47`.
    func hexadecimal(_ count: Int) -> String {
        prefix(count).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }

    /// Whether the buffer begins with these bytes.
    func starts(with bytes: StaticString) -> Bool {
        count >= bytes.utf8CodeUnitCount
            && (0..<bytes.utf8CodeUnitCount).allSatisfy { self[$0] == bytes.utf8Start[$0] }
    }
}

/// The bytes of a file, with the object that keeps them valid.
package struct FileContents {
    package let bytes: UnsafeRawBufferPointer
    /// Keeps the bytes valid while a tensor uses them; nil if every tensor must be a copy.
    package let owner: AnyObject?
    /// The path, for error texts.
    package let path: String

    package init(_ bytes: UnsafeRawBufferPointer, owner: AnyObject? = nil, path: String) {
        self.bytes = bytes
        self.owner = owner
        self.path = path
    }

    package init(_ mapped: MappedFile) { self.init(mapped.bytes, owner: mapped, path: mapped.path) }
}

/// The product of two sizes; nil if it overflows.
func checkedProduct(_ a: Int, _ b: Int) -> Int? {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? nil : product
}

func checkedSum(_ a: Int, _ b: Int) -> Int? {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? nil : sum
}
