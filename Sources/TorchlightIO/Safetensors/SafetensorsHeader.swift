import TorchlightCore

/// The header of a safetensors file: the names, element types, shapes and positions of its tensors.
///
/// A file consists of an unsigned 64-bit length (little-endian), that many bytes of JSON, and the data of all tensors
/// (<https://github.com/huggingface/safetensors>). Parsing checks every rule of the format: one object of at most 100
/// MB in UTF-8, no duplicate names, sizes that agree with the shapes, and data without holes or overlaps from the first
/// byte to the last. No memory is allocated for a length that the file states. For an unknown element type, the data
/// must have a whole number of bits for each element.
public struct SafetensorsHeader: Equatable, Sendable {
    /// The description of a tensor.
    public struct Entry: Equatable, Sendable {
        /// The name of the tensor.
        public let name: String
        /// The name of the element type in the format: `F32`, `BF16`, `I64`, ...
        public let dtype: String
        /// The shape; empty for a scalar.
        public let shape: [Int]
        /// The range of its bytes in the file; row-major and little-endian.
        public let range: Range<Int>
    }

    /// The maximum length of a header in bytes.
    public static let lengthLimit = 100_000_000

    /// The tensors, in the order of their data.
    public let entries: [Entry]
    /// The metadata, in the order of the file; nil if the file has none.
    public let metadata: [(key: String, value: String)]?

    /// Whether two headers have the same tensors at the same positions and the same metadata.
    public static func == (a: Self, b: Self) -> Bool {
        a.entries == b.entries && a.metadata?.map(\.key) == b.metadata?.map(\.key)
            && a.metadata?.map(\.value) == b.metadata?.map(\.value)
    }

    /// The number of bits of each element type of the format.
    static let bits: [String: Int] = [
        "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
        "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "C64": 64, "I64": 64, "U64": 64,
        "F64": 64, "F4": 4, "F6_E2M3": 6,
        "F6_E3M2": 6,
    ]

    /// Parses the header of a file.
    ///
    /// - Parameters:
    ///   - bytes: the bytes of the whole file.
    ///   - file: the path for error texts.
    ///   - listing: whether a file is accepted in which every element type is unknown. Default: false.
    /// - Throws: `IOError` with the file, the position and the rule that is broken.
    public static func parse(
        _ bytes: UnsafeRawBufferPointer, file: String, listing: Bool = false
    ) throws(IOError) -> SafetensorsHeader {
        func failure(_ offset: Int, _ problem: String, expected rule: String) -> IOError {
            IOError(.malformed, "safetensors", file: file, offset: offset, problem, expected: rule)
        }
        if let error = FileKind.mismatch(
            bytes, file: file, operation: "safetensors", expected: ([.safetensors], "a safetensors file"))
        {
            throw error
        }
        guard bytes.count >= 8 else {
            throw failure(
                bytes.count, "only \(quantity(bytes.count, "byte"))", expected: "the 8 bytes of the header's length")
        }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(lengthLimit) else {
            // The length is a length only before the brace of a header.
            if bytes.count < 9 || bytes[8] != UInt8(ascii: "{") {
                throw failure(
                    0, "the file is of an unknown kind, which begins with the bytes \(bytes.hexadecimal(8))",
                    expected: "a safetensors file: the length of the header, and the header as JSON")
            }
            throw failure(0, "a header of \(quantity(length, "byte"))", expected: "at most \(lengthLimit)")
        }
        let dataStart = 8 + Int(length)
        guard dataStart <= bytes.count else {
            throw failure(
                bytes.count,
                "the file was cut off within its header: \(dataStart - bytes.count) of the header's \(quantity(length, "byte")) are missing",
                expected: "a complete file")
        }
        guard length > 0, bytes[8] == UInt8(ascii: "{") else {
            throw failure(
                8, length == 0 ? "an empty header" : "the byte \(bytes[8])", expected: "'{' as the first byte")
        }
        let text = UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart])
        let json = try JSON.parse(text, file: file, operation: "safetensors", start: 8)

        var entries: [Entry] = []
        var metadata: [(key: String, value: String)]?
        for member in json.members ?? [] {
            if member.name == "__metadata__" {
                metadata = try parseMetadata(member.value, file: file)
                continue
            }
            entries.append(try parseEntry(member, dataStart: dataStart, file: file))
        }
        if !listing, let first = entries.first, entries.allSatisfy({ bits[$0.dtype] == nil }) {
            throw failure(
                8,
                "tensor \(IOError.quoted(first.name)): dtype is the string \(IOError.quoted(first.dtype)), and no tensor has a known one",
                expected: "one of \(bits.keys.sorted())")
        }
        // An empty tensor can have the same position as the tensor after it; it comes first.
        entries.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        var end = dataStart
        for entry in entries {
            guard entry.range.lowerBound == end else {
                let what = entry.range.lowerBound > end ? "has a gap before it" : "overlaps that of another tensor"
                throw failure(
                    entry.range.lowerBound, "the data of \(IOError.quoted(entry.name)) \(what)",
                    expected: "data that begins at byte \(end)")
            }
            end = entry.range.upperBound
        }
        guard end <= bytes.count else {
            throw failure(
                bytes.count,
                "the file was cut off: \(end - bytes.count) of its \(quantity(end, "byte")) are missing, from the data of "
                    + IOError.quoted(entries.first { $0.range.upperBound > bytes.count }?.name ?? "") + " on",
                expected: "a complete file; download or copy it again")
        }
        guard end == bytes.count else {
            throw failure(end, "\(quantity(bytes.count - end, "byte")) after the last tensor", expected: "none")
        }
        return SafetensorsHeader(entries: entries, metadata: metadata)
    }

    private static func parseMetadata(_ json: JSON, file: String) throws(IOError) -> [(key: String, value: String)] {
        var metadata: [(key: String, value: String)] = []
        // Some writers write null if there is no metadata.
        if case .null = json.content { return [] }
        guard let members = json.members else {
            throw IOError(
                .malformed, "safetensors", file: file, offset: json.offset, "__metadata__ is \(json.summary)",
                expected: "an object of strings")
        }
        for member in members {
            guard let value = member.value.string else {
                throw IOError(
                    .malformed, "safetensors", file: file, offset: member.value.offset,
                    "__metadata__ \(IOError.quoted(member.name)) is \(member.value.summary)", expected: "a string")
            }
            metadata.append((member.name, value))
        }
        return metadata
    }

    private static func parseEntry(
        _ member: JSON.Member, dataStart: Int, file: String
    ) throws(IOError) -> Entry {
        let tensor = IOError.quoted(member.name)
        func failure(_ json: JSON, _ problem: String, expected rule: String) -> IOError {
            IOError(
                .malformed, "safetensors", file: file, offset: json.offset, "tensor \(tensor): \(problem)",
                expected: rule)
        }
        let json = member.value
        guard json.members != nil else { throw failure(json, json.summary, expected: "an object") }
        guard let dtypeField = json["dtype"], let shapeField = json["shape"], let offsetsField = json["data_offsets"]
        else {
            throw failure(json, "a field is missing", expected: "dtype, shape and data_offsets")
        }
        guard let dtype = dtypeField.string, !dtype.isEmpty else {
            throw failure(dtypeField, "dtype is \(dtypeField.summary)", expected: "the name of an element type")
        }
        guard let dimensions = shapeField.elements else {
            throw failure(shapeField, "shape is \(shapeField.summary)", expected: "an array")
        }
        var shape: [Int] = []
        var count: Int? = 1
        for dimension in dimensions {
            guard let extent = dimension.int, extent >= 0 else {
                throw failure(dimension, "the dimension \(dimension.summary)", expected: "an integer of at least 0")
            }
            shape.append(extent)
            count = count.flatMap { checkedProduct($0, extent) }
        }
        guard let offsets = offsetsField.elements, offsets.count == 2, let begin = offsets[0].int,
            let end = offsets[1].int
        else { throw failure(offsetsField, "data_offsets is not a pair", expected: "two integers") }
        guard begin >= 0, begin <= end, end <= Int.max / 16 else {
            throw failure(
                offsetsField, "data_offsets are [\(begin), \(end)]",
                expected: "0 <= begin <= end, within the data of the file")
        }
        guard let bits = Self.bits[dtype] else {
            // An element type of a later version of the format: its size follows from the number of bytes.
            guard let count, count == 0 ? begin == end : (end - begin) * 8 % count == 0 else {
                throw failure(
                    offsetsField,
                    "\(quantity(end - begin, "byte")) of data for shape \(shape) of the unknown type \(dtype)",
                    expected: "the same number of bits for each element")
            }
            return Entry(name: member.name, dtype: dtype, shape: shape, range: dataStart + begin..<dataStart + end)
        }
        let size = count.flatMap { checkedProduct($0, bits) }
        guard let size, size % 8 == 0, size / 8 == end - begin else {
            throw failure(
                offsetsField, "\(quantity(end - begin, "byte")) of data for shape \(shape) of \(dtype)",
                expected: size.map { quantity($0 / 8, "byte") } ?? "a shape whose size does not overflow")
        }
        return Entry(name: member.name, dtype: dtype, shape: shape, range: dataStart + begin..<dataStart + end)
    }
}

extension SafetensorsHeader {
    /// Creates the header of a file with these tensors, in order of decreasing element size and then by name, as the
    /// reference implementation orders them. Each tensor then begins at a multiple of its element size.
    ///
    /// The arguments must be valid: each name once, none `__metadata__`, each type one of the format's.
    public init(tensors: [(name: String, dtype: String, shape: [Int])], metadata: [(key: String, value: String)]? = nil)
    {
        var total: Int? = 0
        let sized = tensors.map { tensor in
            var bits = tensor.shape.allSatisfy { $0 >= 0 } ? Self.bits[tensor.dtype] : nil
            for size in tensor.shape { bits = bits.flatMap { checkedProduct($0, size) } }
            let count = bits.flatMap { $0 % 8 == 0 ? $0 / 8 : nil }
            total = total.flatMap { total in count.flatMap { checkedSum(total, $0) } }
            return (name: tensor.name, dtype: tensor.dtype, shape: tensor.shape, byteCount: count ?? 0)
        }
        // The header is added to the size of the data.
        guard let total, total <= 1 << 62 else {
            let wrong = zip(tensors, sized).first { $1.byteCount == 0 && !$0.shape.contains(0) }?.0 ?? tensors[0]
            reportFailure(
                TensorError(
                    .value, in: "SafetensorsHeader", "a tensor cannot be laid out",
                    got: "\(wrong.name): \(wrong.dtype) \(wrong.shape)",
                    expected: "an element type of the format, whole bytes, and at most 2^62 bytes in all"))
            self.init(entries: [], metadata: metadata)
            return
        }
        self.init(tensors: sized, metadata: metadata)
    }

    /// Creates the header for element types of any name, with the number of bytes of each tensor.
    init(
        tensors: [(name: String, dtype: String, shape: [Int], byteCount: Int)],
        metadata: [(key: String, value: String)]?
    ) {
        let sorted = tensors.sorted { a, b in
            // Unknown types come last: their alignment is unknown.
            let (wide, narrow) = (Self.bits[a.dtype] ?? 0, Self.bits[b.dtype] ?? 0)
            // By bytes and not by Swift's order of characters, as other writers do.
            return wide != narrow ? wide > narrow : a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
        }
        func arrange(from start: Int) -> [Entry] {
            var begin = start
            return sorted.map { tensor in
                let size = tensor.byteCount
                defer { begin += size }
                return Entry(name: tensor.name, dtype: tensor.dtype, shape: tensor.shape, range: begin..<begin + size)
            }
        }
        // The start of the data depends on the length of the header; the header depends only on offsets from that
        // start.
        let relative = SafetensorsHeader(entries: arrange(from: 0), metadata: metadata)
        self.init(entries: arrange(from: relative.encoded(dataStart: 0).count), metadata: metadata)
    }

    /// The bytes before the data: the length and the JSON, padded with spaces to a multiple of 8 bytes.
    public func encoded() -> [UInt8] { encoded(dataStart: entries.first?.range.lowerBound ?? 0) }

    private func encoded(dataStart: Int) -> [UInt8] {
        var members: [(String, JSON)] = []
        if let metadata { members.append(("__metadata__", .object(metadata.map { ($0.key, .string($0.value)) }))) }
        for entry in entries {
            let range = entry.range
            members.append(
                (
                    entry.name,
                    [
                        "dtype": .string(entry.dtype),
                        "shape": .array(entry.shape.map(JSON.int)),
                        "data_offsets": [.int(range.lowerBound - dataStart), .int(range.upperBound - dataStart)],
                    ]
                ))
        }
        var text = Array(JSON.object(members).text().utf8)
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8))
        return withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text
    }
}
