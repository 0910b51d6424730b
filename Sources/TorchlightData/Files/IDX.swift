import TorchlightCore
import TorchlightIO

/// An array in the IDX format of the MNIST files (<http://yann.lecun.com/exdb/mnist>).
///
/// A file consists of two zero bytes, a type code, the number of dimensions, the size of each dimension as an unsigned
/// 32-bit integer (big-endian), and the elements, row-major. Parsing checks that the elements fill the file exactly.
package struct IDX: Sendable {
    /// The element type, with the format's codes.
    package enum Element: UInt8, Sendable {
        case uint8 = 0x08
        case int8 = 0x09
        case int16 = 0x0b
        case int32 = 0x0c
        case float32 = 0x0d
        case float64 = 0x0e

        /// The number of bytes of an element.
        package var size: Int {
            switch self {
            case .uint8, .int8: 1
            case .int16: 2
            case .int32, .float32: 4
            case .float64: 8
            }
        }
    }

    /// The element type.
    package let element: Element
    /// The sizes of the dimensions.
    package let shape: [Int]
    /// The elements, row-major, big-endian.
    package let data: ArraySlice<UInt8>

    /// Parses the bytes of a file.
    package static func parse(_ bytes: [UInt8], file: String) throws(IOError) -> IDX {
        let mismatch = bytes.withUnsafeBytes {
            FileKind.mismatch(
                $0, file: file, operation: "idx", expected: ([.idx], "an IDX file, the format of MNIST"))
        }
        if let mismatch { throw mismatch }
        func failure(_ offset: Int, _ problem: String, expected rule: String) -> IOError {
            IOError(.malformed, "idx", file: file, offset: offset, problem, expected: rule)
        }
        guard bytes.count >= 4 else {
            throw failure(bytes.count, "only \(quantity(bytes.count, "byte"))", expected: "a header")
        }
        let magic = bytes[..<4].map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined(separator: " ")
        guard bytes[0] == 0, bytes[1] == 0, let element = Element(rawValue: bytes[2]) else {
            throw failure(
                0, "the file begins with the bytes \(magic)",
                expected: "00 00, a type code (08, 09, 0b to 0e) and a number of dimensions")
        }
        let rank = Int(bytes[3])
        let start = 4 + 4 * rank
        guard rank > 0 else { throw failure(3, "the array has no dimensions", expected: "at least 1") }
        guard bytes.count >= start else {
            throw failure(
                bytes.count, "the file ends within its header", expected: "\(quantity(start, "byte")) of header")
        }
        var shape: [Int] = []
        var size: Int? = element.size
        for index in 0..<rank {
            let extent = bytes[4 + 4 * index..<8 + 4 * index].reduce(0) { $0 << 8 | Int($1) }
            shape.append(extent)
            size = size.flatMap { size in
                let (product, overflow) = size.multipliedReportingOverflow(by: extent)
                return overflow ? nil : product
            }
        }
        guard size == bytes.count - start else {
            let missing = size.map { $0 - (bytes.count - start) } ?? 0
            throw failure(
                start,
                missing > 0
                    ? "the file was cut off: \(quantity(missing, "byte")) of data for shape \(shape) are missing"
                    : "\(quantity(bytes.count - start, "byte")) of data for shape \(shape)",
                expected: size.map { quantity($0, "byte") } ?? "a shape whose size does not overflow")
        }
        return IDX(element: element, shape: shape, data: bytes[start...])
    }

    /// Reads a file, compressed by gzip or not; `limit` is the maximum number of bytes after decompression.
    package static func read(_ path: String, limit: Int) throws(IOError) -> IDX {
        var bytes = try FileSystem.read(path, limit: limit)
        if Gzip.isGzip(bytes) { bytes = try Gzip.inflate(bytes, limit: limit, file: path) }
        return try parse(bytes, file: path)
    }
}
