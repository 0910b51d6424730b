extension UnsafeRawBufferPointer {
    /// A little-endian integer at a position; the caller has checked that it lies within the bytes.
    ///
    /// The check is repeated here, also in release builds: a reader with a mistake must stop, not read elsewhere.
    func integer<Integer: FixedWidthInteger>(_ type: Integer.Type, at offset: Int) -> Integer {
        precondition(offset >= 0 && offset <= count - MemoryLayout<Integer>.size, "a read beyond the end")
        return Integer(littleEndian: loadUnaligned(fromByteOffset: offset, as: Integer.self))
    }

    /// The bytes of a range, which the caller has checked.
    func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a slice beyond the end")
        return range.isEmpty
            ? UnsafeRawBufferPointer(start: nil, count: 0) : UnsafeRawBufferPointer(rebasing: self[range])
    }

    /// Whether the bytes begin with these.
    func starts(with bytes: StaticString) -> Bool {
        count >= bytes.utf8CodeUnitCount
            && (0..<bytes.utf8CodeUnitCount).allSatisfy { self[$0] == bytes.utf8Start[$0] }
    }
}

/// The bytes of a file, with the object that keeps them alive.
package struct FileContents {
    package let bytes: UnsafeRawBufferPointer
    /// Keeps the bytes; tensors may lie in them for as long as they hold it. Nil where every tensor must be a copy.
    package let owner: AnyObject?
    /// The path, for messages.
    package let path: String

    package init(_ bytes: UnsafeRawBufferPointer, owner: AnyObject? = nil, path: String) {
        self.bytes = bytes
        self.owner = owner
        self.path = path
    }

    package init(_ mapped: MappedFile) { self.init(mapped.bytes, owner: mapped, path: mapped.path) }
}

/// Multiplication and addition of sizes from a file: nil where the result does not fit.
func checkedProduct(_ a: Int, _ b: Int) -> Int? {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? nil : product
}

func checkedSum(_ a: Int, _ b: Int) -> Int? {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? nil : sum
}
