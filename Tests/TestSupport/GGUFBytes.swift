/// Writes the bytes of GGUF files, valid ones and others.
package struct GGUFBytes {
    package var bytes: [UInt8] = []

    package init() {}

    /// The beginning of a file.
    package init(tensors: UInt64, pairs: UInt64, version: UInt32 = 3) {
        bytes = Array("GGUF".utf8)
        append(version)
        append(tensors)
        append(pairs)
    }

    package mutating func append<Integer: FixedWidthInteger>(_ value: Integer) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    package mutating func append(_ text: String) {
        append(UInt64(text.utf8.count))
        bytes += Array(text.utf8)
    }

    package mutating func pair(_ key: String, _ text: String) {
        append(key)
        append(UInt32(8))
        append(text)
    }

    package mutating func pair(_ key: String, _ number: UInt32) {
        append(key)
        append(UInt32(4))
        append(number)
    }

    package mutating func pair(_ key: String, _ flag: Bool) {
        append(key)
        append(UInt32(7))
        append(UInt8(flag ? 1 : 0))
    }

    package mutating func pair(_ key: String, _ texts: [String]) {
        array(key, type: 8, count: UInt64(texts.count))
        for text in texts { append(text) }
    }

    package mutating func pair(_ key: String, _ numbers: [Int32]) {
        array(key, type: 5, count: UInt64(numbers.count))
        for number in numbers { append(number) }
    }

    package mutating func pair(_ key: String, _ numbers: [Float]) {
        array(key, type: 6, count: UInt64(numbers.count))
        for number in numbers { append(number.bitPattern) }
    }

    package mutating func array(_ key: String, type: UInt32, count: UInt64) {
        append(key)
        append(UInt32(9))
        append(type)
        append(count)
    }

    /// The description of a tensor, with its sizes in the order of the file.
    package mutating func tensor(_ name: String, sizes: [UInt64], type: UInt32, offset: UInt64) {
        append(name)
        append(UInt32(sizes.count))
        for size in sizes { append(size) }
        append(type)
        append(offset)
    }

    package mutating func align(_ alignment: Int = 32) {
        while bytes.count % alignment != 0 { bytes.append(0) }
    }
}
