import TorchlightCore

/// The type of the elements in a file of another system, and the dtype that they get here.
///
/// The ten dtypes are kept. Element types without a dtype of their own are widened where every value fits: uint16 to int32,
/// uint32 to int64, uint64 to int64 (where every value of the tensor fits), the 8-bit floats to float16 or float32. Others,
/// such as complex numbers, have a name and a size, so that they can be listed and copied bit by bit.
package struct FileElement: Equatable, Sendable {
    /// The name, as PyTorch and NumPy write it; the format's own name where they have none.
    package let name: String
    /// Bytes an element in the file.
    package let size: Int
    /// The dtype of the tensor; nil where the values cannot be read.
    package let readAs: DType?
    /// A dtype of the same size, which holds the bits; nil where there is none.
    let carrier: DType?

    /// The dtype of the tensor, of elements that can be read.
    package var dtype: DType { readAs ?? carrier ?? .uint8 }

    /// The element of a dtype.
    package init(_ dtype: DType) {
        self.init(name: "\(dtype)", size: dtype.byteSize, readAs: dtype, carrier: dtype)
    }

    private init(name: String, size: Int, readAs: DType?, carrier: DType?) {
        self.name = name
        self.size = size
        self.readAs = readAs
        self.carrier = carrier
    }

    /// The element of a name; nil for those that are not known.
    package init?(name: String) {
        if let dtype = DType.allCases.first(where: { "\($0)" == name }) {
            self.init(dtype)
        } else if let (size, dtype) = Self.others[name] {
            self.init(name: name, size: size, readAs: dtype, carrier: Self.carriers[size])
        } else {
            return nil
        }
    }

    /// Element types without a dtype of their own: the bytes of an element, and the dtype that holds every value.
    private static let others: [String: (size: Int, readAs: DType?)] = [
        "uint16": (2, .int32), "uint32": (4, .int64), "uint64": (8, .int64),
        "float8_e4m3fn": (1, .float16), "float8_e5m2": (1, .float16), "float8_e4m3fnuz": (1, .float16),
        "float8_e5m2fnuz": (1, .float16), "float8_e8m0fnu": (1, .float32),
        "complex32": (4, nil), "complex64": (8, nil), "complex128": (16, nil),
    ]
    private static let carriers: [Int: DType] = [1: .uint8, 2: .int16, 4: .int32, 8: .int64]

    /// Whether the bytes in the file are not those of the tensor.
    var isWidened: Bool { name != "\(dtype)" && readAs != nil }

    /// The same bits as elements of a dtype of the same size; nil where there is no such dtype.
    var asBits: FileElement? { carrier.map { FileElement($0) } }
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
        if let bad = element.widen(UnsafeRawBufferPointer(raw), count: count, into: storage.bytes) {
            throw IOError(
                .unsupported, operation, file: contents.path, offset: offset + 8 * bad.index,
                "\(what) is uint64 and holds \(bad.value)", expected: "values up to \(Int64.max), which int64 holds")
        }
    }

    /// Any other byte in a bool than 0 and 1 would make kernels disagree about it.
    private func check(
        _ bytes: UnsafeRawBufferPointer, of element: FileElement, at offset: Int, what: String
    ) throws(IOError) {
        if element.readAs == .bool, let wrong = bytes.firstIndex(where: { $0 > 1 }) {
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
