import TorchlightCore

/// A range of bytes of a file or of memory, with the object that owns them.
package struct ByteSlice: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer
    let owner: AnyObject

    init(_ bytes: UnsafeRawBufferPointer, owner: AnyObject) {
        self.bytes = bytes
        self.owner = owner
    }

    /// A copy of the bytes.
    package init(_ array: [UInt8]) {
        let memory = OwnedBytes(array)
        self.init(UnsafeRawBufferPointer(memory.bytes), owner: memory)
    }

    var count: Int { bytes.count }
    var array: [UInt8] { withExtendedLifetime(owner) { Array(bytes) } }
}

private final class OwnedBytes {
    let bytes: UnsafeMutableRawBufferPointer

    init(_ array: [UInt8]) {
        bytes = .allocate(byteCount: array.count, alignment: 64)
        bytes.copyBytes(from: array)
    }

    deinit { bytes.deallocate() }
}

/// The memory limit of reading one file, relative to the size of the file, so that a small file cannot allocate much
/// memory.
final class ReadBudget {
    private var bytes = 64 << 20
    /// The largest depth of nested messages.
    static let maximumDepth = 100
    /// The memory counted per message, about that of the largest structures.
    private static let messageSize = 160
    private static let stringSize = 32

    private func take(_ memory: Int, of length: Int) throws {
        bytes -= max(0, memory - length)
        if bytes < 0 {
            throw Problem(
                "the file has so many small messages that reading it needs 64 MB more than its size",
                kind: .malformed)
        }
    }

    /// Counts the memory of a message of `length` bytes.
    func takeMessage(of length: Int) throws { try take(Self.messageSize, of: length) }

    /// Counts the memory of an element of a list of strings.
    func takeString() throws { try take(Self.stringSize, of: 0) }

    /// Counts the memory of numbers that have `length` bytes in the file.
    func takeNumbers(_ count: Int, size: Int, of length: Int) throws { try take(count * size, of: length) }
}

/// Reads the fields of one message in the wire format of Protocol Buffers.
///
/// Every length is compared with the remaining bytes before anything is read or allocated.
struct ProtobufReader {
    enum WireType: UInt8 {
        case varint = 0
        case fixed64 = 1
        case bytes = 2
        case startGroup = 3
        case endGroup = 4
        case fixed32 = 5
    }

    let source: ByteSlice
    let budget: ReadBudget
    private let depth: Int
    private var offset: Int
    private let end: Int
    /// The number and wire type of the field that `next()` read.
    private(set) var field = 0
    private(set) var wire = WireType.varint

    init(_ source: ByteSlice, budget: ReadBudget = ReadBudget()) {
        self.init(source, budget, 0..<source.count, depth: 0)
    }

    private init(_ source: ByteSlice, _ budget: ReadBudget, _ range: Range<Int>, depth: Int) {
        self.source = source
        self.budget = budget
        self.depth = depth
        offset = range.lowerBound
        end = range.upperBound
    }

    private func malformed(_ text: String) -> Problem {
        Problem("\(text) at byte \(offset)", expected: "a file in the format of ONNX", kind: .malformed)
    }

    /// Advances to the next field; returns false at the end of the message.
    mutating func next() throws -> Bool {
        guard offset < end else { return false }
        let key = try varint()
        guard let wire = WireType(rawValue: UInt8(key & 7)), key >> 3 > 0, key >> 3 < 1 << 29 else {
            throw malformed("a field with the invalid tag \(key)")
        }
        field = Int(key >> 3)
        self.wire = wire
        return true
    }

    mutating func varint() throws -> UInt64 {
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while offset < end {
            let byte = source.bytes[offset]
            offset += 1
            if shift == 63, byte > 1 { throw malformed("an integer of more than 64 bits") }
            result |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return result }
            shift += 7
            if shift > 63 { throw malformed("an integer of more than 64 bits") }
        }
        throw malformed("the file ends inside an integer")
    }

    private mutating func range() throws -> Range<Int> {
        let length = try varint()
        guard length <= UInt64(end - offset) else {
            throw malformed("a field of \(quantity(length, "byte")) with \(end - offset) remaining")
        }
        defer { offset += Int(length) }
        return offset..<(offset + Int(length))
    }

    private func expect(_ wanted: WireType) throws {
        if wire != wanted { throw malformed("field \(field) has the wire type \(wire) instead of \(wanted)") }
    }

    mutating func bytes() throws -> ByteSlice {
        try expect(.bytes)
        let range = try range()
        return ByteSlice(UnsafeRawBufferPointer(rebasing: source.bytes[range]), owner: source.owner)
    }

    mutating func string() throws -> String {
        let slice = try bytes()
        return String(decoding: slice.bytes, as: UTF8.self)
    }

    mutating func message() throws -> ProtobufReader {
        try expect(.bytes)
        if depth >= ReadBudget.maximumDepth {
            throw malformed("messages nested more than \(ReadBudget.maximumDepth) deep")
        }
        let range = try range()
        try budget.takeMessage(of: range.count)
        return ProtobufReader(source, budget, range, depth: depth + 1)
    }

    mutating func int() throws -> Int {
        try expect(.varint)
        return Int(truncatingIfNeeded: try varint())
    }

    private mutating func fixed<Number: FixedWidthInteger>(_ type: Number.Type) throws -> Number {
        let size = MemoryLayout<Number>.size
        guard end - offset >= size else { throw malformed("the file ends inside a number") }
        defer { offset += size }
        return Number(littleEndian: source.bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    mutating func float() throws -> Float {
        try expect(.fixed32)
        return Float(bitPattern: try fixed(UInt32.self))
    }

    /// Appends one element of a repeated field, or all elements of a packed one.
    mutating func appendInts<Number: FixedWidthInteger>(to list: inout [Number]) throws {
        if wire == .varint {
            try budget.takeNumbers(1, size: MemoryLayout<Number>.size, of: 1)
            list.append(Number(truncatingIfNeeded: try varint()))
            return
        }
        try expect(.bytes)
        var part = ProtobufReader(source, budget, try range(), depth: depth)
        // The last byte of every number is below 128, so that the elements can be counted before memory is allocated.
        let bytes = source.bytes[part.offset..<part.end]
        let count = bytes.reduce(0) { $0 + ($1 < 0x80 ? 1 : 0) }
        try budget.takeNumbers(count, size: MemoryLayout<Number>.size, of: bytes.count)
        list.reserveCapacity(list.count + count)
        while part.offset < part.end { list.append(Number(truncatingIfNeeded: try part.varint())) }
    }

    mutating func appendFloats(to list: inout [Float]) throws {
        try appendFixed(to: &list, .fixed32, UInt32.self) { Float(bitPattern: $0) }
    }

    mutating func appendDoubles(to list: inout [Double]) throws {
        try appendFixed(to: &list, .fixed64, UInt64.self) { Double(bitPattern: $0) }
    }

    private mutating func appendFixed<Number, Bits: FixedWidthInteger>(
        to list: inout [Number], _ single: WireType, _ bits: Bits.Type, _ make: (Bits) -> Number
    ) throws {
        if wire == single {
            list.append(make(try fixed(Bits.self)))
            return
        }
        try expect(.bytes)
        var part = ProtobufReader(source, budget, try range(), depth: depth)
        let size = MemoryLayout<Bits>.size
        guard (part.end - part.offset) % size == 0 else { throw malformed("a list with an incomplete number") }
        list.reserveCapacity(list.count + (part.end - part.offset) / size)
        while part.offset < part.end { list.append(make(try part.fixed(Bits.self))) }
    }

    /// Skips the value of the field.
    mutating func skip() throws {
        switch wire {
        case .varint: _ = try varint()
        case .fixed64: _ = try fixed(UInt64.self)
        case .fixed32: _ = try fixed(UInt32.self)
        case .bytes: _ = try range()
        case .startGroup, .endGroup: throw malformed("a group, which ONNX does not use")
        }
    }
}
