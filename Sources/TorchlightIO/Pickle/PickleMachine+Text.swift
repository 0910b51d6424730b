import TorchlightCore

/// The opcodes whose operand is a line of text. Protocol 0 has no others for numbers, strings and memo entries; protocol 1 uses
/// them for truth values and for integers of more than 32 bits.
extension PickleMachine {
    /// Runs such an opcode; false for another opcode.
    mutating func runTextOpcode(_ opcode: UInt8) throws(IOError) -> Bool {
        switch opcode {
        case UInt8(ascii: "I"), UInt8(ascii: "L"): try pushIntegerText(isLong: opcode == UInt8(ascii: "L"))
        case UInt8(ascii: "F"):
            let text = try line()
            guard let value = Double(text) else {
                throw failure("the number \"\(text)\"", expected: "a decimal number")
            }
            try push(.float(value))
        case UInt8(ascii: "S"): try pushQuotedText()
        case UInt8(ascii: "V"): try pushEscapedText()
        case UInt8(ascii: "p"): try memoize(try memoIndex())
        case UInt8(ascii: "g"): try pushMemo(try memoIndex())
        default: return false
        }
        return true
    }

    private mutating func memoIndex() throws(IOError) -> Int {
        let text = try line()
        guard let index = Int(text), index >= 0 else {
            throw failure("the memo entry \"\(text)\"", expected: "a decimal number")
        }
        return index
    }

    /// INT is an integer, or a truth value written as 00 or 01; LONG ends with an L.
    private mutating func pushIntegerText(isLong: Bool) throws(IOError) {
        var text = Substring(try line())
        if !isLong && (text == "00" || text == "01") { return try push(.bool(text == "01")) }
        if isLong && text.last == "L" { text.removeLast() }
        if let value = Int(text) { return try push(.int(value)) }
        let digits = text.drop { $0 == "-" }
        guard !digits.isEmpty, text.count - digits.count <= 1, digits.allSatisfy({ ("0"..."9").contains($0) }) else {
            throw failure("the integer \"\(text.prefix(40))\"", expected: "decimal digits")
        }
        guard let bytes = Self.littleEndian(digits, isNegative: text.first == "-") else {
            return try pushForeign("int", reason: "an integer of \(quantity(digits.utf8.count, "digit"))")
        }
        try push(.bigInt(bytes))
    }

    /// The bytes of a decimal number in two's complement, the least significant first; nil for more than are supported.
    private static func littleEndian(_ digits: Substring, isNegative: Bool) -> [UInt8]? {
        var bytes: [UInt8] = []
        for digit in digits.utf8 {
            var carry = Int(digit - 0x30)
            for i in bytes.indices {
                carry += Int(bytes[i]) * 10
                bytes[i] = UInt8(truncatingIfNeeded: carry)
                carry >>= 8
            }
            if carry > 0 { bytes.append(UInt8(carry)) }
            if bytes.count >= integerLimit { return nil }
        }
        bytes.append(0)
        if isNegative {
            var carry = 1
            for i in bytes.indices {
                carry += Int(~bytes[i])
                bytes[i] = UInt8(truncatingIfNeeded: carry)
                carry >>= 8
            }
        }
        return bytes
    }

    /// STRING: what `repr` of Python 2 writes for a string.
    private mutating func pushQuotedText() throws(IOError) {
        let quoted = try lineOfBytes()
        let rule = "a string in quotation marks"
        guard quoted.count >= 2, let mark = quoted.first, mark == quoted.last, mark == 0x27 || mark == 0x22 else {
            throw failure("a string without quotation marks", expected: rule)
        }
        let simple: [UInt8: UInt8] = [
            UInt8(ascii: "n"): 0x0a, UInt8(ascii: "r"): 0x0d, UInt8(ascii: "t"): 0x09, UInt8(ascii: "a"): 0x07,
            UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0c, UInt8(ascii: "v"): 0x0b, 0x27: 0x27, 0x22: 0x22,
            0x5c: 0x5c,
        ]
        var text: [UInt8] = []
        var rest = quoted.dropFirst().dropLast()
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            guard let escaped = rest.popFirst() else { throw failure("a string that ends with \\", expected: rule) }
            if escaped == UInt8(ascii: "x") {
                guard rest.count >= 2, let value = Self.hexadecimal(rest.prefix(2)) else {
                    throw failure("\\x without two hexadecimal digits", expected: rule)
                }
                text.append(UInt8(value))
                rest = rest.dropFirst(2)
            } else if let value = simple[escaped] {
                text.append(value)
            } else {
                text += [UInt8(ascii: "\\"), escaped]
            }
        }
        try pushText(text)
    }

    /// UNICODE: Latin-1, with \uXXXX and \UXXXXXXXX for other characters, newlines and backslashes.
    private mutating func pushEscapedText() throws(IOError) {
        var units: [UInt16] = []
        var rest = try lineOfBytes()[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let kind = rest.first,
                kind == UInt8(ascii: "u") || kind == UInt8(ascii: "U")
            else {
                units.append(UInt16(byte))
                continue
            }
            let count = kind == UInt8(ascii: "u") ? 4 : 8
            guard rest.count > count, let value = Self.hexadecimal(rest.dropFirst().prefix(count)),
                value <= 0x10ffff
            else {
                throw failure("an escape without \(count) hexadecimal digits", expected: "\\uXXXX or \\UXXXXXXXX")
            }
            rest = rest.dropFirst(1 + count)
            if value < 0x10000 {
                units.append(UInt16(value))
            } else {
                units += [UInt16(0xd7c0 + value >> 10), UInt16(0xdc00 + value & 0x3ff)]
            }
        }
        guard let text = String(validating: units, as: UTF16.self) else {
            return try pushForeign("str", reason: "a string with half of a surrogate pair")
        }
        try push(.string(text))
    }

    /// The number of hexadecimal digits; nil for other characters.
    private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> Int? {
        guard digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }) else { return nil }
        return Int(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
