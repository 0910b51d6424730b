import TorchlightCore

/// The header of a `.npy` file (NumPy's NEP 1, versions 1.0 to 3.0): element type, memory order and shape of an array.
///
/// A file consists of the bytes `93 NUMPY`, a version, the length of the header (16 bits in version 1, 32 bits in
/// versions 2 and 3), that many bytes of a Python dictionary, and the elements. The dictionary is parsed, never run as
/// Python.
struct NumpyHeader: Equatable {
    /// The element type.
    let element: FileElement
    /// Whether the byte order is big-endian.
    let isBigEndian: Bool
    /// Whether the memory order is Fortran order: the first index varies fastest.
    let isFortranOrder: Bool
    let shape: [Int]
    /// The number of elements.
    let count: Int
    /// The position of the first element in the array's file.
    let dataStart: Int

    /// The maximum length of the dictionary; NumPy rejects more than 10,000 characters too.
    static let lengthLimit = 10_000
    /// The maximum length of magic bytes, version and length.
    static let prefixLimit = 12

    static func isNumpy(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 6 && bytes[0] == 0x93 && UnsafeRawBufferPointer(rebasing: bytes[1...]).starts(with: "NUMPY")
    }

    /// The number of bytes before the elements, given the first 12 bytes of an array's file, or all of them if there
    /// are fewer.
    static func length(
        _ bytes: UnsafeRawBufferPointer, file: String, operation: String, start: Int
    ) throws(IOError) -> (prefix: Int, total: Int) {
        func failure(_ offset: Int, _ problem: String, expected rule: String) -> IOError {
            IOError(.malformed, operation, file: file, offset: start + offset, problem, expected: rule)
        }
        guard isNumpy(bytes) else {
            throw failure(0, "not a .npy file", expected: "the bytes 93 4e 55 4d 50 59 ('NUMPY') first")
        }
        guard bytes.count >= 10 else {
            throw failure(bytes.count, "only \(quantity(bytes.count, "byte"))", expected: "a version and a length")
        }
        let version = bytes[6]
        guard (1...3).contains(version), bytes[7] == 0 else {
            throw failure(6, "version \(version).\(bytes[7])", expected: "1.0, 2.0 or 3.0")
        }
        let prefix = version == 1 ? 10 : 12
        guard bytes.count >= prefix else {
            throw failure(bytes.count, "only \(quantity(bytes.count, "byte"))", expected: "a version and a length")
        }
        let length =
            version == 1 ? Int(bytes.integer(UInt16.self, at: 8)) : Int(bytes.integer(UInt32.self, at: 8))
        guard length <= lengthLimit else {
            throw failure(8, "a header of \(quantity(length, "byte"))", expected: "at most \(lengthLimit)")
        }
        return (prefix, prefix + length)
    }

    /// Parses the header; `available` is the number of bytes of the array's file, which the elements must fill.
    static func parse(
        _ bytes: UnsafeRawBufferPointer, available: Int, file: String, operation: String, start: Int
    ) throws(IOError) -> NumpyHeader {
        let (prefix, total) = try length(bytes, file: file, operation: operation, start: start)
        guard total <= bytes.count else {
            throw IOError(
                .malformed, operation, file: file, offset: start + 8,
                "a header of \(quantity(total - prefix, "byte")) in an array of \(quantity(available, "byte"))",
                expected: "the header within the file")
        }
        var parser = NumpyHeaderParser(
            bytes: bytes.slice(prefix..<total), file: file, operation: operation, start: start + prefix)
        let fields = try parser.parse()
        func failure(_ problem: String, expected rule: String) -> IOError {
            IOError(
                .malformed, operation, file: file, offset: start + fields.shapeOffset, problem, expected: rule)
        }
        guard fields.shape.count <= maximumRank else {
            throw failure(quantity(fields.shape.count, "dimension"), expected: "at most \(maximumRank)")
        }
        // Sizes of 0 count as 1: strides must not overflow either.
        var size: Int? = fields.element.size
        for extent in fields.shape { size = size.flatMap { checkedProduct($0, max(extent, 1)) } }
        guard let size, size <= 1 << 62 else {
            throw failure("the shape \(fields.shape)", expected: "a number of bytes below 2^63")
        }
        let count = fields.shape.contains(0) ? 0 : size / fields.element.size
        guard available - total == count * fields.element.size else {
            throw IOError(
                .malformed, operation, file: file, offset: start + total,
                available - total < count * fields.element.size
                    ? "the file was cut off: \(quantity(count * fields.element.size - (available - total), "byte")) of data for shape "
                        + "\(fields.shape) of \(fields.element.name) are missing"
                    : "\(quantity(available - total, "byte")) of data for shape \(fields.shape) of \(fields.element.name)",
                expected: quantity(count * fields.element.size, "byte"))
        }
        return NumpyHeader(
            element: fields.element, isBigEndian: fields.isBigEndian, isFortranOrder: fields.isFortranOrder,
            shape: fields.shape, count: count, dataStart: total)
    }

    /// The element type of NumPy's type code without the byte order, such as `f4`; nil if it is not a number.
    static func element(_ code: some StringProtocol) -> FileElement? {
        elements[String(code)].flatMap(FileElement.init(name:))
    }

    private static let elements: [String: String] = [
        "f2": "float16", "f4": "float32", "f8": "float64", "i1": "int8", "i2": "int16", "i4": "int32", "i8": "int64",
        "u1": "uint8", "u2": "uint16", "u4": "uint32", "u8": "uint64", "b1": "bool", "?": "bool", "c8": "complex64",
        "c16": "complex128",
    ]

    /// NumPy's character for the kind of an element type; nil if NumPy has no such type.
    static func kind(of element: FileElement) -> Character? {
        switch element.name {
        case "bool": "b"
        case "float64", "float32", "float16": "f"
        case "int64", "int32", "int16", "int8": "i"
        case "uint64", "uint32", "uint16", "uint8": "u"
        case "complex64", "complex128": "c"
        default: nil
        }
    }

    /// The bytes before the elements of a little-endian array in C order, padded so that the data begins at a multiple
    /// of 64 bytes.
    static func encoded(_ element: FileElement, shape: [Int]) -> [UInt8] {
        let kind = kind(of: element)!
        let order = element.size == 1 ? "|" : "<"
        let sizes = shape.count == 1 ? "\(shape[0])," : shape.map(String.init).joined(separator: ", ")
        var text = "{'descr': '\(order)\(kind)\(element.size)', 'fortran_order': False, 'shape': (\(sizes)), }"
        // In version 1, 10 bytes precede the text, and a newline ends it. No tensor's shape needs version 2.
        text += String(repeating: " ", count: (64 - (10 + text.utf8.count + 1) % 64) % 64) + "\n"
        return [0x93] + Array("NUMPY".utf8) + [1, 0]
            + withUnsafeBytes(of: UInt16(text.utf8.count).littleEndian, Array.init) + Array(text.utf8)
    }
}

/// Parses a header such as `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
private struct NumpyHeaderParser {
    struct Fields {
        let element: FileElement
        let isBigEndian: Bool
        let isFortranOrder: Bool
        let shape: [Int]
        let shapeOffset: Int
    }

    let bytes: UnsafeRawBufferPointer
    let file: String
    let operation: String
    let start: Int
    var position = 0

    init(bytes: UnsafeRawBufferPointer, file: String, operation: String, start: Int) {
        self.bytes = bytes
        self.file = file
        self.operation = operation
        self.start = start
    }

    /// The next byte; 0 at the end, which no rule accepts.
    var next: UInt8 { position < bytes.count ? bytes[position] : 0 }

    var found: String {
        guard position < bytes.count else { return "its end" }
        return next >= 0x21 && next < 0x7f ? "'\(Unicode.Scalar(next))'" : "the byte \(next)"
    }

    func failure(_ problem: String, expected rule: String, at offset: Int? = nil) -> IOError {
        IOError(
            .malformed, operation, file: file, offset: start + (offset ?? position), "the header has \(problem)",
            expected: rule)
    }

    mutating func skipSpace() { while next == 0x20 || next == 0x0a || next == 0x0d || next == 0x09 { position += 1 } }

    mutating func take(_ byte: Unicode.Scalar) throws(IOError) {
        skipSpace()
        guard next == UInt8(ascii: byte) else { throw failure(found, expected: "'\(byte)'") }
        position += 1
    }

    mutating func parse() throws(IOError) -> Fields {
        var descr: (element: FileElement, isBigEndian: Bool)?
        var order: Bool?
        var shape: (sizes: [Int], offset: Int)?
        try take("{")
        while true {
            skipSpace()
            if next == UInt8(ascii: "}") { break }
            let offset = position
            let key = try parseString()
            try take(":")
            skipSpace()
            switch key {
            case "descr" where descr == nil: descr = try parseDescr()
            case "fortran_order" where order == nil: order = try parseBool()
            case "shape" where shape == nil: shape = (try parseShape(), offset)
            default:
                throw failure(
                    "the key \(IOError.quoted(key))", expected: "descr, fortran_order and shape, each once", at: offset)
            }
            skipSpace()
            if next == UInt8(ascii: "}") { break }
            try take(",")
        }
        position += 1
        skipSpace()
        guard position == bytes.count else { throw failure("\(found) after its end", expected: "spaces only") }
        guard let descr, let order, let shape else {
            throw failure("a missing key", expected: "descr, fortran_order and shape", at: 0)
        }
        return Fields(
            element: descr.element, isBigEndian: descr.isBigEndian, isFortranOrder: order, shape: shape.sizes,
            shapeOffset: start + shape.offset)
    }

    mutating func parseString() throws(IOError) -> String {
        let quote = next
        guard quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            throw failure(found, expected: "a string in quotes")
        }
        let open = position
        position += 1
        while position < bytes.count, next != quote, next != UInt8(ascii: "\\") { position += 1 }
        guard next == quote else { throw failure("an unterminated string", expected: "a closing quote", at: open) }
        position += 1
        guard let text = String(validating: bytes.slice(open + 1..<position - 1), as: UTF8.self) else {
            throw failure("a string that is not UTF-8", expected: "UTF-8", at: open)
        }
        return text
    }

    mutating func parseBool() throws(IOError) -> Bool {
        for (word, value) in [("True", true), ("False", false)] {
            let end = position + word.utf8.count
            if end <= bytes.count, bytes.slice(position..<end).elementsEqual(word.utf8) {
                position = end
                return value
            }
        }
        throw failure(found, expected: "True or False")
    }

    mutating func parseShape() throws(IOError) -> [Int] {
        var shape: [Int] = []
        try take("(")
        while true {
            skipSpace()
            if next == UInt8(ascii: ")") { break }
            let first = position
            while next >= UInt8(ascii: "0"), next <= UInt8(ascii: "9") { position += 1 }
            guard position > first else { throw failure("\(found) in the shape", expected: "integers of at least 0") }
            let digits = String(decoding: bytes.slice(first..<position), as: UTF8.self)
            guard let extent = Int(digits) else {
                throw failure("the size \(digits.prefix(40))", expected: "at most \(Int.max)", at: first)
            }
            shape.append(extent)
            // Python 2 wrote long integers with an L.
            if next == UInt8(ascii: "L") { position += 1 }
            skipSpace()
            if next == UInt8(ascii: ",") {
                position += 1
            } else if shape.count == 1 || next != UInt8(ascii: ")") {
                throw failure("\(found) in the shape", expected: "','")
            }
        }
        position += 1
        return shape
    }

    /// Parses the element type: byte order, a character for the kind, and the number of bytes.
    mutating func parseDescr() throws(IOError) -> (FileElement, Bool) {
        let offset = position
        guard next != UInt8(ascii: "[") else {
            throw refusal("structured elements", expected: "one number for each element", at: offset)
        }
        let text = try parseString()
        var rest = Substring(text)
        let order = rest.first.flatMap { "<>=|".contains($0) ? $0 : nil }
        if order != nil { rest.removeFirst() }
        let isBigEndian = order == ">"
        switch rest.first {
        case "O":
            throw refusal(
                "Python objects as elements, stored as a pickle that could run code", expected: "numbers", at: offset)
        case "c" where rest != "c8" && rest != "c16":
            throw refusal("complex elements ('\(text)')", expected: "complex64 or complex128", at: offset)
        case "U", "S", "a": throw refusal("strings as elements ('\(text)')", expected: "numbers", at: offset)
        case "M", "m": throw refusal("dates as elements ('\(text)')", expected: "numbers", at: offset)
        case "V": throw refusal("raw bytes as elements ('\(text)')", expected: "numbers", at: offset)
        default: break
        }
        guard let element = NumpyHeader.element(rest), order != "|" || element.size == 1 else {
            throw refusal(
                "elements of type \(IOError.quoted(text))",
                expected: "b1, i1 to i8, u1 to u8 or f2 to f8, with the byte order", at: offset)
        }
        return (element, isBigEndian)
    }

    func refusal(_ problem: String, expected rule: String, at offset: Int) -> IOError {
        IOError(.unsupported, operation, file: file, offset: start + offset, "the array has \(problem)", expected: rule)
    }
}
