/// Reading and writing of scalars in valid UTF-8.
enum UTF8Text {
    /// The number of bytes of the scalar that starts with this byte.
    @inline(__always)
    static func length(_ lead: UInt8) -> Int {
        lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    }

    /// The scalar at a position, and its number of bytes.
    @inline(__always)
    static func scalar(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> (code: UInt32, length: Int) {
        let lead = bytes[position]
        if lead < 0x80 { return (UInt32(lead), 1) }
        let second = UInt32(bytes[position + 1] & 0x3F)
        if lead < 0xE0 { return (UInt32(lead & 0x1F) << 6 | second, 2) }
        let third = UInt32(bytes[position + 2] & 0x3F)
        if lead < 0xF0 { return (UInt32(lead & 0x0F) << 12 | second << 6 | third, 3) }
        return (UInt32(lead & 0x07) << 18 | second << 12 | third << 6 | UInt32(bytes[position + 3] & 0x3F), 4)
    }

    /// The start of the scalar before a position, which must not be 0.
    @inline(__always)
    static func before(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> Int {
        var position = position - 1
        while bytes[position] & 0xC0 == 0x80, position > 0 { position -= 1 }
        return position
    }

    /// The number of bytes of a scalar.
    @inline(__always)
    static func length(of code: UInt32) -> Int { code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4 }

    /// Appends a scalar.
    @inline(__always)
    static func append(_ code: UInt32, to bytes: inout [UInt8]) {
        if code < 0x80 {
            bytes.append(UInt8(code))
        } else if code < 0x800 {
            bytes.append(UInt8(0xC0 | code >> 6))
            bytes.append(UInt8(0x80 | code & 0x3F))
        } else if code < 0x10000 {
            bytes.append(UInt8(0xE0 | code >> 12))
            bytes.append(UInt8(0x80 | code >> 6 & 0x3F))
            bytes.append(UInt8(0x80 | code & 0x3F))
        } else {
            bytes.append(UInt8(0xF0 | code >> 18))
            bytes.append(UInt8(0x80 | code >> 12 & 0x3F))
            bytes.append(UInt8(0x80 | code >> 6 & 0x3F))
            bytes.append(UInt8(0x80 | code & 0x3F))
        }
    }

    /// Whether all bytes are ASCII.
    @inline(__always)
    static func isASCII(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let start = bytes.baseAddress else { return true }
        let raw = UnsafeRawPointer(start)
        var offset = 0
        while offset + 8 <= bytes.count {
            if raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self) & 0x8080_8080_8080_8080 != 0 { return false }
            offset += 8
        }
        while offset < bytes.count {
            if bytes[offset] >= 0x80 { return false }
            offset += 1
        }
        return true
    }

    /// The scalars of a string.
    static func scalars(_ text: String) -> [UInt32] { text.unicodeScalars.map(\.value) }

    /// A string of scalars.
    static func string(_ codes: some Sequence<UInt32>) -> String {
        var text = String.UnicodeScalarView()
        for code in codes { text.append(Unicode.Scalar(code) ?? "\u{FFFD}") }
        return String(text)
    }
}

/// The byte alphabet of GPT-2: the printable characters that represent bytes. Most Latin-1 characters represent
/// themselves; the other bytes are U+0100 and the following.
enum ByteAlphabet {
    /// The scalar of each byte.
    static let scalars: [UInt32] = {
        var scalars = [UInt32](repeating: 0, count: 256)
        var next: UInt32 = 256
        for byte in 0..<256 {
            if 0x21...0x7E ~= byte || 0xA1...0xAC ~= byte || 0xAE...0xFF ~= byte {
                scalars[byte] = UInt32(byte)
            } else {
                scalars[byte] = next
                next += 1
            }
        }
        return scalars
    }()

    /// The byte of each scalar below 512; -1 if it has none.
    static let bytes: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 512)
        for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar)] = Int16(byte) }
        return bytes
    }()

    /// The bytes that a token represents; nil if a character is not in the alphabet.
    static func decode(_ token: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(token.count)
        return append(token, to: &result) ? result : nil
    }

    /// Appends the bytes that a token represents. Returns false and appends nothing if a character is not in the
    /// alphabet.
    static func append(_ token: UnsafeBufferPointer<UInt8>, to result: inout [UInt8]) -> Bool {
        let count = result.count
        var position = 0
        while position < token.count {
            let (code, length) = UTF8Text.scalar(token, position)
            guard code < 512, bytes[Int(code)] >= 0 else {
                result.removeLast(result.count - count)
                return false
            }
            result.append(UInt8(bytes[Int(code)]))
            position += length
        }
        return true
    }

    /// The characters of the alphabet for bytes.
    static func encode(_ raw: some Sequence<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        for byte in raw { UTF8Text.append(scalars[Int(byte)], to: &result) }
        return result
    }
}
