import TorchlightCore

/// The type of the elements in a file of another system, and the dtype that they get here.
///
/// The ten dtypes are kept. Unsigned integers of more than 8 bits, which have no dtype here, are widened: uint16 to int32,
/// uint32 to int64, and uint64 to int64 where every value fits.
package struct FileElement: Equatable, Sendable {
    /// The name, as PyTorch and NumPy write it.
    package let name: String
    /// Bytes an element in the file.
    package let size: Int
    /// The dtype of the tensor.
    package let dtype: DType

    /// The element of a dtype.
    package init(_ dtype: DType) { self.init(name: "\(dtype)", size: dtype.byteSize, dtype: dtype) }

    private init(name: String, size: Int, dtype: DType) {
        self.name = name
        self.size = size
        self.dtype = dtype
    }

    /// The element of a name; nil for those that cannot be read.
    package init?(name: String) {
        switch name {
        case "uint16": self.init(name: name, size: 2, dtype: .int32)
        case "uint32": self.init(name: name, size: 4, dtype: .int64)
        case "uint64": self.init(name: name, size: 8, dtype: .int64)
        default:
            guard let dtype = DType.allCases.first(where: { "\($0)" == name }) else { return nil }
            self.init(dtype)
        }
    }

    /// Whether the bytes in the file are not those of the tensor.
    var isWidened: Bool { name != "\(dtype)" }
}

/// Makes storages of the bytes in a file: the bytes themselves where that is possible, otherwise a copy.
struct StorageReader {
    let contents: FileContents
    let operation: String

    /// The elements in a range of the file.
    ///
    /// - Parameters:
    ///   - count: The number of elements; the range has as many bytes as they take.
    ///   - isSwapped: Whether the file has the most significant byte first.
    ///   - what: The tensor or storage, for messages.
    func storage(
        of element: FileElement, count: Int, in range: Range<Int>, isSwapped: Bool, what: String
    ) throws(IOError) -> Storage {
        let bytes = contents.bytes.slice(range)
        if let owner = contents.owner, let start = bytes.baseAddress, bytes.count > 0,
            UInt(bitPattern: start) % UInt(element.size) == 0, !element.isWidened, !isSwapped || element.size == 1
        {
            try check(bytes, of: element, at: range.lowerBound, what: what)
            return Storage(
                bytes: UnsafeMutableRawPointer(mutating: start), byteCount: bytes.count, device: .cpu, owner: owner,
                isReadOnly: false)
        }
        let storage = try empty(element, count: count, what: what)
        raw(of: storage, element, count: count).copyMemory(from: bytes)
        try finish(storage, element, count: count, isSwapped: isSwapped, at: range.lowerBound, what: what)
        return storage
    }

    /// The elements that a stream gives next.
    func storage(
        of element: FileElement, count: Int, from stream: ZipStream, at offset: Int, isSwapped: Bool, what: String
    ) throws(IOError) -> Storage {
        let storage = try empty(element, count: count, what: what)
        try stream.read(into: raw(of: storage, element, count: count))
        try finish(storage, element, count: count, isSwapped: isSwapped, at: offset, what: what)
        return storage
    }

    private func empty(_ element: FileElement, count: Int, what: String) throws(IOError) -> Storage {
        guard let byteCount = checkedProduct(count, element.dtype.byteSize) else {
            throw IOError(.unsupported, operation, file: contents.path, "\(what) has \(count) elements")
        }
        do { return try Storage(byteCount: byteCount, device: .cpu) } catch {
            throw IOError(.unsupported, operation, file: contents.path, "no memory for \(what): \(error.problem)")
        }
    }

    /// Where the file's bytes go: the end of the storage, so that widening can run forward in place.
    private func raw(of storage: Storage, _ element: FileElement, count: Int) -> UnsafeMutableRawBufferPointer {
        let byteCount = count * element.size
        return UnsafeMutableRawBufferPointer(
            start: storage.bytes + (count * element.dtype.byteSize - byteCount), count: byteCount)
    }

    private func finish(
        _ storage: Storage, _ element: FileElement, count: Int, isSwapped: Bool, at offset: Int, what: String
    ) throws(IOError) {
        let raw = raw(of: storage, element, count: count)
        if isSwapped { Self.swapBytes(raw, size: element.size) }
        guard element.isWidened else {
            return try check(UnsafeRawBufferPointer(raw), of: element, at: offset, what: what)
        }
        switch element.size {
        case 2:
            for i in 0..<count {
                let value = raw.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)
                storage.bytes.storeBytes(of: Int32(value), toByteOffset: 4 * i, as: Int32.self)
            }
        case 4:
            for i in 0..<count {
                let value = raw.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)
                storage.bytes.storeBytes(of: Int64(value), toByteOffset: 8 * i, as: Int64.self)
            }
        default:
            // The bits of a uint64 are those of the int64 where the top one is clear.
            for i in 0..<count {
                let value = raw.loadUnaligned(fromByteOffset: 8 * i, as: UInt64.self)
                guard value <= UInt64(Int64.max) else {
                    throw IOError(
                        .unsupported, operation, file: contents.path, offset: offset + 8 * i,
                        "\(what) is uint64 and holds \(value)", expected: "values up to \(Int64.max), which int64 holds"
                    )
                }
            }
        }
    }

    /// Any other byte in a bool than 0 and 1 would make kernels disagree about it.
    private func check(
        _ bytes: UnsafeRawBufferPointer, of element: FileElement, at offset: Int, what: String
    ) throws(IOError) {
        if element.dtype == .bool, let wrong = bytes.firstIndex(where: { $0 > 1 }) {
            throw IOError(
                .malformed, operation, file: contents.path, offset: offset + wrong,
                "the byte \(bytes[wrong]) in the bool values of \(what)", expected: "0 or 1")
        }
    }

    private static func swapBytes(_ bytes: UnsafeMutableRawBufferPointer, size: Int) {
        func swap<Word: FixedWidthInteger>(_ type: Word.Type) {
            for offset in stride(from: 0, to: bytes.count, by: size) {
                let word = bytes.loadUnaligned(fromByteOffset: offset, as: Word.self)
                bytes.storeBytes(of: word.byteSwapped, toByteOffset: offset, as: Word.self)
            }
        }
        switch size {
        case 2: swap(UInt16.self)
        case 4: swap(UInt32.self)
        case 8: swap(UInt64.self)
        default: break
        }
    }
}
