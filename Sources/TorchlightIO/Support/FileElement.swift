import TorchlightCore

/// An element type of a file, and the dtype with which it is read.
///
/// All dtypes are read as they are. Element types without a dtype are widened without loss: uint16 to int32, uint32 to
/// int64, uint64 to int64 (if every value of the tensor fits), 8-bit floats to float16 or float32. Others, such as
/// complex32, have a name and a size, so that they can be listed and copied as bits.
package struct FileElement: Equatable, Sendable {
    /// The name in PyTorch and NumPy; the format's own name if they have none.
    package let name: String
    /// The size of an element in the file, in bytes.
    package let size: Int
    /// The dtype with which the values are read; nil if they cannot be read.
    package let readAs: DType?
    /// A dtype of the same size, for the bits; nil if there is none.
    let carrier: DType?

    /// The dtype of a tensor with these elements.
    package var dtype: DType { readAs ?? carrier ?? .uint8 }

    /// Creates the element type of a dtype.
    package init(_ dtype: DType) {
        self.init(name: "\(dtype)", size: dtype.byteSize, readAs: dtype, carrier: dtype)
    }

    private init(name: String, size: Int, readAs: DType?, carrier: DType?) {
        self.name = name
        self.size = size
        self.readAs = readAs
        self.carrier = carrier
    }

    /// Creates the element type with a name; nil if the name is unknown.
    package init?(name: String) {
        if let dtype = DType.allCases.first(where: { "\($0)" == name }) {
            self.init(dtype)
        } else if let (size, dtype) = Self.others[name] {
            self.init(name: name, size: size, readAs: dtype, carrier: Self.carriers[size])
        } else {
            return nil
        }
    }

    /// Element types without a dtype: the size in bytes, and the dtype that represents every value.
    private static let others: [String: (size: Int, readAs: DType?)] = [
        "uint16": (2, .int32), "uint32": (4, .int64), "uint64": (8, .int64),
        "float8_e4m3fn": (1, .float16), "float8_e5m2": (1, .float16), "float8_e4m3fnuz": (1, .float16),
        "float8_e5m2fnuz": (1, .float16), "float8_e8m0fnu": (1, .float32),
        "complex32": (4, nil),
    ]
    private static let carriers: [Int: DType] = [1: .uint8, 2: .int16, 4: .int32, 8: .int64]

    /// Whether the elements are converted when they are read.
    var isWidened: Bool { name != "\(dtype)" && readAs != nil }

    /// The size of the unit that the byte order applies to: an element, or a part of a complex number.
    var partSize: Int { readAs?.isComplex == true ? size / 2 : size }

    /// The dtype of the same size as an element type, for the bits; nil if there is none.
    var asBits: FileElement? { carrier.map { FileElement($0) } }
}

/// Creates storages from the bytes of a file: views of the bytes if possible, otherwise copies.
struct StorageReader {
    let contents: FileContents
    let operation: String

    /// Reads the elements in a range of the file.
    ///
    /// - Parameters:
    ///   - count: the number of elements, which fill the range exactly.
    ///   - isSwapped: whether the elements are big-endian.
    ///   - what: the tensor or storage, for error texts.
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

    /// Reads the next elements of a stream.
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
            throw IOError(
                .unsupported, operation, file: contents.path,
                "\(what) has \(quantity(count, "element")), too many for memory")
        }
        do { return try Storage(byteCount: byteCount, device: .cpu) } catch {
            throw IOError(.unsupported, operation, file: contents.path, "no memory for \(what): \(error.problem)")
        }
    }

    /// The end of the storage, into which the file's bytes are read, so that widening can run in place.
    private func raw(of storage: Storage, _ element: FileElement, count: Int) -> UnsafeMutableRawBufferPointer {
        let byteCount = count * element.size
        return UnsafeMutableRawBufferPointer(
            start: storage.bytes + (count * element.dtype.byteSize - byteCount), count: byteCount)
    }

    private func finish(
        _ storage: Storage, _ element: FileElement, count: Int, isSwapped: Bool, at offset: Int, what: String
    ) throws(IOError) {
        let raw = raw(of: storage, element, count: count)
        if isSwapped { Self.swapBytes(raw, size: element.partSize) }
        guard element.isWidened else {
            return try check(UnsafeRawBufferPointer(raw), of: element, at: offset, what: what)
        }
        if let bad = element.widen(UnsafeRawBufferPointer(raw), count: count, into: storage.bytes) {
            throw IOError(
                .unsupported, operation, file: contents.path, offset: offset + 8 * bad.index,
                "\(what) is uint64 and holds \(bad.value)", expected: "values up to \(Int64.max), which int64 holds")
        }
    }

    /// Throws if a bool is not 0 or 1: kernels could interpret other bytes differently. The file is whole, so such a tensor is left out.
    private func check(
        _ bytes: UnsafeRawBufferPointer, of element: FileElement, at offset: Int, what: String
    ) throws(IOError) {
        if element.readAs == .bool, let wrong = bytes.firstIndex(where: { $0 > 1 }) {
            throw IOError(
                .unsupported, operation, file: contents.path, offset: offset + wrong,
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
