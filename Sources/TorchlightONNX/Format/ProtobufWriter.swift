/// Writes fields in the wire format of Protocol Buffers.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    private mutating func varint(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(value & 0x7F) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    private mutating func tag(_ field: Int, _ wire: ProtobufReader.WireType) {
        varint(UInt64(field) << 3 | UInt64(wire.rawValue))
    }

    mutating func int(_ field: Int, _ value: Int) {
        tag(field, .varint)
        varint(UInt64(bitPattern: Int64(value)))
    }

    mutating func float(_ field: Int, _ value: Float) {
        tag(field, .fixed32)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    mutating func data(_ field: Int, _ value: some Collection<UInt8>) {
        tag(field, .bytes)
        varint(UInt64(value.count))
        bytes += value
    }

    /// Writes a string. An empty string is the default and is omitted.
    mutating func string(_ field: Int, _ value: String) {
        if !value.isEmpty { data(field, value.utf8) }
    }

    mutating func message(_ field: Int, _ write: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        write(&inner)
        data(field, inner.bytes)
    }

    mutating func packedInts(_ field: Int, _ values: [some FixedWidthInteger]) {
        if values.isEmpty { return }
        var inner = ProtobufWriter()
        for value in values { inner.varint(UInt64(truncatingIfNeeded: value)) }
        data(field, inner.bytes)
    }

    mutating func packedFloats(_ field: Int, _ values: [Float]) {
        if values.isEmpty { return }
        var inner = ProtobufWriter()
        for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { inner.bytes += $0 } }
        data(field, inner.bytes)
    }

    mutating func packedDoubles(_ field: Int, _ values: [Double]) {
        if values.isEmpty { return }
        var inner = ProtobufWriter()
        for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { inner.bytes += $0 } }
        data(field, inner.bytes)
    }
}
