/// The header of a GGUF file: its metadata, and the names, types, shapes and positions of its tensors.
///
/// The format is that of ggml, versions 2 and 3 in little-endian byte order: the magic bytes `GGUF`, the version, the number of
/// tensors and of metadata pairs, the pairs, the descriptions of the tensors, and their data, aligned to
/// `general.alignment` bytes (32 by default). Every count is checked against the size of the file before memory is allocated.
package struct GGUFHeader: Sendable {
    /// A value of the metadata.
    package enum Value: Sendable, Equatable {
        case integer(Int)
        case float(Double)
        case bool(Bool)
        case string(String)
        case integers([Int])
        case floats([Double])
        case bools([Bool])
        case strings([String])
        /// An array of arrays.
        case nested([Value])
    }

    /// The description of a tensor.
    package struct Entry: Sendable, Equatable {
        package let name: String
        /// The type of its elements; nil for a type that is not known.
        package let type: GGUFType?
        /// The number of the type in the file.
        package let typeCode: Int
        /// The shape in row-major order: the reverse of the order in the file.
        package let shape: [Int]
        /// The range of its bytes in the file; empty for an unknown type.
        package let range: Range<Int>
    }

    package let version: Int
    /// The metadata, in the order of the file.
    package let metadata: [(key: String, value: Value)]
    /// The tensors, in the order of the file.
    package let entries: [Entry]
    /// The indices of the entries by the bytes of their keys: Swift compares canonically equivalent strings as equal.
    private let index: [[UInt8]: Int]

    /// The value of a key of the metadata; nil if there is none.
    package subscript(key: String) -> Value? { index[Array(key.utf8)].map { metadata[$0].value } }

    package func integer(_ key: String) -> Int? { if case .integer(let value) = self[key] { value } else { nil } }
    package func bool(_ key: String) -> Bool? { if case .bool(let value) = self[key] { value } else { nil } }
    package func string(_ key: String) -> String? { if case .string(let value) = self[key] { value } else { nil } }
    package func strings(_ key: String) -> [String]? { if case .strings(let value) = self[key] { value } else { nil } }
    package func integers(_ key: String) -> [Int]? { if case .integers(let value) = self[key] { value } else { nil } }
    package func floats(_ key: String) -> [Double]? { if case .floats(let value) = self[key] { value } else { nil } }
    package func bools(_ key: String) -> [Bool]? { if case .bools(let value) = self[key] { value } else { nil } }
    /// A number, integer or not.
    package func number(_ key: String) -> Double? {
        switch self[key] {
        case .float(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }

    /// Parses the header of a file.
    ///
    /// - Parameters:
    ///   - bytes: the bytes of the whole file.
    ///   - file: the path for error texts.
    /// - Throws: `IOError` with the file, the position and the rule that is broken.
    package init(_ bytes: UnsafeRawBufferPointer, file: String) throws(IOError) {
        var reader = GGUFReader(bytes: bytes, file: file)
        guard bytes.count >= 4, bytes.prefix(4).elementsEqual("GGUF".utf8) else {
            let name = FileSignature.name(of: bytes) ?? FileSignature.text(bytes)
            throw name.map { FileSignature.error($0, file: file, operation: "gguf", expected: "a GGUF file") }
                ?? reader.failure("the file does not begin with GGUF", expected: "a GGUF file")
        }
        reader.position = 4
        let version = try reader.integer(UInt32.self)
        guard version == 2 || version == 3 else {
            let swapped = version.byteSwapped <= 3
            throw reader.failure(
                swapped ? "the file has big-endian byte order" : "the version \(version)",
                expected: "version 2 or 3 in little-endian byte order", at: 4)
        }
        self.version = Int(version)
        let tensorCount = try reader.count(minimum: 24, what: "tensors")
        let pairCount = try reader.count(minimum: 13, what: "metadata pairs")
        var metadata: [(key: String, value: Value)] = []
        var index: [[UInt8]: Int] = [:]
        for _ in 0..<pairCount {
            let start = reader.position
            let key = try reader.string()
            guard index.updateValue(metadata.count, forKey: Array(key.utf8)) == nil else {
                throw reader.failure("the key \(IOError.quoted(key)) twice", expected: "each key once", at: start)
            }
            metadata.append((key, try reader.value(key)))
        }
        self.metadata = metadata
        self.index = index
        var alignment = 32
        if let entry = index[Array("general.alignment".utf8)] {
            guard case .integer(let value) = metadata[entry].value, value >= 8, value % 8 == 0, value <= 1 << 20 else {
                throw reader.failure(
                    "general.alignment is not a valid alignment", expected: "a multiple of 8 of at most 1 MB")
            }
            alignment = value
        }
        entries = try reader.entries(tensorCount, alignment: alignment)
    }
}

/// The types of tensors in GGUF files.
package enum GGUFType: Int, Sendable, CaseIterable {
    case f32 = 0, f16 = 1, q4_0 = 2, q4_1 = 3, q5_0 = 6, q5_1 = 7, q8_0 = 8, q4_k = 12, q5_k = 13, q6_k = 14
    case i8 = 24, i16 = 25, i32 = 26, i64 = 27, f64 = 28, bf16 = 30

    /// The number of elements of a block, and of its bytes.
    package var block: (elements: Int, bytes: Int) {
        switch self {
        case .f32, .i32: (1, 4)
        case .f16, .bf16, .i16: (1, 2)
        case .i8: (1, 1)
        case .i64, .f64: (1, 8)
        case .q4_0: (32, 18)
        case .q4_1: (32, 20)
        case .q5_0: (32, 22)
        case .q5_1: (32, 24)
        case .q8_0: (32, 34)
        case .q4_k: (256, 144)
        case .q5_k: (256, 176)
        case .q6_k: (256, 210)
        }
    }

    /// The name in the format, such as `Q4_K`.
    package var name: String { "\(self)".uppercased() }

    /// The name of a number of a type, also of those that are not read.
    package static func name(_ code: Int) -> String {
        if let type = GGUFType(rawValue: code) { return type.name }
        let others = [
            9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S",
            20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
        ]
        return others[code] ?? "number \(code)"
    }
}

/// Reads the fields of a GGUF file in order; each read checks that the bytes are there.
private struct GGUFReader {
    let bytes: UnsafeRawBufferPointer
    let file: String
    var position = 0

    /// The largest number of elements of an array of the metadata: vocabularies have some hundred thousand.
    private static let largestArray = 1 << 24

    func failure(_ problem: String, expected rule: String, at offset: Int? = nil) -> IOError {
        IOError(.malformed, "gguf", file: file, offset: offset ?? position, problem, expected: rule)
    }

    mutating func integer<Integer: FixedWidthInteger>(_: Integer.Type) throws(IOError) -> Integer {
        let size = MemoryLayout<Integer>.size
        guard bytes.count - position >= size else { throw truncated() }
        defer { position += size }
        return Integer(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Integer.self))
    }

    private func truncated() -> IOError {
        failure("the file was cut off within its header", expected: "a complete file; download or copy it again")
    }

    /// A count of items of at least `minimum` bytes each. An error if the rest of the file is too short for them.
    mutating func count(minimum: Int, what: String) throws(IOError) -> Int {
        let start = position
        let count = try integer(UInt64.self)
        guard count <= UInt64((bytes.count - position) / minimum) else {
            throw failure(
                "\(count) \(what) in \(bytes.count - position) bytes", expected: "as many as the file can hold",
                at: start)
        }
        return Int(count)
    }

    mutating func string() throws(IOError) -> String {
        let count = try count(minimum: 1, what: "bytes of a string")
        defer { position += count }
        return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[position..<position + count]), as: UTF8.self)
    }

    mutating func value(_ key: String) throws(IOError) -> GGUFHeader.Value {
        try value(type: try integer(UInt32.self), key, depth: 0)
    }

    private mutating func value(type: UInt32, _ key: String, depth: Int) throws(IOError) -> GGUFHeader.Value {
        switch type {
        case 0...5, 10, 11: return .integer(try whole(type, key))
        case 6, 12: return .float(try number(type))
        case 7: return .bool(try flag())
        case 8: return .string(try string())
        case 9: return try array(key, depth: depth)
        default:
            throw failure(
                "the value of \(IOError.quoted(key)) has the unknown type \(type)", expected: "a type from 0 to 12",
                at: position - 4)
        }
    }

    private mutating func array(_ key: String, depth: Int) throws(IOError) -> GGUFHeader.Value {
        let type = try integer(UInt32.self)
        let sizes: [UInt32: Int] = [
            0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 8: 8, 9: 12, 10: 8, 11: 8, 12: 8,
        ]
        guard let size = sizes[type], type != 9 || depth < 4 else {
            throw failure(
                "the array \(IOError.quoted(key)) has the element type \(type)",
                expected: "a type from 0 to 12, nested at most 4 times", at: position - 4)
        }
        let start = position
        let count = try count(minimum: size, what: "elements of the array \(IOError.quoted(key))")
        guard count <= Self.largestArray else {
            throw failure(
                "the array \(IOError.quoted(key)) has \(count) elements", expected: "at most \(Self.largestArray)",
                at: start)
        }
        switch type {
        case 6, 12:
            var values: [Double] = []
            values.reserveCapacity(count)
            for _ in 0..<count { values.append(try number(type)) }
            return .floats(values)
        case 7:
            var values: [Bool] = []
            for _ in 0..<count { values.append(try flag()) }
            return .bools(values)
        case 8:
            var values: [String] = []
            for _ in 0..<count { values.append(try string()) }
            return .strings(values)
        case 9:
            var values: [GGUFHeader.Value] = []
            for _ in 0..<count { values.append(try array(key, depth: depth + 1)) }
            return .nested(values)
        default:
            var values: [Int] = []
            values.reserveCapacity(count)
            for _ in 0..<count { values.append(try whole(type, key)) }
            return .integers(values)
        }
    }

    private mutating func whole(_ type: UInt32, _ key: String) throws(IOError) -> Int {
        switch type {
        case 0: return Int(try integer(UInt8.self))
        case 1: return Int(try integer(Int8.self))
        case 2: return Int(try integer(UInt16.self))
        case 3: return Int(try integer(Int16.self))
        case 4: return Int(try integer(UInt32.self))
        case 5: return Int(try integer(Int32.self))
        case 11: return Int(try integer(Int64.self))
        default:
            let value = try integer(UInt64.self)
            guard let value = Int(exactly: value) else {
                throw failure(
                    "\(IOError.quoted(key)) is \(value)", expected: "an integer below 2^63", at: position - 8)
            }
            return value
        }
    }

    private mutating func number(_ type: UInt32) throws(IOError) -> Double {
        type == 6
            ? Double(Float(bitPattern: try integer(UInt32.self))) : Double(bitPattern: try integer(UInt64.self))
    }

    private mutating func flag() throws(IOError) -> Bool {
        let byte = try integer(UInt8.self)
        guard byte <= 1 else { throw failure("the Boolean value \(byte)", expected: "0 or 1", at: position - 1) }
        return byte == 1
    }

    /// The descriptions of the tensors, with positions in the file.
    mutating func entries(_ count: Int, alignment: Int) throws(IOError) -> [GGUFHeader.Entry] {
        var found: [(name: String, code: Int, shape: [Int], offset: UInt64, descriptorOffset: Int)] = []
        var names: Set<[UInt8]> = []
        for _ in 0..<count {
            let descriptorOffset = position
            let name = try string()
            guard names.insert(Array(name.utf8)).inserted else {
                throw failure(
                    "the tensor \(IOError.quoted(name)) twice", expected: "each name once", at: descriptorOffset)
            }
            let rank = try integer(UInt32.self)
            guard rank <= 4 else {
                throw failure(
                    "the tensor \(IOError.quoted(name)) has \(rank) dimensions", expected: "at most 4",
                    at: descriptorOffset)
            }
            var shape: [Int] = []
            for _ in 0..<rank {
                let size = try integer(UInt64.self)
                guard size <= UInt64(Int.max) else {
                    throw failure("the size \(size) of a dimension", expected: "below 2^63", at: position - 8)
                }
                shape.append(Int(size))
            }
            found.append(
                (name, Int(try integer(UInt32.self)), shape.reversed(), try integer(UInt64.self), descriptorOffset))
        }
        let padding = (alignment - position % alignment) % alignment
        guard found.isEmpty || bytes.count - position >= padding else { throw truncated() }
        let data = position + padding
        var entries: [GGUFHeader.Entry] = []
        for tensor in found {
            entries.append(try entry(tensor, data: data, alignment: alignment))
        }
        let sorted = entries.filter { !$0.range.isEmpty }.sorted { $0.range.lowerBound < $1.range.lowerBound }
        for (before, after) in zip(sorted, sorted.dropFirst()) where before.range.upperBound > after.range.lowerBound {
            throw failure(
                "the data of \(IOError.quoted(after.name)) overlaps that of \(IOError.quoted(before.name))",
                expected: "data without overlaps", at: after.range.lowerBound)
        }
        return entries
    }

    private func entry(
        _ tensor: (name: String, code: Int, shape: [Int], offset: UInt64, descriptorOffset: Int), data: Int,
        alignment: Int
    ) throws(IOError) -> GGUFHeader.Entry {
        let name = IOError.quoted(tensor.name)
        guard tensor.offset % UInt64(alignment) == 0, tensor.offset <= UInt64(max(bytes.count - data, 0)) else {
            throw failure(
                "the data of the tensor \(name) begins at \(tensor.offset) of \(max(bytes.count - data, 0)) bytes",
                expected: "a multiple of \(alignment) within the file", at: tensor.descriptorOffset)
        }
        let start = data + Int(tensor.offset)
        guard let type = GGUFType(rawValue: tensor.code) else {
            return GGUFHeader.Entry(
                name: tensor.name, type: nil, typeCode: tensor.code, shape: tensor.shape, range: start..<start)
        }
        var elements = 1
        for size in tensor.shape {
            let (product, overflow) = elements.multipliedReportingOverflow(by: size)
            guard !overflow, product <= 1 << 58 else {
                throw failure(
                    "the tensor \(name) has the shape \(tensor.shape)", expected: "a size that fits into the file",
                    at: tensor.descriptorOffset)
            }
            elements = product
        }
        let (block, size) = type.block
        guard (tensor.shape.last ?? 1) % block == 0 else {
            throw failure(
                "rows of \(tensor.shape.last ?? 1) elements of the tensor \(name)",
                expected: "a multiple of \(block), the size of a block of \(type.name)", at: tensor.descriptorOffset)
        }
        let count = elements / block * size
        guard count <= bytes.count - start else {
            throw failure(
                "the file was cut off: the tensor \(name) has \(count) bytes, and \(bytes.count - start) are left",
                expected: "a complete file; download or copy it again", at: tensor.descriptorOffset)
        }
        return GGUFHeader.Entry(
            name: tensor.name, type: type, typeCode: tensor.code, shape: tensor.shape, range: start..<start + count)
    }
}
